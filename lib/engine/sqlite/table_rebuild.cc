#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/sqlite/column.h"
#include "lib/engine/sqlite/feature.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/lint_rules.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/rebuild_steps.h"
#include "lib/engine/sqlite/table_pair.h"
#include "lib/engine/sqlite/table_text.h"

// What ALTER TABLE cannot do, as SQLite's manual advises: make the wanted table
// under another name, copy the rows, drop the old one, rename. The order
// matters: renaming the old table first would turn the references of other
// tables to the copy. All in one transaction, with foreign keys off and
// legacy_alter_table on (the dialect's prologue): DROP TABLE then deletes no
// rows elsewhere, and RENAME neither rewrites nor judges other definitions.
// Indexes, triggers and views are dropped before and made after it by the diff.

namespace fleet::sqlite {
namespace {

// A name for the rowid that neither table has a column of; empty when rows have
// no rowid on one side.
absl::string_view RowidName(const TableParts& from, const TableParts& to) {
  if (from.table->Has("without_rowid") || to.table->Has("without_rowid")) {
    return "";
  }
  for (absl::string_view name : {"rowid", "_rowid_", "oid"}) {
    if (!FindColumn(from, name) && !FindColumn(to, name)) return name;
  }
  return "";
}

bool HasAutoincrement(const TableParts& parts) {
  return std::any_of(
      parts.constraints.begin(), parts.constraints.end(),
      [](const Object* object) { return object->Has("autoincrement"); });
}

// Rows keep their rowid: full text indexes and applications may know it, and
// without a column in common it is what keeps the number of rows. The column
// that is the rowid has it already.
RowCopy WhatToCopy(const TablePair& pair) {
  RowCopy copy;
  const Object* alias = RowidAlias(pair.to);
  if (alias == nullptr || pair.OldOf(*alias) == nullptr) {
    const absl::string_view rowid = RowidName(pair.from, pair.to);
    if (!rowid.empty()) copy.columns.emplace_back(rowid, rowid);
  }
  for (const Object* column : pair.to.columns) {
    const Object* old = pair.OldOf(*column);
    if (old == nullptr || IsGenerated(*column)) continue;
    copy.columns.emplace_back(WrittenName(*old), WrittenName(*column));
  }
  return copy;
}

// Columns whose values are nowhere in the new table.
std::vector<std::string> LostColumns(const TablePair& pair) {
  std::vector<std::string> lost;
  for (const Object* column : pair.from.columns) {
    const Object* kept = pair.NewOf(*column);
    if (!IsGenerated(*column) && (kept == nullptr || IsGenerated(*kept))) {
      lost.emplace_back(column->name());
    }
  }
  return lost;
}

// Definitions with functions of an application cannot run here: its rows would
// have to be computed without them.
absl::Status CheckFunctions(const TablePair& pair) {
  const auto refuse = [](const Object& object) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot rebuild the table: ", Describe(object.key), " calls ",
        Printable(object.Get("unknown_function")),
        "(), which this SQLite library does not have; change it from the "
        "application that defines it"));
  };
  for (const Object* column : pair.to.columns) {
    const bool is_copied =
        !IsGenerated(*column) && pair.OldOf(*column) != nullptr;
    if (column->Has("unknown_function") && !is_copied) return refuse(*column);
  }
  for (const Object* constraint : pair.to.constraints) {
    if (constraint->Has("unknown_function")) return refuse(*constraint);
  }
  return absl::OkStatus();
}

// "CHECK (t.a > 0)" cannot be made while the table has another name.
absl::Status CheckOwnName(const TableParts& to) {
  const auto names_table = [&](const Object* object) {
    return Qualifies(object->Get("definition"), to.table->name()) ||
           Qualifies(object->Get("generated"), to.table->name());
  };
  for (const std::vector<const Object*>* list :
       {&to.columns, &to.constraints}) {
    for (const Object* object : *list) {
      if (!names_table(object)) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "cannot rebuild the table: ", Describe(object->key),
          " names the table itself; write its columns without the table's "
          "name in the source"));
    }
  }
  return absl::OkStatus();
}

