#ifndef LIB_ENGINE_PRIVATE_SERVER_H_
#define LIB_ENGINE_PRIVATE_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/open_session.h"
#include "lib/engine/session.h"

// A throw-away database server from the binaries installed here: nothing but a
// socket in a directory that only its owner may enter, and no promise that
// anything survives. It runs as a user of its own when we are root, since
// servers refuse to run as root.
//
// A watching process of ours stands between: it ends the server and removes
// the directory when this object goes, or when this process dies in any way.
// Thread-compatible.

namespace fleet {

// How a product is started: what each engine says of itself.
struct PrivateServerProgram {
  absl::string_view product;  // "PostgreSQL"
  absl::string_view user;     // whom it runs as when we are root
  absl::string_view prefix;   // of its directory's name
  absl::string_view init_binary;
  absl::string_view server_binary;
  // Where both are looked for after PATH, separated by colons; a folder ending
  // in "/*" stands for the newest "N/bin" below it.
  absl::string_view folders;
  absl::string_view advice;  // what to do where they are missing
  absl::string_view socket;  // its file, in the directory
  int end_signal = 0;        // ends it at once
  std::vector<std::string> (*init_arguments)(const std::string& folder);
  std::vector<std::string> (*server_arguments)(const std::string& folder);
  std::string (*url)(const std::string& folder, const std::string& database);
  absl::string_view database;  // one that is always there
  absl::StatusOr<std::unique_ptr<Session>> (*open)(
      const std::string& url, const SessionOptions& options);
};

class PrivateServer {
 public:
  // FailedPrecondition where no binaries are found; Internal with the end of
  // the server's log where it does not start. Takes a second or two.
  static absl::StatusOr<std::unique_ptr<PrivateServer>> Start(
      PrivateServerProgram program);
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  // The URL of one of its databases, as its superuser.
  std::string Url(absl::string_view database) const {
    return program_.url(folder_, std::string(database));
  }

 private:
  PrivateServer(PrivateServerProgram program, std::string folder, pid_t watcher,
                int pipe)
      : program_(std::move(program)),
        folder_(std::move(folder)),
        watcher_(watcher),
        pipe_(pipe) {}

  absl::Status WaitUntilReady();
  std::string LogEnd() const;

  const PrivateServerProgram program_;
  const std::string folder_;
  pid_t watcher_;  // 0: ended
  int pipe_;       // the watcher ends when it closes
};

}  // namespace fleet

#endif  // LIB_ENGINE_PRIVATE_SERVER_H_
