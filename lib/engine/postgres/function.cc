#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"

// Functions and procedures. The last component of their path is the name as the
// server would quote it with the types of the input arguments: it is unique and
// can stand in a statement.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"argument_defaults", Compare::kExact, OnChange::kAlter, 10},
    {"arguments", Compare::kExact, OnChange::kRecreate, 40},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kAlter, 25},
    {"returns", Compare::kExact, OnChange::kRecreate, 40},
};

OnChange OnFunctionChanged(const Object& from, const Object& to,
                           absl::Span<const absl::string_view> changed,
                           OnChange asked) {
  // CREATE OR REPLACE cannot take a default away.
  const bool loses = ParseNumber(from.Get("argument_defaults")) >
                     ParseNumber(to.Get("argument_defaults"));
  return loses ? OnChange::kRecreate : asked;
}

Sql FunctionWord(const Object& function) {
  Sql sql = NewSql();
  function.kind() == v1::PROCEDURE ? sql << "PROCEDURE " : sql << "FUNCTION ";
  sql << Identifier{function.path().first()} << "."
      << Verbatim{function.name()};
  return sql;
}

// The server prints its clauses on lines of their own, before the body. Whoever
// calls it chooses what its names mean.
bool TrustsCaller(const Object& function) {
  const absl::string_view text = function.Get("definition");
  const absl::string_view head = text.substr(0, text.find("\nAS "));
  return absl::StrContains(head, " SECURITY DEFINER") &&
         !absl::StrContains(head, "\n SET search_path TO ");
}

void WriteDefinition(const Object& function, Renderer& renderer) {
  Sql sql = NewSql();
  sql << Verbatim{function.Get("definition")};
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (TrustsCaller(function)) {
    Lint(Rule::kSecurityDefiner, function.path(), statement);
  }
}

void Create(const Object& function, Renderer& renderer) {
  WriteDefinition(function, renderer);
  WriteNewComment(function, FunctionWord(function), renderer);
}

void Drop(const Object& function, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << FunctionWord(function);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (!GoesAway(function, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that call it will fail without function", function.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (!OnlyCommentChanged(difference)) {
    WriteDefinition(to, renderer);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, FunctionWord(to), renderer);
  }
}

std::string Signature(const CatalogRow& row, const Catalog& catalog) {
  std::vector<std::string> types;
  for (int64_t type : ParseNumbers(row.Text(4))) {
    types.push_back(catalog.types().Format(static_cast<Oid>(type), -1));
  }
  return absl::StrCat(QuoteName(row.Text(1)), "(", JoinList(types), ")");
}

KindHandler HandlerOf(v1::ObjectKind kind) {
  KindHandler handler;
  handler.spec.kind = kind;
  handler.spec.attributes = kAttributes;
  handler.spec.on_change = OnFunctionChanged;
  handler.spec.drop_risk = 45;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace

void ReadFunctions(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kFunctionRows); ++i) {
    const CatalogRow row = catalog.Row(kFunctionRows, i);
    const char sort = row.Letter(3);
    if (!catalog.IsUserSchema(row.Id(2))) continue;
    Object function(sort == 'p' ? v1::PROCEDURE : v1::FUNCTION,
                    catalog.PathOf(row.Id(2), Signature(row, catalog)));
    function.Set("definition", absl::StripTrailingAsciiWhitespace(row.Text(5)));
    function.Set("returns", row.Text(6));
    function.Set("arguments", row.Text(7));
    if (row.Count(8) > 0) function.Set("argument_defaults", row.Text(8));
    catalog.DependOnSchema(function);
    catalog.Add(CatalogKey(kFunctionClass, row.Id(0), 0), std::move(function));
  }
}

KindHandler FunctionHandler() { return HandlerOf(v1::FUNCTION); }
KindHandler ProcedureHandler() { return HandlerOf(v1::PROCEDURE); }

}  // namespace fleet::postgres
