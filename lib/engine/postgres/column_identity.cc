#include "lib/engine/postgres/column_identity.h"

#include "lib/engine/postgres/column_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/sequence_options.h"

namespace fleet::postgres {
namespace {

// (SEQUENCE NAME s.q START WITH …), or nothing.
void AppendIdentityOptions(const Object& column, Sql& sql) {
  const bool named = column.Has("identity_sequence");
  if (!named && !column.Has("identity_options")) return;
  sql << " (";
  if (named) {
    sql << "SEQUENCE NAME " << Identifier{column.path().first()} << "."
        << Identifier{column.Get("identity_sequence")};
  }
  if (column.Has("identity_options")) {
    if (named) sql << " ";
    sql << Verbatim{column.Get("identity_options")};
  }
  sql << ")";
}

// SET START WITH 5 SET INCREMENT BY 2 …
void AppendSetOptions(const Object& column, Sql& sql) {
  for (const std::string& rule :
       SequenceRules(column.Get("identity_options"), column.Get("type"))) {
    sql << " SET " << Verbatim{rule};
  }
}

}  // namespace

void AppendIdentity(const Object& column, Sql& sql) {
  sql << "GENERATED " << Verbatim{column.Get("identity")} << " AS IDENTITY";
  AppendIdentityOptions(column, sql);
}

void DropIdentity(const Object& column, Renderer& renderer) {
  Sql sql = AlterColumn(column.path());
  sql << "DROP IDENTITY";
  renderer.Add(sql, kAccessExclusive);
}

void AddIdentity(const Object& column, Renderer& renderer) {
  Object named = column;
  const std::string name = IdentitySequenceName(column);
  const Path sequence{column.path().first(), name};
  if (renderer.from().Find(v1::SEQUENCE, sequence) != nullptr) {
    named.Set("identity_sequence", MomentName(name));
  }
  Sql sql = AlterColumn(column.path());
  sql << "ADD ";
  AppendIdentity(named, sql);
  Warn(renderer.Add(sql, kAccessExclusive), v1::CORRECTNESS,
       "its sequence starts anew, below values that are there, for column",
       column.path());
}

void AlterIdentity(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (Changed(difference, "identity_sequence")) {
    Sql sql = NewSql();
    const Path schema{to.path().first()};
    sql << "ALTER SEQUENCE " << Name(schema.Child(IdentitySequenceName(from)))
        << " RENAME TO " << Identifier{IdentitySequenceName(to)};
    renderer.Add(sql, kAccessExclusive);
  }
  const absl::Status limits =
      CheckLimits(from.Get("identity_options"), from.Get("type"),
                  to.Get("identity_options"), to.Get("type"));
  if (!limits.ok()) return renderer.Fail(limits);
  const bool mode = Changed(difference, "identity");
  const bool options = Changed(difference, "identity_options");
  if (!mode && !options) return;
  Sql sql = AlterColumn(to.path());
  if (mode) {
    sql << "SET GENERATED " << Verbatim{to.Get("identity")};
  }
  if (options) {
    Sql set = NewSql();
    AppendSetOptions(to, set);
    if (!mode) {
      sql << "SET GENERATED " << Verbatim{to.Get("identity")};
    }
    sql << set;
  }
  renderer.Add(sql, kAccessExclusive);
}

}  // namespace fleet::postgres
