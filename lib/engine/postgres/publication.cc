#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Publications. "tables" lists s.t (a, b) WHERE (…), "schemas" their names.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"all_tables", Compare::kExact, OnChange::kRecreate, 50},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"generated_columns", Compare::kExact, OnChange::kAlter, 40},
    {"publish", Compare::kExact, OnChange::kAlter, 40},
    {"schemas", Compare::kExact, OnChange::kAlter, 40},
    {"tables", Compare::kExact, OnChange::kAlter, 40},
    {"via_root", Compare::kExact, OnChange::kAlter, 40},
};

Sql PublicationWord(const Object& publication) {
  Sql sql = NewSql();
  sql << "PUBLICATION " << Name(publication.path());
  return sql;
}

// "s.t" of "s.t (a) WHERE (…)".
absl::string_view TableOf(absl::string_view member) {
  bool quoted = false;
  for (size_t i = 0; i < member.size(); ++i) {
    if (member[i] == '"') quoted = !quoted;
    if (member[i] == ' ' && !quoted) return member.substr(0, i);
  }
  return member;
}

// What ADD, DROP and FOR take; empty where there is nothing.
Sql Members(const std::vector<absl::string_view>& tables,
            const std::vector<absl::string_view>& schemas) {
  const auto join = [](const std::vector<absl::string_view>& parts) {
    return JoinList(std::vector<std::string>(parts.begin(), parts.end()));
  };
  Sql sql = NewSql();
  if (!tables.empty()) sql << "TABLE " << Verbatim{join(tables)};
  if (!schemas.empty()) {
    if (!tables.empty()) sql << ", ";
    sql << "TABLES IN SCHEMA " << Verbatim{join(schemas)};
  }
  return sql;
}

std::vector<absl::string_view> Missing(
    const std::vector<absl::string_view>& list,
    const std::vector<absl::string_view>& from) {
  std::vector<absl::string_view> missing;
  for (absl::string_view member : list) {
    if (std::count(from.begin(), from.end(), member) == 0) {
      missing.push_back(member);
    }
  }
  return missing;
}

void WarnOfSubscribers(v1::Statement& statement, const Object& publication) {
  Warn(statement, v1::CORRECTNESS,
       "subscribers get something else from publication", publication.path());
}

void AlterMembers(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  const auto list = [](const Object& object, absl::string_view attribute) {
    return SplitList(object.Get(attribute));
  };
  const auto tables_before = list(*difference.from, "tables");
  const auto tables_after = list(to, "tables");
  const auto schemas_before = list(*difference.from, "schemas");
  const auto schemas_after = list(to, "schemas");
  std::vector<absl::string_view> gone = Missing(tables_before, tables_after);
  for (absl::string_view& member : gone) member = TableOf(member);
  const auto write = [&](Sql verb, const Sql& members) {
    if (members.empty()) return;
    Sql sql = NewSql();
    sql << "ALTER " << PublicationWord(to) << verb << members;
    WarnOfSubscribers(renderer.Add(sql, kShareUpdateExclusive), to);
  };
  write(NewSql() << " DROP ",
        Members(gone, Missing(schemas_before, schemas_after)));
  write(NewSql() << " ADD ", Members(Missing(tables_after, tables_before),
                                     Missing(schemas_after, schemas_before)));
}

// "publish = 'insert', publish_via_partition_root = true": `all`, or what
// differs from the default.
Sql Parameters(const Object& publication, bool all, const Renderer& renderer) {
  Sql sql = NewSql();
  const auto add = [&](const Sql& part) {
    if (!sql.empty()) sql << ", ";
    sql << part;
  };
  const absl::string_view publish = publication.Get("publish");
  if (all || !publish.empty()) {
    add(NewSql() << "publish = "
                 << Literal{publish.empty() ? "insert, update, delete, truncate"
                            : publish == "nothing" ? ""
                                                   : publish});
  }
  if (publication.Has("via_root")) {
    add(NewSql() << "publish_via_partition_root = true");
  } else if (all && renderer.server().server_version >= 130000) {
    add(NewSql() << "publish_via_partition_root = false");
  }
  if (publication.Has("generated_columns")) {
    add(NewSql() << "publish_generated_columns = "
                 << Verbatim{publication.Get("generated_columns")});
  } else if (all && renderer.server().server_version >= 180000) {
    add(NewSql() << "publish_generated_columns = none");
  }
  return sql;
}

void Create(const Object& publication, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << PublicationWord(publication);
  const Sql members = Members(SplitList(publication.Get("tables")),
                              SplitList(publication.Get("schemas")));
  if (publication.Has("all_tables")) {
    sql << " FOR ALL TABLES";
  } else if (!members.empty()) {
    sql << " FOR " << members;
  }
  const Sql parameters = Parameters(publication, false, renderer);
  if (!parameters.empty()) sql << " WITH (" << parameters << ")";
  renderer.Add(sql, kShareUpdateExclusive);
  WriteNewComment(publication, PublicationWord(publication), renderer);
}

