#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"fixed_schema", Compare::kIgnore, OnChange::kIgnore, 0},
    {"schema", Compare::kExact, OnChange::kAlter, 40},
    {"version", Compare::kExact, OnChange::kAlter, 30},
};

Sql ExtensionWord(const Object& extension) {
  Sql sql = NewSql();
  sql << "EXTENSION " << Name(extension.path());
  return sql;
}

void Create(const Object& extension, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << ExtensionWord(extension) << " WITH SCHEMA "
      << Identifier{extension.Get("schema")} << " VERSION "
      << Literal{extension.Get("version")};
  Lint(Rule::kExtension, extension.path(), renderer.Add(sql, kNoLock));
  WriteNewComment(extension, ExtensionWord(extension), renderer);
}

void Drop(const Object& extension, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ExtensionWord(extension);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  Lint(Rule::kExtension, extension.path(), statement);
  Warn(statement, v1::BREAKS_CLIENTS,
       "what clients use of it goes away with extension", extension.path());
  Warn(statement, v1::DELETES_DATA,
       "tables that belong to it go away with extension", extension.path());
  statement.set_reversibility(v1::LOSSY);
}

// "1.10" is later than "1.9"; what is no number does not count.
std::vector<int64_t> VersionNumbers(absl::string_view version) {
  std::vector<int64_t> numbers;
  for (absl::string_view part :
       absl::StrSplit(version, absl::ByAnyChar(".-"))) {
    int64_t number = 0;
    if (absl::SimpleAtoi(part, &number)) numbers.push_back(number);
  }
  return numbers;
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "version")) {
    const absl::string_view have = difference.from->Get("version");
    const absl::string_view want = to.Get("version");
    // Extensions bring scripts that lead to later versions only.
    if (VersionNumbers(want) < VersionNumbers(have)) {
      return renderer.Fail(absl::FailedPreconditionError(
          absl::StrCat("it cannot go back to an earlier version (have ", have,
                       ", want ", want, "); update it in the source")));
    }
    Sql sql = NewSql();
    sql << "ALTER " << ExtensionWord(to) << " UPDATE TO "
        << Literal{to.Get("version")};
    v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
    Lint(Rule::kExtension, to.path(), statement);
    Warn(statement, v1::CORRECTNESS, "this changes the version of extension",
         to.path());
  }
  if (Changed(difference, "schema") && to.Has("fixed_schema")) {
    return renderer.Fail(absl::FailedPreconditionError(
        "it cannot change its schema; drop it and create it there by hand"));
  }
  if (Changed(difference, "schema")) {
    Sql sql = NewSql();
    sql << "ALTER " << ExtensionWord(to) << " SET SCHEMA "
        << Identifier{to.Get("schema")};
    Warn(renderer.Add(sql, kAccessExclusive), v1::BREAKS_CLIENTS,
         "names that clients use move with extension", to.path());
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, ExtensionWord(to), renderer);
  }
}

}  // namespace

void ReadExtensions(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kExtensionRows); ++i) {
    const CatalogRow row = catalog.Row(kExtensionRows, i);
    Object extension(v1::EXTENSION, Path{row.Text(1)});
    const absl::string_view schema = catalog.SchemaName(row.Id(2));
    extension.Set("schema", schema);
    extension.Set("version", row.Text(3));
    if (!row.Is(4)) extension.Set("fixed_schema", "true");
    // Extensions may make their schema themselves: it has no other objects.
    if (catalog.IsUserSchema(row.Id(2))) {
      catalog.Depend(extension, CatalogKey(kSchemaClass, row.Id(2), 0));
    }
    catalog.Add(CatalogKey(kExtensionClass, row.Id(0), 0),
                std::move(extension));
  }
}

KindHandler ExtensionHandler() {
  KindHandler handler;
  handler.spec.kind = v1::EXTENSION;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 80;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
