#include "lib/engine/sqlite/table_pair.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/sqlite/column.h"
#include "lib/engine/sqlite/key_parts.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

Sql NoQuery() { return Sql(kSqliteQuoting); }

// "3 rows: …": `where` finds them in `table`.
Sql RowsSql(absl::string_view table, const Sql& where) {
  Sql sql(kSqliteQuoting);
  sql << "SELECT n || CASE n WHEN 1 THEN ' row' ELSE ' rows' END FROM "
         "(SELECT count(*) AS n FROM "
      << Identifier{table} << " AS t WHERE " << where << ") WHERE n > 0";
  return sql;
}

Sql OldName(const Object& old) {
  Sql sql(kSqliteQuoting);
  sql << "t." << Identifier{WrittenName(old)};
  return sql;
}

bool IsType(const Object& column, absl::string_view type) {
  return absl::EqualsIgnoreCase(column.Get("type"), type);
}

class Reasons {
 public:
  explicit Reasons(const TablePair& pair)
      : pair_(pair),
        alias_(RowidAlias(pair.to)),
        table_(WrittenName(*pair.from.table)) {}

  std::vector<RowReason> Run() {
    for (const Object* column : pair_.to.columns) AddColumn(*column);
    AddKeyWithoutRowid();
    for (const Object* constraint : pair_.to.constraints) {
      if (!IsOld(*constraint)) AddConstraint(*constraint);
    }
    return std::move(reasons_);
  }

 private:
  void Add(std::string clause, Sql query) {
    reasons_.push_back({std::move(clause), std::move(query)});
  }

  void AddColumn(const Object& column) {
    const Object* old = pair_.OldOf(column);
    const bool is_required = column.Has("not_null") && &column != alias_;
    if (old == nullptr) {
      if (is_required && !column.Has("default") && !IsGenerated(column)) {
        Sql all(kSqliteQuoting);
        all << "TRUE";
        Add(absl::StrCat("the table has rows: column ", column.name(),
                         " is NOT NULL without a default"),
            RowsSql(table_, all));
      }
      return;
    }
    if (is_required && !old->Has("not_null")) {
      Sql where(kSqliteQuoting);
      where << OldName(*old) << " IS NULL";
      Add(absl::StrCat("column ", column.name(), " has NULLs"),
          RowsSql(table_, where));
    }
    if (pair_.to.table->Has("strict") &&
        (!pair_.from.table->Has("strict") ||
         !absl::EqualsIgnoreCase(old->Get("type"), column.Get("type")))) {
      Add(absl::StrCat("column ", column.name(), " has values of another type"),
          MisfitsSql(column, *old));
    } else if (&column == alias_ && RowidAlias(pair_.from) != old) {
      Add(absl::StrCat("column ", column.name(), " has values that are no ids"),
          MisfitsSql(column, *old));
    }
    if (old->Get("collation") != column.Get("collation")) {
      Add(absl::StrCat("keys over column ", column.name(),
                       " have values that now are equal"),
          NoQuery());
    }
  }

  // Only there is a primary key NOT NULL by itself.
  void AddKeyWithoutRowid() {
    if (!pair_.to.table->Has("without_rowid")) return;
    const bool was_so = pair_.from.table->Has("without_rowid");
    for (const Object* constraint : pair_.to.constraints) {
      if (constraint->kind() != v1::PRIMARY_KEY) continue;
      if (was_so && IsOld(*constraint)) continue;
      for (const KeyPart& part : PartsOfKey(*constraint).parts) {
        const Object* column = FindColumn(pair_.to, part.column);
        const Object* old = column ? pair_.OldOf(*column) : nullptr;
        if (old == nullptr || old->Has("not_null")) continue;
        Sql where(kSqliteQuoting);
        where << OldName(*old) << " IS NULL";
        Add(absl::StrCat("column ", part.column, " of the key has NULLs"),
            RowsSql(table_, where));
      }
    }
  }

