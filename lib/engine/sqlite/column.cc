#include "lib/engine/sqlite/column.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "lib/engine/sqlite/feature.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/lint_rules.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/table_text.h"

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"collation", Compare::kExact, OnChange::kRebuild, 30},
    {"constraints", Compare::kExact, OnChange::kRebuild, 30},
    {"default", Compare::kExact, OnChange::kRebuild, 15},
    {"generated", Compare::kExact, OnChange::kRebuild, 35},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"not_null", Compare::kExact, OnChange::kRebuild, 35},
    {"null", Compare::kExact, OnChange::kRebuild, 10},
    // "string": 'name', which SQLite tolerates for now; it is in the text.
    {"name_form", Compare::kExact, OnChange::kRebuild, 10},
    {"position", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
    {"type", Compare::kIgnoreCase, OnChange::kRebuild, 40},
    {"unknown_function", Compare::kIgnore, OnChange::kIgnore, 0},
};

// In the order they are written. A clause whose keyword is not stored keeps it
// when it has a name of its own: "CONSTRAINT d DEFAULT 0".
struct ClauseRow {
  absl::string_view attribute;
  absl::string_view keyword;  // with its space; left out of the attribute
  const Tokens ColumnCut::*tokens;
};
constexpr ClauseRow kClauses[] = {
    {"type", "", &ColumnCut::type},
    {"not_null", "", &ColumnCut::not_null},
    {"null", "", &ColumnCut::null},
    {"default", "DEFAULT ", &ColumnCut::default_value},
    {"collation", "COLLATE ", &ColumnCut::collation},
    {"generated", "", &ColumnCut::generated},
    {"constraints", "", &ColumnCut::constraints},
};

void AppendClause(absl::string_view text, std::string& out) {
  if (!text.empty()) absl::StrAppend(&out, out.empty() ? "" : " ", text);
}

std::string AssembledClauses(const Object& column) {
  std::string out;
  for (const ClauseRow& row : kClauses) {
    const absl::string_view value = column.Get(row.attribute);
    if (value.empty()) continue;
    const bool has_keyword = absl::StartsWith(value, "CONSTRAINT ");
    AppendClause(absl::StrCat(has_keyword ? "" : row.keyword, value), out);
  }
  return out;
}

// Values that ADD COLUMN takes for the rows that are there: constants, and not
// the moment of the change.
bool IsConstant(TokenSpan tokens) {
  if (!tokens.empty() && tokens[0].Is("DEFAULT")) tokens.remove_prefix(1);
  if (tokens.size() >= 2 && tokens.front().IsOperator("(") &&
      tokens.back().IsOperator(")")) {
    tokens = tokens.subspan(1, tokens.size() - 2);
  }
  if (!tokens.empty() &&
      (tokens[0].IsOperator("-") || tokens[0].IsOperator("+"))) {
    tokens.remove_prefix(1);
  }
  if (tokens.size() != 1) return false;
  const Token& value = tokens[0];
  return value.kind == TokenKind::kNumber || value.kind == TokenKind::kString ||
         value.Is("NULL") || value.Is("TRUE") || value.Is("FALSE") ||
         // A name here is a string: DEFAULT "a", DEFAULT a.
         value.kind == TokenKind::kQuoted ||
         (value.kind == TokenKind::kWord && !IsGrammarWord(value.text));
}

bool HasWord(const Tokens& tokens, absl::string_view word) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const Token& token) { return token.Is(word); });
}

// SQLite's documented limits of ALTER TABLE ADD COLUMN.
bool CanAddInPlace(const Object& column, const Schema&) {
  const absl::StatusOr<Tokens> value = Tokenize(column.Get("default"));
  const absl::StatusOr<Tokens> constraints =
      Tokenize(column.Get("constraints"));
  const absl::StatusOr<Tokens> generated = Tokenize(column.Get("generated"));
  if (!value.ok() || !constraints.ok() || !generated.ok()) return false;
  if (HasWord(*constraints, "PRIMARY") || HasWord(*constraints, "UNIQUE")) {
    return false;
  }
  if (!generated->empty()) {
    return !generated->back().Is("STORED") && !column.Has("not_null");
  }
  if (value->empty()) return !column.Has("not_null");
  return IsConstant(*value) &&
         !(column.Has("not_null") && HasWord(*value, "NULL"));
}

bool IsUsedBy(const Object& column, const Object& other) {
  if (other.key == column.key || other.Get("inline") == column.name()) {
    return false;
  }
  const auto mentions = [&](absl::string_view attribute) {
    return other.Has(attribute) &&
           Mentions(other.Get(attribute), column.name());
  };
  return mentions("generated") || mentions("constraints") ||
         mentions("definition");
}

