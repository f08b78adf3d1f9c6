#ifndef TESTS_LIB_ENGINE_SQLITE_RANDOM_SCHEMA_H_
#define TESTS_LIB_ENGINE_SQLITE_RANDOM_SCHEMA_H_

#include <map>
#include <random>
#include <string>
#include <vector>

// Random schemas over a small set of names, so that two of them have tables and
// columns in common, and rows for them. The same seed gives the same.

namespace fleet {

struct RandomColumn {
  std::string type;     // "VARCHAR(10)"; may be empty
  std::string clauses;  // NOT NULL, DEFAULT, COLLATE, CHECK, in any order
  bool nullable = true;
  bool generated = false;
};

enum class RandomKey { kNone, kRowid, kAutoincrement, kText, kUnique, kPair };

struct RandomTable {
  RandomKey key = RandomKey::kNone;  // over column k, which is always there
  bool strict = false;
  bool without_rowid = false;
  std::map<std::string, RandomColumn> columns;  // besides k
  std::vector<std::string> order;               // of columns, k among them
  std::string refers_to;                        // table of column r, or empty
};

struct RandomSchema {
  std::map<std::string, RandomTable> tables;
  std::vector<std::string> extras;  // indexes, views, triggers

  std::string Sql() const;
};

RandomSchema MakeRandomSchema(std::mt19937& random);

// INSERT statements for `schema`. Where `tame`, rows are such that `other`
// takes them too: nothing but what breaks its constraints is left out.
std::string RandomRows(const RandomSchema& schema, const RandomSchema& other,
                       bool tame, std::mt19937& random);

}  // namespace fleet

#endif  // TESTS_LIB_ENGINE_SQLITE_RANDOM_SCHEMA_H_
