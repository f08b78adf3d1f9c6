#include <set>

#include "absl/strings/ascii.h"
#include "lib/engine/postgres/kinds.h"

// What a function's body names. The server keeps no dependencies of bodies that
// are strings, but runs them as soon as something calls the function: to fill a
// materialized view, for one. So the functions and views of which the names are
// in it are there before it where that can be. Soft edges: a name in a body may
// mean something else, and bodies may call each other.

namespace fleet::postgres {
namespace {

using Named = absl::flat_hash_map<absl::string_view, std::vector<ObjectKey>>;

// The body as a string, "" where it is parsed (BEGIN ATOMIC, RETURN).
absl::string_view StringBody(absl::string_view definition) {
  constexpr absl::string_view kBegin = "\nAS $";
  const size_t at = definition.find(kBegin);
  return at == definition.npos ? "" : definition.substr(at + kBegin.size());
}

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '$' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

template <typename Visit>
void ForEachWord(absl::string_view text, Visit visit) {
  for (size_t i = 0; i < text.size();) {
    if (!IsNameByte(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && IsNameByte(text[end])) ++end;
    visit(text.substr(i, end - i));
    i = end;
  }
}

Named NamesOf(Catalog& catalog) {
  Named named;
  const auto add = [&](absl::string_view name, const CatalogKey& key) {
    ObjectKey object = catalog.Resolve(key);
    if (!object.path.empty()) named[name].push_back(std::move(object));
  };
  for (int i = 0; i < catalog.RowCount(kFunctionRows); ++i) {
    const CatalogRow row = catalog.Row(kFunctionRows, i);
    add(row.Text(1), CatalogKey(kFunctionClass, row.Id(0), 0));
  }
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind != 'v' && relation->kind != 'm') continue;
    add(relation->name, CatalogKey(kRelationClass, relation->oid, 0));
  }
  return named;
}

}  // namespace

void DependBodies(Catalog& catalog) {
  const Named named = NamesOf(catalog);
  for (int i = 0; i < catalog.RowCount(kFunctionRows); ++i) {
    Object* function = catalog.FindObject(
        CatalogKey(kFunctionClass, catalog.Row(kFunctionRows, i).Id(0), 0));
    if (function == nullptr) continue;
    std::set<ObjectKey> used;
    ForEachWord(StringBody(function->Get("definition")),
                [&](absl::string_view word) {
                  const auto found = named.find(word);
                  if (found == named.end()) return;
                  used.insert(found->second.begin(), found->second.end());
                });
    used.erase(function->key);
    for (const ObjectKey& key : used) {
      function->DependsOn(key.kind, key.path, /*soft=*/true);
    }
  }
}

}  // namespace fleet::postgres
