#include <map>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Text search configurations. "mappings" lists the dictionaries of each type of
// token, in the order they are asked: "asciiword (a, b), word (b)".

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"mappings", Compare::kExact, OnChange::kAlter, 40},
    {"parser", Compare::kExact, OnChange::kRecreate, 50},
};

Sql ConfigurationWord(const Object& configuration) {
  Sql sql = NewSql();
  sql << "TEXT SEARCH CONFIGURATION " << Name(configuration.path());
  return sql;
}

// Token → dictionaries.
std::map<std::string, std::string> Mappings(absl::string_view text) {
  std::map<std::string, std::string> mappings;
  for (absl::string_view mapping : SplitList(text)) {
    mappings.emplace(std::string(mapping.substr(0, LeadingNameSize(mapping))),
                     std::string(FirstParenthesized(mapping)));
  }
  return mappings;
}

// Dictionaries → tokens: one statement for all that get the same.
using TokensByDictionaries = std::map<std::string, std::vector<std::string>>;

v1::Statement& AlterMapping(const Object& configuration, const Sql& verb,
                            const std::vector<std::string>& tokens,
                            absl::string_view dictionaries,
                            Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER " << ConfigurationWord(configuration) << " " << verb
      << " MAPPING FOR " << Verbatim{JoinList(tokens)};
  if (!dictionaries.empty()) sql << " WITH " << Verbatim{dictionaries};
  return renderer.Add(sql, kNoLock);
}

// True when tokens that are there change what becomes of them.
bool WriteMappings(const Object& configuration, absl::string_view from,
                   absl::string_view to, Renderer& renderer) {
  const std::map<std::string, std::string> before = Mappings(from);
  const std::map<std::string, std::string> after = Mappings(to);
  std::vector<std::string> dropped;
  TokensByDictionaries altered;
  TokensByDictionaries added;
  for (const auto& [token, dictionaries] : before) {
    if (!after.contains(token)) dropped.push_back(token);
  }
  for (const auto& [token, dictionaries] : after) {
    const auto found = before.find(token);
    if (found == before.end()) {
      added[dictionaries].push_back(token);
    } else if (found->second != dictionaries) {
      altered[dictionaries].push_back(token);
    }
  }
  if (!dropped.empty()) {
    AlterMapping(configuration, NewSql() << "DROP", dropped, "", renderer);
  }
  for (const auto& [dictionaries, tokens] : altered) {
    AlterMapping(configuration, NewSql() << "ALTER", tokens, dictionaries,
                 renderer);
  }
  for (const auto& [dictionaries, tokens] : added) {
    AlterMapping(configuration, NewSql() << "ADD", tokens, dictionaries,
                 renderer);
  }
  return !dropped.empty() || !altered.empty() || !added.empty();
}

void Create(const Object& configuration, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << ConfigurationWord(configuration)
      << " (PARSER = " << Verbatim{configuration.Get("parser")} << ")";
  renderer.Add(sql, kNoLock);
  WriteMappings(configuration, "", configuration.Get("mappings"), renderer);
  WriteNewComment(configuration, ConfigurationWord(configuration), renderer);
}

void Drop(const Object& configuration, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ConfigurationWord(configuration);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (WriteMappings(to, difference.from->Get("mappings"), to.Get("mappings"),
                    renderer)) {
    Warn(renderer.statements().back(), v1::CORRECTNESS,
         "vectors that are stored keep the words of the old", to.path());
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, ConfigurationWord(to), renderer);
  }
}

}  // namespace

RareQuery TextSearchConfigurationRows(int version) {
  RareQuery query;
  query.sort = "text search configuration";
  query.class_id = kTextSearchConfigurationClass;
  query.from = "pg_ts_config o";
  query.name = "o.cfgname";
  query.schema = "o.cfgnamespace";
  query.fields = {
      QualifiedNameOf("pg_ts_parser", "prs", "o.cfgparser"),
      absl::StrCat(
          "(SELECT string_agg(t, ', ' ORDER BY t COLLATE \"C\") FROM (SELECT "
          "quote_ident(k.alias) || ' (' || string_agg(",
          QualifiedNameOf("pg_ts_dict", "dict", "m.mapdict"),
          ", ', ' ORDER BY m.mapseqno) || ')' AS t FROM pg_ts_config_map m "
          "JOIN ts_token_type(o.cfgparser) k ON k.tokid = m.maptokentype "
          "WHERE m.mapcfg = o.oid GROUP BY k.alias) s)")};
  return query;
}

void ReadTextSearchConfigurations(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("text search configuration")) {
    Object configuration(v1::TEXT_SEARCH_CONFIGURATION,
                         catalog.PathOf(row.schema(), row.name()));
    configuration.Set("parser", row.Field(0));
    configuration.Set("mappings", row.Field(1));
    catalog.DependOnSchema(configuration);
    catalog.AddRare(row, std::move(configuration));
  }
}

KindHandler TextSearchConfigurationHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TEXT_SEARCH_CONFIGURATION;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
