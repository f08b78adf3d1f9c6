#ifndef LIB_BASE_DIGEST_H_
#define LIB_BASE_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

// SHA-256, whole or in pieces.
//
//   Digest digest;
//   digest.AddField("postgres");   // length-prefixed: no two lists collide
//   std::string hex = digest.Hex();
//
// Thread-compatible.

namespace fleet {

class Digest {
 public:
  Digest();
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  // Appends bytes as they are.
  void Add(absl::string_view bytes);
  // Appends the length of `bytes` (8 bytes, little-endian), then `bytes`.
  void AddField(absl::string_view bytes);

  // REQUIRES: called once, nothing added afterwards. 32 bytes.
  std::string Bytes();
  // The same as 64 lower-case hex digits.
  std::string Hex();

 private:
  void* context_;  // EVP_MD_CTX
};

std::string Sha256(absl::string_view bytes);     // 32 bytes
std::string Sha256Hex(absl::string_view bytes);  // 64 hex digits

}  // namespace fleet

#endif  // LIB_BASE_DIGEST_H_
