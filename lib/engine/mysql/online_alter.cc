#include "lib/engine/mysql/online_alter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "lib/engine/mysql/flavour.h"

namespace fleet::mysql {
namespace {

bool Has(const Schema& schema, const Path& table, v1::ObjectKind kind) {
  return !schema.ChildrenOf(table, kind).empty();
}

bool IsReferenced(const Path& table, const Schema& schema) {
  const auto objects = schema.objects();
  return std::any_of(objects.begin(), objects.end(), [&](const Object& object) {
    return object.kind() == v1::FOREIGN_KEY &&
           std::any_of(object.depends_on.begin(), object.depends_on.end(),
                       [&](const Dependency& dependency) {
                         return dependency.on.kind == v1::TABLE &&
                                dependency.on.path == table;
                       });
  });
}

// What a column is, but for its place in the table.
Attributes WithoutPlace(const Object& column) {
  Attributes attributes = column.attributes;
  attributes.Set("after", "");
  return attributes;
}

// The columns that `object` names are in both schemas, and the same.
bool KeepsColumns(const Object& object, const Schema& from, const Schema& to) {
  return std::all_of(object.depends_on.begin(), object.depends_on.end(),
                     [&](const Dependency& dependency) {
                       if (dependency.on.kind != v1::COLUMN) return true;
                       const Object* before = from.Find(dependency.on);
                       const Object* after = to.Find(dependency.on);
                       return before != nullptr && after != nullptr &&
                              WithoutPlace(*before) == WithoutPlace(*after);
                     });
}

// The table's objects of `kind` are the same, down to the columns they name.
bool Keeps(v1::ObjectKind kind, const Path& table, const Schema& from,
           const Schema& to) {
  const auto before = from.ChildrenOf(table, kind);
  const auto after = to.ChildrenOf(table, kind);
  return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                    [&](const Object& a, const Object& b) {
                      return a.key == b.key && a.attributes == b.attributes &&
                             KeepsColumns(a, from, to);
                    });
}

// Of a column's own check: there is none, or nothing else changes.
bool KeepsColumnChecks(const Path& table, const Schema& from,
                       const Schema& to) {
  const auto columns = to.ChildrenOf(table, v1::COLUMN);
  return std::all_of(columns.begin(), columns.end(), [&](const Object& column) {
    const Object* before = from.Find(column.key);
    if (!column.Has("check") && (before == nullptr || !before->Has("check"))) {
      return true;
    }
    return before != nullptr && WithoutPlace(*before) == WithoutPlace(column);
  });
}

bool HasGenerated(const Path& table, const Schema& schema) {
  const auto columns = schema.ChildrenOf(table, v1::COLUMN);
  return std::any_of(columns.begin(), columns.end(), [](const Object& column) {
    return column.Has("generated");
  });
}

bool RenamesColumn(const Path& table, const Schema& from, const Schema& to) {
  const auto columns = to.ChildrenOf(table, v1::COLUMN);
  return std::any_of(columns.begin(), columns.end(), [&](const Object& column) {
    const Object* before = from.Find(column.key);
    return before != nullptr && before->Get("name") != column.Get("name");
  });
}

bool KeepsVersions(const Object& table) {
  return table.Has("versioned") || table.Has("system_period") ||
         table.Has("period");
}

bool DependsOnRows(const v1::Statement& statement) {
  return std::any_of(statement.hazards().begin(), statement.hazards().end(),
                     [](const v1::Hazard& hazard) {
                       return hazard.type() == v1::DATA_DEPENDENT;
                     }) ||
         std::any_of(statement.checks().begin(), statement.checks().end(),
                     [](const v1::Check& check) { return !check.warning(); });
}

// Of one of the two schemas.
std::string RefusalIn(const Schema& schema, const Path& table) {
  const Object* object = schema.Find(v1::TABLE, table);
  if (object == nullptr) return "its name changes";
  if (!absl::EqualsIgnoreCase(object->Get("engine"), "InnoDB")) {
    return "it is not of InnoDB";
  }
  if (KeepsVersions(*object)) return "it keeps versions of its rows";
  if (!Has(schema, table, v1::PRIMARY_KEY)) return "it has no primary key";
  if (Has(schema, table, v1::TRIGGER)) return "it has triggers";
  if (Has(schema, table, v1::FOREIGN_KEY)) return "it has foreign keys";
  if (IsReferenced(table, schema)) return "foreign keys refer to it";
  if (HasGenerated(table, schema)) return "it has computed columns";
  return "";
}

}  // namespace

bool IsPlainName(absl::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-';
         });
}

std::string OnlineRefusal(const Path& table, const Schema& from,
                          const Schema& to, const v1::Statement& statement) {
  if (!IsPlainName(table.last()) || table.last().size() > kCopiedNameBytesMax) {
    return "its name is too long, or has other than letters and digits";
  }
  for (const Schema* schema : {&from, &to}) {
    if (std::string refusal = RefusalIn(*schema, table); !refusal.empty()) {
      return refusal;
    }
  }
  if (RenamesColumn(table, from, to)) return "a column's name changes";
  if (!Keeps(v1::PRIMARY_KEY, table, from, to) ||
      !Keeps(v1::UNIQUE_KEY, table, from, to)) {
    return "a unique key changes, or a column of one";
  }
  if (!Keeps(v1::PARTITIONING, table, from, to)) {
    return "its partitions change";
  }
  // MySQL's names of checks are unique in a database: the copy gets others.
  const bool copies_checks = FlavourOf(from.info()).is_mariadb &&
                             Keeps(v1::CHECK, table, from, to) &&
                             KeepsColumnChecks(table, from, to);
  const bool has_checks = Has(from, table, v1::CHECK) ||
                          Has(to, table, v1::CHECK) ||
                          !KeepsColumnChecks(table, from, to);
  if (has_checks && !copies_checks) return "it has checks";
  if (DependsOnRows(statement)) return "rows decide whether it succeeds";
  return "";
}

void ReviewOnline(const Schema& from, const Schema& to,
                  std::vector<v1::Statement>& statements) {
  for (v1::Statement& statement : statements) {
    if (!statement.has_online()) continue;
    v1::OnlineAlter& online = *statement.mutable_online();
    online.set_refusal(
        OnlineRefusal(Path{online.table()}, from, to, statement));
    if (!online.refusal().empty()) online.clear_clauses();
  }
}

}  // namespace fleet::mysql
