#include "absl/strings/match.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/printed.h"
#include "lib/engine/postgres/view_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"access_method", Compare::kExact, OnChange::kRecreate, 30},
    {"column_comments", Compare::kExact, OnChange::kAlter, 0},
    {"column_settings", Compare::kExact, OnChange::kRecreate, 10},
    {"columns", Compare::kExact, OnChange::kRecreate, 40},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kRecreate, 40},
    {"options", Compare::kExact, OnChange::kAlter, 5},
    {"options_order", Compare::kIgnore, OnChange::kIgnore, 0},
    {"tablespace", Compare::kExact, OnChange::kRecreate, 30},
};

Sql ViewWord(const Object& view) {
  Sql sql = NewSql();
  sql << "MATERIALIZED VIEW " << Name(view.path());
  return sql;
}

void Create(const Object& view, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << ViewWord(view);
  if (view.Has("access_method")) {
    sql << " USING " << Identifier{view.Get("access_method")};
  }
  if (view.Has("options")) {
    sql << " WITH (" << Verbatim{OptionsInOrder(view)} << ")";
  }
  if (view.Has("tablespace")) {
    sql << " TABLESPACE " << Identifier{view.Get("tablespace")};
  }
  sql << " AS\n" << Verbatim{view.Get("definition")};
  Warn(renderer.Add(sql, kNoLock), v1::FULL_SCAN,
       "its query runs to fill materialized view", view.path());
  for (absl::string_view setting : SplitList(view.Get("column_settings"))) {
    Sql alter = NewSql();
    alter << "ALTER " << ViewWord(view) << " ALTER COLUMN "
          << Verbatim{setting};
    renderer.Add(alter, absl::StrContains(setting, " SET STATISTICS ")
                            ? kShareUpdateExclusive
                            : kAccessExclusive);
  }
  WriteNewComment(view, ViewWord(view), renderer);
  WriteColumnComments(view, "", view.Get("column_comments"), renderer);
}

void Drop(const Object& view, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ViewWord(view);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!GoesAway(view, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that name it will fail without materialized view", view.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (Changed(difference, "options")) {
    Sql alter = NewSql();
    alter << "ALTER " << ViewWord(to) << " ";
    WriteOptions(alter, from.Get("options"), to.Get("options"), renderer);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, ViewWord(to), renderer);
  }
  WriteColumnComments(to, from.Get("column_comments"),
                      to.Get("column_comments"), renderer);
}

}  // namespace

KindHandler MaterializedViewHandler() {
  KindHandler handler;
  handler.spec.kind = v1::MATERIALIZED_VIEW;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 15;
  handler.spec.drop_risk = 40;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
