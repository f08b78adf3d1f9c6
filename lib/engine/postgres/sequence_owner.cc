#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"column", Compare::kExact, OnChange::kAlter, 10},
};

void Create(const Object& owner, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER SEQUENCE " << Name(owner.path()) << " OWNED BY "
      << Verbatim{owner.Get("column")};
  Lint(Rule::kSequence, owner.path(), renderer.Add(sql, kShareRowExclusive));
}

void Drop(const Object& owner, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER SEQUENCE " << Name(owner.path()) << " OWNED BY NONE";
  Lint(Rule::kSequence, owner.path(), renderer.Add(sql, kShareRowExclusive));
}

void Alter(const Difference& difference, Renderer& renderer) {
  Create(*difference.to, renderer);
}

}  // namespace

// A serial's sequence goes away with its column; so says pg_depend.
void ReadSequenceOwners(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kDependencyRows); ++i) {
    const CatalogRow row = catalog.Row(kDependencyRows, i);
    const CatalogKey sequence_key(kRelationClass, row.Id(1), 0);
    const Relation* sequence = catalog.FindRelation(row.Id(1));
    const Relation* table = catalog.FindRelation(row.Id(4));
    const bool owned = row.Letter(6) == 'a' && row.Count(2) == 0 &&
                       sequence != nullptr && sequence->kind == 'S';
    const ColumnRef* column =
        table == nullptr ? nullptr : table->Column(row.Count(5));
    if (!owned || column == nullptr || !catalog.FindObject(sequence_key)) {
      continue;
    }
    const Path column_path = catalog.PathOf(*table).Child(column->name);
    Object owner(v1::SEQUENCE_OWNER, catalog.PathOf(*sequence));
    owner.Set("column", QuotePath(column_path));
    catalog.Depend(owner, sequence_key);
    catalog.Depend(owner, CatalogKey(kRelationClass, table->oid,
                                     static_cast<int>(row.Count(5))));
    // Its own class: nothing refers to it.
    catalog.Add(CatalogKey(0, sequence->oid, 0), std::move(owner));
  }
}

KindHandler SequenceOwnerHandler() {
  KindHandler handler;
  handler.spec.kind = v1::SEQUENCE_OWNER;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 0;
  handler.spec.drop_risk = 5;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
