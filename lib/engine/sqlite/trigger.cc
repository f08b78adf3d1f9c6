#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/table_text.h"

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"body", Compare::kExact, OnChange::kRecreate, 30},
    {"event", Compare::kExact, OnChange::kRecreate, 30},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
};

// A table or a view.
const Object* OwnerOf(const Object& trigger, const Schema& schema) {
  return schema.ParentOf(trigger.key);
}

// "AFTER UPDATE OF a, b": keywords, then names of columns.
std::string EventText(TokenSpan tokens, const KnownNames& known) {
  size_t columns = 0;
  while (columns < tokens.size() && !tokens[columns].Is("UPDATE")) ++columns;
  columns = std::min(columns + 2, tokens.size());  // past OF
  std::string text =
      absl::AsciiStrToUpper(Canonical(tokens.subspan(0, columns), known));
  const std::string names = Canonical(tokens.subspan(columns), known);
  if (!names.empty()) absl::StrAppend(&text, " ", names);
  return text;
}

void CreateTrigger(const Object& trigger, Renderer& renderer) {
  const Object* owner = OwnerOf(trigger, renderer.to());
  if (owner == nullptr) return;
  Sql sql(kSqliteQuoting);
  sql << "CREATE TRIGGER " << Identifier{WrittenName(trigger)};
  if (trigger.Has("event")) sql << " " << Verbatim{trigger.Get("event")};
  sql << " ON " << Identifier{WrittenName(*owner)} << " "
      << Verbatim{trigger.Has("spelling") ? trigger.Get("spelling")
                                          : trigger.Get("body")};
  renderer.Add(sql, "EXCLUSIVE");
}

void DropTrigger(const Object& trigger, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "DROP TRIGGER " << Identifier{WrittenName(trigger)};
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  if (renderer.to().Find(trigger.key) != nullptr) return;
  AddHazard(statement, v1::BREAKS_CLIENTS,
            absl::StrCat("what trigger ", trigger.path().Dotted(),
                         " did no longer happens"));
}

std::string Summary(const Object& trigger) {
  return std::string(trigger.Get("event"));
}

}  // namespace

absl::Status ReadTrigger(const Catalog::Row& row, const ReadContext& context,
                         std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(const Tokens all, Tokenize(row.sql));
  const TokenSpan tokens = all;
  // CREATE TRIGGER name [BEFORE …] UPDATE [OF …] ON table …
  constexpr size_t kAfterName = 3;
  size_t on = kAfterName;
  while (on < tokens.size() && !tokens[on].Is("ON")) ++on;
  size_t owner = on + 1;
  // "ON main.t" names the same table.
  if (on + 3 < tokens.size() && FoldName(tokens[on + 1].text) == "main" &&
      tokens[on + 2].IsOperator(".")) {
    owner = on + 3;
  }
  if (owner + 1 >= tokens.size() || FoldName(tokens[owner].text) != row.table) {
    return absl::InvalidArgumentError(
        absl::StrCat("trigger ", row.name, ": its text is not understood"));
  }
  Object object(v1::TRIGGER, Path{row.table, FoldName(row.name)});
  SetWrittenName(row.name, object);
  object.Set("event", EventText(tokens.subspan(kAfterName, on - kAfterName),
                                context.known));
  const TokenSpan body = tokens.subspan(owner + 1);
  const std::string canonical = Canonical(body, context.known);
  object.Set("body", canonical);
  SetSpelling(Written(body, {}), canonical, object);
  AddRelations(body, context, row.table, object);
  objects.push_back(std::move(object));
  return absl::OkStatus();
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
  return handler;
}

}  // namespace fleet::sqlite
