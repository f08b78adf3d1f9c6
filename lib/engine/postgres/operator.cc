#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Operators. The last component of their path is the operator with the types of
// its operands, as it stands in statements: "+(integer, integer)". Names of
// operators are never quoted.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"commutator", Compare::kExact, OnChange::kRecreate, 30},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"function", Compare::kExact, OnChange::kRecreate, 50},
    {"hashes", Compare::kExact, OnChange::kRecreate, 30},
    {"join", Compare::kExact, OnChange::kAlter, 10},
    {"left", Compare::kExact, OnChange::kRecreate, 50},
    {"merges", Compare::kExact, OnChange::kRecreate, 30},
    {"negator", Compare::kExact, OnChange::kRecreate, 30},
    {"restrict", Compare::kExact, OnChange::kAlter, 10},
    {"right", Compare::kExact, OnChange::kRecreate, 50},
};

Sql OperatorWord(const Object& object) {
  Sql sql = NewSql();
  sql << "OPERATOR " << Identifier{object.path().first()} << "."
      << Verbatim{object.name()};
  return sql;
}

void Create(const Object& object, Renderer& renderer) {
  const absl::string_view last = object.name();
  Sql sql = NewSql();
  sql << "CREATE OPERATOR " << Identifier{object.path().first()} << "."
      << Verbatim{last.substr(0, last.find('('))}
      << " (FUNCTION = " << Verbatim{object.Get("function")};
  const auto clause = [&](Sql word, absl::string_view attribute) {
    if (!object.Has(attribute)) return;
    sql << ", " << word << " = " << Verbatim{object.Get(attribute)};
  };
  clause(NewSql() << "LEFTARG", "left");
  clause(NewSql() << "RIGHTARG", "right");
  clause(NewSql() << "COMMUTATOR", "commutator");
  clause(NewSql() << "NEGATOR", "negator");
  clause(NewSql() << "RESTRICT", "restrict");
  clause(NewSql() << "JOIN", "join");
  if (object.Has("hashes")) sql << ", HASHES";
  if (object.Has("merges")) sql << ", MERGES";
  sql << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(object, OperatorWord(object), renderer);
}

void Drop(const Object& object, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << OperatorWord(object);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (!GoesAway(object, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that use it will fail without operator", object.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (!OnlyCommentChanged(difference)) {
    const auto value = [&](absl::string_view attribute) {
      Sql sql = NewSql();
      to.Has(attribute) ? sql << Verbatim{to.Get(attribute)} : sql << "NONE";
      return sql;
    };
    Sql sql = NewSql();
    sql << "ALTER " << OperatorWord(to)
        << " SET (RESTRICT = " << value("restrict")
        << ", JOIN = " << value("join") << ")";
    renderer.Add(sql, kNoLock);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, OperatorWord(to), renderer);
  }
}

// "OPERATOR(s.+)" of another operator; its operands follow from ours.
std::string OtherOperator(absl::string_view oid) {
  return absl::StrCat(
      "(SELECT format('OPERATOR(%I.%s)', n.nspname, p.oprname) FROM "
      "pg_operator p JOIN pg_namespace n ON n.oid = p.oprnamespace "
      "WHERE p.oid = ",
      oid, ")");
}

std::string OperandType(absl::string_view oid) {
  return absl::StrCat("CASE WHEN ", oid, " <> 0 THEN format_type(", oid,
                      ", NULL) END");
}

}  // namespace

RareQuery OperatorRows(int version) {
  RareQuery query;
  query.sort = "operator";
  query.class_id = kOperatorClass;
  query.from = "pg_operator o";
  query.name = "o.oprname";
  query.schema = "o.oprnamespace";
  // Without a function: another operator's promise of it.
  query.where = "o.oprcode <> 0";
  query.fields = {OperandType("o.oprleft"),
                  OperandType("o.oprright"),
                  "o.oprcode",
                  OtherOperator("o.oprcom"),
                  OtherOperator("o.oprnegate"),
                  FunctionName("o.oprrest::oid"),
                  FunctionName("o.oprjoin::oid"),
                  "o.oprcanhash",
                  "o.oprcanmerge"};
  return query;
}

void ReadOperators(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("operator")) {
    const auto operand = [&](size_t field) {
      return row.Field(field).empty() ? absl::string_view("NONE")
                                      : row.Field(field);
    };
    Object object(
        v1::OPERATOR,
        catalog.PathOf(row.schema(), absl::StrCat(row.name(), "(", operand(0),
                                                  ", ", operand(1), ")")));
    object.Set("left", row.Field(0));
    object.Set("right", row.Field(1));
    object.Set("function", row.Field(2));
    object.Set("commutator", row.Field(3));
    object.Set("negator", row.Field(4));
    object.Set("restrict", row.Field(5));
    object.Set("join", row.Field(6));
    if (row.Is(7)) object.Set("hashes", "true");
    if (row.Is(8)) object.Set("merges", "true");
    catalog.DependOnSchema(object);
    catalog.AddRare(row, std::move(object));
  }
}

KindHandler OperatorHandler() {
  KindHandler handler;
  handler.spec.kind = v1::OPERATOR;
  handler.spec.attributes = kAttributes;
  handler.spec.drop_risk = 45;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
