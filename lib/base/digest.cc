#include "lib/base/digest.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "lib/base/status.h"

namespace fleet {

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(),
                          nullptr) == 1);
}

Digest::~Digest() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Digest::Add(absl::string_view bytes) {
  CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(),
                         bytes.size()) == 1);
}

void Digest::AddField(absl::string_view bytes) {
  char length[8];
  uint64_t rest = bytes.size();
  for (char& byte : length) {
    byte = static_cast<char>(rest & 0xff);
    rest >>= 8;
  }
  Add(absl::string_view(length, sizeof(length)));
  Add(bytes);
}

std::string Digest::Bytes() {
  std::string out(32, '\0');
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_),
                           reinterpret_cast<unsigned char*>(out.data()),
                           &size) == 1);
  CHECK(size == out.size());
  return out;
}

std::string Digest::Hex() { return absl::BytesToHexString(Bytes()); }

std::string Sha256(absl::string_view bytes) {
  Digest digest;
  digest.Add(bytes);
  return digest.Bytes();
}

std::string Sha256Hex(absl::string_view bytes) {
  return absl::BytesToHexString(Sha256(bytes));
}

}  // namespace fleet
