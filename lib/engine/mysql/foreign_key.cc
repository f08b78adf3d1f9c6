#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    // As the server printed them, and how it is written.
    {"actions", Compare::kIgnore, OnChange::kIgnore, 0},
    {"columns", Compare::kExact, OnChange::kRecreate, 40},
    // Refers to a table that is not there: made while nothing was checked.
    {"dangling", Compare::kIgnore, OnChange::kIgnore, 0},
    {"name", Compare::kExact, OnChange::kRecreate, 5},
    {"on_delete", Compare::kExact, OnChange::kRecreate, 40},
    {"on_update", Compare::kExact, OnChange::kRecreate, 30},
    {"referenced_columns", Compare::kExact, OnChange::kRecreate, 40},
    {"references", Compare::kExact, OnChange::kRecreate, 40},
};

absl::Status NotUnderstood(TokenSpan tokens) {
  return absl::InvalidArgumentError(absl::StrCat(
      "foreign key \"", Printable(SliceOf(tokens)), "\" is not understood"));
}

std::vector<std::string> NamesIn(TokenSpan tokens) {
  std::vector<std::string> names;
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::kName) names.push_back(Folded(token.value));
  }
  return names;
}

void DependOnColumns(const Path& table, TokenSpan tokens, Object& object) {
  for (const std::string& name : NamesIn(tokens)) {
    object.DependsOn(v1::COLUMN, table.Child(name));
  }
}

// "ON DELETE SET NULL ON UPDATE SET DEFAULT". RESTRICT and NO ACTION are one
// thing here, and what it is without the clause.
absl::Status ReadActions(TokenSpan tokens, Object& object) {
  object.Set("actions", SliceOf(tokens));
  for (size_t i = 0; i < tokens.size();) {
    if (i + 2 >= tokens.size() || !tokens[i].Is("ON")) {
      return NotUnderstood(tokens);
    }
    const absl::string_view attribute =
        tokens[i + 1].Is("DELETE") ? "on_delete" : "on_update";
    const bool two_words = tokens[i + 2].Is("SET") || tokens[i + 2].Is("NO");
    const size_t words = two_words ? 2 : 1;
    if (i + 2 + words > tokens.size()) return NotUnderstood(tokens);
    const bool is_default =
        tokens[i + 2].Is("NO") || tokens[i + 2].Is("RESTRICT");
    if (!is_default) {
      object.Set(attribute, SliceOf(tokens.subspan(i + 2, words)));
    }
    i += 2 + words;
  }
  return absl::OkStatus();
}

// A key that the server made for an earlier foreign key, by its name; nothing
// else tells. It takes its place from it when another one comes, unless it is
// made in the same statement.
bool MayBeTheServers(const Object& index, const Object& key,
                     const Renderer& renderer) {
  const Path table = key.path().Parent();
  const Object* before = renderer.from().Find(index.key);
  if (before == nullptr || before->Get("columns") != key.Get("columns") ||
      !IsSameKey(*before, index) || index.name() == key.name()) {
    return false;
  }
  const absl::StatusOr<Tokens> columns = Tokenize(key.Get("columns"));
  const bool is_columns_name = columns.ok() && columns->size() > 1 &&
                               Folded((*columns)[1].value) == index.name();
  return is_columns_name ||
         renderer.from().Find(v1::FOREIGN_KEY, index.path()) != nullptr;
}

// Nothing is checked, nothing is written: its table is not there.
void CreateDangling(const Object& key, const Sql& clause, Renderer& renderer) {
  v1::Statement& statement = AddAlter(key.path().Parent(), clause, kNoCopy,
                                      renderer, "", kUncheckedBatch);
  RunUnchecked(statement);
  AddHazard(statement, v1::CORRECTNESS,
            absl::StrCat("foreign key ", key.path().Dotted(),
                         " refers to a table that is not there"));
}

