#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"options", Compare::kExact, OnChange::kAlter, 40},
    {"template", Compare::kExact, OnChange::kRecreate, 50},
};

Sql DictionaryWord(const Object& dictionary) {
  Sql sql = NewSql();
  sql << "TEXT SEARCH DICTIONARY " << Name(dictionary.path());
  return sql;
}

void Create(const Object& dictionary, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << DictionaryWord(dictionary)
      << " (TEMPLATE = " << Verbatim{dictionary.Get("template")};
  if (dictionary.Has("options")) {
    sql << ", " << Verbatim{dictionary.Get("options")};
  }
  sql << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(dictionary, DictionaryWord(dictionary), renderer);
}

void Drop(const Object& dictionary, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << DictionaryWord(dictionary);
  renderer.Add(sql, kNoLock);
}

absl::string_view OptionName(absl::string_view option) {
  return option.substr(0, LeadingNameSize(option));
}

// A name without a value takes the option away.
std::string OptionChanges(absl::string_view from, absl::string_view to) {
  const std::vector<absl::string_view> before = SplitList(from);
  const std::vector<absl::string_view> after = SplitList(to);
  std::vector<std::string> changes;
  for (absl::string_view option : after) {
    if (std::count(before.begin(), before.end(), option) == 0) {
      changes.emplace_back(option);
    }
  }
  for (absl::string_view option : before) {
    const bool stays =
        std::any_of(after.begin(), after.end(), [&](absl::string_view other) {
          return OptionName(other) == OptionName(option);
        });
    if (!stays) changes.emplace_back(OptionName(option));
  }
  return JoinList(changes);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "options")) {
    const std::string changes =
        OptionChanges(difference.from->Get("options"), to.Get("options"));
    Sql sql = NewSql();
    sql << "ALTER " << DictionaryWord(to) << " (" << Verbatim{changes} << ")";
    Warn(renderer.Add(sql, kNoLock), v1::CORRECTNESS,
         "vectors that are stored keep the words of the old", to.path());
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, DictionaryWord(to), renderer);
  }
}

}  // namespace

RareQuery TextSearchDictionaryRows(int version) {
  RareQuery query;
  query.sort = "text search dictionary";
  query.class_id = kTextSearchDictionaryClass;
  query.from = "pg_ts_dict o";
  query.name = "o.dictname";
  query.schema = "o.dictnamespace";
  query.fields = {QualifiedNameOf("pg_ts_template", "tmpl", "o.dicttemplate"),
                  "o.dictinitoption"};
  return query;
}

void ReadTextSearchDictionaries(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("text search dictionary")) {
    Object dictionary(v1::TEXT_SEARCH_DICTIONARY,
                      catalog.PathOf(row.schema(), row.name()));
    dictionary.Set("template", row.Field(0));
    // ALTER moves an option to the end.
    std::vector<std::string> options;
    for (absl::string_view option : SplitList(row.Field(1))) {
      options.emplace_back(option);
    }
    std::sort(options.begin(), options.end());
    dictionary.Set("options", JoinList(options));
    catalog.DependOnSchema(dictionary);
    catalog.AddRare(row, std::move(dictionary));
  }
}

KindHandler TextSearchDictionaryHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TEXT_SEARCH_DICTIONARY;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
