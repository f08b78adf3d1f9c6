#include "lib/engine/mysql/online_tool.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/engine/mysql/online_alter.h"
#include "lib/engine/online_change.h"

namespace fleet::mysql {
namespace {

// docs.percona.com/percona-toolkit/pt-online-schema-change.html. It reads no
// options file of the machine, so that it does the same everywhere. Clients
// wait for its short locks no longer than they would for any other statement.
std::vector<std::string> PtArguments(const Address& address,
                                     const v1::OnlineAlter& alter,
                                     int64_t lock_timeout_s) {
  return {"--config",
          "/dev/null",  // must be the first
          "--execute",
          "--alter",
          alter.clauses(),
          "--new-table-name",
          absl::StrCat("%T", kCopySuffix),
          "--no-version-check",
          "--charset",
          "utf8mb4",
          "--set-vars",
          absl::StrCat("lock_wait_timeout=", lock_timeout_s),
          "--progress",
          "time,3",
          absl::StrCat("F=", kSecretPath, ",D=", address.database,
                       ",t=", alter.table())};
}

// "Copying `shop`.`orders`:  15% 01:10 remain"
std::string PtProgress(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, "Copying `") ||
      !absl::ConsumeSuffix(&line, " remain")) {
    return "";
  }
  // Names may hold anything; the numbers come last.
  const size_t colon = line.rfind("`: ");
  if (colon == absl::string_view::npos) return "";
  const std::vector<absl::string_view> words =
      absl::StrSplit(line.substr(colon + 3), ' ', absl::SkipEmpty());
  if (words.size() != 2 || !absl::EndsWith(words[0], "%")) return "";
  return absl::StrCat(words[0], ", ", words[1], " remain");
}

constexpr OnlineTool kTools[] = {
    {"pt-online-schema-change", PtArguments, PtProgress},
};

// docs: dev.mysql.com/doc/refman/en/option-files.html, escape sequences.
std::string Quoted(absl::string_view value) {
  return absl::StrCat("\"",
                      absl::StrReplaceAll(value, {{"\\", "\\\\"},
                                                  {"\"", "\\\""},
                                                  {"\n", "\\n"},
                                                  {"\r", "\\r"},
                                                  {"\t", "\\t"}}),
                      "\"");
}

}  // namespace

absl::Span<const OnlineTool> OnlineTools() { return kTools; }

std::string ClientOptions(const Address& address) {
  std::string text;
  if (!address.defaults_file.empty()) {
    text = absl::StrCat("!include ", address.defaults_file, "\n");
  }
  text += "[client]\n";
  const auto add = [&text](absl::string_view name, absl::string_view value) {
    if (value.empty()) return;
    absl::StrAppend(&text, name, "=", Quoted(value), "\n");
  };
  add("user", address.user);
  add("password", address.password);
  add("host", address.host.empty() ? "localhost" : address.host);
  if (address.port > 0) add("port", absl::StrCat(address.port));
  add("socket", address.socket);
  add("ssl-ca", address.ssl_ca);
  add("ssl-cert", address.ssl_cert);
  add("ssl-key", address.ssl_key);
  if (address.ssl_mode == "VERIFY_CA" ||
      address.ssl_mode == "VERIFY_IDENTITY") {
    text += "ssl-verify-server-cert\n";
  }
  return text;
}

}  // namespace fleet::mysql
