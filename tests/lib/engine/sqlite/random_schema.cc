#include "tests/lib/engine/sqlite/random_schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

bool Chance(std::mt19937& random, int percent) {
  return static_cast<int>(random() % 100) < percent;
}

template <size_t N>
const char* Pick(const char* const (&list)[N], std::mt19937& random) {
  return list[random() % N];
}

constexpr const char* kTypes[] = {"INTEGER", "INT",     "TEXT", "VARCHAR(10)",
                                  "REAL",    "NUMERIC", "BLOB", ""};
constexpr const char* kStrictTypes[] = {"INTEGER", "INT", "TEXT", "REAL",
                                        "ANY"};
constexpr const char* kDefaults[] = {"DEFAULT 7", "DEFAULT '7'",
                                     "DEFAULT (3 + 4)", "DEFAULT -1"};
constexpr const char* kNames[] = {"a", "b", "Select", "d e", "f\"g", "h"};
// The last one comes and goes, so nothing refers to it.
constexpr const char* kTables[] = {"t", "u", "Order"};

std::string Quoted(const std::string& name) {
  std::string text = "\"";
  for (char c : name) {
    if (c == '"') text += c;
    text += c;
  }
  return text + "\"";
}

RandomColumn MakeColumn(bool strict, std::mt19937& random) {
  RandomColumn column;
  column.type = strict ? Pick(kStrictTypes, random) : Pick(kTypes, random);
  if (Chance(random, 30)) {
    column.nullable = false;
    absl::StrAppend(&column.clauses, " NOT NULL ", Pick(kDefaults, random));
  } else if (Chance(random, 30)) {
    absl::StrAppend(&column.clauses, " ", Pick(kDefaults, random));
  }
  if (Chance(random, 15)) column.clauses += " COLLATE nocase";
  if (Chance(random, 15)) column.clauses += " CHECK (1 = 1)";
  return column;
}

// What every row has, whatever else changes.
std::string KeyClause(const RandomTable& table) {
  switch (table.key) {
    case RandomKey::kRowid:
      return "INTEGER PRIMARY KEY";
    case RandomKey::kAutoincrement:
      return "INTEGER PRIMARY KEY AUTOINCREMENT";
    case RandomKey::kText:
      return table.strict ? "TEXT PRIMARY KEY" : "TEXT PRIMARY KEY NOT NULL";
    case RandomKey::kUnique:
      return "INT NOT NULL UNIQUE";
    default:
      return "INT NOT NULL";
  }
}

RandomTable MakeTable(std::mt19937& random) {
  RandomTable table;
  table.strict = Chance(random, 25);
  table.key = static_cast<RandomKey>(random() % 6);
  const bool has_key = table.key == RandomKey::kText ||
                       table.key == RandomKey::kPair ||
                       table.key == RandomKey::kRowid;
  table.without_rowid = has_key && Chance(random, 25);
  table.order.push_back("k");
  for (const char* name : kNames) {
    if (!Chance(random, 55)) continue;
    table.columns[name] = MakeColumn(table.strict, random);
    table.order.push_back(name);
  }
  if (Chance(random, 30)) {
    RandomColumn column;
    column.type = "INT";
    column.generated = true;
    column.clauses = Chance(random, 50) ? " AS (k + 1) STORED" : " AS (k + 1)";
    table.columns["g"] = column;
    table.order.push_back("g");
  }
  std::shuffle(table.order.begin(), table.order.end(), random);
  return table;
}

bool IsKey(const RandomTable& table) {
  return table.key != RandomKey::kNone && table.key != RandomKey::kPair;
}

// Objects that have to be taken down and put back.
void AddExtras(const std::string& name, const RandomTable& table,
               std::mt19937& random, std::vector<std::string>& extras) {
  const std::string quoted = Quoted(name);
  if (Chance(random, 40)) {
    extras.push_back(absl::StrCat("CREATE INDEX \"i ", name, "\" ON ", quoted,
                                  " (k DESC, abs(k)) WHERE k > 0"));
  }
  if (Chance(random, 40)) {
    extras.push_back(
        absl::StrCat("CREATE VIEW \"v ", name, "\" AS SELECT k FROM ", quoted));
  }
  if (Chance(random, 40)) {
    extras.push_back(absl::StrCat(
        "CREATE TRIGGER \"g ", name, "\" AFTER UPDATE OF k ON ", quoted,
        " WHEN new.k < 0 BEGIN DELETE FROM ", quoted, "; END"));
  }
}

