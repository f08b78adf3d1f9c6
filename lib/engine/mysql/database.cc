#include <string>

#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

// The database itself: what new tables and routines get when they do not say.
// It is always there, under a name that does not count.

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"charset", Compare::kExact, OnChange::kAlter, 10},
    {"collation", Compare::kExact, OnChange::kAlter, 10},
    {"comment", Compare::kExact, OnChange::kAlter, 1},
};

void AlterDatabase(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  Sql sql(kMysqlQuoting);
  sql << "ALTER DATABASE CHARACTER SET " << Verbatim{to.Get("charset")}
      << " COLLATE " << Verbatim{to.Get("collation")};
  if (difference.from->Get("comment") != to.Get("comment")) {
    sql << " COMMENT " << Literal{to.Get("comment")};
  }
  AddAlone(sql, "EXCLUSIVE", renderer);
}

}  // namespace

KindHandler DatabaseHandler() {
  KindHandler handler;
  handler.spec.kind = v1::SCHEMA;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.alter = AlterDatabase;
  return handler;
}

}  // namespace fleet::mysql
