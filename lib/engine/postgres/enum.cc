#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/followers.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"labels", Compare::kExact, OnChange::kAlter, 30},
};

constexpr absl::string_view kOldSuffix = "__fleetctl_old";
constexpr size_t kNameBytesMax = 63;

Sql TypeWord(const Path& type) {
  Sql sql = NewSql();
  sql << "TYPE " << Name(type);
  return sql;
}

using Labels = std::vector<absl::string_view>;  // quoted

bool Contains(const Labels& labels, absl::string_view label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// True when `to` is `from` with labels inserted.
bool IsExtended(const Object& from, const Object& to) {
  const Labels before = SplitList(from.Get("labels"));
  const Labels after = SplitList(to.Get("labels"));
  size_t next = 0;
  for (absl::string_view label : after) {
    if (next < before.size() && before[next] == label) ++next;
  }
  return next == before.size();
}

// A label can be added in place; anything else is a new type.
OnChange OnLabelsChanged(const Object& from, const Object& to,
                         absl::Span<const absl::string_view> changed,
                         OnChange asked) {
  return IsExtended(from, to) ? asked : OnChange::kAlterDetached;
}

void Create(const Object& type, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << TypeWord(type.path()) << " AS ENUM ("
      << Verbatim{type.Get("labels")} << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(type, TypeWord(type.path()), renderer);
}

void Drop(const Object& type, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << TypeWord(type.path());
  Warn(renderer.Add(sql, kNoLock), v1::BREAKS_CLIENTS,
       "clients that name it will fail without type", type.path());
}

// Each new label stands before the first old one or after the label that it
// follows. A new label cannot be used in the transaction that adds it.
void AddLabels(const Object& from, const Object& to, Renderer& renderer) {
  const Labels before = SplitList(from.Get("labels"));
  const Labels after = SplitList(to.Get("labels"));
  for (size_t i = 0; i < after.size(); ++i) {
    if (Contains(before, after[i])) continue;
    Sql sql = NewSql();
    sql << "ALTER " << TypeWord(to.path()) << " ADD VALUE "
        << Verbatim{after[i]};
    if (i > 0) {
      sql << " AFTER " << Verbatim{after[i - 1]};
    } else if (!before.empty()) {
      sql << " BEFORE " << Verbatim{before[0]};
    }
    v1::Statement& statement = renderer.Add(sql, kNoLock);
    statement.set_transactional(false);
    Lint(Rule::kAddEnumValue, to.path(), statement);
    statement.set_reversibility(v1::LOSSY);
  }
}

// What no renderer can take along to a new type of the same name.
absl::Status CheckReplaceable(const Object& type, const Schema& from) {
  for (v1::ObjectKind kind : {v1::DOMAIN, v1::COMPOSITE, v1::RANGE}) {
    for (const Object& object : from.OfKind(kind)) {
      if (!DependsOn(object, type.key)) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "labels cannot be removed or moved while ", Describe(object.key),
          " is made of it; change them by hand"));
    }
  }
  for (const Object& column : from.OfKind(v1::COLUMN)) {
    if (!column.Has("generated") || !DependsOn(column, type.key)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("labels cannot be removed or moved while generated ",
                     Describe(column.key), " uses them; change them by hand"));
  }
  return absl::OkStatus();
}

// "[]" for a column that is an array of it.
absl::string_view ArraySuffix(const Object& column, const Object& type) {
  const std::string name = QuotePath(type.path());
  absl::string_view suffix = column.Get("type");
  return suffix.substr(0, name.size()) == name ? suffix.substr(name.size())
                                               : "?";
}

void ConvertColumn(const Object& from, const Object& to, const Object& type,
                   Renderer& renderer) {
  const absl::string_view suffix = ArraySuffix(from, type);
  const bool same_type = from.Get("type") == to.Get("type");
  if (from.Has("default")) {
    Sql sql = AlterColumn(from.path());
    sql << "DROP DEFAULT";
    renderer.Add(sql, kAccessExclusive);
  }
  Sql sql = AlterColumn(from.path());
  sql << "TYPE " << Name(type.path()) << Verbatim{suffix} << " USING "
      << Identifier{from.name()} << "::text" << Verbatim{suffix}
      << "::" << Name(type.path()) << Verbatim{suffix};
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  const Path table = from.path().Parent();
  Lint(Rule::kRemoveEnumValue, table, statement);
  Lint(Rule::kRewritingType, table, statement);
  Warn(statement, v1::DATA_DEPENDENT,
       "this fails on rows with a removed label in", from.path());
  if (same_type && to.Has("default") && !to.Has("generated")) {
    Sql set = AlterColumn(from.path());
    set << "SET DEFAULT " << Verbatim{to.Get("default")};
    renderer.Add(set, kAccessExclusive);
  }
}

