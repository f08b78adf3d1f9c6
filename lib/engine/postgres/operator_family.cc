#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/operator_members.h"
#include "lib/engine/postgres/rare_kinds.h"

// Operator families with their loose members; those of a class are the class's.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"members", Compare::kExact, OnChange::kAlter, 40},
};

Sql FamilyWord(const Object& family) {
  Sql sql = NewSql();
  sql << "OPERATOR FAMILY " << Name(family.path(), 2) << " USING "
      << Identifier{family.name()};
  return sql;
}

// "FUNCTION 1 (a, b) s.f(a,b)" → "FUNCTION 1 (a, b)": how DROP names it.
std::string MemberName(absl::string_view member) {
  const size_t word = member.find(' ');
  const size_t number = member.find(' ', word + 1);
  return absl::StrCat(member.substr(0, number), " (",
                      FirstParenthesized(member), ")");
}

void AlterMembers(const Object& family, const std::vector<std::string>& members,
                  bool add, Renderer& renderer) {
  if (members.empty()) return;
  Sql sql = NewSql();
  sql << "ALTER " << FamilyWord(family);
  add ? sql << " ADD " : sql << " DROP ";
  sql << Verbatim{JoinList(members)};
  renderer.Add(sql, kNoLock);
}

void WriteMembers(const Object& family, absl::string_view from,
                  absl::string_view to, Renderer& renderer) {
  const std::vector<absl::string_view> before = SplitList(from);
  const std::vector<absl::string_view> after = SplitList(to);
  std::vector<std::string> removed;
  std::vector<std::string> added;
  for (absl::string_view member : before) {
    if (std::count(after.begin(), after.end(), member) == 0) {
      removed.push_back(MemberName(member));
    }
  }
  for (absl::string_view member : after) {
    if (std::count(before.begin(), before.end(), member) == 0) {
      added.emplace_back(member);
    }
  }
  AlterMembers(family, removed, false, renderer);
  AlterMembers(family, added, true, renderer);
}

void Create(const Object& family, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << FamilyWord(family);
  renderer.Add(sql, kNoLock);
  WriteMembers(family, "", family.Get("members"), renderer);
  WriteNewComment(family, FamilyWord(family), renderer);
}

void Drop(const Object& family, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << FamilyWord(family);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  WriteMembers(to, difference.from->Get("members"), to.Get("members"),
               renderer);
  if (Changed(difference, "comment")) {
    WriteComment(to, FamilyWord(to), renderer);
  }
}

}  // namespace

RareQuery OperatorFamilyRows(int version) {
  RareQuery query;
  query.sort = "operator family";
  query.class_id = kOpfamilyClass;
  query.from = "pg_opfamily o JOIN pg_am ON pg_am.oid = o.opfmethod";
  query.name = "o.opfname";
  query.schema = "o.opfnamespace";
  query.fields = MemberFields(kOpfamilyClass);
  query.fields.push_back("pg_am.amname");
  return query;
}

void ReadOperatorFamilies(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("operator family")) {
    Object family(v1::OPERATOR_FAMILY,
                  catalog.PathOf(row.schema(), row.name()).Child(row.Field(3)));
    family.Set("members", row.Field(0));
    DependOnMembers(row.Field(1), row.Field(2), catalog, family);
    catalog.DependOnSchema(family);
    catalog.AddRare(row, std::move(family));
  }
}

KindHandler OperatorFamilyHandler() {
  KindHandler handler;
  handler.spec.kind = v1::OPERATOR_FAMILY;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
