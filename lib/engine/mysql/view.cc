#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"algorithm", Compare::kExact, OnChange::kAlter, 10},
    {"charset_client", Compare::kIgnore, OnChange::kIgnore, 0},
    {"collation_connection", Compare::kIgnore, OnChange::kIgnore, 0},
    {"definer", Compare::kExact, OnChange::kAlter, 20},
    {"definition", Compare::kExact, OnChange::kAlter, 20},
    {"security", Compare::kExact, OnChange::kAlter, 30},
};

Sql ViewSql(const Object& view, bool replace) {
  Sql sql(kMysqlQuoting);
  sql << "CREATE ";
  if (replace) sql << "OR REPLACE ";
  if (view.Has("algorithm")) {
    sql << "ALGORITHM=" << Verbatim{view.Get("algorithm")} << " ";
  }
  if (view.Has("definer")) {
    sql << "DEFINER=" << Verbatim{view.Get("definer")} << " ";
  }
  if (view.Has("security")) {
    sql << "SQL SECURITY " << Verbatim{view.Get("security")} << " ";
  }
  sql << "VIEW " << Identifier{view.name()} << " "
      << Verbatim{view.Get("definition")};
  return sql;
}

void Write(const Object& view, bool replace, Renderer& renderer) {
  Object object = view;
  // Of the general collations of Unicode, one is as good as another.
  if (absl::StartsWith(view.Get("collation_connection"), "utf8") &&
      absl::EndsWith(view.Get("collation_connection"), "_general_ci")) {
    object.Set("charset_client", "");
    object.Set("collation_connection", "");
  }
  // A view has no mode of its own.
  object.Set("sql_mode", kPinnedSqlMode);
  AddSessionSettings(object, renderer,
                     AddAlone(ViewSql(view, replace), "EXCLUSIVE", renderer));
}

void CreateView(const Object& view, Renderer& renderer) {
  Write(view, /*replace=*/false, renderer);
}

void AlterView(const Difference& difference, Renderer& renderer) {
  Write(*difference.to, /*replace=*/true, renderer);
}

void DropView(const Object& view, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "DROP VIEW " << Identifier{view.name()};
  v1::Statement& statement = AddAlone(sql, "EXCLUSIVE", renderer);
  if (renderer.to().Find(view.key) != nullptr) return;
  AddHazard(statement, v1::BREAKS_CLIENTS,
            absl::StrCat("queries of view ", view.path().Dotted(), " fail"));
}

// Where a name stands for a table: "from `t`", "join (`t`", never a column.
bool IsTablePlace(TokenSpan tokens, size_t i) {
  if (tokens[i].kind != TokenKind::kName) return false;
  if (i == 0 || (i + 1 < tokens.size() && tokens[i + 1].IsOperator('.'))) {
    return false;
  }
  const Token& before = tokens[i - 1];
  return before.Is("FROM") || before.Is("JOIN") || before.Is("STRAIGHT_JOIN") ||
         before.IsOperator('(');
}

void DependOn(const std::vector<ObjectKey>& keys, bool soft, Object& object) {
  for (const ObjectKey& key : keys) {
    if (key == object.key) continue;
    object.DependsOn(key.kind, key.path, soft);
  }
}

}  // namespace

void AddRelations(TokenSpan tokens, const ReadContext& context,
                  Object& object) {
  const bool is_view = object.kind() == v1::VIEW;
  std::vector<Path> tables;
  std::vector<std::string> columns;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::kName) continue;
    // In an expression only a name with the database in front is one.
    const bool qualified = i >= 2 && tokens[i - 1].IsOperator('.') &&
                           tokens[i - 2].value == context.database;
    if (qualified || (is_view && IsTablePlace(tokens, i))) {
      const auto found = context.relations.find(tokens[i].value);
      if (found != context.relations.end()) {
        DependOn(found->second, /*soft=*/false, object);
        tables.push_back(Path{tokens[i].value});
        continue;
      }
    }
    if (i + 1 < tokens.size() && tokens[i + 1].IsOperator('(')) {
      const auto found = context.routines.find(Folded(tokens[i].value));
      if (found != context.routines.end()) {
        DependOn(found->second, /*soft=*/true, object);
      }
    }
    if (i > 0 && tokens[i - 1].IsOperator('.')) {
      columns.push_back(Folded(tokens[i].value));
    }
  }
  if (!is_view) return;
  for (const Path& table : tables) {
    for (const std::string& column : columns) {
      object.DependsOn(v1::COLUMN, table.Child(column), /*soft=*/true);
    }
  }
}

absl::StatusOr<Object> ReadView(absl::string_view name, absl::string_view text,
                                const ReadContext& context) {
  ASSIGN_OR_RETURN(const Tokens all, Tokenize(text));
  const TokenSpan tokens = all;
  Object view(v1::VIEW, Path{name});
  size_t at = 1;
  if (at + 2 < tokens.size() && tokens[at].Is("ALGORITHM")) {
    view.Set("algorithm", tokens[at + 2].text);
    at += 3;
  }
  view.Set("definer", ReadDefiner(tokens, at));
  if (at + 2 < tokens.size() && tokens[at].Is("SQL")) {
    view.Set("security", tokens[at + 2].text);
    at += 3;
  }
  if (at + 2 >= tokens.size() || !tokens[at].Is("VIEW")) {
    return absl::InvalidArgumentError(
        absl::StrCat("view ", Printable(name), ": its text is not understood"));
  }
  at += 2;
  // Its own name may be printed with the database in front.
  if (tokens[at].IsOperator('.')) at += 2;
  const TokenSpan rest = tokens.subspan(at);
  view.Set("definition", TextWithout(context.database, rest));
  AddRelations(rest, context, view);
  return view;
}

KindHandler ViewHandler() {
  KindHandler handler;
  handler.spec.kind = v1::VIEW;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 40;
  handler.create = CreateView;
  handler.drop = DropView;
  handler.alter = AlterView;
  return handler;
}

}  // namespace fleet::mysql
