#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/column_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/view_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"column_comments", Compare::kExact, OnChange::kAlter, 0},
    {"column_defaults", Compare::kExact, OnChange::kAlter, 10},
    {"columns", Compare::kExact, OnChange::kRecreate, 40},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kAlter, 25},
    {"options", Compare::kExact, OnChange::kAlter, 25},
    {"options_order", Compare::kIgnore, OnChange::kIgnore, 0},
};

Sql ViewWord(const Object& view) {
  Sql sql = NewSql();
  sql << "VIEW " << Name(view.path());
  return sql;
}

bool KeepsColumns(const Object& from, const Object& to) {
  const absl::string_view before = from.Get("columns");
  const absl::string_view after = to.Get("columns");
  return before == after || absl::StartsWith(after, absl::StrCat(before, ", "));
}

// CREATE OR REPLACE can add columns behind the old ones, nothing else.
OnChange OnViewChanged(const Object& from, const Object& to,
                       absl::Span<const absl::string_view> changed,
                       OnChange asked) {
  return KeepsColumns(from, to) ? OnChange::kAlter : OnChange::kRecreate;
}

Sql Definition(const Object& view) {
  Sql sql = NewSql();
  sql << ViewWord(view);
  if (view.Has("options")) {
    sql << " WITH (" << Verbatim{OptionsInOrder(view)} << ")";
  }
  sql << " AS\n" << Verbatim{view.Get("definition")};
  return sql;
}

void WriteColumnDefaults(const Object& view, absl::string_view from,
                         absl::string_view to, Renderer& renderer) {
  const std::vector<absl::string_view> before = SplitList(from);
  const std::vector<absl::string_view> after = SplitList(to);
  const auto write = [&](absl::string_view entry, bool set) {
    const size_t space = LeadingNameSize(entry);
    Sql sql = NewSql();
    sql << "ALTER " << ViewWord(view) << " ALTER COLUMN "
        << Verbatim{entry.substr(0, space)} << " ";
    if (set) {
      sql << "SET" << Verbatim{entry.substr(space)};
    } else {
      sql << "DROP DEFAULT";
    }
    renderer.Add(sql, kAccessExclusive);
  };
  for (absl::string_view entry : before) {
    if (std::count(after.begin(), after.end(), entry) == 0) write(entry, false);
  }
  for (absl::string_view entry : after) {
    if (std::count(before.begin(), before.end(), entry) == 0) {
      write(entry, true);
    }
  }
}

void Create(const Object& view, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << Definition(view);
  renderer.Add(sql, kNoLock);
  WriteColumnDefaults(view, "", view.Get("column_defaults"), renderer);
  WriteNewComment(view, ViewWord(view), renderer);
  WriteColumnComments(view, "", view.Get("column_comments"), renderer);
}

