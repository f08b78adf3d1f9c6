#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/printable.h"
#include "lib/engine/sqlite/column.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
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

constexpr char kLock[] = "EXCLUSIVE";

bool IsTaken(absl::string_view name, const Schema& schema) {
  const Path path{name};
  if (schema.Find(v1::TABLE, path) || schema.Find(v1::VIEW, path)) return true;
  if (schema.Find(v1::OPAQUE, Path{"table", name})) return true;
  for (const Object& index : schema.OfKind(v1::INDEX)) {
    if (index.name() == name) return true;
  }
  return false;
}

std::string FreeName(const Object& table, const Renderer& renderer) {
  const std::string base = absl::StrCat("fleetctl_new_", table.name());
  std::string name = base;
  for (int i = 2;
       IsTaken(name, renderer.from()) || IsTaken(name, renderer.to()); ++i) {
    name = absl::StrCat(base, "_", i);
  }
  return name;
}

const Object* FindColumn(const TableParts& parts, absl::string_view name) {
  for (const Object* column : parts.columns) {
    if (column->name() == name) return column;
  }
  return nullptr;
}

// The column that is the rowid by another name, or nullptr.
const Object* RowidAlias(const TableParts& parts) {
  for (const Object* constraint : parts.constraints) {
    if (constraint->kind() != v1::PRIMARY_KEY) continue;
    for (const Object* column : parts.columns) {
      if (absl::EqualsIgnoreCase(column->Get("type"), "INTEGER") &&
          (constraint->Get("inline") == column->name() ||
           Mentions(constraint->Get("definition"), column->name()))) {
        return column;
      }
    }
  }
  return nullptr;
}

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

// What is copied: pairs of columns of both tables that hold values in the new.
struct Copy {
  std::vector<std::pair<const Object*, const Object*>> columns;  // from, to
  std::vector<const Object*> lost;  // of the old table
  absl::string_view rowid;          // copied too, unless empty
};

Copy WhatToCopy(const TableParts& from, const TableParts& to) {
  Copy copy;
  for (const Object* column : to.columns) {
    const Object* old = FindColumn(from, column->name());
    if (old != nullptr && !IsGenerated(*column)) {
      copy.columns.emplace_back(old, column);
    }
  }
  for (const Object* column : from.columns) {
    const Object* kept = FindColumn(to, column->name());
    if (!IsGenerated(*column) && (kept == nullptr || IsGenerated(*kept))) {
      copy.lost.push_back(column);
    }
  }
  // Rows keep their rowid: full text indexes and applications may know it.
  // Without a column in common it is what keeps the number of rows.
  if (copy.columns.empty() || (!RowidAlias(from) && !RowidAlias(to))) {
    copy.rowid = RowidName(from, to);
  }
  return copy;
}

Sql CopySql(const Copy& copy, absl::string_view new_name, const Object& old) {
  Sql into(kSqliteQuoting);
  Sql select(kSqliteQuoting);
  bool first = true;
  const auto add = [&](absl::string_view source, absl::string_view target) {
    if (!first) into << ", ";
    if (!first) select << ", ";
    first = false;
    into << Identifier{target};
    select << Identifier{source};
  };
  if (!copy.rowid.empty()) add(copy.rowid, copy.rowid);
  for (const auto& [source, target] : copy.columns) {
    add(WrittenName(*source), WrittenName(*target));
  }
  Sql sql(kSqliteQuoting);
  // OR ABORT: a key that says ON CONFLICT IGNORE would lose rows silently.
  sql << "INSERT OR ABORT INTO " << Identifier{new_name} << " (" << into
      << ") SELECT " << select << " FROM " << Identifier{WrittenName(old)};
  return sql;
}

// Why rows may stop the copy, one clause each.
std::vector<std::string> DataReasons(const TableParts& from,
                                     const TableParts& to) {
  std::vector<std::string> reasons;
  const Object* alias = RowidAlias(to);
  for (const Object* column : to.columns) {
    const Object* old = FindColumn(from, column->name());
    const bool is_required = column->Has("not_null") && column != alias;
    if (old == nullptr) {
      if (is_required && !column->Has("default") && !IsGenerated(*column)) {
        reasons.push_back(absl::StrCat("the table has rows: column ",
                                       column->name(),
                                       " is NOT NULL without a default"));
      }
      continue;
    }
    if (is_required && !old->Has("not_null")) {
      reasons.push_back(absl::StrCat("column ", column->name(), " has NULLs"));
    }
    if (to.table->Has("strict") &&
        (!from.table->Has("strict") ||
         !absl::EqualsIgnoreCase(old->Get("type"), column->Get("type")))) {
      reasons.push_back(absl::StrCat("column ", column->name(),
                                     " has values of another type"));
    }
    if (old->Get("collation") != column->Get("collation")) {
      reasons.push_back(absl::StrCat("keys over column ", column->name(),
                                     " have values that now are equal"));
    }
  }
  for (const Object* constraint : to.constraints) {
    const bool existed = std::any_of(
        from.constraints.begin(), from.constraints.end(),
        [&](const Object* old) {
          return old->kind() == constraint->kind() &&
                 old->Get("definition") == constraint->Get("definition") &&
                 old->Get("inline") == constraint->Get("inline");
        });
    if (!existed) {
      reasons.push_back(absl::StrCat("rows break ", constraint->name()));
    }
  }
  return reasons;
}

