#include "lib/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/printable.h"

namespace fleet {
namespace {

constexpr absl::string_view kLevelNames[] = {"debug", "info", "warning",
                                             "error"};

std::atomic<bool> json_format{false};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  constexpr spdlog::level::level_enum kLevels[] = {
      spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
      spdlog::level::err};
  return kLevels[static_cast<int>(level)];
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger>* logger = [] {
    auto* made =
        new std::shared_ptr<spdlog::logger>(std::make_shared<spdlog::logger>(
            "fleet", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
    (*made)->set_pattern("%v");
    (*made)->flush_on(spdlog::level::debug);
    return made;
  }();
  return **logger;
}

// JSON string escapes; spdlog's own patterns do not escape.
std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  for (char c : Printable(text, /*keep_newlines=*/true)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string TextValue(absl::string_view value) {
  std::string shown = Printable(value);
  if (!shown.empty() && shown.find_first_of(" \"=") == std::string::npos) {
    return shown;
  }
  std::string quoted = "\"";
  for (char c : shown) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

absl::Status ConfigureLog(absl::string_view level, absl::string_view format) {
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown log format \"", format, "\"; use text or json"));
  }
  for (int i = 0; i < 4; ++i) {
    if (level == kLevelNames[i]) {
      Logger().set_level(ToSpdlog(static_cast<LogLevel>(i)));
      json_format = format == "json";
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown log level \"", level, "\"; use debug, info, warning or error"));
}

void Log(LogLevel level, absl::string_view text,
         std::initializer_list<LogField> fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                            absl::UTCTimeZone());
  const absl::string_view name = kLevelNames[static_cast<int>(level)];
  std::string line;
  if (json_format) {
    line = absl::StrCat("{\"time\":\"", time, "\",\"level\":\"", name,
                        "\",\"text\":", JsonString(text));
    for (const LogField& field : fields) {
      absl::StrAppend(&line, ",", JsonString(field.key), ":",
                      JsonString(field.value));
    }
    line += "}";
  } else {
    line = absl::StrCat(time, " ", name, " ", Printable(text));
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.key, "=", TextValue(field.value));
    }
  }
  Logger().log(ToSpdlog(level), "{}", line);
}

}  // namespace fleet
