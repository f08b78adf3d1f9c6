#include "lib/base/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

bool IsPlaintext(const TlsFiles& tls) {
  return tls.ca_file.empty() && tls.cert_file.empty() && tls.key_file.empty();
}

absl::Status RefusePlaintext(const std::string& address) {
  return absl::InvalidArgumentError(absl::StrCat(
      "address ", address,
      " is not on this machine and no TLS files are given; set ca_file, "
      "cert_file and key_file"));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read TLS file ", path));
  }
  return text.str();
}

}  // namespace

bool IsLoopback(const std::string& address) {
  return absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "127.") ||
         absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "unix:");
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(
    const std::string& address, const TlsFiles& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A restarted coordinator is found again within a second; the agent adds its
  // own jitter on top.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  if (IsPlaintext(tls)) {
    if (!IsLoopback(address)) return RefusePlaintext(address);
    return grpc::CreateCustomChannel(
        address, grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::SslCredentialsOptions options;
  ASSIGN_OR_RETURN(options.pem_root_certs, ReadFile(tls.ca_file));
  ASSIGN_OR_RETURN(options.pem_cert_chain, ReadFile(tls.cert_file));
  ASSIGN_OR_RETURN(options.pem_private_key, ReadFile(tls.key_file));
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options),
                                   arguments);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(
    const std::string& address, const TlsFiles& tls) {
  if (IsPlaintext(tls)) {
    if (!IsLoopback(address)) return RefusePlaintext(address);
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(options.pem_root_certs, ReadFile(tls.ca_file));
  ASSIGN_OR_RETURN(pair.cert_chain, ReadFile(tls.cert_file));
  ASSIGN_OR_RETURN(pair.private_key, ReadFile(tls.key_file));
  options.pem_key_cert_pairs.push_back(std::move(pair));
  return grpc::SslServerCredentials(options);
}

}  // namespace fleet