  // Values that a STRICT column, or an INTEGER PRIMARY KEY, does not take. A
  // comparison with a typed value turns text into a number exactly where
  // storing it would; what is still text or a blob is greater than any number.
  Sql MisfitsSql(const Object& column, const Object& old) const {
    const Sql name = OldName(old);
    Sql where(kSqliteQuoting);
    if (IsType(column, "INT") || IsType(column, "INTEGER")) {
      where << name << " > CAST(9e999 AS REAL) OR " << name << " <> CAST(CAST("
            << name << " AS NUMERIC) AS INTEGER)";
    } else if (IsType(column, "REAL")) {
      where << name << " > CAST(9e999 AS REAL)";
    } else if (IsType(column, "TEXT")) {
      where << "typeof(" << name << ") = 'blob'";
    } else if (IsType(column, "BLOB")) {
      where << "typeof(" << name << ") NOT IN ('blob', 'null')";
    } else {
      return NoQuery();
    }
    return RowsSql(table_, where);
  }

  bool IsOld(const Object& constraint) const {
    return std::any_of(pair_.from.constraints.begin(),
                       pair_.from.constraints.end(), [&](const Object* old) {
                         return old->kind() == constraint.kind() &&
                                old->Get("definition") ==
                                    constraint.Get("definition") &&
                                old->Get("inline") == constraint.Get("inline");
                       });
  }

  void AddConstraint(const Object& constraint) {
    const std::string clause = absl::StrCat("rows break ", constraint.name());
    switch (constraint.kind()) {
      case v1::CHECK:
        return Add(clause, BrokenCheckSql(constraint));
      case v1::FOREIGN_KEY:
        return Add(clause, OrphansSql(constraint));
      default:
        return Add(clause, EqualKeysSql(constraint));
    }
  }

  // Only where the expression means the same to the old table.
  Sql BrokenCheckSql(const Object& check) const {
    const std::string expression = ExpressionOf(check);
    const absl::StatusOr<Tokens> tokens = Tokenize(expression);
    if (expression.empty() || !tokens.ok() || check.Has("unknown_function")) {
      return NoQuery();
    }
    for (const Object* column : pair_.to.columns) {
      if (!Mentions(expression, column->name())) continue;
      const Object* old = pair_.OldOf(*column);
      if (old == nullptr || old->name() != column->name() ||
          IsGenerated(*column) || !IsType(*column, old->Get("type")) ||
          old->Get("collation") != column->Get("collation")) {
        return NoQuery();
      }
    }
    for (const Token& token : *tokens) {
      // A string in double quotes is none in a query.
      if (token.quote == '"' && !FindColumn(pair_.to, FoldName(token.text))) {
        return NoQuery();
      }
    }
    Sql where(kSqliteQuoting);
    where << "NOT (" << Verbatim{expression} << ")";
    return RowsSql(table_, where);
  }

  Sql EqualKeysSql(const Object& key) const {
    std::vector<Sql> parts;
    for (const KeyPart& part : PartsOfKey(key).parts) {
      const Object* column = FindColumn(pair_.to, part.column);
      const Object* old = column ? pair_.OldOf(*column) : nullptr;
      if (old == nullptr) return NoQuery();
      std::string collation = part.collation;
      if (collation.empty()) collation = std::string(column->Get("collation"));
      if (collation.empty()) collation = "binary";
      const absl::StatusOr<Tokens> word = Tokenize(collation);
      // "CONSTRAINT c COLLATE nocase" and the like.
      if (!word.ok() || word->size() != 1) return NoQuery();
      Sql sql(kSqliteQuoting);
      sql << OldName(*old) << " COLLATE " << Identifier{word->front().text};
      parts.push_back(sql);
    }
    return DuplicatesSql(table_, parts, NoQuery());
  }

