#include "lib/engine/postgres/column_rows.h"

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/foreign_options.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/sequence_options.h"

namespace fleet::postgres {
namespace {

constexpr size_t kNameBytesMax = 63;

// table_column_seq, both shortened in turn until it fits: makeObjectName().
std::string ChosenSequenceName(absl::string_view table,
                               absl::string_view column) {
  constexpr absl::string_view kLabel = "_seq";
  const size_t available = kNameBytesMax - kLabel.size() - 1;
  while (table.size() + column.size() > available) {
    absl::string_view& longer = table.size() > column.size() ? table : column;
    longer.remove_suffix(1);
  }
  return absl::StrCat(table, "_", column, kLabel);
}

// What is known of the columns from other catalogs: by (table, number).
using ColumnKey = std::pair<Oid, int64_t>;

class ColumnReader {
 public:
  explicit ColumnReader(Catalog& catalog) : catalog_(catalog) {
    for (int i = 0; i < catalog.RowCount(kDefaultRows); ++i) {
      const CatalogRow row = catalog.Row(kDefaultRows, i);
      defaults_.emplace(ColumnKey(row.Id(1), row.Count(2)), i);
    }
    for (int i = 0; i < catalog.RowCount(kSequenceRows); ++i) {
      sequences_.emplace(catalog.Row(kSequenceRows, i).Id(0), i);
    }
    for (int i = 0; i < catalog.RowCount(kDependencyRows); ++i) {
      const CatalogRow row = catalog.Row(kDependencyRows, i);
      if (row.Letter(6) != 'i') continue;
      identities_.emplace(ColumnKey(row.Id(4), row.Count(5)), row.Id(1));
    }
  }

  void ReadTable(const Relation& relation) {
    int position = 0;
    for (int index : relation.column_rows) {
      ReadColumn(relation, catalog_.Row(kColumnRows, index), ++position);
    }
  }

 private:
  void ReadColumn(const Relation& relation, const CatalogRow& row,
                  int position) {
    const CatalogKey key(kRelationClass, relation.oid,
                         static_cast<int>(row.Count(1)));
    Object column(v1::COLUMN, catalog_.PathOf(relation).Child(row.Text(2)));
    SetType(row, column);
    SetExpression(relation, row, column);
    if (row.Is(5)) column.Set("not_null", "true");
    if (!row.IsNull(14)) SetOrigins(relation, row, column);
    if (!row.IsNull(15)) {
      column.Set("server_options", ForeignOptions(row.Text(15)));
    }
    if (row.Letter(6) != '\0') SetIdentity(relation, row, column);
    SetSettings(row, column);
    column.Set("position", absl::StrCat(position));
    catalog_.Add(key, std::move(column));
    const auto found = defaults_.find(ColumnKey(relation.oid, row.Count(1)));
    if (found != defaults_.end()) {
      const Oid expression = catalog_.Row(kDefaultRows, found->second).Id(0);
      catalog_.AddAlias(CatalogKey(kDefaultClass, expression, 0), key);
    }
  }

  void SetType(const CatalogRow& row, Object& column) {
    const Oid type = row.Id(3);
    column.Set("type", row.IsNull(13)
                           ? catalog_.types().Format(type, row.Count(4))
                           : std::string(row.Text(13)));
    catalog_.DependOnType(column, type);
    const Oid collation = row.Id(8);
    const TypeRow* type_row = catalog_.types().Find(type);
    if (collation != 0 && type_row != nullptr &&
        collation != type_row->collation) {
      column.Set("collation", catalog_.CollationName(collation));
      catalog_.DependOnCollation(column, collation);
    }
  }

  void SetOrigins(const Relation& relation, const CatalogRow& row,
                  Object& column) {
    SetInherited(true, row.Is(14), column);
    for (Oid oid : relation.parents) {
      const Relation* parent = catalog_.FindRelation(oid);
      if (parent == nullptr) continue;
      column.DependsOn(v1::COLUMN, catalog_.PathOf(*parent).Child(row.Text(2)));
    }
  }

  void SetExpression(const Relation& relation, const CatalogRow& row,
                     Object& column) {
    const auto found = defaults_.find(ColumnKey(relation.oid, row.Count(1)));
    if (found == defaults_.end()) return;
    const CatalogRow expression = catalog_.Row(kDefaultRows, found->second);
    const char generated = row.Letter(7);
    column.Set(generated == '\0' ? "default" : "generated",
               CanonicalExpression(expression.Text(3)));
    if (generated == 'v') column.Set("virtual", "true");
  }

  void SetIdentity(const Relation& relation, const CatalogRow& row,
                   Object& column) {
    const auto found = identities_.find(ColumnKey(relation.oid, row.Count(1)));
    // A partition's comes from the whole, whose sequence it shares.
    if (found == identities_.end() && relation.is_partition) return;
    column.Set("identity", row.Letter(6) == 'a' ? "ALWAYS" : "BY DEFAULT");
    if (found == identities_.end()) return;
    const auto sequence = sequences_.find(found->second);
    if (sequence != sequences_.end()) {
      column.Set("identity_options",
                 SequenceOptions(catalog_.Row(kSequenceRows, sequence->second),
                                 column.Get("type")));
    }
    const Relation* own = catalog_.FindRelation(found->second);
    if (own != nullptr &&
        own->name != ChosenSequenceName(relation.name, row.Text(2))) {
      column.Set("identity_sequence", own->name);
    }
  }

  void SetSettings(const CatalogRow& row, Object& column) {
    const TypeRow* type = catalog_.types().Find(row.Id(3));
    if (type != nullptr && row.Letter(9) != type->storage) {
      column.Set("storage", StorageWord(row.Letter(9)));
    }
    if (row.Letter(10) == 'p') column.Set("compression", "pglz");
    if (row.Letter(10) == 'l') column.Set("compression", "lz4");
    if (!row.IsNull(11)) column.Set("statistics", row.Text(11));
    if (!row.IsNull(12)) SetOptions(row.Text(12), "", column);
  }

  Catalog& catalog_;
  absl::flat_hash_map<ColumnKey, int> defaults_;    // row of kDefaultRows
  absl::flat_hash_map<Oid, int> sequences_;         // row of kSequenceRows
  absl::flat_hash_map<ColumnKey, Oid> identities_;  // sequence
};

}  // namespace

absl::string_view StorageWord(char storage) {
  switch (storage) {
    case 'p':
      return "PLAIN";
    case 'e':
      return "EXTERNAL";
    case 'm':
      return "MAIN";
    default:
      return "EXTENDED";
  }
}

std::string IdentitySequenceName(const Object& column) {
  if (column.Has("identity_sequence")) {
    return std::string(column.Get("identity_sequence"));
  }
  return ChosenSequenceName(column.path().Parent().last(), column.name());
}

const Object* FindIdentity(const Schema& schema, const Path& sequence) {
  for (const Object& column : schema.OfKind(v1::COLUMN)) {
    if (column.Has("identity") && column.path().first() == sequence.first() &&
        IdentitySequenceName(column) == sequence.last()) {
      return &column;
    }
  }
  return nullptr;
}

std::string MomentName(absl::string_view name) {
  constexpr absl::string_view kSuffix = "__fleetctl_new";
  return absl::StrCat(name.substr(0, kNameBytesMax - kSuffix.size()), kSuffix);
}

void ReadColumns(Catalog& catalog) {
  ColumnReader reader(catalog);
  for (const Relation* relation : catalog.Relations()) {
    if (relation->IsTable()) reader.ReadTable(*relation);
  }
}

}  // namespace fleet::postgres
