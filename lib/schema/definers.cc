#include "lib/schema/definers.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Definers {
  bool is_current = false;
  std::map<std::string, std::string> map;  // as servers print them
};

absl::StatusOr<Definers> ReadDefiners(const v1::Scope& scope) {
  Definers definers;
  for (const std::string& text : scope.definers()) {
    if (text == kDefinerCurrent) {
      definers.is_current = true;
      continue;
    }
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 ||
        equals + 1 == text.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "definer \"", Printable(text),
          "\" is not understood; write keep, current or map:OLD=NEW, as "
          "map:root@localhost=app@%"));
    }
    definers.map[QuotedDefiner(text.substr(0, equals))] =
        QuotedDefiner(text.substr(equals + 1));
  }
  if (definers.is_current && !definers.map.empty()) {
    return absl::InvalidArgumentError(
        "definer is current and mapped; it can be one of them");
  }
  return definers;
}

absl::StatusOr<Schema> Apply(const Schema& schema, const v1::Scope& scope,
                             bool maps) {
  ASSIGN_OR_RETURN(const Definers definers, ReadDefiners(scope));
  std::vector<Object> objects(schema.objects().begin(), schema.objects().end());
  for (Object& object : objects) {
    if (!object.Has("definer")) continue;
    if (definers.is_current) {
      object.Set("definer", "");
    } else if (maps) {
      const auto found = definers.map.find(std::string(object.Get("definer")));
      if (found != definers.map.end()) object.Set("definer", found->second);
    }
  }
  return Schema::Make(schema.info(), std::move(objects));
}

}  // namespace

std::string QuotedDefiner(absl::string_view account) {
  const size_t at = account.rfind('@');
  const auto quoted = [](absl::string_view name) {
    return absl::StrCat("`", absl::StrReplaceAll(name, {{"`", "``"}}), "`");
  };
  if (at == absl::string_view::npos) return quoted(account);
  return absl::StrCat(quoted(account.substr(0, at)), "@",
                      quoted(account.substr(at + 1)));
}

absl::StatusOr<Schema> WithSourceDefiners(const Schema& schema,
                                          const v1::Scope& scope) {
  return Apply(schema, scope, /*maps=*/true);
}

absl::StatusOr<Schema> WithTargetDefiners(const Schema& schema,
                                          const v1::Scope& scope) {
  return Apply(schema, scope, /*maps=*/false);
}

}  // namespace fleet
