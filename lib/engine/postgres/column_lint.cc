#include "lib/engine/postgres/column_lint.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/followers.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/type_change.h"

namespace fleet::postgres {
namespace {

// Functions of the server that give another value for each row.
constexpr absl::string_view kVolatile[] = {
    "gen_random_uuid(", "uuidv4(",  "uuidv7(",          "uuid_generate_",
    "random(",          "nextval(", "clock_timestamp(", "timeofday(",
};

bool IsVolatile(absl::string_view expression) {
  return std::any_of(std::begin(kVolatile), std::end(kVolatile),
                     [&](absl::string_view name) {
                       return absl::StrContains(expression, name);
                     });
}

// A domain of the plan with a constraint: each row's NULL is checked.
bool IsConstrained(const Object& column, const Renderer& renderer) {
  return std::any_of(column.depends_on.begin(), column.depends_on.end(),
                     [&](const Dependency& dependency) {
                       const Object* domain =
                           dependency.on.kind == v1::DOMAIN
                               ? renderer.to().Find(dependency.on)
                               : nullptr;
                       return domain != nullptr && (domain->Has("checks") ||
                                                    domain->Has("not_null"));
                     });
}

// Types that people come to regret.
bool IsRegretted(absl::string_view type) {
  const std::string base = BaseType(type);
  for (absl::string_view name :
       {"character", "timestamp without time zone", "json", "money"}) {
    if (base == name) return true;
  }
  return false;
}

// An index over an expression of it is built anew even where the values stay.
bool IsUnderExpression(const Object& column, const Renderer& renderer) {
  for (const Object& index :
       renderer.from().ChildrenOf(column.path().Parent(), v1::INDEX)) {
    const bool has_expression =
        absl::StrContains(index.Get("keys"), "(") || index.Has("predicate");
    if (has_expression && DependsOn(index, column.key) &&
        renderer.to().Find(index.key) != nullptr) {
      return true;
    }
  }
  return false;
}

// Whether an index or key stands on it, all the while.
bool IsIndexed(const Object& column, const Renderer& renderer) {
  const Path table = column.path().Parent();
  for (v1::ObjectKind kind :
       {v1::INDEX, v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::EXCLUSION}) {
    for (const Object& index : renderer.from().ChildrenOf(table, kind)) {
      if (DependsOn(index, column.key) &&
          renderer.to().Find(index.key) != nullptr) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void LintNewColumn(const Object& column, const Renderer& renderer,
                   v1::Statement& statement) {
  const Path table = column.path().Parent();
  const absl::string_view value = column.Get("default");
  const bool filled = column.Has("default") || column.Has("generated") ||
                      column.Has("identity");
  if (column.Has("identity")) {
    Lint(Rule::kIdentityColumn, table, statement);
  } else if (column.Has("generated") && !column.Has("virtual")) {
    Lint(Rule::kStoredColumn, table, statement);
  } else if (absl::StrContains(value, "nextval(")) {
    Lint(Rule::kSerialColumn, table, statement);
  } else if (IsVolatile(value)) {
    Lint(Rule::kVolatileDefault, table, statement);
  } else if (IsConstrained(column, renderer)) {
    Lint(Rule::kDomainColumn, table, statement);
  } else if (column.Has("default")) {
    Lint(Rule::kConstantDefault, column.path(), statement);
  }
  if (column.Has("not_null") && !filled) {
    Lint(Rule::kNotNullColumn, column.path(), statement);
  }
  if (IsRegretted(column.Get("type"))) {
    Lint(Rule::kTypeStyle, column.path(), statement);
  }
}

void LintTypeChange(const Object& from, const Object& to,
                    const Renderer& renderer, v1::Statement& statement) {
  const TypeChange change = TypeChangeOf(from.Get("type"), to.Get("type"));
  const Path table = to.path().Parent();
  // Its rows are elsewhere, and stay as they are.
  if (renderer.from().Find(v1::FOREIGN_TABLE, table) != nullptr) return;
  const bool moment = absl::StartsWith(from.Get("type"), "timestamp") &&
                      absl::StartsWith(to.Get("type"), "timestamp") &&
                      BaseType(from.Get("type")) != BaseType(to.Get("type"));
  if (moment) {
    Warn(statement, v1::CORRECTNESS,
         "times without a zone are taken as UTC for column", to.path());
  }
  if (change == TypeChange::kWidens) {
    Lint(Rule::kWideningType, to.path(), statement);
    const bool moved = from.Get("collation") != to.Get("collation");
    if (moved && IsIndexed(from, renderer)) {
      Lint(Rule::kIndexedType, to.path(), statement);
    }
    if (IsUnderExpression(from, renderer)) {
      Lint(Rule::kIndexedType, to.path(), statement);
      statement.set_scans_table(true);
    }
    return;
  }
  Lint(Rule::kRewritingType, table, statement);
  if (change == TypeChange::kNarrows) {
    Warn(statement, v1::DATA_DEPENDENT,
         "a value that does not fit stops the change of", to.path());
    statement.set_reversibility(v1::LOSSY);
  }
}

}  // namespace fleet::postgres
