#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Casts. Their path is what stands in the parentheses: "text AS s.t".

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"context", Compare::kExact, OnChange::kRecreate, 50},
    {"method", Compare::kExact, OnChange::kRecreate, 50},
};

Sql CastWord(const Object& cast) {
  Sql sql = NewSql();
  sql << "CAST (" << Verbatim{cast.name()} << ")";
  return sql;
}

void Create(const Object& cast, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << CastWord(cast) << " " << Verbatim{cast.Get("method")};
  if (cast.Has("context")) sql << " AS " << Verbatim{cast.Get("context")};
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (cast.Has("context") && renderer.from().Find(cast.key) == nullptr) {
    Warn(statement, v1::CORRECTNESS,
         "expressions may mean something else with the implicit cast",
         cast.path());
  }
  WriteNewComment(cast, CastWord(cast), renderer);
}

void Drop(const Object& cast, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << CastWord(cast);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (!GoesAway(cast, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that use it will fail without cast", cast.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, CastWord(*difference.to), renderer);
}

}  // namespace

RareQuery CastRows(int version) {
  RareQuery query;
  query.sort = "cast";
  query.class_id = kCastClass;
  query.from = "pg_cast o";
  query.present = "pg_cast WHERE oid >= 16384";
  query.name =
      "format_type(o.castsource, NULL) || ' AS ' || "
      "format_type(o.casttarget, NULL)";
  // Ranges bring casts to their multiranges.
  query.where =
      "NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 2605 AND "
      "d.objid = o.oid AND d.deptype = 'i')";
  query.fields = {
      "CASE o.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || "
      "o.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT' ELSE "
      "'WITHOUT FUNCTION' END",
      "CASE o.castcontext WHEN 'a' THEN 'ASSIGNMENT' WHEN 'i' THEN 'IMPLICIT' "
      "END"};
  return query;
}

void ReadCasts(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("cast")) {
    Object cast(v1::CAST, Path{row.name()});
    cast.Set("method", row.Field(0));
    cast.Set("context", row.Field(1));
    catalog.AddRare(row, std::move(cast));
  }
}

KindHandler CastHandler() {
  KindHandler handler;
  handler.spec.kind = v1::CAST;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 20;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
