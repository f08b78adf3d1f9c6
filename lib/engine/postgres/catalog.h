#ifndef LIB_ENGINE_POSTGRES_CATALOG_H_
#define LIB_ENGINE_POSTGRES_CATALOG_H_

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/engine/postgres/printed.h"
#include "lib/engine/postgres/queries.h"
#include "lib/engine/postgres/rare_rows.h"
#include "lib/engine/postgres/type_names.h"
#include "lib/engine/row_set.h"
#include "lib/schema/schema.h"

// The answers to the catalog queries, and what more than one kind needs to know
// of them: names by oid, the relations and their columns, and the objects made
// so far. A kind's reader walks its rows and adds objects:
//
//   for (CatalogRow row : catalog.Rows(kTriggerRows)) { … catalog.Add(…) }
//
// Dependencies and comments come after the objects (dependencies.h). Views
// point into the row sets, which must outlive the catalog. Thread-compatible.

namespace fleet::postgres {

class CatalogRow {
 public:
  CatalogRow(const RowSet* rows, int index) : rows_(rows), index_(index) {}
  absl::string_view Text(int column) const { return rows_->at(index_, column); }
  bool IsNull(int column) const { return rows_->is_null(index_, column); }
  Oid Id(int column) const { return ParseOid(Text(column)); }
  int64_t Count(int column) const { return ParseNumber(Text(column)); }
  bool Is(int column) const { return ParseBool(Text(column)); }
  char Letter(int column) const {
    return Text(column).empty() ? '\0' : Text(column).front();
  }

 private:
  const RowSet* rows_;
  int index_;
};

// A table's column as others refer to it.
struct ColumnRef {
  absl::string_view name;  // empty: dropped
  Oid type = 0;
  Oid collation = 0;
  bool generated = false;
};

// A user's table, view, index, sequence or composite type.
struct Relation {
  Oid oid = 0;
  absl::string_view name;
  Oid schema = 0;
  char kind = 'r';  // pg_class.relkind
  int row = 0;      // of kRelationRows
  // What it is a partition of or inherits from, in order; an index: the one of
  // the partitioned table that it is a part of.
  std::vector<Oid> parents;
  bool has_children = false;
  bool is_partition = false;
  std::vector<ColumnRef> columns;  // by number - 1
  std::vector<int> column_rows;    // of kColumnRows, by number

  const ColumnRef* Column(int64_t number) const {
    return number < 1 || number > static_cast<int64_t>(columns.size())
               ? nullptr
               : &columns[static_cast<size_t>(number) - 1];
  }
  // A table of any sort: what has columns and constraints of its own.
  bool IsTable() const { return kind == 'r' || kind == 'p' || kind == 'f'; }
};

// What a row of the system catalogs is about.
using CatalogKey = std::tuple<Oid /*class*/, Oid /*object*/, int /*column*/>;

class Catalog {
 public:
  explicit Catalog(absl::Span<const std::unique_ptr<RowSet>> results);

  // --- rows
  // 0 for what was not asked.
  int RowCount(CatalogQuery query) const {
    return static_cast<size_t>(query) < results_.size()
               ? results_[query]->rows()
               : 0;
  }
  CatalogRow Row(CatalogQuery query, int index) const {
    return CatalogRow(results_[query].get(), index);
  }

  // Those of one RareQuery, without what belongs to an extension or to a schema
  // that is not a user's.
  std::vector<RareRow> RareRows(absl::string_view sort) const;

  // --- names
  const TypeNames& types() const { return types_; }
  bool IsUserSchema(Oid schema) const;
  absl::string_view SchemaName(Oid schema) const;
  Path PathOf(Oid schema, absl::string_view name) const {
    return Path{SchemaName(schema), name};
  }
  // "s.n"; n alone for pg_catalog.
  std::string QualifiedName(Oid schema, absl::string_view name) const;
  std::string CollationName(Oid collation) const;    // qualified
  std::string OperatorClassName(Oid opclass) const;  // qualified
  // False where CREATE INDEX on a column of the type picks it by itself.
  bool IsNamedOperatorClass(Oid opclass, Oid type) const;
  absl::string_view AccessMethodName(Oid method) const;
  absl::string_view TablespaceName(Oid tablespace) const;
  bool IsExtensionMember(Oid class_id, Oid object) const;

  // --- relations: nullptr for system ones and members of extensions
  Relation* FindRelation(Oid oid);
  const Relation* FindRelation(Oid oid) const;
  // Ordered by oid.
  std::vector<Relation*> Relations();
  Path PathOf(const Relation& relation) const {
    return PathOf(relation.schema, relation.name);
  }

  // --- objects
  // The object is found by `key` from now on.
  void Add(CatalogKey key, Object object);
  // What a rare row is about.
  void AddRare(const RareRow& row, Object object);
  // Another name for the object of `key`.
  void AddAlias(CatalogKey alias, CatalogKey key);
  // The object itself; nullptr when there is none. Valid until the next Add.
  Object* FindObject(const CatalogKey& key);
  // What a dependency on `key` is a dependency on: the object, its column's, a
  // type's element, the extension it is part of. Path empty: nothing of ours.
  ObjectKey Resolve(const CatalogKey& key) const;
  // Notes a text that is part of an opaque object.
  void AddOpaquePart(const CatalogKey& key, std::string part);

  // Adds the dependency where `on` is one of ours; `type` with its element.
  void Depend(Object& object, const CatalogKey& on) const;
  void DependOnType(Object& object, Oid type) const;
  void DependOnCollation(Object& object, Oid collation) const;
  void DependOnSchema(Object& object) const;

  // All objects; the catalog is empty afterwards.
  std::vector<Object> TakeObjects();

 private:
  struct NameRow {
    absl::string_view name;
    Oid schema = 0;
    Oid method = 0;
    Oid input = 0;
    bool is_default = false;
  };

  void IndexRareRows();
  void ReadSchemas();
  void ReadNames();
  void ReadTypes();
  void ReadExtensions();
  void ReadRelations();
  void ReadColumns();
  const NameRow* FindName(char sort, Oid oid) const;
  int IndexOf(const CatalogKey& key) const;

  absl::Span<const std::unique_ptr<RowSet>> results_;
  absl::flat_hash_map<Oid, std::pair<absl::string_view, bool>> schemas_;
  absl::flat_hash_map<std::pair<char, Oid>, NameRow> names_;
  // (method, input type) → default operator class
  absl::flat_hash_map<std::pair<Oid, Oid>, Oid> default_opclasses_;
  absl::flat_hash_map<Oid, absl::string_view> extensions_;
  // (class, object) → extension
  absl::flat_hash_map<std::pair<Oid, Oid>, Oid> members_;
  // sort → rows of kRareRows
  absl::flat_hash_map<absl::string_view, std::vector<int>> rare_rows_;
  TypeNames types_;
  std::map<Oid, std::unique_ptr<Relation>> ordered_relations_;
  absl::flat_hash_map<Oid, Relation*> relations_;
  std::vector<Object> objects_;
  absl::flat_hash_map<CatalogKey, int> index_;
  std::map<int, std::vector<std::string>> opaque_parts_;
};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_CATALOG_H_
