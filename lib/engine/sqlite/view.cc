#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/table_text.h"

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"definition", Compare::kExact, OnChange::kRecreate, 20},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
};

void CreateView(const Object& view, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "CREATE VIEW " << Identifier{WrittenName(view)} << " "
      << Verbatim{view.Has("spelling") ? view.Get("spelling")
                                       : view.Get("definition")};
  renderer.Add(sql, "EXCLUSIVE");
}

void DropView(const Object& view, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "DROP VIEW " << Identifier{WrittenName(view)};
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  if (renderer.to().Find(view.key) != nullptr) return;
  AddHazard(statement, v1::BREAKS_CLIENTS,
            absl::StrCat("queries of view ", view.path().Dotted(), " fail"));
}

// The dependencies of one view on others, by place in `views`.
std::vector<size_t> ViewsUnder(
    const Object& view, const absl::flat_hash_map<Path, size_t>& places) {
  std::vector<size_t> under;
  for (const Dependency& dependency : view.depends_on) {
    if (dependency.on.kind != v1::VIEW) continue;
    const auto found = places.find(dependency.on.path);
    if (found != places.end()) under.push_back(found->second);
  }
  return under;
}

}  // namespace

absl::Status ReadView(const Catalog::Row& row, const ReadContext& context,
                      std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(const Tokens all, Tokenize(row.sql));
  // CREATE VIEW name …
  constexpr size_t kAfterName = 3;
  if (all.size() <= kAfterName || !all[1].Is("VIEW")) {
    return absl::InvalidArgumentError(
        absl::StrCat("view ", row.name, ": its text is not understood"));
  }
  const TokenSpan rest = absl::MakeConstSpan(all).subspan(kAfterName);
  Object object(v1::VIEW, Path{FoldName(row.name)});
  SetWrittenName(row.name, object);
  const std::string canonical = Canonical(rest, context.known);
  object.Set("definition", canonical);
  SetSpelling(Written(rest, {}), canonical, object);
  AddRelations(rest, context, object.name(), object);
  objects.push_back(std::move(object));
  return absl::OkStatus();
}

void AddRelations(TokenSpan tokens, const ReadContext& context,
                  absl::string_view own, Object& object) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    // "AS name" gives a name to something else.
    if (!tokens[i].IsName() || (i > 0 && tokens[i - 1].Is("AS"))) continue;
    const std::string name = FoldName(tokens[i].text);
    const auto found = context.relations.find(name);
    if (name == own || found == context.relations.end()) continue;
    object.DependsOn(found->second.kind, found->second.path);
  }
}

void SoftenViewCycles(std::vector<Object>& objects) {
  std::vector<Object*> views;
  absl::flat_hash_map<Path, size_t> places;
  for (Object& object : objects) {
    if (object.kind() != v1::VIEW) continue;
    places[object.path()] = views.size();
    views.push_back(&object);
  }
  std::vector<std::vector<size_t>> above(views.size());
  std::vector<size_t> missing(views.size());
  std::deque<size_t> ready;
  for (size_t i = 0; i < views.size(); ++i) {
    for (size_t under : ViewsUnder(*views[i], places)) {
      above[under].push_back(i);
      ++missing[i];
    }
    if (missing[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    const size_t view = ready.front();
    ready.pop_front();
    for (size_t next : above[view]) {
      if (--missing[next] == 0) ready.push_back(next);
    }
  }
  // What is left is on a cycle or above one.
  for (size_t i = 0; i < views.size(); ++i) {
    if (missing[i] == 0) continue;
    for (Dependency& dependency : views[i]->depends_on) {
      const auto found = places.find(dependency.on.path);
      if (dependency.on.kind == v1::VIEW && found != places.end() &&
          missing[found->second] > 0) {
        dependency.soft = true;
      }
    }
  }
}

KindHandler ViewHandler() {
  KindHandler handler;
  handler.spec.kind = v1::VIEW;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 40;
  handler.create = CreateView;
  handler.drop = DropView;
  return handler;
}

}  // namespace fleet::sqlite