std::string NamesOf(const std::vector<const Object*>& columns) {
  return absl::StrJoin(columns, ", ",
                       [](std::string* out, const Object* column) {
                         absl::StrAppend(out, column->name());
                       });
}

// Definitions with functions of an application cannot run here: its rows would
// have to be computed without them.
absl::Status CheckFunctions(const TableParts& from, const TableParts& to) {
  const auto refuse = [](const Object& object) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot rebuild the table: ", Describe(object.key), " calls ",
        Printable(object.Get("unknown_function")),
        "(), which this SQLite library does not have; change it from the "
        "application that defines it"));
  };
  for (const Object* column : to.columns) {
    const bool is_copied =
        !IsGenerated(*column) && FindColumn(from, column->name()) != nullptr;
    if (column->Has("unknown_function") && !is_copied) return refuse(*column);
  }
  for (const Object* constraint : to.constraints) {
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

void CopyRows(const TableParts& from, const TableParts& to, const Copy& copy,
              absl::string_view new_name, Renderer& renderer) {
  v1::Statement& statement =
      renderer.Add(CopySql(copy, new_name, *from.table), kLock);
  const std::string name = to.table->path().Dotted();
  AddHazard(statement, v1::TABLE_REWRITE,
            absl::StrCat("copies every row of ", name));
  for (const std::string& reason : DataReasons(from, to)) {
    AddHazard(statement, v1::DATA_DEPENDENT,
              absl::StrCat("rebuilding ", name, " fails when ", reason));
  }
}

// The highest number that AUTOINCREMENT has given stays taken, although its row
// may be gone.
void KeepSequence(const Object& old, absl::string_view new_name,
                  Renderer& renderer) {
  Sql clear(kSqliteQuoting);
  clear << "DELETE FROM sqlite_sequence WHERE name = " << Literal{new_name};
  renderer.Add(clear, kLock);
  Sql keep(kSqliteQuoting);
  keep << "INSERT INTO sqlite_sequence (name, seq) SELECT " << Literal{new_name}
       << ", seq FROM sqlite_sequence WHERE name = "
       << Literal{WrittenName(old)};
  renderer.Add(keep, kLock);
}

void DropOld(const Object& old, const Copy& copy, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "DROP TABLE " << Identifier{WrittenName(old)};
  v1::Statement& statement = renderer.Add(sql, kLock);
  const std::string name = old.path().Dotted();
  if (!copy.lost.empty()) {
    statement.set_reversibility(v1::LOSSY);
    AddHazard(
        statement, v1::DELETES_DATA,
        absl::StrCat("rebuilding ", name, " deletes the values of column ",
                     NamesOf(copy.lost)));
  }
  if (copy.columns.empty() && copy.rowid.empty()) {
    statement.set_reversibility(v1::LOSSY);
    AddHazard(statement, v1::DELETES_DATA,
              absl::StrCat("rebuilding ", name,
                           " deletes its rows: no column stays"));
  }
}

}  // namespace

void RebuildTable(const Difference& difference, Renderer& renderer) {
  const TableParts from = PartsOf(*difference.from, renderer.from());
  const TableParts to = PartsOf(*difference.to, renderer.to());
  absl::Status status = CheckFunctions(from, to);
  status.Update(CheckOwnName(to));
  if (!status.ok()) return renderer.Fail(status);
  const Copy copy = WhatToCopy(from, to);
  const std::string new_name = FreeName(*to.table, renderer);

  renderer.Add(CreateTableSql(to, new_name), kLock);
  if (!copy.columns.empty() || !copy.rowid.empty()) {
    CopyRows(from, to, copy, new_name, renderer);
  }
  if (HasAutoincrement(from) && HasAutoincrement(to)) {
    KeepSequence(*from.table, new_name, renderer);
  }
  DropOld(*from.table, copy, renderer);
  Sql rename(kSqliteQuoting);
  rename << "ALTER TABLE " << Identifier{new_name} << " RENAME TO "
         << Identifier{WrittenName(*to.table)};
  renderer.Add(rename, kLock);
}

}  // namespace fleet::sqlite
