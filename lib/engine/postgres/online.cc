#include "lib/engine/postgres/online.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr size_t kNameBytesMax = 63;
constexpr size_t kDigestShown = 8;

Sql IndexName(const Path& table, absl::string_view name) {
  Sql sql = NewSql();
  sql << Identifier{table.first()} << "." << Identifier{name};
  return sql;
}

Sql DropConcurrently(const Path& table, absl::string_view name) {
  Sql sql = NewSql();
  sql << "DROP INDEX CONCURRENTLY " << IndexName(table, name);
  return sql;
}

void SetLeftover(const Path& table, absl::string_view name, const Sql* cleanup,
                 Renderer& renderer, v1::Statement& statement) {
  v1::Leftover& leftover = *statement.mutable_leftover();
  leftover.set_kind(v1::INDEX);
  for (const std::string& component : table.components()) {
    leftover.add_path(component);
  }
  leftover.add_path(std::string(name));
  leftover.mutable_mark()->set_name("invalid");
  leftover.mutable_mark()->set_value("true");
  if (cleanup == nullptr) return;
  absl::StatusOr<std::string> text = cleanup->Text();
  if (!text.ok()) return renderer.Fail(text.status());
  leftover.set_cleanup(*std::move(text));
}

// Relations of one schema share their names with each other.
bool IsNameTaken(const Path& table, absl::string_view name,
                 const Schema& schema) {
  const Path path{table.first(), name};
  for (v1::ObjectKind kind : {v1::TABLE, v1::VIEW, v1::MATERIALIZED_VIEW,
                              v1::SEQUENCE, v1::COMPOSITE, v1::FOREIGN_TABLE}) {
    if (schema.Find(kind, path) != nullptr) return true;
  }
  for (v1::ObjectKind kind :
       {v1::INDEX, v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::EXCLUSION}) {
    for (const Object& object : schema.OfKind(kind)) {
      if (object.name() == name && object.path().first() == table.first()) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

bool HasClients(const Renderer& renderer, const Path& table) {
  if (!renderer.online() || IsOfFamily(renderer.from(), table) ||
      IsOfFamily(renderer.to(), table)) {
    return false;
  }
  for (v1::ObjectKind kind : {v1::TABLE, v1::MATERIALIZED_VIEW}) {
    if (renderer.from().Find(kind, table) != nullptr) {
      return !renderer.placement().Disturbs({kind, table});
    }
  }
  return false;
}

std::string StandInName(absl::string_view name, absl::string_view suffix) {
  if (name.size() + suffix.size() <= kNameBytesMax) {
    return absl::StrCat(name, suffix);
  }
  size_t size = kNameBytesMax - suffix.size() - kDigestShown - 1;
  while (size > 0 && (name[size] & 0xC0) == 0x80) --size;
  return absl::StrCat(name.substr(0, size), "_",
                      Sha256Hex(name).substr(0, kDigestShown), suffix);
}

std::string FreeStandIn(const Path& table, absl::string_view name,
                        absl::string_view suffix, const Renderer& renderer) {
  std::string stand_in = StandInName(name, suffix);
  while (IsNameTaken(table, stand_in, renderer.to())) {
    stand_in = StandInName(stand_in, suffix);
  }
  return stand_in;
}

bool IsStandIn(absl::string_view name) {
  return absl::EndsWith(name, kNewSuffix) || absl::EndsWith(name, kOldSuffix);
}

v1::Statement& BuildIndex(const Object& index, absl::string_view name,
                          Renderer& renderer) {
  const Path table = index.path().Parent();
  const bool unique = index.kind() != v1::INDEX || index.Has("unique");
  renderer.set_stage(Stage::kBuild);
  Sql sql = NewSql();
  sql << "CREATE ";
  if (unique) sql << "UNIQUE ";
  sql << "INDEX CONCURRENTLY " << Identifier{name} << " ON " << Name(table);
  if (index.kind() == v1::INDEX) {
    sql << " USING " << Identifier{index.Get("method")} << " ("
        << Verbatim{index.Get("keys")} << ")";
  } else {
    sql << " (" << Verbatim{index.Get("columns")} << ")";
  }
  sql << IndexTail(index);
  v1::Statement& statement = renderer.Add(sql, kShareUpdateExclusive);
  const Sql cleanup = DropConcurrently(table, name);
  SetLeftover(table, name, &cleanup, renderer, statement);
  Warn(statement, v1::INDEX_BUILD,
       "this builds an index, while clients go on, over table", table);
  statement.set_scans_table(true);
  if (unique) Lint(Rule::kUniqueIndex, table, statement);
  return statement;
}

v1::Statement& RemoveIndex(const Path& table, absl::string_view name,
                           Renderer& renderer) {
  const Stage stage = renderer.stage();
  renderer.set_stage(Stage::kRemove);
  v1::Statement& statement =
      renderer.Add(DropConcurrently(table, name), kShareUpdateExclusive);
  renderer.set_stage(stage);
  SetLeftover(table, name, nullptr, renderer, statement);
  return statement;
}

void RenameIndex(const Path& table, absl::string_view from,
                 absl::string_view to, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER INDEX " << IndexName(table, from) << " RENAME TO "
      << Identifier{to};
  renderer.Add(sql, kShareUpdateExclusive);
}

v1::Statement& ValidateConstraint(const Object& constraint,
                                  Renderer& renderer) {
  const Stage stage = renderer.stage();
  if (renderer.online()) {
    renderer.set_stage(stage == Stage::kMain ? Stage::kProve
                                             : Stage::kValidate);
  }
  const Path table = constraint.path().Parent();
  Sql sql = AlterTable(table);
  sql << "VALIDATE CONSTRAINT " << Identifier{constraint.name()};
  v1::Statement& statement = renderer.Add(sql, kShareUpdateExclusive);
  renderer.set_stage(stage);
  Warn(statement, v1::FULL_SCAN, "this reads all rows of table", table);
  statement.set_scans_table(true);
  return statement;
}

bool CanLinger(const Object& index, const Renderer& renderer) {
  const Path table = index.path().Parent();
  const bool has_clients =
      HasClients(renderer, table) ||
      (renderer.online() && IsSteadyTable(renderer, table) &&
       !IsPartitioned(renderer.to(), table));
  return has_clients && !IsStandIn(index.name()) &&
         renderer.placement().LeavesAlone(index) &&
         !IsNameTaken(table, index.name(), renderer.to());
}

Sql IndexTail(const Object& index) {
  Sql sql = NewSql();
  if (index.Has("include")) {
    sql << " INCLUDE (" << Verbatim{index.Get("include")} << ")";
  }
  if (index.Has("nulls_not_distinct")) sql << " NULLS NOT DISTINCT";
  if (index.Has("options")) {
    sql << " WITH (" << Verbatim{OptionsInOrder(index)} << ")";
  }
  if (index.Has("tablespace")) {
    sql << " TABLESPACE " << Identifier{index.Get("tablespace")};
  }
  if (index.Has("predicate")) {
    sql << " WHERE " << Verbatim{index.Get("predicate")};
  }
  return sql;
}

}  // namespace fleet::postgres