  // Rows whose values no row of the other table has. That has to be there
  // already, with these columns.
  Sql OrphansSql(const Object& foreign_key) const {
    const KeyParts key = PartsOfKey(foreign_key);
    const Object* other = pair_.before.Find(v1::TABLE, Path{key.references});
    if (other == nullptr || key.parts.empty()) return NoQuery();
    const TableParts parts = PartsOf(*other, pair_.before);
    std::vector<std::string> referenced = key.referenced;
    if (referenced.empty()) {
      for (const Object* constraint : parts.constraints) {
        if (constraint->kind() != v1::PRIMARY_KEY) continue;
        for (const KeyPart& part : PartsOfKey(*constraint).parts) {
          referenced.push_back(part.column);
        }
      }
    }
    if (referenced.size() != key.parts.size()) return NoQuery();
    Sql all(kSqliteQuoting);
    Sql same(kSqliteQuoting);
    for (size_t i = 0; i < referenced.size(); ++i) {
      const Object* column = FindColumn(pair_.to, key.parts[i].column);
      const Object* own = column ? pair_.OldOf(*column) : nullptr;
      const Object* theirs = FindColumn(parts, referenced[i]);
      if (own == nullptr || theirs == nullptr) return NoQuery();
      all << OldName(*own) << " IS NOT NULL AND ";
      if (i > 0) same << " AND ";
      same << "p." << Identifier{WrittenName(*theirs)} << " = "
           << OldName(*own);
    }
    Sql where(kSqliteQuoting);
    where << all << "NOT EXISTS (SELECT 1 FROM "
          << Identifier{WrittenName(*other)} << " AS p WHERE " << same << ")";
    return RowsSql(table_, where);
  }

  const TablePair& pair_;
  const Object* const alias_;
  const absl::string_view table_;
  std::vector<RowReason> reasons_;
};

}  // namespace

const Object* TablePair::OldOf(const Object& column) const {
  return FindColumn(from, column.name());
}

const Object* TablePair::NewOf(const Object& column) const {
  return FindColumn(to, column.name());
}

const Object* FindColumn(const TableParts& parts, absl::string_view name) {
  for (const Object* column : parts.columns) {
    if (column->name() == name) return column;
  }
  return nullptr;
}

const Object* RowidAlias(const TableParts& parts) {
  if (parts.table->Has("without_rowid")) return nullptr;
  for (const Object* constraint : parts.constraints) {
    if (constraint->kind() != v1::PRIMARY_KEY) continue;
    const KeyParts key = PartsOfKey(*constraint);
    if (key.parts.size() != 1) return nullptr;
    const Object* column = FindColumn(parts, key.parts.front().column);
    // SQLite keeps an old mistake: INTEGER PRIMARY KEY DESC is a key like any.
    const bool is_descending = constraint->Has("inline") &&
                               Mentions(constraint->Get("definition"), "desc");
    return column != nullptr && IsType(*column, "INTEGER") && !is_descending
               ? column
               : nullptr;
  }
  return nullptr;
}

std::vector<RowReason> RowReasons(const TablePair& pair) {
  return Reasons(pair).Run();
}

Sql DuplicatesSql(absl::string_view table, const std::vector<Sql>& parts,
                  const Sql& where) {
  if (parts.empty()) return NoQuery();
  Sql group(kSqliteQuoting);
  Sql all(kSqliteQuoting);
  if (!where.empty()) all << "(" << where << ")";
  for (const Sql& part : parts) {
    if (!group.empty()) group << ", ";
    group << part;
    if (!all.empty()) all << " AND ";
    all << "(" << part << ") IS NOT NULL";
  }
  Sql sql(kSqliteQuoting);
  sql << "SELECT 'equal values in ' || n || ' rows' FROM (SELECT sum(same) AS "
         "n FROM (SELECT count(*) AS same FROM "
      << Identifier{table} << " AS t WHERE " << all << " GROUP BY " << group
      << " HAVING count(*) > 1)) WHERE n > 0";
  return sql;
}

}  // namespace fleet::sqlite
