#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/foreign_options.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"options", Compare::kExact, OnChange::kAlter, 40},
    {"secret_options", Compare::kIgnore, OnChange::kIgnore, 0},
    {"type", Compare::kExact, OnChange::kRecreate, 50},
    {"version", Compare::kExact, OnChange::kAlter, 30},
    {"wrapper", Compare::kExact, OnChange::kRecreate, 50},
};

Sql ServerWord(const Object& server) {
  Sql sql = NewSql();
  sql << "SERVER " << Name(server.path());
  return sql;
}

void Create(const Object& server, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << ServerWord(server);
  if (server.Has("type")) sql << " TYPE " << Literal{server.Get("type")};
  if (server.Has("version")) {
    sql << " VERSION " << Literal{server.Get("version")};
  }
  sql << " FOREIGN DATA WRAPPER " << Identifier{server.Get("wrapper")}
      << OptionsClause(server);
  WarnOfSecrets(renderer.Add(sql, kNoLock), server);
  WriteNewComment(server, ServerWord(server), renderer);
}

void Drop(const Object& server, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ServerWord(server);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (!OnlyCommentChanged(difference)) {
    Sql sql = NewSql();
    sql << "ALTER " << ServerWord(to);
    if (Changed(difference, "version")) {
      sql << " VERSION ";
      to.Has("version") ? sql << Literal{to.Get("version")} : sql << "NULL";
    }
    sql << OptionChangesClause(difference.from->Get("options"),
                               to.Get("options"));
    renderer.Add(sql, kNoLock);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, ServerWord(to), renderer);
  }
}

}  // namespace

RareQuery ServerRows(int version) {
  RareQuery query;
  query.sort = "server";
  query.class_id = kServerClass;
  query.from =
      "pg_foreign_server o JOIN pg_foreign_data_wrapper w ON w.oid = o.srvfdw";
  query.name = "o.srvname";
  query.fields = {"o.srvtype", "o.srvversion", "w.fdwname",
                  OptionsWithoutSecrets("o.srvoptions"),
                  NamesOfSecrets("o.srvoptions")};
  return query;
}

void ReadServers(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("server")) {
    Object server(v1::SERVER, Path{row.name()});
    server.Set("type", row.Field(0));
    server.Set("version", row.Field(1));
    server.Set("wrapper", row.Field(2));
    server.Set("options", ForeignOptions(row.Field(3)));
    server.Set("secret_options", JoinList(ParseArray(row.Field(4))));
    catalog.AddRare(row, std::move(server));
  }
}

KindHandler ServerHandler() {
  KindHandler handler;
  handler.spec.kind = v1::SERVER;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
