#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/grants.h"
#include "lib/engine/postgres/rare_kinds.h"
#include "lib/schema/kind.h"

// Privileges, where a scope includes them: made of the attribute of each object
// that has one.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"included", Compare::kIgnore, OnChange::kIgnore, 0},
    {"privileges", Compare::kExact, OnChange::kAlter, 50},
};

// The role that OWNER stands for when the grants are written.
Sql OwnerNow(const Path& path, const Renderer& renderer) {
  Sql sql = NewSql();
  const Object* wanted = renderer.to().Find(v1::OWNER, path);
  const Object* had = FindAccessed(path, renderer.from());
  if (wanted != nullptr) {
    sql << Identifier{wanted->Get("owner")};
  } else if (had != nullptr) {
    sql << Identifier{had->Get("owner")};
  } else {
    sql << "CURRENT_USER";
  }
  return sql;
}

GrantWriter WriterFor(const Object& privileges, const Object& object,
                      const Renderer& renderer) {
  const Path& path = privileges.path();
  GrantWriter writer{NewSql(),
                     GrantableName(object, *FindAccessClass(object.kind())),
                     OwnerNow(path, renderer), "", nullptr};
  const Object* before = renderer.from().Find(v1::OWNER, path);
  const Object* after = renderer.to().Find(v1::OWNER, path);
  if (before != nullptr && after != nullptr &&
      !(before->attributes == after->attributes)) {
    writer.new_owner = QuoteName(after->Get("owner"));
  }
  if (KindOf(object.kind()).holds_data) {
    writer.has_column = [&renderer,
                         table = object.path()](absl::string_view column) {
      return renderer.to().Find(v1::COLUMN, table.Child(UnquoteName(column))) !=
             nullptr;
    };
  }
  return writer;
}

// Who may have got something just because an object was made.
std::set<std::string> DefaultGrantees(const Object& object,
                                      const Renderer& renderer) {
  const char letter = FindAccessClass(object.kind())->letter;
  std::set<std::string> grantees;
  for (const Schema* schema : {&renderer.from(), &renderer.to()}) {
    for (const Object& defaults : schema->OfKind(v1::DEFAULT_PRIVILEGES)) {
      const absl::string_view of = defaults.path().component(1);
      if (DefaultPrivilegesLetter(defaults) != letter) continue;
      if (!of.empty() && of != object.path().first()) continue;
      for (absl::string_view entry : SplitList(defaults.Get("privileges"))) {
        grantees.emplace(entry.substr(0, LeadingNameSize(entry)));
      }
      grantees.insert("PUBLIC");
    }
  }
  grantees.erase("OWNER");
  return grantees;
}

void Create(const Object& privileges, Renderer& renderer) {
  const Object* object = FindAccessed(privileges.path(), renderer.to());
  if (object == nullptr) return;
  const GrantWriter writer = WriterFor(privileges, *object, renderer);
  const std::set<std::string> grantees = DefaultGrantees(*object, renderer);
  if (grantees.empty()) {
    writer.Write(DefaultGrants(FindAccessClass(object->kind())->letter),
                 privileges.Get("privileges"), renderer);
    return;
  }
  Sql sql = NewSql();
  sql << "REVOKE ALL ON " << writer.on << " FROM " << writer.owner << ", "
      << Verbatim{JoinList({grantees.begin(), grantees.end()})};
  renderer.Add(sql, kNoLock);
  writer.Write("", privileges.Get("privileges"), renderer);
}

// They go with their object.
void Drop(const Object& privileges, Renderer& renderer) {}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  const Object* object = FindAccessed(to.path(), renderer.to());
  if (object == nullptr) return;
  WriterFor(to, *object, renderer)
      .Write(difference.from->Get("privileges"), to.Get("privileges"),
             renderer);
}

}  // namespace

KindHandler PrivilegesHandler() {
  KindHandler handler;
  handler.spec.kind = v1::PRIVILEGES;
  handler.spec.attributes = kAttributes;
  handler.spec.drop_risk = 0;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
