#include "lib/engine/postgres/index_settings.h"

#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

void WriteClustered(const Object& index, Renderer& renderer) {
  Sql sql = AlterTable(index.path().Parent());
  if (index.Has("clustered")) {
    sql << "CLUSTER ON " << Identifier{index.name()};
  } else {
    sql << "SET WITHOUT CLUSTER";
  }
  renderer.Add(sql, kShareUpdateExclusive);
}

void WriteReplicaIdentity(const Object& index, Renderer& renderer) {
  const Path table_path = index.path().Parent();
  Sql sql = AlterTable(table_path);
  sql << "REPLICA IDENTITY ";
  const Object* table = renderer.to().Find(v1::TABLE, table_path);
  if (index.Has("replica_identity")) {
    sql << "USING INDEX " << Identifier{index.name()};
  } else if (table != nullptr && table->Has("replica_identity")) {
    sql << Verbatim{table->Get("replica_identity")};
  } else {
    sql << "DEFAULT";
  }
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!HasRows(renderer, table_path)) return;
  Lint(Rule::kReplicaIdentity, table_path, statement);
  Warn(statement, v1::CORRECTNESS,
       "logical replication sends other old values of table", table_path);
}

// True when another index of the table has the setting afterwards: its own
// statement takes it over, in whatever order.
bool MovesOn(const Object& index, absl::string_view attribute,
             const Renderer& renderer) {
  const Path table = index.path().Parent();
  for (v1::ObjectKind kind : {v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::INDEX}) {
    for (const Object& other : renderer.to().ChildrenOf(table, kind)) {
      if (other.Has(attribute)) return true;
    }
  }
  return false;
}

}  // namespace

void FinishIndex(const Object& index, Renderer& renderer) {
  if (index.Has("clustered")) WriteClustered(index, renderer);
  if (index.Has("replica_identity")) WriteReplicaIdentity(index, renderer);
}

void AlterIndexSettings(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  Sql alter = NewSql();
  alter << "ALTER INDEX " << Identifier{to.path().first()} << "."
        << Identifier{to.name()} << " ";
  if (Changed(difference, "options")) {
    WriteOptions(alter, from.Get("options"), to.Get("options"), renderer);
  }
  if (Changed(difference, "tablespace")) {
    alter << "SET TABLESPACE "
          << Identifier{to.Has("tablespace") ? to.Get("tablespace")
                                             : "pg_default"};
    Warn(renderer.Add(alter, kAccessExclusive), v1::TABLE_REWRITE,
         "this copies index", to.path());
  }
  if (Changed(difference, "clustered") &&
      (to.Has("clustered") || !MovesOn(to, "clustered", renderer))) {
    WriteClustered(to, renderer);
  }
  if (Changed(difference, "replica_identity") &&
      (to.Has("replica_identity") ||
       !MovesOn(to, "replica_identity", renderer))) {
    WriteReplicaIdentity(to, renderer);
  }
}

}  // namespace fleet::postgres
