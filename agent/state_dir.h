#ifndef AGENT_STATE_DIR_H_
#define AGENT_STATE_DIR_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fleet {

// The agent's own directory, made with mode 0700 when it is not there, and
// locked (flock on the file "lock" in it) for as long as this lives: two agents
// with one journal would both believe that an order is theirs. Thread-safe.
class StateDir {
 public:
  // FailedPrecondition when another process has it.
  static absl::StatusOr<std::unique_ptr<StateDir>> Lock(
      const std::string& path);
  ~StateDir();
  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;

  // The path of `name` inside.
  std::string Path(absl::string_view name) const;

 private:
  StateDir(std::string path, int lock_fd);

  const std::string path_;
  const int lock_fd_;
};

}  // namespace fleet

#endif  // AGENT_STATE_DIR_H_