void Drop(const Object& view, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ViewWord(view);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  Lint(Rule::kReplaceView, view.path(), statement);
  const Object* to = renderer.to().Find(view.key);
  if (to != nullptr && KeepsColumns(view, *to)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       to == nullptr ? "clients that name it will fail without view"
                     : "clients may fail on changed columns of view",
       view.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (Changed(difference, "definition") || Changed(difference, "columns") ||
      Changed(difference, "options")) {
    Sql sql = NewSql();
    sql << "CREATE OR REPLACE " << Definition(to);
    renderer.Add(sql, kAccessExclusive);
  }
  WriteColumnDefaults(to, from.Get("column_defaults"),
                      to.Get("column_defaults"), renderer);
  if (Changed(difference, "comment")) {
    WriteComment(to, ViewWord(to), renderer);
  }
  WriteColumnComments(to, from.Get("column_comments"),
                      to.Get("column_comments"), renderer);
}

// "c SET STATISTICS 80, c SET STORAGE EXTERNAL"
std::string ColumnSettings(const Relation& relation, const Catalog& catalog) {
  std::vector<std::string> settings;
  for (int index : relation.column_rows) {
    const CatalogRow row = catalog.Row(kColumnRows, index);
    const std::string name = QuoteName(row.Text(2));
    if (!row.IsNull(11)) {
      settings.push_back(absl::StrCat(name, " SET STATISTICS ", row.Text(11)));
    }
    const TypeRow* type = catalog.types().Find(row.Id(3));
    if (type != nullptr && type->storage != row.Letter(9)) {
      settings.push_back(
          absl::StrCat(name, " SET STORAGE ", StorageWord(row.Letter(9))));
    }
  }
  return JoinList(settings);
}

void ReadView(const Relation& relation, v1::ObjectKind kind,
              absl::string_view defaults, Catalog& catalog) {
  const CatalogRow row = catalog.Row(kRelationRows, relation.row);
  Object view(kind, catalog.PathOf(relation));
  view.Set("columns", PrintedColumns(relation, catalog));
  view.Set("definition", CanonicalQuery(row.Text(15)));
  SetOptions(row.Text(13), "", view);
  view.Set("column_defaults", defaults);
  if (kind == v1::MATERIALIZED_VIEW) {
    view.Set("column_settings", ColumnSettings(relation, catalog));
    view.Set("tablespace", catalog.TablespaceName(row.Id(8)));
    const absl::string_view method = catalog.AccessMethodName(row.Id(7));
    if (method != "heap") view.Set("access_method", method);
  }
  catalog.DependOnSchema(view);
  for (const ColumnRef& column : relation.columns) {
    if (!column.name.empty()) catalog.DependOnType(view, column.type);
  }
  catalog.Add(CatalogKey(kRelationClass, relation.oid, 0), std::move(view));
}

// "c DEFAULT 1, …" by view.
absl::flat_hash_map<Oid, std::string> ViewDefaults(const Catalog& catalog) {
  absl::flat_hash_map<Oid, std::string> defaults;
  for (int i = 0; i < catalog.RowCount(kDefaultRows); ++i) {
    const CatalogRow row = catalog.Row(kDefaultRows, i);
    const Relation* relation = catalog.FindRelation(row.Id(1));
    if (relation == nullptr || relation->kind != 'v') continue;
    const ColumnRef* column = relation->Column(row.Count(2));
    if (column == nullptr) continue;
    std::string& list = defaults[relation->oid];
    absl::StrAppend(&list, list.empty() ? "" : ", ", QuoteName(column->name),
                    " DEFAULT ", row.Text(3));
  }
  return defaults;
}

}  // namespace

std::string PrintedColumns(const Relation& relation, const Catalog& catalog) {
  std::vector<std::string> columns;
  for (int index : relation.column_rows) {
    const CatalogRow row = catalog.Row(kColumnRows, index);
    std::string column = absl::StrCat(
        QuoteName(row.Text(2)), " ",
        row.IsNull(13) ? catalog.types().Format(row.Id(3), row.Count(4))
                       : std::string(row.Text(13)));
    const TypeRow* type = catalog.types().Find(row.Id(3));
    if (row.Id(8) != 0 && type != nullptr && type->collation != row.Id(8)) {
      absl::StrAppend(&column, " COLLATE ", catalog.CollationName(row.Id(8)));
    }
    columns.push_back(std::move(column));
  }
  return JoinList(columns);
}

void WriteColumnComments(const Object& view, absl::string_view from,
                         absl::string_view to, Renderer& renderer) {
  const std::vector<absl::string_view> before = SplitList(from);
  const std::vector<absl::string_view> after = SplitList(to);
  const auto write = [&](absl::string_view entry, bool set) {
    const size_t is = LeadingNameSize(entry);
    Sql sql = NewSql();
    sql << "COMMENT ON COLUMN " << Name(view.path()) << "."
        << Verbatim{entry.substr(0, is)} << " IS ";
    if (set) {
      sql << Verbatim{entry.substr(is + 4)};
    } else {
      sql << "NULL";
    }
    renderer.Add(sql, kShareUpdateExclusive);
  };
  for (absl::string_view entry : before) {
    if (std::count(after.begin(), after.end(), entry) == 0) write(entry, false);
  }
  for (absl::string_view entry : after) {
    if (std::count(before.begin(), before.end(), entry) == 0) {
      write(entry, true);
    }
  }
}

void ReadViews(Catalog& catalog) {
  absl::flat_hash_map<Oid, std::string> defaults = ViewDefaults(catalog);
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind == 'v') {
      ReadView(*relation, v1::VIEW, defaults[relation->oid], catalog);
    } else if (relation->kind == 'm') {
      ReadView(*relation, v1::MATERIALIZED_VIEW, "", catalog);
    }
  }
}

KindHandler ViewHandler() {
  KindHandler handler;
  handler.spec.kind = v1::VIEW;
  handler.spec.attributes = kAttributes;
  handler.spec.on_change = OnViewChanged;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 40;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
