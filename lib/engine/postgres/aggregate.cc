#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Aggregates. Their path is that of a function; what stands in statements is
// "arguments", which says which of them are ordered by.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"arguments", Compare::kExact, OnChange::kRecreate, 40},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kAlter, 30},
    {"returns", Compare::kExact, OnChange::kRecreate, 40},
    {"sort", Compare::kExact, OnChange::kRecreate, 40},
};

Sql AggregateWord(const Object& aggregate) {
  Sql sql = NewSql();
  sql << "AGGREGATE " << Identifier{aggregate.path().first()} << "."
      << Verbatim{CallableName(aggregate.name())} << "("
      << Verbatim{aggregate.Get("arguments")} << ")";
  return sql;
}

void Create(const Object& aggregate, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << AggregateWord(aggregate) << " ("
      << Verbatim{aggregate.Get("definition")} << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(aggregate, AggregateWord(aggregate), renderer);
}

void Drop(const Object& aggregate, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << AggregateWord(aggregate);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (!GoesAway(aggregate, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that call it will fail without aggregate", aggregate.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "definition")) {
    Sql sql = NewSql();
    sql << "CREATE OR REPLACE " << AggregateWord(to) << " ("
        << Verbatim{to.Get("definition")} << ")";
    renderer.Add(sql, kNoLock);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, AggregateWord(to), renderer);
  }
}

// "MFINALFUNC = f, MFINALFUNC_EXTRA, MFINALFUNC_MODIFY = SHAREABLE" of the
// columns that begin with `prefix`, without what is the default.
std::string FinalFunction(absl::string_view prefix, absl::string_view word) {
  const std::string function = absl::StrCat("a.agg", prefix, "finalfn");
  const std::string modify = absl::StrCat("a.agg", prefix, "finalmodify");
  return absl::StrCat(
      "'", word, " = ' || ", FunctionName(function), ", CASE WHEN ", function,
      " <> 0 AND a.agg", prefix, "finalextra THEN '", word,
      "_EXTRA' END, CASE WHEN ", function, " <> 0 AND ", modify,
      " <> (CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END)::\"char\" THEN '",
      word, "_MODIFY = ' || CASE ", modify,
      " WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' "
      "END END, ");
}

// The arguments of CREATE AGGREGATE.
std::string Definition() {
  return absl::StrCat(
      "concat_ws(', ', 'SFUNC = ' || a.aggtransfn::regproc, "
      "'STYPE = ' || format_type(a.aggtranstype, NULL), "
      "'SSPACE = ' || nullif(a.aggtransspace, 0), ",
      FinalFunction("", "FINALFUNC"), "'COMBINEFUNC = ' || ",
      FunctionName("a.aggcombinefn"), ", 'SERIALFUNC = ' || ",
      FunctionName("a.aggserialfn"), ", 'DESERIALFUNC = ' || ",
      FunctionName("a.aggdeserialfn"),
      ", 'INITCOND = ' || quote_literal(a.agginitval), 'MSFUNC = ' || ",
      FunctionName("a.aggmtransfn"), ", 'MINVFUNC = ' || ",
      FunctionName("a.aggminvtransfn"),
      ", 'MSTYPE = ' || CASE WHEN a.aggmtranstype <> 0 THEN "
      "format_type(a.aggmtranstype, NULL) END, "
      "'MSSPACE = ' || nullif(a.aggmtransspace, 0), ",
      FinalFunction("m", "MFINALFUNC"),
      "'MINITCOND = ' || quote_literal(a.aggminitval), 'SORTOP = ' || (SELECT "
      "format('OPERATOR(%I.%s)', n.nspname, s.oprname) FROM pg_operator s "
      "JOIN pg_namespace n ON n.oid = s.oprnamespace "
      "WHERE s.oid = a.aggsortop), "
      "CASE o.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN "
      "'PARALLEL = RESTRICTED' END, "
      "CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END)");
}

}  // namespace

RareQuery AggregateRows(int version) {
  RareQuery query;
  query.sort = "aggregate";
  query.class_id = kFunctionClass;
  query.from = "pg_proc o JOIN pg_aggregate a ON a.aggfnoid = o.oid";
  query.name = "o.proname";
  query.schema = "o.pronamespace";
  query.present = "pg_aggregate WHERE aggfnoid >= 16384";
  query.fields = {"pg_get_function_identity_arguments(o.oid)", "o.proargtypes",
                  "pg_get_function_result(o.oid)",
                  "concat_ws(' ', a.aggkind, a.aggnumdirectargs)",
                  Definition()};
  return query;
}

void ReadAggregates(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("aggregate")) {
    std::vector<std::string> types;
    for (int64_t type : ParseNumbers(row.Field(1))) {
      types.push_back(catalog.types().Format(static_cast<Oid>(type), -1));
    }
    Object aggregate(
        v1::AGGREGATE,
        catalog.PathOf(row.schema(), absl::StrCat(QuoteName(row.name()), "(",
                                                  JoinList(types), ")")));
    aggregate.Set("arguments", row.Field(0).empty() ? "*" : row.Field(0));
    aggregate.Set("returns", row.Field(2));
    if (row.Field(3) != "n 0") aggregate.Set("sort", row.Field(3));
    aggregate.Set("definition", row.Field(4));
    catalog.DependOnSchema(aggregate);
    catalog.AddRare(row, std::move(aggregate));
  }
}

KindHandler AggregateHandler() {
  KindHandler handler;
  handler.spec.kind = v1::AGGREGATE;
  handler.spec.attributes = kAttributes;
  handler.spec.drop_risk = 45;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
