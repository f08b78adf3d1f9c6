#include "tests/testing/attribute_coverage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/schema/kind.h"

namespace fleet::testing {
namespace {

// What an engine's servers have from a major version on.
struct Since {
  v1::Engine engine;
  v1::ObjectKind kind;
  absl::string_view attribute;
  int major;
};
constexpr Since kSince[] = {
    {v1::POSTGRES, v1::CHECK, "not_enforced", 18},
    {v1::POSTGRES, v1::COLLATION, "rules", 16},
    {v1::POSTGRES, v1::COLUMN, "virtual", 18},
    {v1::POSTGRES, v1::EXCLUSION, "partition_of", 17},
    {v1::POSTGRES, v1::FOREIGN_KEY, "not_enforced", 18},
    {v1::POSTGRES, v1::FOREIGN_KEY, "period", 18},
    {v1::POSTGRES, v1::PRIMARY_KEY, "definition", 18},
    {v1::POSTGRES, v1::PUBLICATION, "generated_columns", 18},
    {v1::POSTGRES, v1::UNIQUE_KEY, "definition", 18},
};

// What no case can bring about: no primary key has NULLs; an operator's sides
// are part of its name, a procedure returns its arguments, an index becomes
// invalid by a failure; table spaces and access methods are the server's, and
// the second one of either is made by hand. Owners and privileges need a scope
// that includes them: access_test. SQLite's constraints share their attributes.
// MariaDB 10.11 has not what MySQL and later ones have.
struct Impossible {
  v1::Engine engine;
  v1::ObjectKind kind;
  absl::string_view attribute;
};
constexpr Impossible kImpossible[] = {
    {v1::MYSQL, v1::CHECK, "not_enforced"},
    {v1::MYSQL, v1::COLUMN, "no_default"},
    {v1::MYSQL, v1::COLUMN, "srid"},
    {v1::MYSQL, v1::SEQUENCE, "type"},
    {v1::MYSQL, v1::TABLE, "compression"},
    {v1::MYSQL, v1::TABLE, "encryption"},
    {v1::POSTGRES, v1::DEFAULT_PRIVILEGES, "privileges"},
    {v1::POSTGRES, v1::INDEX, "invalid"},
    {v1::POSTGRES, v1::INDEX, "tablespace"},
    {v1::POSTGRES, v1::MATERIALIZED_VIEW, "access_method"},
    {v1::POSTGRES, v1::MATERIALIZED_VIEW, "tablespace"},
    {v1::POSTGRES, v1::OPERATOR, "left"},
    {v1::POSTGRES, v1::OPERATOR, "right"},
    {v1::POSTGRES, v1::OWNER, "owner"},
    {v1::POSTGRES, v1::PRIMARY_KEY, "nulls_not_distinct"},
    {v1::POSTGRES, v1::PRIMARY_KEY, "tablespace"},
    {v1::POSTGRES, v1::PRIVILEGES, "privileges"},
    {v1::POSTGRES, v1::PROCEDURE, "returns"},
    {v1::POSTGRES, v1::TABLE, "access_method"},
    {v1::POSTGRES, v1::TABLE, "tablespace"},
    {v1::POSTGRES, v1::UNIQUE_KEY, "tablespace"},
    {v1::SQLITE, v1::CHECK, "autoincrement"},
    {v1::SQLITE, v1::FOREIGN_KEY, "autoincrement"},
    {v1::SQLITE, v1::UNIQUE_KEY, "autoincrement"},
};

bool IsAsked(v1::Engine engine, v1::ObjectKind kind, const AttributeSpec& row,
             int major) {
  if (row.compare == Compare::kIgnore) return false;
  for (const Since& since : kSince) {
    if (since.engine == engine && since.kind == kind &&
        since.attribute == row.name) {
      return major >= since.major;
    }
  }
  return std::none_of(std::begin(kImpossible), std::end(kImpossible),
                      [&](const Impossible& other) {
                        return other.engine == engine && other.kind == kind &&
                               other.attribute == row.name;
                      });
}

}  // namespace

void AttributeCoverage::NoteSet(const Object& object) {
  object.attributes.ForEach(
      [&](absl::string_view name, absl::string_view value) {
        set_.emplace(object.kind(), std::string(name));
      });
}

void AttributeCoverage::Note(const Schema& from, const Schema& to) {
  for (const Object& object : to.objects()) NoteSet(object);
  for (const Object& object : from.objects()) {
    NoteSet(object);
    const Object* after = to.Find(object.key);
    if (after == nullptr) continue;
    const auto compare = [&](const Object& a, const Object& b) {
      a.attributes.ForEach(
          [&](absl::string_view name, absl::string_view value) {
            if (b.Get(name) == value) return;
            changed_.emplace(a.kind(), std::string(name));
          });
    };
    compare(object, *after);
    compare(*after, object);
  }
}

std::vector<std::string> AttributeCoverage::Missing(const Dialect& dialect,
                                                    int major) const {
  std::vector<std::string> missing;
  for (const KindSpec& spec : dialect.specs()) {
    for (const AttributeSpec& row : spec.attributes) {
      if (!IsAsked(dialect.engine(), spec.kind, row, major)) continue;
      const Row key(spec.kind, std::string(row.name));
      const std::string name =
          absl::StrCat(KindOf(spec.kind).name, ".", row.name);
      if (set_.count(key) == 0) {
        missing.push_back(name + " is set by no case");
      } else if (changed_.count(key) == 0) {
        missing.push_back(name + " is changed by no case");
      }
    }
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

}  // namespace fleet::testing
