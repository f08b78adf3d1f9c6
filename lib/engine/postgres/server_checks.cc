#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/checks.h"
#include "lib/engine/postgres/ddl.h"

namespace fleet::postgres {
namespace {

// From this size on people want to know before.
constexpr long long kBigBytes = 256LL << 20;

// " FROM pg_class … WHERE" that finds the relation.
Sql OfRelation(const Path& relation) {
  Sql sql = NewSql();
  sql << " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
         "WHERE n.nspname = "
      << Literal{relation.first()}
      << " AND c.relname = " << Literal{relation.component(1)};
  return sql;
}

// What must be owned to change `statement`'s object: the relation that it is or
// is part of. Empty where that is not there yet, or takes less.
Path OwnedRelation(const v1::Statement& statement, const Schema& from) {
  if (statement.path_size() < 2 || statement.kind() == v1::TRIGGER) {
    return Path();
  }
  const Path relation{statement.path(0), statement.path(1)};
  for (v1::ObjectKind kind :
       {v1::TABLE, v1::VIEW, v1::MATERIALIZED_VIEW, v1::SEQUENCE}) {
    const bool own = statement.path_size() > 2 || statement.kind() == kind;
    if (own && from.Find(kind, relation) != nullptr) return relation;
  }
  return Path();
}

void CheckOwner(const Path& relation, CheckList& checks,
                v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT 'it belongs to ' || pg_get_userbyid(c.relowner)"
      << OfRelation(relation) << " AND NOT pg_has_role(c.relowner, 'USAGE')";
  checks.Add(sql,
             absl::StrCat("the agent's role may not change ", relation.Dotted(),
                          ", which takes its owner; make the role a member of "
                          "the owner"),
             statement);
}

void CheckSchema(CheckList& checks, v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT 'role ' || current_user FROM pg_namespace AS n WHERE "
         "n.nspname = "
      << Literal{statement.path(0)}
      << " AND NOT has_schema_privilege(n.oid, 'CREATE')";
  checks.Add(sql,
             absl::StrCat("the agent's role may create nothing in schema ",
                          statement.path(0), "; grant it CREATE there"),
             statement);
}

void WarnOfSize(const Path& relation, CheckList& checks,
                v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT pg_size_pretty(pg_total_relation_size(c.oid)) || ', about ' "
         "|| greatest(c.reltuples, 0)::bigint || ' rows'"
      << OfRelation(relation)
      << " AND pg_total_relation_size(c.oid) >= " << Number{kBigBytes};
  checks.Warn(
      sql,
      absl::StrCat("table ", relation.Dotted(),
                   " is big, and all of "
                   "it is ",
                   statement.rewrites_table() ? "written anew" : "read"),
      statement);
}

void WarnOfPublication(const Path& table, CheckList& checks,
                       v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT pubname FROM pg_publication_tables WHERE schemaname = "
      << Literal{table.first()}
      << " AND tablename = " << Literal{table.component(1)}
      << " ORDER BY 1 LIMIT 1";
  checks.Warn(sql,
              absl::StrCat("table ", table.Dotted(),
                           " is in a publication, which carries rows and no "
                           "change of columns; change its subscribers, too"),
              statement);
}

void CheckExtension(const Object& extension, CheckList& checks,
                    v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT coalesce('it has ' || string_agg(version, ', ' ORDER BY "
         "version), 'it has none') FROM pg_available_extension_versions WHERE "
         "name = "
      << Literal{extension.name()} << " HAVING count(*) FILTER (WHERE version "
      << "= " << Literal{extension.Get("version")} << ") = 0";
  checks.Add(sql,
             absl::StrCat("the server has no extension ",
                          extension.path().Dotted(), " of version ",
                          extension.Get("version"), "; install it there"),
             statement);
}

void WarnOfTransactions(CheckList& checks, v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT 'process ' || pid || ', for ' || date_trunc('second', "
         "clock_timestamp() - xact_start) FROM pg_stat_activity WHERE datname "
         "= current_database() AND pid <> pg_backend_pid() AND xact_start < "
         "clock_timestamp() - interval '1 minute' ORDER BY xact_start LIMIT 1";
  checks.Warn(sql,
              "a transaction is open for long; what it has read or written "
              "cannot be locked, and no index is built, before it ends",
              statement);
}

void WarnOfInvalid(CheckList& checks, v1::Statement& statement) {
  Sql sql = NewSql();
  sql << "SELECT n.nspname || '.' || c.relname FROM pg_index AS i JOIN "
         "pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON "
         "n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i' "
         "ORDER BY 1 LIMIT 1";
  checks.Warn(sql,
              "an index is not valid, left over from a build that failed; "
              "nobody reads it and every write pays for it",
              statement);
}

}  // namespace

void CheckServer(const Schema& from, const Schema& to, CheckList& checks,
                 v1::Statement& statement) {
  const Path relation = OwnedRelation(statement, from);
  if (!relation.empty()) {
    CheckOwner(relation, checks, statement);
    if (statement.scans_table()) WarnOfSize(relation, checks, statement);
    if (statement.kind() == v1::COLUMN) {
      WarnOfPublication(relation, checks, statement);
    }
  } else if (statement.op() == v1::CREATE && statement.path_size() == 2 &&
             from.Find(v1::SCHEMA, Path{statement.path(0)}) != nullptr) {
    CheckSchema(checks, statement);
  }
  if (statement.kind() == v1::EXTENSION) {
    const Object* extension = to.Find(v1::EXTENSION, Path{statement.path(0)});
    if (extension != nullptr) CheckExtension(*extension, checks, statement);
  }
  if (!statement.lock().empty() && !relation.empty()) {
    WarnOfTransactions(checks, statement);
  }
  if (statement.kind() == v1::INDEX) WarnOfInvalid(checks, statement);
}

}  // namespace fleet::postgres