void CreateForeignKey(const Object& key, Renderer& renderer) {
  const Path table = key.path().Parent();
  Sql clause(kMysqlQuoting);
  clause << "ADD CONSTRAINT " << Identifier{WrittenName(key)} << " FOREIGN KEY "
         << Verbatim{key.Get("columns")} << " REFERENCES "
         << Verbatim{key.Get("references")} << " "
         << Verbatim{key.Get("referenced_columns")};
  if (key.Has("actions")) clause << " " << Verbatim{key.Get("actions")};
  if (key.Has("dangling")) {
    CreateDangling(key, clause, renderer);
    return;
  }
  for (const Object& index : renderer.to().ChildrenOf(table, v1::INDEX)) {
    if (!MayBeTheServers(index, key, renderer)) continue;
    clause << ", " << KeyMadeAgain(index, FlavourOf(renderer.server()));
  }
  const bool is_new = renderer.from().Find(v1::TABLE, table) == nullptr;
  v1::Statement& statement =
      AddAlter(table, clause, kCopy, renderer, "", kForeignKeyBatch);
  if (is_new) {
    // Nobody has rows in it yet.
    statement.clear_hazards();
    statement.set_rewrites_table(false);
    return;
  }
  AddRule(Rule::kAddForeignKey, statement);
  CheckNoOrphans(key, renderer, statement);
  AddHazard(statement, v1::DATA_DEPENDENT,
            absl::StrCat("fails when a row of ", table.Dotted(),
                         " refers to a row that is not there"));
}

void DropForeignKey(const Object& key, Renderer& renderer) {
  Sql clause(kMysqlQuoting);
  clause << "DROP FOREIGN KEY " << Identifier{WrittenName(key)};
  const Path table = key.path().Parent();
  const Object* from = renderer.from().Find(v1::TABLE, table);
  const Object* to = renderer.to().Find(v1::TABLE, table);
  // The server lets no table with foreign keys go to another engine, not even
  // in the statement that drops them.
  const bool changes_engine =
      from && to && from->Get("engine") != to->Get("engine");
  AddAlter(table, clause, kInstantOption, renderer, "",
           changes_engine ? kForeignKeyBatch : kMainBatch);
}

std::string Summary(const Object& key) {
  return absl::StrCat(key.Get("columns"), " → ", key.Get("references"), " ",
                      key.Get("referenced_columns"));
}

}  // namespace

absl::StatusOr<Object> ReadForeignKey(TokenSpan tokens, const Object& table,
                                      const ReadContext& context) {
  // CONSTRAINT `name` FOREIGN KEY (…) REFERENCES [`schema`.]`table` (…) …
  constexpr size_t kColumns = 4;
  const size_t columns_end = ClosingOf(tokens, kColumns);
  if (tokens.size() < 9 || columns_end + 3 >= tokens.size() ||
      !tokens[columns_end + 1].Is("REFERENCES")) {
    return NotUnderstood(tokens);
  }
  Object key(v1::FOREIGN_KEY, table.path().Child(Folded(tokens[1].value)));
  SetWrittenName(tokens[1].value, key);
  const TokenSpan columns =
      tokens.subspan(kColumns, columns_end + 1 - kColumns);
  key.Set("columns", SliceOf(columns));
  DependOnColumns(table.path(), columns, key);
  const size_t name = columns_end + 2;
  size_t open = name + 1;
  while (open < tokens.size() && !tokens[open].IsOperator('(')) ++open;
  const size_t close = ClosingOf(tokens, open);
  if (close >= tokens.size()) return NotUnderstood(tokens);
  const TokenSpan target = tokens.subspan(name, open - name);
  key.Set("references", TextWithout(context.database, target));
  const TokenSpan referenced = tokens.subspan(open, close + 1 - open);
  key.Set("referenced_columns", SliceOf(referenced));
  if (target.size() == 1 || target[0].value == context.database) {
    const Path other{target.back().Name()};
    key.DependsOn(v1::TABLE, other);
    DependOnColumns(other, referenced, key);
  }
  absl::Status status = ReadActions(tokens.subspan(close + 1), key);
  if (!status.ok()) return status;
  return key;
}

KindHandler ForeignKeyHandler() {
  KindHandler handler;
  handler.spec.kind = v1::FOREIGN_KEY;
  handler.spec.attributes = kAttributes;
  handler.spec.create_batch = kForeignKeyBatch;
  handler.spec.change_batch = kMainBatch;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 30;
  handler.spec.drop_risk = 30;
  handler.create = CreateForeignKey;
  handler.drop = DropForeignKey;
  return handler;
}

}  // namespace fleet::mysql