// A column that comes from a parent table's goes over with that, but for its
// default.
void ConvertColumns(const Object& from, const Object& to, Renderer& renderer) {
  std::vector<const Object*> inherited;
  std::vector<const Object*> own;
  for (const Object& column : renderer.from().OfKind(v1::COLUMN)) {
    if (!DependsOn(column, from.key) || ArraySuffix(column, from) == "?" ||
        renderer.to().Find(column.key) == nullptr) {
      continue;
    }
    (column.Has("inherited") ? inherited : own).push_back(&column);
  }
  for (const Object* column : inherited) {
    Sql sql = AlterColumn(column->path());
    sql << "DROP DEFAULT";
    if (column->Has("default")) renderer.Add(sql, kAccessExclusive);
  }
  for (const Object* column : own) {
    ConvertColumn(*column, *renderer.to().Find(column->key), to, renderer);
  }
  for (const Object* column : inherited) {
    const Object& after = *renderer.to().Find(column->key);
    Sql sql = AlterColumnOnly(column->path(), renderer);
    if (after.Has("default")) {
      sql << "SET DEFAULT " << Verbatim{after.Get("default")};
    } else {
      sql << "DROP DEFAULT";
    }
    renderer.Add(sql, kAccessExclusive);
  }
}

// A new type in the place of the old one; every column goes over to it.
void Replace(const Object& from, const Object& to, Renderer& renderer) {
  const absl::Status replaceable = CheckReplaceable(from, renderer.from());
  if (!replaceable.ok()) return renderer.Fail(replaceable);
  KeepAccess(from, renderer);
  const std::vector<const Object*> followers = FollowersOf(from.key, renderer);
  DropFollowers(followers, renderer);
  const std::string old_name = absl::StrCat(
      from.name().substr(0, kNameBytesMax - kOldSuffix.size()), kOldSuffix);
  Sql rename = NewSql();
  rename << "ALTER " << TypeWord(from.path()) << " RENAME TO "
         << Identifier{old_name};
  renderer.Add(rename, kNoLock);
  Create(to, renderer);
  GiveBackAccess(from, renderer);
  ConvertColumns(from, to, renderer);
  Sql drop = NewSql();
  drop << "DROP " << TypeWord(from.path().Parent().Child(old_name));
  renderer.Add(drop, kNoLock);
  CreateFollowers(followers, renderer);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (Changed(difference, "labels")) {
    if (!IsExtended(from, to)) return Replace(from, to, renderer);
    AddLabels(from, to, renderer);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, TypeWord(to.path()), renderer);
  }
}

void RenameLabel(const Object& type, absl::string_view label,
                 absl::string_view name, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER " << TypeWord(type.path()) << " RENAME VALUE " << Literal{label}
      << " TO " << Literal{name};
  Warn(renderer.Add(sql, kNoLock), v1::BREAKS_CLIENTS,
       "clients that write the old label will fail with", type.path());
}

}  // namespace

void ReadEnums(Catalog& catalog) {
  absl::flat_hash_map<Oid, std::string> labels;
  for (int i = 0; i < catalog.RowCount(kEnumLabelRows); ++i) {
    const CatalogRow row = catalog.Row(kEnumLabelRows, i);
    std::string& list = labels[row.Id(0)];
    absl::StrAppend(&list, list.empty() ? "" : ", ", QuoteLiteral(row.Text(1)));
  }
  for (int i = 0; i < catalog.RowCount(kTypeRows); ++i) {
    const CatalogRow row = catalog.Row(kTypeRows, i);
    const Oid oid = row.Id(0);
    if (row.Letter(3) != 'e' || !catalog.IsUserSchema(row.Id(2)) ||
        catalog.IsExtensionMember(kTypeClass, oid)) {
      continue;
    }
    Object type(v1::ENUM, catalog.PathOf(row.Id(2), row.Text(1)));
    type.Set("labels", labels[oid]);
    catalog.DependOnSchema(type);
    catalog.Add(CatalogKey(kTypeClass, oid, 0), std::move(type));
  }
}

KindHandler EnumHandler() {
  KindHandler handler;
  handler.spec.kind = v1::ENUM;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.on_change = OnLabelsChanged;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  handler.rename_label = RenameLabel;
  return handler;
}

}  // namespace fleet::postgres