// DROP COLUMN reads every view and trigger and fails if one does not work,
// whether it has to do with the table or not.
bool HasViewsOrTriggers(const Schema& schema) {
  if (!schema.OfKind(v1::VIEW).empty()) return true;
  if (!schema.OfKind(v1::TRIGGER).empty()) return true;
  for (const Object& opaque : schema.OfKind(v1::OPAQUE)) {
    if (opaque.path().first() != "table") return true;
  }
  return false;
}

// SQLite's documented limits of ALTER TABLE DROP COLUMN; indexes of the column
// are dropped before it. The first column is left to a rebuild: a table keeps
// at least one, however many are dropped at a time.
bool CanDropInPlace(const Object& column, const Schema& from) {
  const Object* table = from.Find(v1::TABLE, column.path().Parent());
  if (table == nullptr || HasViewsOrTriggers(from)) return false;
  if (from.info().server_version < kHasDropColumn) return false;
  const TableParts parts = PartsOf(*table, from);
  if (parts.columns.front()->key == column.key) return false;
  const absl::string_view inlined = column.Get("constraints");
  if (Mentions(inlined, "primary") || Mentions(inlined, "unique")) {
    return false;
  }
  for (const std::vector<const Object*>* list :
       {&parts.columns, &parts.constraints}) {
    for (const Object* other : *list) {
      if (IsUsedBy(column, *other)) return false;
    }
  }
  return true;
}

std::string Summary(const Object& column) { return ColumnClauses(column); }

void AddColumn(const Object& column, Renderer& renderer) {
  const Object* table = renderer.to().Find(v1::TABLE, column.path().Parent());
  if (table == nullptr) return;
  const absl::Status status = CheckFeatures(column, renderer.server());
  if (!status.ok()) return renderer.Fail(status);
  Sql sql(kSqliteQuoting);
  sql << "ALTER TABLE " << Identifier{WrittenName(*table)} << " ADD COLUMN "
      << ColumnSql(column);
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  const absl::string_view inlined = column.Get("constraints");
  if (!inlined.empty() && Mentions(inlined, "check")) {
    Lint(Rule::kAddCheckedColumn, table->path(), statement);
    AddHazard(statement, v1::DATA_DEPENDENT,
              absl::StrCat("fails when the default of ", column.path().Dotted(),
                           " breaks its own check"));
  }
}

void DropColumn(const Object& column, Renderer& renderer) {
  const Object* table = renderer.from().Find(v1::TABLE, column.path().Parent());
  if (table == nullptr) return;
  Sql sql(kSqliteQuoting);
  sql << "ALTER TABLE " << Identifier{WrittenName(*table)} << " DROP COLUMN "
      << Identifier{WrittenName(column)};
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  const std::string name = column.path().Dotted();
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat("deletes the values of column ", name));
  Lint(Rule::kDropColumn, table->path(), statement);
}

}  // namespace

std::string ColumnClauses(const Object& column) {
  return column.Has("spelling") ? std::string(column.Get("spelling"))
                                : AssembledClauses(column);
}

bool IsGenerated(const Object& column) { return column.Has("generated"); }

Object ReadColumn(const ColumnCut& column, const Path& table,
                  const KnownNames& columns, const KnownNames& functions) {
  Object object(v1::COLUMN, table.Child(FoldName(column.name)));
  SetWrittenName(column.name, object);
  if (column.is_string) object.Set("name_form", "string");
  std::string unknown = UnknownFunction(column.default_value, functions);
  if (unknown.empty()) unknown = UnknownFunction(column.generated, functions);
  object.Set("unknown_function", unknown);
  std::string written;
  for (const ClauseRow& row : kClauses) {
    const Tokens& tokens = column.*row.tokens;
    AppendClause(Written(tokens, columns), written);
    // Compared without case, so it can stay as it is.
    const bool is_type = row.attribute == "type";
    Tokens settled = tokens;
    if (!is_type) SettleStrings(columns, settled);
    std::string text =
        is_type ? Written(tokens, columns) : Canonical(settled, columns);
    object.Set(row.attribute, absl::StripPrefix(text, row.keyword));
  }
  SetSpelling(written, AssembledClauses(object), object);
  return object;
}

KindHandler ColumnHandler() {
  KindHandler handler;
  handler.spec.kind = v1::COLUMN;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.recreatable = false;
  handler.spec.create_in_place = CanAddInPlace;
  handler.spec.drop_in_place = CanDropInPlace;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 75;
  handler.create = AddColumn;
  handler.drop = DropColumn;
  handler.rename = RenameColumn;
  return handler;
}

}  // namespace fleet::sqlite
