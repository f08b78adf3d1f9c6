#include "lib/engine/sqlite/schema_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

class Reader {
 public:
  explicit Reader(const Catalog& catalog) : catalog_(catalog) {}

  std::vector<Object> Run() {
    NoteNames();
    for (const Catalog::Table& table : catalog_.tables) AddTable(table);
    for (const Catalog::Row& view : catalog_.views) {
      const std::string name = FoldName(view.name);
      context_.relations[name] = {v1::VIEW, Path{name}};
    }
    for (const Catalog::Row& index : catalog_.indexes) AddIndex(index);
    for (const Catalog::Row& view : catalog_.views) {
      OrOpaque(ReadView(view, context_, objects_), view);
    }
    for (const Catalog::Row& trigger : catalog_.triggers) {
      AddTrigger(trigger);
    }
    SoftenViewCycles(objects_);
    return std::move(objects_);
  }

 private:
  void NoteNames() {
    context_.modules = catalog_.modules;
    context_.functions = catalog_.functions;
    for (const Catalog::Table& table : catalog_.tables) {
      const std::string name = FoldName(table.row.name);
      context_.known.insert(name);
      if (table.is_shadow) hidden_.insert(name);
      KnownNames& columns = columns_[name];
      for (const Catalog::Column& column : table.columns) {
        columns.insert(FoldName(column.name));
        context_.known.insert(FoldName(column.name));
      }
    }
    for (const Catalog::Row& view : catalog_.views) {
      context_.known.insert(FoldName(view.name));
    }
  }

  void AddTable(const Catalog::Table& table) {
    const std::string name = FoldName(table.row.name);
    if (table.is_shadow) return;
    // The inside of a virtual table whose module is not there to say so.
    const bool is_inside = IsInsideOfUnknown(name);
    const absl::Status status =
        is_inside ? absl::InvalidArgumentError("part of a virtual table")
        : table.is_virtual ? ReadVirtualTable(table, context_, objects_)
                           : ReadTable(table, context_, objects_);
    if (status.ok()) {
      const auto kind = table.is_virtual ? v1::VIRTUAL_TABLE : v1::TABLE;
      context_.relations[name] = {kind, Path{name}};
    } else if (table.is_virtual) {
      unknown_virtual_.push_back(name);
    }
    OrOpaque(status, table.row);
  }

  // Rows come by name, so "geo" is read before "geo_data".
  bool IsInsideOfUnknown(absl::string_view name) const {
    for (const std::string& virtual_table : unknown_virtual_) {
      if (absl::StartsWith(name, absl::StrCat(virtual_table, "_"))) return true;
    }
    return false;
  }

  void AddIndex(const Catalog::Row& row) {
    if (hidden_.contains(row.table)) return;
    if (!context_.relations.contains(row.table)) return AddOpaque(row);
    OrOpaque(ReadIndex(row, columns_[row.table], objects_), row);
  }

  void AddTrigger(const Catalog::Row& row) {
    if (hidden_.contains(row.table)) return;
    const auto owner = context_.relations.find(row.table);
    if (owner == context_.relations.end() || opaque_.contains(row.table)) {
      return AddOpaque(row);
    }
    OrOpaque(ReadTrigger(row, context_, objects_), row);
  }

  void OrOpaque(const absl::Status& status, const Catalog::Row& row) {
    if (!status.ok()) AddOpaque(row);
  }

  void AddOpaque(const Catalog::Row& row) {
    const std::string name = FoldName(row.name);
    if (row.type == "table" || row.type == "view") {
      opaque_.insert(name);
      context_.relations.erase(name);
    }
    Object object(v1::OPAQUE, Path{row.type, name});
    if (row.table != name) object.Set("table", row.table);
    const absl::StatusOr<Tokens> tokens = Tokenize(row.sql);
    object.Set("definition",
               tokens.ok() ? Canonical(*tokens, context_.known) : row.sql);
    objects_.push_back(std::move(object));
  }

  const Catalog& catalog_;
  ReadContext context_;
  absl::flat_hash_map<std::string, KnownNames> columns_;  // by table
  absl::flat_hash_set<std::string> hidden_;
  absl::flat_hash_set<std::string> opaque_;
  std::vector<std::string> unknown_virtual_;
  std::vector<Object> objects_;
};

}  // namespace

absl::StatusOr<Schema> ReadSqliteSchema(const SchemaInfo& info,
                                        const Catalog& catalog) {
  return Schema::Make(info, Reader(catalog).Run());
}

}  // namespace fleet::sqlite
