#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"base", Compare::kExact, OnChange::kRefuse, 80},
    {"checks", Compare::kExact, OnChange::kAlter, 40},
    {"collation", Compare::kExact, OnChange::kRefuse, 80},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"default", Compare::kExact, OnChange::kAlter, 15},
    {"not_null", Compare::kExact, OnChange::kAlter, 40},
};

Sql DomainWord(const Object& domain) {
  Sql sql = NewSql();
  sql << "DOMAIN " << Name(domain.path());
  return sql;
}

Sql AlterDomain(const Object& domain) {
  Sql sql = NewSql();
  sql << "ALTER " << DomainWord(domain) << " ";
  return sql;
}

// "c CHECK (…), …" → one entry each.
std::vector<absl::string_view> Checks(const Object& domain) {
  return SplitList(domain.Get("checks"));
}

// CREATE DOMAIN has no words for it.
bool IsNotValid(absl::string_view check) {
  return absl::EndsWith(check, " NOT VALID");
}

void Create(const Object& domain, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << DomainWord(domain) << " AS "
      << Verbatim{domain.Get("base")};
  if (domain.Has("collation")) {
    sql << " COLLATE " << Verbatim{domain.Get("collation")};
  }
  if (domain.Has("default")) {
    sql << " DEFAULT " << Verbatim{domain.Get("default")};
  }
  if (domain.Has("not_null")) sql << " NOT NULL";
  for (absl::string_view check : Checks(domain)) {
    if (!IsNotValid(check)) sql << "\n    CONSTRAINT " << Verbatim{check};
  }
  renderer.Add(sql, kNoLock);
  for (absl::string_view check : Checks(domain)) {
    if (!IsNotValid(check)) continue;
    Sql add = AlterDomain(domain);
    add << "ADD CONSTRAINT " << Verbatim{check};
    renderer.Add(add, kNoLock);
  }
  WriteNewComment(domain, DomainWord(domain), renderer);
}

void Drop(const Object& domain, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << DomainWord(domain);
  Warn(renderer.Add(sql, kNoLock), v1::BREAKS_CLIENTS,
       "clients that name it will fail without domain", domain.path());
}

void AlterChecks(const Object& from, const Object& to, Renderer& renderer) {
  const std::vector<absl::string_view> before = Checks(from);
  const std::vector<absl::string_view> after = Checks(to);
  std::vector<absl::string_view> added;
  for (absl::string_view check : before) {
    if (std::count(after.begin(), after.end(), check) != 0) continue;
    Sql sql = AlterDomain(to);
    sql << "DROP CONSTRAINT "
        << Verbatim{check.substr(0, LeadingNameSize(check))};
    renderer.Add(sql, kNoLock);
  }
  for (absl::string_view check : after) {
    if (std::count(before.begin(), before.end(), check) != 0) continue;
    Sql sql = AlterDomain(to);
    sql << "ADD CONSTRAINT " << Verbatim{check};
    if (IsNotValid(check)) {
      renderer.Add(sql, kNoLock);
    } else if (renderer.online()) {
      sql << " NOT VALID";
      renderer.Add(sql, kNoLock);
      added.push_back(check);
    } else {
      Lint(Rule::kDomainCheck, to.path(), renderer.Add(sql, kShare));
    }
  }
  const Stage stage = renderer.stage();
  if (!added.empty()) renderer.set_stage(Stage::kProve);
  for (absl::string_view check : added) {
    Sql sql = AlterDomain(to);
    sql << "VALIDATE CONSTRAINT "
        << Verbatim{check.substr(0, LeadingNameSize(check))};
    Lint(Rule::kDomainCheck, to.path(), renderer.Add(sql, kShare));
  }
  renderer.set_stage(stage);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "default")) {
    Sql sql = AlterDomain(to);
    if (to.Has("default")) {
      sql << "SET DEFAULT " << Verbatim{to.Get("default")};
    } else {
      sql << "DROP DEFAULT";
    }
    renderer.Add(sql, kNoLock);
  }
  if (Changed(difference, "not_null")) {
    Sql sql = AlterDomain(to);
    to.Has("not_null") ? sql << "SET NOT NULL" : sql << "DROP NOT NULL";
    v1::Statement& statement = renderer.Add(sql, kShare);
    if (to.Has("not_null")) Lint(Rule::kDomainCheck, to.path(), statement);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, DomainWord(to), renderer);
  }
  if (Changed(difference, "checks")) {
    AlterChecks(*difference.from, to, renderer);
  }
}

// By domain, in order of name.
std::map<Oid, std::vector<std::string>> ChecksByDomain(const Catalog& catalog) {
  std::map<Oid, std::vector<std::string>> checks;
  for (int i = 0; i < catalog.RowCount(kDomainConstraintRows); ++i) {
    const CatalogRow row = catalog.Row(kDomainConstraintRows, i);
    checks[row.Id(1)].push_back(absl::StrCat(
        QuoteName(row.Text(2)), " CHECK (", CanonicalExpression(row.Text(3)),
        ")", row.Is(4) ? "" : " NOT VALID"));
  }
  return checks;
}

}  // namespace

void ReadDomains(Catalog& catalog) {
  std::map<Oid, std::vector<std::string>> checks = ChecksByDomain(catalog);
  for (int i = 0; i < catalog.RowCount(kTypeRows); ++i) {
    const CatalogRow row = catalog.Row(kTypeRows, i);
    const Oid oid = row.Id(0);
    if (row.Letter(3) != 'd' || !catalog.IsUserSchema(row.Id(2)) ||
        catalog.IsExtensionMember(kTypeClass, oid)) {
      continue;
    }
    Object domain(v1::DOMAIN, catalog.PathOf(row.Id(2), row.Text(1)));
    const Oid base = row.Id(10);
    domain.Set("base", row.IsNull(12)
                           ? catalog.types().Format(base, row.Count(11))
                           : row.Text(12));
    const Oid collation = row.Id(6);
    const TypeRow* base_type = catalog.types().Find(base);
    if (base_type == nullptr || collation != base_type->collation) {
      domain.Set("collation", catalog.CollationName(collation));
      catalog.DependOnCollation(domain, collation);
    }
    domain.Set("default", CanonicalExpression(row.Text(9)));
    if (row.Is(8)) domain.Set("not_null", "true");
    domain.Set("checks", JoinList(checks[oid]));
    catalog.DependOnSchema(domain);
    catalog.Add(CatalogKey(kTypeClass, oid, 0), std::move(domain));
  }
  for (int i = 0; i < catalog.RowCount(kDomainConstraintRows); ++i) {
    const CatalogRow row = catalog.Row(kDomainConstraintRows, i);
    catalog.AddAlias(CatalogKey(kConstraintClass, row.Id(0), 0),
                     CatalogKey(kTypeClass, row.Id(1), 0));
  }
}

KindHandler DomainHandler() {
  KindHandler handler;
  handler.spec.kind = v1::DOMAIN;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
