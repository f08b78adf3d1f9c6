#ifndef LIB_BASE_CHANNEL_H_
#define LIB_BASE_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

// Client channels and server credentials, from the same few settings.

namespace fleet {

// The largest message either side takes: a schema of some 50,000 tables.
inline constexpr int kMessageBytesMax = 256 << 20;

// All empty: plaintext, which only loopback addresses may use.
struct TlsFiles {
  std::string ca_file;    // PEM; who may be on the other side
  std::string cert_file;  // PEM chain
  std::string key_file;   // PEM
};

// InvalidArgument: plaintext to an address that is not loopback, or a file that
// cannot be read.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(
    const std::string& address, const TlsFiles& tls);
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(
    const std::string& address, const TlsFiles& tls);

// True for "localhost:…", "127.x.y.z:…", "[::1]:…" and "unix:…".
bool IsLoopback(const std::string& address);

}  // namespace fleet

#endif  // LIB_BASE_CHANNEL_H_
