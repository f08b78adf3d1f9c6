#ifndef LIB_BASE_LOG_H_
#define LIB_BASE_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// The daemons' log: one line an event on stderr, "time level text key=value …".
//
//   LogInfo("rollout started", {{"rollout", id}, {"targets", "12"}});
//
// Values are made printable and quoted where needed. Thread-safe.

namespace fleet {

struct LogField {
  absl::string_view key;
  std::string value;
};

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// `level`: debug | info | warning | error. `format`: text | json.
absl::Status ConfigureLog(absl::string_view level, absl::string_view format);

void Log(LogLevel level, absl::string_view text,
         std::initializer_list<LogField> fields = {});
inline void LogDebug(absl::string_view text,
                     std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kDebug, text, fields);
}
inline void LogInfo(absl::string_view text,
                    std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, text, fields);
}
inline void LogWarning(absl::string_view text,
                       std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, text, fields);
}
inline void LogError(absl::string_view text,
                     std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, text, fields);
}

}  // namespace fleet

#endif  // LIB_BASE_LOG_H_
