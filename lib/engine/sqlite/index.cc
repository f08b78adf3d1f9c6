#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/key_parts.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/lint_rules.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/rebuild_steps.h"
#include "lib/engine/sqlite/table_pair.h"
#include "lib/engine/sqlite/table_text.h"

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"columns", Compare::kExact, OnChange::kRecreate, 15},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
    {"unique", Compare::kExact, OnChange::kRecreate, 30},
    {"where", Compare::kExact, OnChange::kRecreate, 15},
};

size_t Find(TokenSpan tokens, absl::string_view word) {
  size_t at = 0;
  while (at < tokens.size() && !tokens[at].Is(word)) ++at;
  return at;
}

// "(a, b) WHERE a > 0" of canonical attributes.
std::string Assembled(const Object& index) {
  std::string text(index.Get("columns"));
  if (index.Has("where")) absl::StrAppend(&text, " WHERE ", index.Get("where"));
  return text;
}

bool IsNewTable(const Object& index, const Renderer& renderer) {
  return renderer.from().Find(v1::TABLE, index.path().Parent()) == nullptr;
}

// Rows of the table as it is now; empty where the index needs what it has not.
Sql EqualRowsSql(const Object& index, const Schema& from) {
  const Sql none(kSqliteQuoting);
  const Object* table = from.Find(v1::TABLE, index.path().Parent());
  if (table == nullptr) return none;
  for (const Dependency& dependency : index.depends_on) {
    const Object* column = from.Find(dependency.on);
    if (dependency.on.kind == v1::COLUMN && column == nullptr) return none;
  }
  const std::string text = index.Has("spelling")
                               ? std::string(index.Get("spelling"))
                               : Assembled(index);
  const absl::StatusOr<Tokens> tokens = Tokenize(text);
  if (!tokens.ok()) return none;
  std::vector<Sql> parts;
  for (const KeyPart& part : PartsOfList(*tokens)) {
    const Object* column =
        from.Find(v1::COLUMN, index.path().Parent().Child(part.column));
    // An expression is written as the index has it; a number would be taken
    // for a place in the answer.
    if (part.column.empty() && !absl::StrContains(part.text, "(")) return none;
    if (column == nullptr && !part.column.empty()) return none;
    Sql sql(kSqliteQuoting);
    sql << Verbatim{part.text};
    if (column != nullptr && part.collation.empty()) {
      const absl::string_view collation = column->Get("collation");
      // "CONSTRAINT c COLLATE nocase" and the like.
      if (absl::StrContains(collation, " ")) return none;
      if (!collation.empty()) sql << " COLLATE " << Verbatim{collation};
    }
    parts.push_back(sql);
  }
  Sql where(kSqliteQuoting);
  if (index.Has("where")) where << Verbatim{index.Get("where")};
  // A string in double quotes is none in a query.
  for (const Token& token : *tokens) {
    const Path name = index.path().Parent().Child(FoldName(token.text));
    if (token.quote == '"' && from.Find(v1::COLUMN, name) == nullptr) {
      return none;
    }
  }
  return DuplicatesSql(WrittenName(*table), parts, where);
}

void CreateIndex(const Object& index, Renderer& renderer) {
  const Object* table = renderer.to().Find(v1::TABLE, index.path().Parent());
  if (table == nullptr) return;
  Sql sql(kSqliteQuoting);
  sql << "CREATE ";
  if (index.Has("unique")) sql << "UNIQUE ";
  const std::string rest = index.Has("spelling")
                               ? std::string(index.Get("spelling"))
                               : Assembled(index);
  sql << "INDEX " << Identifier{WrittenName(index)} << " ON "
      << Identifier{WrittenName(*table)} << " " << Verbatim{rest};
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  if (IsNewTable(index, renderer)) return;
  Lint(Rule::kCreateIndex, table->path(), statement);
  const std::string name = index.path().Dotted();
  const Object* before = renderer.from().Find(index.key);
  if (index.Has("unique") &&
      (before == nullptr || before->attributes != index.attributes)) {
    AddHazard(statement, v1::DATA_DEPENDENT,
              absl::StrCat(
                  "fails when rows have equal values for unique index ", name));
    AddCheck(statement, EqualRowsSql(index, renderer.from()),
             absl::StrCat("rows have equal values for unique index ", name));
  }
}

void DropIndex(const Object& index, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "DROP INDEX " << Identifier{WrittenName(index)};
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  if (renderer.to().Find(index.key) != nullptr) return;
  AddHazard(statement, v1::INDEX_DROPPED,
            absl::StrCat("queries that use index ", index.path().Dotted(),
                         " become slower"));
}

std::string Summary(const Object& index) {
  return absl::StrCat(index.Has("unique") ? "UNIQUE " : "", Assembled(index));
}

}  // namespace

absl::Status ReadIndex(const Catalog::Row& row, const KnownNames& columns,
                       std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(Tokens all, Tokenize(row.sql));
  const auto condition = all.begin() + Find(all, "WHERE");
  Tokens settled(condition, all.end());
  SettleStrings(columns, settled);
  std::copy(settled.begin(), settled.end(), condition);
  const TokenSpan tokens = all;
  // CREATE [UNIQUE] INDEX name ON table (…) [WHERE …]
  const size_t on = Find(tokens, "ON");
  const size_t where = Find(tokens, "WHERE");
  if (on + 3 > tokens.size() || where < on + 3 ||
      !tokens[on + 2].IsOperator("(")) {
    return absl::InvalidArgumentError(
        absl::StrCat("index ", row.name, ": its text is not understood"));
  }
  const Path table{row.table};
  Object object(v1::INDEX, table.Child(FoldName(row.name)));
  SetWrittenName(row.name, object);
  if (tokens[1].Is("UNIQUE")) object.Set("unique", "yes");
  const TokenSpan list = tokens.subspan(on + 2, where - on - 2);
  object.Set("columns", Canonical(list, columns));
  if (where < tokens.size()) {
    object.Set("where", Canonical(tokens.subspan(where + 1), columns));
  }
  SetSpelling(Written(tokens.subspan(on + 2), columns), Assembled(object),
              object);
  for (const std::string& name : NamesIn(tokens.subspan(on + 2))) {
    object.DependsOn(v1::COLUMN, table.Child(name));
  }
  objects.push_back(std::move(object));
  return absl::OkStatus();
}

KindHandler IndexHandler() {
  KindHandler handler;
  handler.spec.kind = v1::INDEX;
  handler.spec.attributes = kAttributes;
  handler.spec.dropped_with_parent = true;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 15;
  handler.spec.drop_risk = 30;
  handler.create = CreateIndex;
  handler.drop = DropIndex;
  return handler;
}

}  // namespace fleet::sqlite
