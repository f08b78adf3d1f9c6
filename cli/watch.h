#ifndef CLI_WATCH_H_
#define CLI_WATCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/command.h"

namespace fleet {

// Follows a rollout until it has ended and answers by its outcome: 0 succeeded,
// 5 not, 7 when --timeout passed, 130 after Ctrl-C (which only detaches), 8
// when the coordinator stayed away. A live region on a terminal, one line an
// event otherwise, both on stderr; the recap goes to stdout. A coordinator that
// is restarted meanwhile is waited for.
absl::StatusOr<ExitCode> WatchRollout(Client& client, const std::string& id,
                                      const Invocation& invocation);

}  // namespace fleet

#endif  // CLI_WATCH_H_
