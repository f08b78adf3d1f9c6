#ifndef AGENT_CHILD_PROGRAM_H_
#define AGENT_CHILD_PROGRAM_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/online_change.h"

namespace fleet {

struct ProgramEnd {
  int exit_code = 0;      // 128 + the signal that ended it, as a shell says
  bool stopped = false;   // keep_going said no
  std::string last_line;  // of what it wrote, not empty if there was any
};

// Runs a program to its end and hands each line of what it writes (to either
// output) to `on_line`. `keep_going` is asked about once a second; when it says
// no the program gets SIGTERM, and SIGKILL ten seconds later. The program is
// killed when this process dies, so that it never works on alone. It has the
// environment PATH, HOME and LC_ALL=C.UTF-8, and nothing of the agent's.
//
// NotFound where there is no such program in PATH. Thread-safe; blocks.
absl::StatusOr<ProgramEnd> RunProgram(
    const ProgramCall& call,
    const std::function<void(absl::string_view)>& on_line,
    const std::function<bool()>& keep_going);

// The program's path; NotFound naming where it was looked for.
absl::StatusOr<std::string> FindProgram(absl::string_view name);

}  // namespace fleet

#endif  // AGENT_CHILD_PROGRAM_H_
