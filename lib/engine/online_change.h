#ifndef LIB_ENGINE_ONLINE_CHANGE_H_
#define LIB_ENGINE_ONLINE_CHANGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/engine/session.h"
#include "proto/plan.pb.h"

// An engine's tools for a statement that would block the writers of a table for
// as long as it copies it: a program fills the copy row by row while clients go
// on, and swaps the two. Who runs it gets from here how it is called, what its
// output means and what it leaves behind when it is killed. Stateless;
// thread-safe.

namespace fleet {

// A program to run. `secret` is what it reads as kSecretPath: a file that is
// nowhere, since anybody may see a command line.
struct ProgramCall {
  std::string program;  // searched in PATH
  std::vector<std::string> arguments;
  std::string secret;
};

inline constexpr int kSecretDescriptor = 3;
inline constexpr absl::string_view kSecretPath = "/dev/fd/3";

class OnlineChanges {
 public:
  virtual ~OnlineChanges() = default;

  // Names of the tools, sorted.
  virtual std::vector<std::string> tools() const = 0;

  // One query, one value: the bytes of the table with its indexes.
  virtual std::string SizeQuery(const v1::OnlineAlter& alter) const = 0;

  // One query; rows: tables that have the names which a tool will give to the
  // copy and to the old table. Asked before an order is taken, so that what has
  // such a name later is a tool's.
  virtual std::string TakenNamesQuery(const v1::OnlineAlter& alter) const = 0;

  // `url` is the target's, with its password; `options` are passed on as they
  // are, after our own. InvalidArgument where the tool cannot work with such a
  // URL.
  virtual absl::StatusOr<ProgramCall> Call(
      absl::string_view tool, absl::string_view url,
      const v1::OnlineAlter& alter, int64_t lock_timeout_ms,
      absl::Span<const std::string> options) const = 0;

  // What a line of the tool's output says of how far it is, "15%, 01:10
  // remain"; "" for other lines.
  virtual std::string ReadProgress(absl::string_view tool,
                                   absl::string_view line) const = 0;

  // Takes away what a run that was cut off has left: what has our name and is
  // of this table, and nothing else. A tool that lives on all the same can swap
  // nothing in the middle of it. Can be called again after an error.
  virtual absl::Status CleanUp(Session& session,
                               const v1::OnlineAlter& alter) const = 0;
};

}  // namespace fleet

#endif  // LIB_ENGINE_ONLINE_CHANGE_H_
