#ifndef LIB_ENGINE_POSTGRES_PRIVATE_SERVER_H_
#define LIB_ENGINE_POSTGRES_PRIVATE_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// A throw-away PostgreSQL server from the binaries installed here: nothing but
// a socket in a directory that only its owner may enter, and no promise that
// anything survives. It runs as user postgres when we are root, since it
// refuses to run as root.
//
// A watching process of ours stands between: it ends the server and removes
// the directory when this object goes, or when this process dies in any way.
// Thread-compatible.

namespace fleet {

class PrivateServer {
 public:
  // FailedPrecondition where no binaries are found; Internal with the end of
  // the server's log where it does not start. Takes about a second.
  static absl::StatusOr<std::unique_ptr<PrivateServer>> Start();
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  // postgres://… of one of its databases, as superuser postgres.
  std::string Url(absl::string_view database) const;

 private:
  PrivateServer(std::string folder, pid_t watcher, int pipe)
      : folder_(std::move(folder)), watcher_(watcher), pipe_(pipe) {}

  absl::Status WaitUntilReady();
  std::string LogEnd() const;

  const std::string folder_;
  pid_t watcher_;  // 0: ended
  int pipe_;       // the watcher ends when it closes
};

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_PRIVATE_SERVER_H_
