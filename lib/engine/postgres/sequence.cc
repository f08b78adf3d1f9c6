#include "absl/container/flat_hash_set.h"
#include "lib/engine/postgres/column_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/sequence_options.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"options", Compare::kExact, OnChange::kAlter, 30},
    {"type", Compare::kExact, OnChange::kAlter, 30},
    {"unlogged", Compare::kExact, OnChange::kAlter, 20},
};

Sql SequenceWord(const Object& sequence) {
  Sql sql = NewSql();
  sql << "SEQUENCE " << Name(sequence.path());
  return sql;
}

void Rename(const Path& sequence, absl::string_view name, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER SEQUENCE " << Name(sequence) << " RENAME TO "
      << Identifier{name};
  renderer.Add(sql, kAccessExclusive);
}

void Create(const Object& sequence, Renderer& renderer) {
  // An identity column that becomes a serial: its own sequence is there until
  // the column is altered.
  if (FindIdentity(renderer.from(), sequence.path()) != nullptr) {
    Rename(sequence.path(), MomentName(sequence.name()), renderer);
  }
  Sql sql = NewSql();
  sql << "CREATE ";
  if (sequence.Has("unlogged")) sql << "UNLOGGED ";
  sql << SequenceWord(sequence) << " AS " << Verbatim{sequence.Get("type")};
  if (sequence.Has("options")) sql << " " << Verbatim{sequence.Get("options")};
  renderer.Add(sql, kNoLock);
  WriteNewComment(sequence, SequenceWord(sequence), renderer);
}

void Drop(const Object& sequence, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << SequenceWord(sequence);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  Lint(Rule::kSequence, sequence.path(), statement);
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that name it will fail without sequence", sequence.path());
  statement.set_reversibility(v1::LOSSY);
  // A serial that has become an identity column takes its name over.
  const Object* heir = FindIdentity(renderer.to(), sequence.path());
  if (heir != nullptr && renderer.from().Find(heir->key) != nullptr) {
    const std::string moment = MomentName(sequence.name());
    Rename(sequence.path().Parent().Child(moment), sequence.name(), renderer);
  }
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  const absl::Status limits = CheckLimits(from.Get("options"), from.Get("type"),
                                          to.Get("options"), to.Get("type"));
  if (!limits.ok()) return renderer.Fail(limits);
  if (Changed(difference, "type") || Changed(difference, "options")) {
    Sql sql = NewSql();
    sql << "ALTER " << SequenceWord(to) << " AS " << Verbatim{to.Get("type")};
    for (const std::string& rule :
         SequenceRules(to.Get("options"), to.Get("type"))) {
      sql << " " << Verbatim{rule};
    }
    v1::Statement& statement = renderer.Add(sql, kShareRowExclusive);
    Lint(Rule::kSequence, to.path(), statement);
    Warn(statement, v1::CORRECTNESS,
         "the next values of it follow other rules: sequence", to.path());
  }
  if (Changed(difference, "unlogged")) {
    Sql sql = NewSql();
    sql << "ALTER " << SequenceWord(to);
    if (to.Has("unlogged")) {
      sql << " SET UNLOGGED";
    } else {
      sql << " SET LOGGED";
    }
    renderer.Add(sql, kAccessExclusive);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, SequenceWord(to), renderer);
  }
}

}  // namespace

void ReadSequences(Catalog& catalog) {
  // Identity columns carry their sequence themselves.
  absl::flat_hash_set<Oid> identities;
  for (int i = 0; i < catalog.RowCount(kDependencyRows); ++i) {
    const CatalogRow row = catalog.Row(kDependencyRows, i);
    if (row.Letter(6) == 'i') identities.insert(row.Id(1));
  }
  for (int i = 0; i < catalog.RowCount(kSequenceRows); ++i) {
    const CatalogRow row = catalog.Row(kSequenceRows, i);
    const Relation* relation = catalog.FindRelation(row.Id(0));
    if (relation == nullptr || identities.contains(row.Id(0))) {
      continue;
    }
    Object sequence(v1::SEQUENCE, catalog.PathOf(*relation));
    const std::string type = catalog.types().Format(row.Id(1), -1);
    sequence.Set("type", type);
    sequence.Set("options", SequenceOptions(row, type));
    if (catalog.Row(kRelationRows, relation->row).Letter(4) == 'u') {
      sequence.Set("unlogged", "true");
    }
    catalog.DependOnSchema(sequence);
    catalog.Add(CatalogKey(kRelationClass, relation->oid, 0),
                std::move(sequence));
  }
}

KindHandler SequenceHandler() {
  KindHandler handler;
  handler.spec.kind = v1::SEQUENCE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.drop_risk = 60;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
