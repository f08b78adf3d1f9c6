#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

// Triggers of one time and event run in an order: "follows" names the one
// before, which is a dependency, so that a chain is made again as a whole.
constexpr AttributeSpec kAttributes[] = {
    {"body", Compare::kExact, OnChange::kAlter, 30},
    {"charset_client", Compare::kExact, OnChange::kAlter, 5},
    {"collation_connection", Compare::kExact, OnChange::kAlter, 5},
    {"definer", Compare::kExact, OnChange::kAlter, 20},
    {"event", Compare::kExact, OnChange::kRecreate, 40},
    {"follows", Compare::kExact, OnChange::kRecreate, 20},
    {"sql_mode", Compare::kExact, OnChange::kAlter, 10},
};

void Write(const Object& trigger, bool replace, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "CREATE ";
  if (replace) sql << "OR REPLACE ";
  if (trigger.Has("definer")) {
    sql << "DEFINER=" << Verbatim{trigger.Get("definer")} << " ";
  }
  sql << "TRIGGER " << Identifier{trigger.name()} << " "
      << Verbatim{trigger.Get("event")} << " ON "
      << Identifier{trigger.path().component(0)} << " FOR EACH ROW ";
  if (trigger.Has("follows")) {
    sql << "FOLLOWS " << Identifier{trigger.Get("follows")} << " ";
  }
  sql << Verbatim{trigger.Get("body")};
  AddSessionSettings(trigger, renderer, AddAlone(sql, "EXCLUSIVE", renderer));
}

void CreateTrigger(const Object& trigger, Renderer& renderer) {
  Write(trigger, /*replace=*/false, renderer);
}

void DropTrigger(const Object& trigger, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "DROP TRIGGER " << Identifier{trigger.name()};
  v1::Statement& statement = AddAlone(sql, "EXCLUSIVE", renderer);
  const std::string name = trigger.path().Dotted();
  if (renderer.to().Find(trigger.key) == nullptr) {
    AddHazard(statement, v1::BREAKS_CLIENTS,
              absl::StrCat("what trigger ", name, " did no longer happens"));
  } else {
    AddHazard(statement, v1::CORRECTNESS,
              absl::StrCat("trigger ", name,
                           " does not run until it is there again"));
  }
}

void AlterTrigger(const Difference& difference, Renderer& renderer) {
  if (FlavourOf(renderer.server()).has_or_replace) {
    Write(*difference.to, /*replace=*/true, renderer);
    return;
  }
  DropTrigger(*difference.from, renderer);
  Write(*difference.to, /*replace=*/false, renderer);
}

std::string Summary(const Object& trigger) {
  return std::string(trigger.Get("event"));
}

}  // namespace

absl::StatusOr<std::string> TriggerBody(absl::string_view name,
                                        absl::string_view text) {
  const Tokens tokens = TokenizeHead(text);
  size_t at = 0;
  while (at + 2 < tokens.size() &&
         !(tokens[at].Is("FOR") && tokens[at + 1].Is("EACH") &&
           tokens[at + 2].Is("ROW"))) {
    ++at;
  }
  at += 3;
  if (at + 1 < tokens.size() &&
      (tokens[at].Is("FOLLOWS") || tokens[at].Is("PRECEDES"))) {
    at += 2;
  }
  if (at >= tokens.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "trigger ", Printable(name), ": its text is not understood"));
  }
  const size_t begin =
      static_cast<size_t>(tokens[at].text.data() - text.data());
  return std::string(text.substr(begin));
}

KindHandler TriggerHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TRIGGER;
  handler.spec.attributes = kAttributes;
  handler.spec.dropped_with_parent = true;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 40;
  handler.create = CreateTrigger;
  handler.drop = DropTrigger;
  handler.alter = AlterTrigger;
  return handler;
}

}  // namespace fleet::mysql
