#include "lib/engine/postgres/table_parts.h"

#include <algorithm>

#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/printed.h"

namespace fleet::postgres {
namespace {

std::vector<const Object*> ColumnsInOrder(const Schema& schema,
                                          const Path& table) {
  std::vector<const Object*> columns;
  for (const Object& column : schema.ChildrenOf(table, v1::COLUMN)) {
    columns.push_back(&column);
  }
  std::stable_sort(columns.begin(), columns.end(),
                   [](const Object* a, const Object* b) {
                     return ParseNumber(a->Get("position")) <
                            ParseNumber(b->Get("position"));
                   });
  return columns;
}

struct Part {
  v1::ObjectKind kind;
  Sql (*clause)(const Object& object);
  void (*finish)(const Object& object, Renderer& renderer);
};
constexpr Part kConstraints[] = {
    {v1::PRIMARY_KEY, KeyClause, FinishKey},
    {v1::UNIQUE_KEY, KeyClause, FinishKey},
    {v1::CHECK, CheckClause, WriteNewConstraintComments},
    {v1::EXCLUSION, ExclusionClause, WriteNewConstraintComments},
};

// INHERITS brings it along.
bool ComesByInheritance(const Object& child, const Schema& schema) {
  return child.Get("inherited") == "true" &&
         !IsPartition(schema, child.path().Parent());
}

// ATTACH PARTITION makes it.
bool ComesWithWhole(const Object& child) {
  return child.kind() == v1::EXCLUSION && child.Has("partition_of");
}

}  // namespace

void AppendParts(const Object& table, const Schema& schema, Sql& sql) {
  bool first = true;
  sql << " (";
  const auto begin_part = [&] {
    if (first) {
      sql << "\n    ";
    } else {
      sql << ",\n    ";
    }
    first = false;
  };
  for (const Object* column : ColumnsInOrder(schema, table.path())) {
    if (ComesByInheritance(*column, schema)) continue;
    begin_part();
    sql << ColumnClause(*column);
  }
  for (const Part& part : kConstraints) {
    for (const Object& child : schema.ChildrenOf(table.path(), part.kind)) {
      if (IsNotValid(child) || ComesByInheritance(child, schema) ||
          ComesWithWhole(child)) {
        continue;
      }
      begin_part();
      sql << "CONSTRAINT " << Identifier{child.name()} << " "
          << part.clause(child);
    }
  }
  if (!first) sql << "\n";
  sql << ")";
}

void AppendInherits(const Object& table, const Schema& schema, Sql& sql) {
  std::vector<const Object*> parents;
  for (const Object& parent :
       schema.ChildrenOf(table.path(), v1::INHERITANCE)) {
    parents.push_back(&parent);
  }
  if (parents.empty()) return;
  std::stable_sort(parents.begin(), parents.end(),
                   [](const Object* a, const Object* b) {
                     return ParseNumber(a->Get("position")) <
                            ParseNumber(b->Get("position"));
                   });
  sql << " INHERITS (";
  for (const Object* parent : parents) {
    if (parent != parents.front()) sql << ", ";
    sql << Name(ParentTable(*parent));
  }
  sql << ")";
}

void FinishParts(const Object& table, Renderer& renderer) {
  const Schema& schema = renderer.to();
  for (const Object* column : ColumnsInOrder(schema, table.path())) {
    if (ComesByInheritance(*column, schema)) {
      FinishInheritedColumn(*column, renderer);
    } else {
      FinishColumn(*column, renderer);
    }
  }
  for (const Part& part : kConstraints) {
    for (const Object& child : schema.ChildrenOf(table.path(), part.kind)) {
      if (ComesWithWhole(child)) continue;
      if (ComesByInheritance(child, schema)) {
        WriteNewConstraintComments(child, renderer);
      } else if (IsNotValid(child)) {
        CreateCheck(child, renderer);
      } else {
        part.finish(child, renderer);
      }
    }
  }
}

}  // namespace fleet::postgres
