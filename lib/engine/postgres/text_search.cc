#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Text search parsers and templates: names of functions in C, so all that can
// be done with them is to make and drop them.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kRecreate, 50},
};

Sql Word(const Object& object) {
  Sql sql = NewSql();
  object.kind() == v1::TEXT_SEARCH_PARSER ? sql << "TEXT SEARCH PARSER "
                                          : sql << "TEXT SEARCH TEMPLATE ";
  sql << Name(object.path());
  return sql;
}

void Create(const Object& object, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << Word(object) << " (" << Verbatim{object.Get("definition")}
      << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(object, Word(object), renderer);
}

void Drop(const Object& object, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << Word(object);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, Word(*difference.to), renderer);
}

void Read(absl::string_view sort, v1::ObjectKind kind, Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows(sort)) {
    Object object(kind, catalog.PathOf(row.schema(), row.name()));
    object.Set("definition", row.Field(0));
    catalog.DependOnSchema(object);
    catalog.AddRare(row, std::move(object));
  }
}

KindHandler HandlerOf(v1::ObjectKind kind) {
  KindHandler handler;
  handler.spec.kind = kind;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace

RareQuery TextSearchParserRows(int version) {
  RareQuery query;
  query.sort = "text search parser";
  query.class_id = kTextSearchParserClass;
  query.from = "pg_ts_parser o";
  query.name = "o.prsname";
  query.schema = "o.prsnamespace";
  query.fields = {absl::StrCat(
      "concat_ws(', ', 'START = ' || o.prsstart, 'GETTOKEN = ' || o.prstoken, "
      "'END = ' || o.prsend, 'HEADLINE = ' || ",
      FunctionName("o.prsheadline::oid"), ", 'LEXTYPES = ' || o.prslextype)")};
  return query;
}

void ReadTextSearchParsers(Catalog& catalog) {
  Read("text search parser", v1::TEXT_SEARCH_PARSER, catalog);
}

KindHandler TextSearchParserHandler() {
  return HandlerOf(v1::TEXT_SEARCH_PARSER);
}

RareQuery TextSearchTemplateRows(int version) {
  RareQuery query;
  query.sort = "text search template";
  query.class_id = kTextSearchTemplateClass;
  query.from = "pg_ts_template o";
  query.name = "o.tmplname";
  query.schema = "o.tmplnamespace";
  query.fields = {absl::StrCat("concat_ws(', ', 'INIT = ' || ",
                               FunctionName("o.tmplinit::oid"),
                               ", 'LEXIZE = ' || o.tmpllexize)")};
  return query;
}

void ReadTextSearchTemplates(Catalog& catalog) {
  Read("text search template", v1::TEXT_SEARCH_TEMPLATE, catalog);
}

KindHandler TextSearchTemplateHandler() {
  return HandlerOf(v1::TEXT_SEARCH_TEMPLATE);
}

}  // namespace fleet::postgres