std::string TableSql(const std::string& name, const RandomTable& table) {
  std::string sql = absl::StrCat("CREATE TABLE ", Quoted(name), " (");
  for (size_t i = 0; i < table.order.size(); ++i) {
    const std::string& column = table.order[i];
    absl::StrAppend(&sql, i > 0 ? ", " : "", Quoted(column), " ");
    if (column == "k") {
      sql += KeyClause(table);
      continue;
    }
    const RandomColumn& spec = table.columns.at(column);
    absl::StrAppend(&sql, spec.type, spec.clauses);
  }
  if (table.key == RandomKey::kPair) {
    sql += ", PRIMARY KEY (k, z)";
  }
  if (!table.refers_to.empty()) {
    absl::StrAppend(&sql, ", FOREIGN KEY (r) REFERENCES ",
                    Quoted(table.refers_to), " (k) ON DELETE CASCADE");
  }
  sql += ")";
  if (table.strict) sql += " STRICT";
  if (table.without_rowid)
    sql += table.strict ? ", WITHOUT ROWID" : " WITHOUT ROWID";
  return sql;
}

// One value that `column` takes, and `other` (may be null) as well where
// `tame`.
std::string Value(const RandomTable& table, const RandomColumn& column,
                  const RandomColumn* other, int row, bool tame,
                  std::mt19937& random) {
  const bool may_be_null =
      column.nullable && (!tame || other == nullptr || other->nullable);
  if (may_be_null && Chance(random, 20)) return "NULL";
  if (tame || table.strict) return absl::StrCat(row % 5);
  switch (random() % 5) {
    case 0:
      return absl::StrCat("'", row, "'");
    case 1:
      return "'text'";
    case 2:
      return "2.5";
    case 3:
      return "x'0061'";
    default:
      return absl::StrCat(row);
  }
}

}  // namespace

std::string RandomSchema::Sql() const {
  std::string sql;
  for (const auto& [name, table] : tables) {
    absl::StrAppend(&sql, TableSql(name, table), ";\n");
  }
  for (const std::string& extra : extras) absl::StrAppend(&sql, extra, ";\n");
  return sql;
}

RandomSchema MakeRandomSchema(std::mt19937& random) {
  RandomSchema schema;
  for (const char* name : kTables) {
    if (name == kTables[2] && Chance(random, 30)) continue;
    schema.tables[name] = MakeTable(random);
  }
  for (auto& [name, table] : schema.tables) {
    for (const auto& [other, parent] : schema.tables) {
      const bool stays = other != kTables[2] && other != name;
      if (!stays || !IsKey(parent) || !Chance(random, 40)) continue;
      table.refers_to = other;
      RandomColumn column;
      column.type = "INT";
      table.columns["r"] = column;
      table.order.push_back("r");
      break;
    }
    if (table.key == RandomKey::kPair) {
      table.order.push_back("z");
      RandomColumn column;
      column.type = "INT";
      column.nullable = false;
      column.clauses = " NOT NULL DEFAULT 0";
      table.columns["z"] = column;
    }
  }
  for (const auto& [name, table] : schema.tables) {
    AddExtras(name, table, random, schema.extras);
  }
  return schema;
}

std::string RandomRows(const RandomSchema& schema, const RandomSchema& other,
                       bool tame, std::mt19937& random) {
  constexpr int kRows = 12;
  std::string sql;
  for (const auto& [name, table] : schema.tables) {
    const auto found = other.tables.find(name);
    for (int row = 1; row <= kRows; ++row) {
      std::string columns = "k";
      std::string values = absl::StrCat(row * 3);
      for (const auto& [column, spec] : table.columns) {
        if (spec.generated) continue;
        const RandomColumn* theirs = nullptr;
        if (found != other.tables.end()) {
          const auto at = found->second.columns.find(column);
          if (at != found->second.columns.end()) theirs = &at->second;
        }
        absl::StrAppend(&columns, ", ", Quoted(column));
        // References: to a row that is there, in every schema.
        const bool is_reference = column == "r";
        const std::string reference =
            row == kRows ? "NULL" : absl::StrCat(row * 3);
        absl::StrAppend(&values, ", ",
                        is_reference
                            ? reference
                            : Value(table, spec, theirs, row, tame, random));
      }
      absl::StrAppend(&sql, "INSERT INTO ", Quoted(name), " (", columns,
                      ") VALUES (", values, ");\n");
    }
    // The highest number is given and gone.
    if (table.key == RandomKey::kAutoincrement) {
      absl::StrAppend(&sql, "DELETE FROM ", Quoted(name),
                      " WHERE k = ", kRows * 3, ";\n");
    }
  }
  return sql;
}

}  // namespace fleet