void Drop(const Object& publication, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << PublicationWord(publication);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (!GoesAway(publication, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "subscribers will fail without publication", publication.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  AlterMembers(difference, renderer);
  if (Changed(difference, "publish") || Changed(difference, "via_root") ||
      Changed(difference, "generated_columns")) {
    Sql sql = NewSql();
    sql << "ALTER " << PublicationWord(to) << " SET ("
        << Parameters(to, true, renderer) << ")";
    WarnOfSubscribers(renderer.Add(sql, kNoLock), to);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, PublicationWord(to), renderer);
  }
}

std::string TablesField(int version) {
  return absl::StrCat(
      "(SELECT string_agg(format('%I.%I', n.nspname, c.relname)",
      version >= 150000
          ? " || coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), "
            "', ' ORDER BY a.attname COLLATE \"C\") FROM pg_attribute a WHERE "
            "a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)) || ')', '') || "
            "coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', "
            "'')"
          : "",
      ", ', ' ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\") FROM "
      "pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid "
      "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = o.oid)");
}

}  // namespace

RareQuery PublicationRows(int version) {
  RareQuery query;
  query.sort = "publication";
  query.class_id = kPublicationClass;
  query.from = "pg_publication o";
  query.present = "pg_publication";
  query.name = "o.pubname";
  query.fields = {
      "o.puballtables",
      "CASE WHEN NOT (o.pubinsert AND o.pubupdate AND o.pubdelete AND "
      "o.pubtruncate) THEN coalesce(nullif(concat_ws(', ', CASE WHEN "
      "o.pubinsert THEN 'insert' END, CASE WHEN o.pubupdate THEN 'update' END, "
      "CASE WHEN o.pubdelete THEN 'delete' END, CASE WHEN o.pubtruncate THEN "
      "'truncate' END), ''), 'nothing') END",
      version >= 130000 ? "o.pubviaroot" : "false", TablesField(version),
      version >= 150000
          ? "(SELECT string_agg(quote_ident(n.nspname), ', ' ORDER BY "
            "n.nspname COLLATE \"C\") FROM pg_publication_namespace s JOIN "
            "pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = o.oid)"
          : "NULL",
      version >= 180000 ? "CASE o.pubgencols WHEN 's' THEN 'stored' END"
                        : "NULL",
      // What it depends on: members with their relations, and schemas.
      "(SELECT string_agg(concat(r.oid, ' ', r.prrelid), ' ') FROM "
      "pg_publication_rel r WHERE r.prpubid = o.oid)",
      version >= 150000 ? "(SELECT string_agg(s.pnnspid::text, ' ') FROM "
                          "pg_publication_namespace s WHERE s.pnpubid = o.oid)"
                        : "NULL",
      version >= 150000
          ? "(SELECT string_agg(concat(r.prrelid, ' ', u), ' ') FROM "
            "pg_publication_rel r, unnest(r.prattrs) u "
            "WHERE r.prpubid = o.oid)"
          : "NULL"};
  return query;
}

void ReadPublications(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("publication")) {
    Object publication(v1::PUBLICATION, Path{row.name()});
    if (row.Is(0)) publication.Set("all_tables", "true");
    publication.Set("publish", row.Field(1));
    if (row.Is(2)) publication.Set("via_root", "true");
    publication.Set("tables", CanonicalExpression(row.Field(3)));
    publication.Set("schemas", row.Field(4));
    publication.Set("generated_columns", row.Field(5));
    const std::vector<int64_t> members = ParseNumbers(row.Field(6));
    for (size_t i = 0; i + 1 < members.size(); i += 2) {
      catalog.Depend(
          publication,
          CatalogKey(kRelationClass, static_cast<Oid>(members[i + 1]), 0));
    }
    for (int64_t schema : ParseNumbers(row.Field(7))) {
      catalog.Depend(publication,
                     CatalogKey(kSchemaClass, static_cast<Oid>(schema), 0));
    }
    const std::vector<int64_t> columns = ParseNumbers(row.Field(8));
    for (size_t i = 0; i + 1 < columns.size(); i += 2) {
      catalog.Depend(publication,
                     CatalogKey(kRelationClass, static_cast<Oid>(columns[i]),
                                static_cast<int>(columns[i + 1])));
    }
    catalog.AddRare(row, std::move(publication));
    // Row filters are noted as what the members depend on.
    const CatalogKey key(kPublicationClass, row.oid(), 0);
    for (size_t i = 0; i + 1 < members.size(); i += 2) {
      catalog.AddAlias(
          CatalogKey(kPublicationTableClass, static_cast<Oid>(members[i]), 0),
          key);
    }
  }
}

KindHandler PublicationHandler() {
  KindHandler handler;
  handler.spec.kind = v1::PUBLICATION;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 60;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
