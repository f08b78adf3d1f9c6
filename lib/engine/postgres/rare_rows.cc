#include "lib/engine/postgres/rare_rows.h"

#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fleet::postgres {
namespace {

// Names and values of options that say how to get in. Wrappers choose their
// names freely, so this errs on the side of leaving out.
constexpr char kIsSecret[] =
    "(o[1] ~* '(pass|pwd|secret|token|credential|private|api_?key|access_?key|"
    "ssl_?key|auth)' OR o[2] ~* '(://[^/@]*:[^/@]*@|pass(word|wd)?\\s*=|"
    "pwd\\s*=)')";

std::string OptionsWhere(absl::string_view options, absl::string_view what,
                         absl::string_view where) {
  return absl::StrCat(
      "(SELECT array_agg(", what, " ORDER BY ", what,
      ") FROM (SELECT ARRAY["
      "split_part(t, '=', 1), substr(t, strpos(t, '=') + 1)] AS o, t FROM "
      "unnest(",
      options, ") t) s WHERE ", where, kIsSecret, ")");
}

std::string Select(const RareQuery& query) {
  std::vector<std::string> fields;
  for (const std::string& field : query.fields) {
    fields.push_back(absl::StrCat("coalesce((", field, ")::text, '')"));
  }
  return absl::StrCat("SELECT '", query.sort, "', ", query.class_id, "::oid, ",
                      query.oid, ", ", query.name, "::text, ", query.schema,
                      "::oid, ", query.relation, "::oid, ARRAY[",
                      absl::StrJoin(fields, ", "), "]::text[] FROM ",
                      query.from, " WHERE (", query.oid, " >= 16384",
                      query.also_users.empty() ? "" : " OR ", query.also_users,
                      ") AND ", query.where);
}

// The word for the branch in the answer to PresentRowsQuery: its class, or the
// place of its `present` among all of them.
std::string PresentWord(const RareQuery& query,
                        const std::set<absl::string_view>& presents) {
  if (query.present.empty()) return absl::StrCat(query.class_id);
  return absl::StrCat(
      "p", std::distance(presents.begin(), presents.find(query.present)));
}

std::set<absl::string_view> Presents(const std::vector<RareQuery>& queries) {
  std::set<absl::string_view> presents;
  for (const RareQuery& query : queries) {
    if (!query.present.empty()) presents.insert(query.present);
  }
  return presents;
}

}  // namespace

std::string PresentRowsQuery(const std::vector<RareQuery>& queries) {
  const std::set<absl::string_view> presents = Presents(queries);
  std::set<unsigned> noted;
  std::set<std::string> others;
  for (const RareQuery& query : queries) {
    if (query.present.empty()) {
      noted.insert(query.class_id);
    } else {
      others.insert(
          absl::StrCat(" UNION ALL SELECT '", PresentWord(query, presents),
                       "' WHERE EXISTS (SELECT FROM ", query.present, ")"));
    }
  }
  return absl::StrCat(
      "SELECT DISTINCT classid::text FROM pg_depend WHERE objid >= 16384 AND "
      "classid IN (",
      absl::StrJoin(noted, ", "), ")", absl::StrJoin(others, ""));
}

std::string RareRowsQuery(const std::vector<RareQuery>& queries,
                          const RowSet& present) {
  std::set<absl::string_view> words;
  for (int i = 0; i < present.rows(); ++i) words.insert(present.at(i, 0));
  const std::set<absl::string_view> presents = Presents(queries);
  std::vector<std::string> branches;
  std::set<std::string> with;
  for (const RareQuery& query : queries) {
    if (!words.contains(PresentWord(query, presents))) continue;
    branches.push_back(Select(query));
    if (!query.with.empty()) with.insert(query.with);
  }
  return absl::StrCat(with.empty() ? "" : "WITH ", absl::StrJoin(with, ", "),
                      with.empty() ? "" : " ",
                      absl::StrJoin(branches, " UNION ALL "));
}

std::string FunctionName(absl::string_view oid) {
  return absl::StrCat("nullif(", oid, ", 0)::regproc");
}

std::string FunctionSignature(absl::string_view oid) {
  return absl::StrCat("nullif(", oid, ", 0)::regprocedure");
}

std::string OperatorSignature(absl::string_view oid) {
  return absl::StrCat("nullif(", oid, ", 0)::regoperator");
}

std::string QualifiedNameOf(absl::string_view catalog, absl::string_view prefix,
                            absl::string_view oid) {
  return absl::StrCat(
      "(SELECT CASE WHEN n.nspname <> 'pg_catalog' THEN "
      "quote_ident(n.nspname) || '.' ELSE '' END || quote_ident(c.",
      prefix, "name) FROM ", catalog, " c JOIN pg_namespace n ON n.oid = c.",
      prefix, "namespace WHERE c.oid = ", oid, ")");
}

std::string OptionsWithoutSecrets(absl::string_view options) {
  return OptionsWhere(options, "t", "NOT ");
}

std::string NamesOfSecrets(absl::string_view options) {
  return OptionsWhere(options, "o[1]", "");
}

}  // namespace fleet::postgres
