#include "lib/engine/open_session.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/base/printable.h"
#include "lib/engine/mysql/session.h"
#include "lib/engine/postgres/session.h"
#include "lib/engine/sqlite/session.h"

namespace fleet {
namespace {

using OpenFunction = absl::StatusOr<std::unique_ptr<Session>> (*)(
    const std::string& address, const SessionOptions& options);

// Which driver serves which URL.
struct Driver {
  absl::string_view prefix;
  v1::Engine engine;
  OpenFunction open;
  bool without_prefix;  // the driver takes what follows the prefix
};
constexpr Driver kDrivers[] = {
    {"mariadb://", v1::MYSQL, OpenMysqlSession, false},
    {"mysql://", v1::MYSQL, OpenMysqlSession, false},
    {"postgres://", v1::POSTGRES, OpenPostgresSession, false},
    {"postgresql://", v1::POSTGRES, OpenPostgresSession, false},
    {"sqlite:", v1::SQLITE, OpenSqliteSession, true},
};

absl::StatusOr<const Driver*> DriverOf(absl::string_view url) {
  for (const Driver& driver : kDrivers) {
    if (absl::StartsWith(url, driver.prefix)) return &driver;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "URL \"", RedactUrl(url),
      "\" has no known form; have postgres://…, mysql://…, mariadb://… and "
      "sqlite:PATH"));
}

bool IsSecret(absl::string_view parameter) {
  return absl::StartsWithIgnoreCase(parameter, "password=") ||
         absl::StartsWithIgnoreCase(parameter, "sslpassword=");
}

// "a=b&password=c" → "a=b".
std::string WithoutSecrets(absl::string_view query) {
  std::string kept;
  for (absl::string_view parameter : absl::StrSplit(query, '&')) {
    if (IsSecret(parameter)) continue;
    absl::StrAppend(&kept, kept.empty() ? "" : "&", parameter);
  }
  return kept;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> OpenSession(
    const std::string& url, const SessionOptions& options) {
  const absl::StatusOr<const Driver*> driver = DriverOf(url);
  if (!driver.ok()) return driver.status();
  const size_t skip = (*driver)->without_prefix ? (*driver)->prefix.size() : 0;
  return (*driver)->open(url.substr(skip), options);
}

absl::StatusOr<v1::Engine> EngineOfUrl(absl::string_view url) {
  const absl::StatusOr<const Driver*> driver = DriverOf(url);
  if (!driver.ok()) return driver.status();
  return (*driver)->engine;
}

std::string RedactUrl(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return Printable(url);
  const size_t begin = scheme + 3;
  // A password with a bare '/', '?' or '@' is a mistake that must not show
  // either, so everything up to the last '@' counts.
  const size_t at = url.rfind('@');
  std::string shown(url.substr(0, begin));
  absl::string_view rest = url.substr(begin);
  if (at != url.npos && at >= begin) {
    const absl::string_view user = url.substr(begin, at - begin);
    absl::StrAppend(&shown, user.substr(0, user.find(':')), "@");
    rest = url.substr(at + 1);
  }
  const size_t question = rest.find('?');
  absl::StrAppend(&shown, rest.substr(0, question));
  if (question != rest.npos) {
    const std::string query = WithoutSecrets(rest.substr(question + 1));
    if (!query.empty()) absl::StrAppend(&shown, "?", query);
  }
  return Printable(shown);
}

}  // namespace fleet
