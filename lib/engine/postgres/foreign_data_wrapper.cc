#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/foreign_options.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"handler", Compare::kExact, OnChange::kAlter, 50},
    {"options", Compare::kExact, OnChange::kAlter, 40},
    {"secret_options", Compare::kIgnore, OnChange::kIgnore, 0},
    {"validator", Compare::kExact, OnChange::kAlter, 30},
};

Sql WrapperWord(const Object& wrapper) {
  Sql sql = NewSql();
  sql << "FOREIGN DATA WRAPPER " << Name(wrapper.path());
  return sql;
}

void Create(const Object& wrapper, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << WrapperWord(wrapper);
  if (wrapper.Has("handler")) {
    sql << " HANDLER " << Verbatim{wrapper.Get("handler")};
  }
  if (wrapper.Has("validator")) {
    sql << " VALIDATOR " << Verbatim{wrapper.Get("validator")};
  }
  sql << OptionsClause(wrapper);
  WarnOfSecrets(renderer.Add(sql, kNoLock), wrapper);
  WriteNewComment(wrapper, WrapperWord(wrapper), renderer);
}

void Drop(const Object& wrapper, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << WrapperWord(wrapper);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (!OnlyCommentChanged(difference)) {
    Sql sql = NewSql();
    sql << "ALTER " << WrapperWord(to);
    if (Changed(difference, "handler")) {
      to.Has("handler") ? sql << " HANDLER " << Verbatim{to.Get("handler")}
                        : sql << " NO HANDLER";
    }
    if (Changed(difference, "validator")) {
      to.Has("validator")
          ? sql << " VALIDATOR " << Verbatim{to.Get("validator")}
          : sql << " NO VALIDATOR";
    }
    sql << OptionChangesClause(difference.from->Get("options"),
                               to.Get("options"));
    renderer.Add(sql, kNoLock);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, WrapperWord(to), renderer);
  }
}

}  // namespace

RareQuery ForeignDataWrapperRows(int version) {
  RareQuery query;
  query.sort = "foreign-data wrapper";
  query.class_id = kWrapperClass;
  query.from = "pg_foreign_data_wrapper o";
  query.present = "pg_foreign_data_wrapper";
  query.name = "o.fdwname";
  query.fields = {FunctionName("o.fdwhandler"), FunctionName("o.fdwvalidator"),
                  OptionsWithoutSecrets("o.fdwoptions"),
                  NamesOfSecrets("o.fdwoptions")};
  return query;
}

void ReadForeignDataWrappers(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("foreign-data wrapper")) {
    Object wrapper(v1::FOREIGN_DATA_WRAPPER, Path{row.name()});
    wrapper.Set("handler", row.Field(0));
    wrapper.Set("validator", row.Field(1));
    wrapper.Set("options", ForeignOptions(row.Field(2)));
    wrapper.Set("secret_options", JoinList(ParseArray(row.Field(3))));
    catalog.AddRare(row, std::move(wrapper));
  }
}

KindHandler ForeignDataWrapperHandler() {
  KindHandler handler;
  handler.spec.kind = v1::FOREIGN_DATA_WRAPPER;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
