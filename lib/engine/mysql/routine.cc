#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

// Functions and procedures: the server keeps their text as it was written.

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kFunctionAttributes[] = {
    {"charset_client", Compare::kExact, OnChange::kAlter, 5},
    {"collation_connection", Compare::kExact, OnChange::kAlter, 5},
    {"definer", Compare::kExact, OnChange::kAlter, 20},
    {"definition", Compare::kExact, OnChange::kAlter, 30},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"prefix", Compare::kExact, OnChange::kAlter, 30},
    {"sql_mode", Compare::kExact, OnChange::kAlter, 10},
};
constexpr AttributeSpec kProcedureAttributes[] = {
    {"charset_client", Compare::kExact, OnChange::kAlter, 5},
    {"collation_connection", Compare::kExact, OnChange::kAlter, 5},
    {"definer", Compare::kExact, OnChange::kAlter, 20},
    {"definition", Compare::kExact, OnChange::kAlter, 30},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"sql_mode", Compare::kExact, OnChange::kAlter, 10},
};

void AppendKind(const Object& routine, Sql& sql) {
  if (routine.Has("prefix")) sql << Verbatim{routine.Get("prefix")} << " ";
  if (routine.kind() == v1::FUNCTION) {
    sql << "FUNCTION ";
  } else {
    sql << "PROCEDURE ";
  }
}

void Write(const Object& routine, bool replace, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "CREATE ";
  if (replace) sql << "OR REPLACE ";
  if (routine.Has("definer")) {
    sql << "DEFINER=" << Verbatim{routine.Get("definer")} << " ";
  }
  AppendKind(routine, sql);
  sql << Identifier{WrittenName(routine)}
      << Verbatim{routine.Get("definition")};
  AddSessionSettings(routine, renderer, AddAlone(sql, "EXCLUSIVE", renderer));
}

void CreateRoutine(const Object& routine, Renderer& renderer) {
  Write(routine, /*replace=*/false, renderer);
}

void DropRoutine(const Object& routine, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "DROP ";
  if (routine.kind() == v1::FUNCTION) {
    sql << "FUNCTION ";
  } else {
    sql << "PROCEDURE ";
  }
  sql << Identifier{WrittenName(routine)};
  v1::Statement& statement = AddAlone(sql, "EXCLUSIVE", renderer);
  AddHazard(
      statement, v1::BREAKS_CLIENTS,
      absl::StrCat(
          "calls of ", routine.path().Dotted(), " fail",
          renderer.to().Find(routine.key) ? " until it is there again" : ""));
}

void AlterRoutine(const Difference& difference, Renderer& renderer) {
  if (FlavourOf(renderer.server()).has_or_replace) {
    Write(*difference.to, /*replace=*/true, renderer);
    return;
  }
  DropRoutine(*difference.from, renderer);
  Write(*difference.to, /*replace=*/false, renderer);
}

KindHandler MakeHandler(v1::ObjectKind kind,
                        absl::Span<const AttributeSpec> attributes) {
  KindHandler handler;
  handler.spec.kind = kind;
  handler.spec.attributes = attributes;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 40;
  handler.create = CreateRoutine;
  handler.drop = DropRoutine;
  handler.alter = AlterRoutine;
  return handler;
}

}  // namespace

absl::StatusOr<Object> ReadRoutine(v1::ObjectKind kind, absl::string_view name,
                                   absl::string_view text,
                                   const ReadContext& context) {
  const Tokens all = TokenizeHead(text);
  const TokenSpan tokens = all;
  Object routine(kind, Path{Folded(name)});
  SetWrittenName(name, routine);
  size_t at = 1;
  routine.Set("definer", ReadDefiner(tokens, at));
  if (at < tokens.size() && tokens[at].Is("AGGREGATE")) {
    routine.Set("prefix", "AGGREGATE");
    ++at;
  }
  if (at + 2 >= tokens.size() ||
      !(tokens[at].Is("FUNCTION") || tokens[at].Is("PROCEDURE"))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "routine ", Printable(name), ": its text is not understood"));
  }
  at += 2;
  if (tokens[at].IsOperator('.')) at += 2;
  // As it was written, comments and all.
  const size_t begin =
      static_cast<size_t>(tokens[at].text.data() - text.data());
  routine.Set("definition", text.substr(begin));
  return routine;
}

KindHandler FunctionHandler() {
  return MakeHandler(v1::FUNCTION, kFunctionAttributes);
}
KindHandler ProcedureHandler() {
  return MakeHandler(v1::PROCEDURE, kProcedureAttributes);
}

}  // namespace fleet::mysql
