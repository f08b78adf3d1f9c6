#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/rare_kinds.h"

// What is seen but not understood: no handler, so it is never written. Tables
// that are opaque are read where their like is read.

namespace fleet::postgres {
namespace {

struct OpaqueSort {
  absl::string_view word;
  unsigned class_id;
  absl::string_view from;
  absl::string_view definition;
  absl::string_view present = "";
};

constexpr OpaqueSort kSorts[] = {
    {"language", kLanguageClass, "pg_language o",
     "concat_ws(' ', o.lanpltrusted, o.lanplcallfoid::regproc, "
     "o.laninline::regproc, o.lanvalidator::regproc)"},
    {"access method", kAccessMethodClass, "pg_am o",
     "concat_ws(' ', o.amhandler, o.amtype)", "pg_am WHERE oid >= 16384"},
    {"transform", kTransformClass, "pg_transform o",
     "concat_ws(' ', o.trffromsql::regprocedure, o.trftosql::regprocedure)"},
};

// Who is mapped, never how: the view shows options to nobody it should not,
// and nobody is asked for them here.
RareQuery UserMappingRows() {
  RareQuery query;
  query.sort = "user mapping";
  query.class_id = kUserMappingClass;
  query.from = "pg_user_mappings o";
  query.oid = "o.umid";
  query.name = "format('%s on server %s', o.usename, o.srvname)";
  query.fields = {"o.usename", "o.srvid"};
  return query;
}

// Where it comes from is a secret. Servers before 14 keep the oid one, too.
RareQuery SubscriptionRows(int version) {
  RareQuery query;
  query.sort = "subscription";
  query.class_id = kSubscriptionClass;
  query.from = "pg_subscription o";
  query.present = "pg_subscription";
  if (version < 140000) query.oid = "(16384 + (hashtext(o.subname) & 65535))";
  query.name = "o.subname";
  query.where =
      "o.subdbid = (SELECT oid FROM pg_database WHERE datname = "
      "current_database())";
  query.fields = {"o.subpublications"};
  return query;
}

}  // namespace

std::vector<RareQuery> OpaqueRows(int version) {
  std::vector<RareQuery> queries;
  for (const OpaqueSort& sort : kSorts) {
    RareQuery query;
    query.sort = sort.word;
    query.class_id = sort.class_id;
    query.from = std::string(sort.from);
    query.present = sort.present;
    query.fields = {absl::StrCat("(pg_identify_object(", sort.class_id,
                                 ", o.oid, 0)).identity"),
                    std::string(sort.definition)};
    queries.push_back(std::move(query));
  }
  queries.push_back(UserMappingRows());
  queries.push_back(SubscriptionRows(version));
  return queries;
}

void ReadOpaque(Catalog& catalog) {
  for (const OpaqueSort& sort : kSorts) {
    for (const RareRow& row : catalog.RareRows(sort.word)) {
      Object object(v1::OPAQUE, Path{sort.word, row.Field(0)});
      object.Set("definition", row.Field(1));
      catalog.AddRare(row, std::move(object));
    }
  }
  for (const RareRow& row : catalog.RareRows("user mapping")) {
    Object object(v1::OPAQUE, Path{"user mapping", row.name()});
    object.Set("definition", row.Field(0));
    catalog.Depend(object, CatalogKey(kServerClass, ParseOid(row.Field(1)), 0));
    catalog.AddRare(row, std::move(object));
  }
  for (const RareRow& row : catalog.RareRows("subscription")) {
    Object object(v1::OPAQUE, Path{"subscription", row.name()});
    object.Set("definition", row.Field(0));
    catalog.AddRare(row, std::move(object));
  }
}

}  // namespace fleet::postgres
