#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/feature.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/rebuild_steps.h"
#include "lib/engine/sqlite/table_text.h"

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
    {"strict", Compare::kExact, OnChange::kRebuild, 45},
    {"without_rowid", Compare::kExact, OnChange::kRebuild, 35},
};

// The tokens of a table's text, to see that nothing was lost: order of clauses,
// commas, letter case and the sort of quotes do not matter.
std::vector<std::string> Bag(TokenSpan tokens) {
  std::vector<std::string> bag;
  for (const Token& token : tokens) {
    if (token.IsOperator(",")) continue;
    bag.push_back(FoldName(token.text));
  }
  std::sort(bag.begin(), bag.end());
  return bag;
}

absl::Status NotUnderstood(const Catalog::Table& table,
                           absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("table ", table.row.name,
                   ": its text and SQLite's view of it differ in ", what));
}

// What was cut is what SQLite sees.
absl::Status CheckColumns(const Catalog::Table& table, const TableCut& cut) {
  if (cut.columns.size() != table.columns.size()) {
    return NotUnderstood(table, "the number of columns");
  }
  for (size_t i = 0; i < cut.columns.size(); ++i) {
    const ColumnCut& ours = cut.columns[i];
    const Catalog::Column& theirs = table.columns[i];
    if (ours.name != theirs.name)
      return NotUnderstood(table, "a column's name");
    if (!ours.generated.empty() != theirs.is_generated) {
      return NotUnderstood(table, "a generated column");
    }
    if (!ours.not_null.empty() && !theirs.is_not_null) {
      return NotUnderstood(table, "a NOT NULL");
    }
  }
  return absl::OkStatus();
}

// The second constraint of one kind and name gets " #2" and so on: in the order
// of their columns' names, since the order of columns is no difference.
void MakeUnique(std::vector<Object>& objects) {
  std::map<ObjectKey, std::vector<Object*>> by_key;
  for (Object& object : objects) by_key[object.key].push_back(&object);
  absl::flat_hash_set<ObjectKey> seen;
  for (const auto& [key, likes] : by_key) seen.insert(key);
  for (auto& [key, likes] : by_key) {
    std::stable_sort(likes.begin(), likes.end(),
                     [](const Object* a, const Object* b) {
                       return a->Get("inline") < b->Get("inline");
                     });
    int number = 1;
    for (size_t i = 1; i < likes.size(); ++i) {
      Object& object = *likes[i];
      do {
        object.key.path = key.path.Parent().Child(
            absl::StrCat(key.path.last(), " #", ++number));
      } while (!seen.insert(object.key).second);
    }
  }
}

// In all that is an expression. A default in double quotes can be nothing but a
// string, and is written as it is.
void SettleStrings(const KnownNames& columns, TableCut& cut) {
  for (ColumnCut& column : cut.columns) {
    SettleStrings(columns, column.generated);
    SettleStrings(columns, column.constraints);
  }
  for (ConstraintCut& constraint : cut.constraints) {
    SettleStrings(columns, constraint.definition);
  }
}

std::vector<Object> ObjectsOf(const Catalog::Table& table, TableCut cut,
                              const KnownNames& functions) {
  KnownNames columns = {"rowid", "oid", "_rowid_"};
  for (const ColumnCut& column : cut.columns) {
    columns.insert(FoldName(column.name));
  }
  SettleStrings(columns, cut);
  std::vector<Object> objects;
  const Path path{FoldName(table.row.name)};
  Object& object = objects.emplace_back(v1::TABLE, path);
  SetWrittenName(table.row.name, object);
  if (cut.strict) object.Set("strict", "yes");
  if (cut.without_rowid) object.Set("without_rowid", "yes");
  int position = 0;
  for (const ColumnCut& column : cut.columns) {
    SetPosition(++position, objects.emplace_back(
                                ReadColumn(column, path, columns, functions)));
  }
  position = 0;
  for (const ConstraintCut& constraint : cut.constraints) {
    SetPosition(++position, objects.emplace_back(ReadConstraint(
                                constraint, path, columns, functions)));
  }
  MakeUnique(objects);
  return objects;
}

void CreateTable(const Object& table, Renderer& renderer) {
  const TableParts parts = PartsOf(table, renderer.to());
  const absl::Status status = CheckFeatures(parts, renderer.server());
  if (!status.ok()) return renderer.Fail(status);
  renderer.Add(CreateTableSql(parts, WrittenName(table)), kExclusive);
}

void DropTable(const Object& table, Renderer& renderer) {
  v1::Statement& statement = renderer.Add(DropTableSql(table), kExclusive);
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat("deletes all rows of table ", table.path().Dotted()));
}

}  // namespace

absl::Status ReadTable(const Catalog::Table& table, const ReadContext& context,
                       std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(const Tokens tokens, Tokenize(table.row.sql));
  ASSIGN_OR_RETURN(const TableCut cut, CutCreateTable(tokens));
  RETURN_IF_ERROR(CheckColumns(table, cut));
  std::vector<Object> parts = ObjectsOf(table, cut, context.functions);
  ASSIGN_OR_RETURN(const std::string text,
                   CreateTableSql(PartsOf(parts), table.row.name).Text());
  ASSIGN_OR_RETURN(const Tokens written, Tokenize(text));
  if (Bag(written) != Bag(tokens)) {
    return NotUnderstood(table, "what it was taken apart into");
  }
  std::move(parts.begin(), parts.end(), std::back_inserter(objects));
  return absl::OkStatus();
}

KindHandler TableHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TABLE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.rebuildable = true;
  handler.spec.drop_risk = 80;
  handler.create = CreateTable;
  handler.drop = DropTable;
  handler.rename = RenameTable;
  handler.rebuild = RebuildTable;
  return handler;
}

}  // namespace fleet::sqlite