// What hangs on the table and was not understood would be lost with it.
absl::Status CheckOpaque(const Object& table, const Schema& before) {
  for (const Object& opaque : before.OfKind(v1::OPAQUE)) {
    if (opaque.Get("table") != table.name()) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot rebuild the table: ", Describe(opaque.key),
        " belongs to it and is not understood; take it down first"));
  }
  return absl::OkStatus();
}

void CopyRows(const TablePair& pair, const RowCopy& copy,
              absl::string_view new_name, Renderer& renderer) {
  const absl::string_view old_name = WrittenName(*pair.from.table);
  v1::Statement& statement =
      renderer.Add(CopyRowsSql(copy, old_name, new_name), kExclusive);
  const std::string name = pair.to.table->path().Dotted();
  Lint(Rule::kRebuild, pair.to.table->path(), statement);
  AddDiskCheck(*pair.from.table, statement);
  for (const RowReason& reason : RowReasons(pair)) {
    const std::string message =
        absl::StrCat("rebuilding ", name, " fails when ", reason.clause);
    AddHazard(statement, v1::DATA_DEPENDENT, message);
    if (!reason.query.empty()) AddCheck(statement, reason.query, message);
  }
  AddCheck(statement,
           BrokenReferenceSql({std::string(pair.from.table->name())}),
           absl::StrCat("rebuilding ", name,
                        " fails while foreign keys of it or to it are broken"));
  renderer.Add(SameCountSql(old_name, new_name), kExclusive);
}

// The highest number that AUTOINCREMENT has given stays taken, although its row
// may be gone.
void KeepSequence(const Object& old, absl::string_view new_name,
                  Renderer& renderer) {
  Sql clear(kSqliteQuoting);
  clear << "DELETE FROM sqlite_sequence WHERE name = " << Literal{new_name};
  renderer.Add(clear, kExclusive);
  Sql keep(kSqliteQuoting);
  keep << "INSERT INTO sqlite_sequence (name, seq) SELECT " << Literal{new_name}
       << ", seq FROM sqlite_sequence WHERE name = "
       << Literal{WrittenName(old)};
  renderer.Add(keep, kExclusive);
}

void DropOld(const TablePair& pair, const RowCopy& copy, Renderer& renderer) {
  v1::Statement& statement =
      renderer.Add(DropTableSql(*pair.from.table), kExclusive);
  const std::string name = pair.from.table->path().Dotted();
  const std::vector<std::string> lost = LostColumns(pair);
  if (!lost.empty()) MarkLostColumns(name, lost, statement);
  if (copy.columns.empty()) {
    statement.set_reversibility(v1::LOSSY);
    AddHazard(statement, v1::DELETES_DATA,
              absl::StrCat("rebuilding ", name,
                           " deletes its rows: no column stays"));
  }
}

}  // namespace

void RebuildTable(const Difference& difference, Renderer& renderer) {
  const TablePair pair{renderer.from(), renderer.to(),
                       PartsOf(*difference.from, renderer.from()),
                       PartsOf(*difference.to, renderer.to())};
  absl::Status status = CheckFunctions(pair);
  status.Update(CheckOwnName(pair.to));
  status.Update(CheckFeatures(pair.to, renderer.server()));
  status.Update(CheckOpaque(*pair.from.table, renderer.from()));
  if (!status.ok()) return renderer.Fail(status);
  const RowCopy copy = WhatToCopy(pair);
  const std::string new_name = FreeName(*pair.to.table, renderer);

  renderer.Add(CreateTableSql(pair.to, new_name), kExclusive);
  if (!copy.columns.empty()) CopyRows(pair, copy, new_name, renderer);
  if (HasAutoincrement(pair.from) && HasAutoincrement(pair.to)) {
    KeepSequence(*pair.from.table, new_name, renderer);
  }
  DropOld(pair, copy, renderer);
  renderer.Add(RenameTableSql(new_name, WrittenName(*pair.to.table)),
               kExclusive);
}

}  // namespace fleet::sqlite
