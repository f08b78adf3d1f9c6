#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Extended statistics. The order of their columns means nothing to the server
// (it sorts them by number, which differs between tables), so they are sorted
// by name here.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kRecreate, 15},
    {"target", Compare::kExact, OnChange::kAlter, 10},
};

Sql StatisticsWord(const Object& statistics) {
  Sql sql = NewSql();
  sql << "STATISTICS " << Name(statistics.path());
  return sql;
}

void WriteTarget(const Object& statistics, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER " << StatisticsWord(statistics) << " SET STATISTICS ";
  statistics.Has("target") ? sql << Verbatim{statistics.Get("target")}
                           : sql << "-1";
  renderer.Add(sql, kNoLock);
}

void Create(const Object& statistics, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << StatisticsWord(statistics) << " "
      << Verbatim{statistics.Get("definition")};
  renderer.Add(sql, kShareUpdateExclusive);
  if (statistics.Has("target")) WriteTarget(statistics, renderer);
  WriteNewComment(statistics, StatisticsWord(statistics), renderer);
}

void Drop(const Object& statistics, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << StatisticsWord(statistics);
  renderer.Add(sql, kShareUpdateExclusive);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "target")) WriteTarget(to, renderer);
  if (Changed(difference, "comment")) {
    WriteComment(to, StatisticsWord(to), renderer);
  }
}

}  // namespace

RareQuery StatisticsRows(int version) {
  RareQuery query;
  query.sort = "statistics";
  query.class_id = kStatisticsClass;
  query.from = "pg_statistic_ext o";
  query.name = "o.stxname";
  query.schema = "o.stxnamespace";
  query.relation = "o.stxrelid";
  const bool has_expressions = version >= 140000;
  query.fields = {
      // Kinds are written unless all are kept. Statistics of one expression
      // are of no kind.
      "CASE WHEN NOT (o.stxkind @> '{d,f,m}') AND o.stxkind <> '{e}' THEN "
      "(SELECT string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN "
      "'dependencies' ELSE 'mcv' END, ', ' ORDER BY k) FROM unnest(o.stxkind) "
      "k WHERE k <> 'e') END",
      absl::StrCat(
          "(SELECT string_agg(i, ', ') FROM (SELECT quote_ident(a.attname) AS "
          "i FROM pg_attribute a WHERE a.attrelid = o.stxrelid AND a.attnum = "
          "ANY (o.stxkeys) ORDER BY a.attname COLLATE \"C\") c",
          has_expressions
              ? ") || CASE WHEN cardinality(o.stxkeys::int2[]) > 0 AND "
                "o.stxexprs IS NOT NULL THEN ', ' ELSE '' END"
              : ")"),
      has_expressions ? "(SELECT string_agg('(' || e || ')', ', ') FROM unnest("
                        "pg_get_statisticsobjdef_expressions(o.oid)) e)"
                      : "NULL",
      version >= 130000 ? "nullif(o.stxstattarget, -1)" : "NULL",
  };
  return query;
}

void ReadStatistics(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("statistics")) {
    const Relation* relation = catalog.FindRelation(row.relation());
    if (relation == nullptr) continue;
    Object statistics(v1::STATISTICS, catalog.PathOf(row.schema(), row.name()));
    const absl::string_view kinds = row.Field(0);
    statistics.Set(
        "definition",
        absl::StrCat(kinds.empty() ? "" : "(", kinds, kinds.empty() ? "" : ") ",
                     "ON ", row.Field(1), CanonicalExpression(row.Field(2)),
                     " FROM ", QuotePath(catalog.PathOf(*relation))));
    statistics.Set("target", row.Field(3));
    catalog.DependOnSchema(statistics);
    catalog.Depend(statistics, CatalogKey(kRelationClass, relation->oid, 0));
    catalog.AddRare(row, std::move(statistics));
  }
}

KindHandler StatisticsHandler() {
  KindHandler handler;
  handler.spec.kind = v1::STATISTICS;
  handler.spec.attributes = kAttributes;
  // The server keeps them while a column changes its type.
  handler.spec.follows_alter = true;
  handler.spec.drop_risk = 15;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
