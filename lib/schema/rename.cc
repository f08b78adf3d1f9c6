#include "lib/schema/rename.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/kind.h"
#include "lib/schema/labels.h"

namespace fleet {
namespace {

struct Sort {
  absl::string_view word;
  std::vector<v1::ObjectKind> kinds;  // label: of what has labels

  bool IsOfLabels() const { return word == "label"; }
};

const std::vector<Sort>& Sorts() {
  static const auto& sorts = *new std::vector<Sort>{
      {"column", {v1::COLUMN}},
      {"constraint",
       {v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::CHECK, v1::FOREIGN_KEY,
        v1::EXCLUSION}},
      {"index", {v1::INDEX}},
      {"label", {v1::ENUM}},
      {"schema", {v1::SCHEMA}},
      {"sequence", {v1::SEQUENCE}},
      {"table", {v1::TABLE, v1::FOREIGN_TABLE}},
      {"type", {v1::ENUM, v1::DOMAIN, v1::COMPOSITE, v1::RANGE}},
      {"view", {v1::VIEW, v1::MATERIALIZED_VIEW}},
  };
  return sorts;
}

struct Hint {
  const Sort* sort = nullptr;
  std::string shown;  // the hint as written, printable
  std::string from;
  std::string to;
};

absl::StatusOr<Hint> Parse(const std::string& text) {
  Hint hint;
  hint.shown = Printable(text);
  const size_t colon = text.find(':');
  const size_t equals = text.rfind('=');
  if (colon == text.npos || equals == text.npos || equals <= colon + 1 ||
      equals + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("rename ", hint.shown,
                     ": have \"SORT:OLD=NEW\", as table:orders=purchases or "
                     "column:orders.total=amount"));
  }
  for (const Sort& sort : Sorts()) {
    if (sort.word == text.substr(0, colon)) hint.sort = &sort;
  }
  if (hint.sort == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rename ", hint.shown, ": have a sort of ",
        absl::StrJoin(Sorts(), ", ", [](std::string* out, const Sort& sort) {
          absl::StrAppend(out, sort.word);
        })));
  }
  hint.from = text.substr(colon + 1, equals - colon - 1);
  hint.to = text.substr(equals + 1);
  return hint;
}

// "orders" and "public.orders" are public.orders; "orders" is not the table
// "x.orders" of an engine without schemas.
bool IsCalled(const Path& path, absl::string_view name) {
  std::string tail;
  for (int i = path.size() - 1; i >= 0; --i) {
    tail = tail.empty() ? std::string(path.component(i))
                        : absl::StrCat(path.component(i), ".", tail);
    if (tail == name) return true;
  }
  return false;
}

std::vector<const Object*> Called(const Schema& schema, const Sort& sort,
                                  absl::string_view name) {
  std::vector<const Object*> found;
  for (v1::ObjectKind kind : sort.kinds) {
    for (const Object& object : schema.OfKind(kind)) {
      if (IsCalled(object.path(), name)) found.push_back(&object);
    }
  }
  return found;
}

// What `hint` may be called by now: parents that other hints rename may have
// their new names already.
std::vector<std::string> Spellings(const Hint& hint,
                                   const std::vector<Hint>& hints) {
  std::vector<std::string> spellings = {hint.from};
  for (const Hint& parent : hints) {
    const std::string inside = absl::StrCat(".", parent.from, ".");
    const std::string text = absl::StrCat(".", hint.from);
    const size_t at = text.find(inside);
    if (at == text.npos) continue;
    // The parent's own parents stay.
    const size_t dot = parent.from.rfind('.');
    const std::string renamed =
        dot == parent.from.npos
            ? parent.to
            : absl::StrCat(parent.from.substr(0, dot + 1), parent.to);
    spellings.push_back(absl::StrCat(text.substr(0, at), ".", renamed, ".",
                                     text.substr(at + inside.size()))
                            .substr(1));
  }
  return spellings;
}

// `spelling` has its new name already: "public.orders.total" where
// public.orders.amount is.
bool IsDone(const Schema& schema, const Hint& hint,
            const std::string& spelling) {
  const auto is_new = [&](const Object& object) {
    if (object.name() != hint.to &&
        object.name() != absl::AsciiStrToLower(hint.to)) {
      return false;
    }
    const Path parent = object.path().Parent();
    if (parent.empty()) return true;
    const size_t dot = spelling.rfind('.');
    // A column of another table proves nothing.
    if (dot == spelling.npos) return !KindOf(object.kind()).has_parent;
    return IsCalled(parent, spelling.substr(0, dot));
  };
  return std::any_of(
      hint.sort->kinds.begin(), hint.sort->kinds.end(), [&](auto kind) {
        const absl::Span<const Object> objects = schema.OfKind(kind);
        return std::any_of(objects.begin(), objects.end(), is_new);
      });
}

// One at most.
absl::StatusOr<const Object*> FindCalled(const Schema& schema, const Hint& hint,
                                         const std::string& name) {
  std::vector<const Object*> found = Called(schema, *hint.sort, name);
  if (found.empty()) {
    found = Called(schema, *hint.sort, absl::AsciiStrToLower(name));
  }
  if (found.size() > 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("rename ", hint.shown, ": ", Printable(name), " may be ",
                     found[0]->path().Dotted(), " or ",
                     found[1]->path().Dotted(), "; write more of its path"));
  }
  return found.empty() ? nullptr : found.front();
}

struct Labelled {
  const Object* type;
  std::string label;
};

bool HasLabel(const Object& type, const std::string& label) {
  const std::vector<std::string> labels = LabelsOf(type);
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// "public.mood.sad" as a type and one of its labels: both may hold dots, so
// each dot may be the one between them. `label` instead of the last part, where
// it is not empty.
std::vector<Labelled> LabelsCalled(const Schema& schema, const Sort& sort,
                                   const std::string& name,
                                   const std::string& label) {
  std::vector<Labelled> found;
  for (size_t dot = name.find('.'); dot != name.npos;
       dot = name.find('.', dot + 1)) {
    const std::string text = label.empty() ? name.substr(dot + 1) : label;
    for (const Object* type : Called(schema, sort, name.substr(0, dot))) {
      if (HasLabel(*type, text)) found.push_back({type, text});
    }
  }
  return found;
}

// Engines may fold names (SQLite).
const Object* FindFolded(const Schema& schema, v1::ObjectKind kind,
                         const Path& parent, const std::string& name) {
  const Object* found = schema.Find(kind, parent.Child(name));
  return found != nullptr
             ? found
             : schema.Find(kind, parent.Child(absl::AsciiStrToLower(name)));
}

// Where what is at `path` in the target is in the source, by the hints that
// have been resolved.
Path Moved(const Path& path, const std::map<Path, std::string>& names) {
  Path old;
  Path moved;
  for (const std::string& component : path.components()) {
    old = old.Child(component);
    const auto found = names.find(old);
    moved = moved.Child(found == names.end() ? component : found->second);
  }
  return moved;
}

class Resolver {
  using Old = std::pair<Hint, const Object*>;

 public:
  Resolver(const std::vector<Hint>& hints, const Schema& from, const Schema& to)
      : hints_(hints), from_(from), to_(to) {}

  absl::Status Add(const Hint& hint) {
    const std::vector<std::string> spellings = Spellings(hint, hints_);
    if (hint.sort->IsOfLabels()) return AddLabel(hint, spellings);
    const Object* old = nullptr;
    for (const std::string& spelling : spellings) {
      if (old != nullptr) break;
      ASSIGN_OR_RETURN(old, FindCalled(from_, hint, spelling));
    }
    if (old == nullptr) {
      for (const std::string& spelling : spellings) {
        if (IsDone(from_, hint, spelling)) return absl::OkStatus();
      }
      return absl::FailedPreconditionError(absl::StrCat(
          "rename ", hint.shown, ": the target has no ", hint.sort->word, " ",
          Printable(hint.from), ", nor one of the new name; correct the hint"));
    }
    const Object* taken =
        FindFolded(from_, old->kind(), old->path().Parent(), hint.to);
    if (taken != nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("rename ", hint.shown, ": the target has both, ",
                       Describe(old->key), " and ", Describe(taken->key),
                       "; drop one of them, or leave out the hint"));
    }
    olds_.push_back({hint, old});
    return absl::OkStatus();
  }

  // Labels are never folded.
  absl::Status AddLabel(const Hint& hint,
                        const std::vector<std::string>& spellings) {
    std::vector<Labelled> found;
    for (const std::string& spelling : spellings) {
      if (!found.empty()) break;
      found = LabelsCalled(from_, *hint.sort, spelling, "");
    }
    if (found.size() > 1) {
      return absl::FailedPreconditionError(absl::StrCat(
          "rename ", hint.shown, ": ", Printable(hint.from),
          " may be a label of ", Describe(found[0].type->key), " or of ",
          Describe(found[1].type->key), "; write more of its path"));
    }
    if (found.empty()) {
      for (const std::string& spelling : spellings) {
        if (!LabelsCalled(from_, *hint.sort, spelling, hint.to).empty()) {
          return absl::OkStatus();
        }
      }
      return absl::FailedPreconditionError(absl::StrCat(
          "rename ", hint.shown, ": the target has no label ",
          Printable(hint.from), ", nor one of the new name; correct the hint"));
    }
    if (HasLabel(*found[0].type, hint.to)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "rename ", hint.shown, ": ", Describe(found[0].type->key),
          " has both labels; leave out the hint"));
    }
    labels_.push_back({hint, found[0]});
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Rename>> Resolve() {
    // What things are in has its new name before them.
    std::stable_sort(olds_.begin(), olds_.end(),
                     [](const Old& a, const Old& b) {
                       return a.second->path().size() < b.second->path().size();
                     });
    std::map<Path, std::string> names;
    std::vector<Rename> renames;
    for (const auto& [hint, old] : olds_) {
      ASSIGN_OR_RETURN(const Object* now, Find(hint, *old, names));
      names[old->path()] = std::string(now->name());
      renames.push_back({old, now, "", ""});
    }
    for (const auto& [hint, old] : labels_) {
      ASSIGN_OR_RETURN(const Object* now, FindLabelled(hint, old, names));
      renames.push_back({old.type, now, old.label, hint.to});
    }
    std::sort(
        renames.begin(), renames.end(), [](const Rename& a, const Rename& b) {
          const int a_depth = a.from->path().size() + (a.IsOfLabel() ? 1 : 0);
          const int b_depth = b.from->path().size() + (b.IsOfLabel() ? 1 : 0);
          if (a_depth != b_depth) return a_depth > b_depth;
          return a.from->key == b.from->key ? a.from_label < b.from_label
                                            : a.from->key < b.from->key;
        });
    return renames;
  }

 private:
  absl::StatusOr<const Object*> Find(
      const Hint& hint, const Object& old,
      const std::map<Path, std::string>& names) const {
    const Path path = Moved(old.path(), names);
    const Object* now = FindFolded(to_, old.kind(), path.Parent(), hint.to);
    const Path still = path.Parent().Child(old.name());
    if (now != nullptr && to_.Find(old.kind(), still) != nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("rename ", hint.shown, ": the source still has ",
                       Describe({old.kind(), still}), "; leave out the hint"));
    }
    if (now != nullptr) return now;
    return absl::FailedPreconditionError(
        absl::StrCat("rename ", hint.shown, ": the source has no ",
                     Describe({old.kind(), path}), "; correct the hint"));
  }

  // The source's type, which has the new label in the place of the old.
  absl::StatusOr<const Object*> FindLabelled(
      const Hint& hint, const Labelled& old,
      const std::map<Path, std::string>& names) const {
    const Path path = Moved(old.type->path(), names);
    const Object* now = to_.Find(old.type->kind(), path);
    if (now == nullptr || !HasLabel(*now, hint.to)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "rename ", hint.shown, ": the source has no such label of ",
          Describe({old.type->kind(), path}), "; correct the hint"));
    }
    if (HasLabel(*now, old.label)) {
      return absl::FailedPreconditionError(
          absl::StrCat("rename ", hint.shown, ": the source still has label ",
                       Printable(old.label), "; leave out the hint"));
    }
    return now;
  }

  const std::vector<Hint>& hints_;
  const Schema& from_;
  const Schema& to_;
  std::vector<Old> olds_;
  std::vector<std::pair<Hint, Labelled>> labels_;
};

// What an object says, besides its name.
std::string Says(const Object& object, KindSpecs specs) {
  const auto kind = static_cast<size_t>(object.kind());
  std::string text;
  if (kind >= specs.size()) return text;
  for (const AttributeSpec& row : specs[kind].attributes) {
    if (row.compare == Compare::kIgnore || row.name == "comment") continue;
    if (!object.Has(row.name)) continue;
    absl::StrAppend(&text, row.name, "=", object.Get(row.name), "\n");
  }
  return text;
}

// A table says what its columns do, with their names: alike tables of few
// columns are too many.
std::string TableSays(const Object& table, const Schema& schema,
                      KindSpecs specs) {
  std::string text = Says(table, specs);
  for (const Object& column : schema.ChildrenOf(table.path(), v1::COLUMN)) {
    absl::StrAppend(&text, column.name(), "\n", Says(column, specs));
  }
  return text;
}

// By place and what is said: what only one of two schemas has.
using Only = std::map<std::pair<Path, std::string>, std::vector<const Object*>>;

Only OnlyIn(const Schema& schema, const Schema& other, v1::ObjectKind kind,
            KindSpecs specs) {
  Only only;
  // Both are in the order of keys: read once, side by side.
  const absl::Span<const Object> others = other.OfKind(kind);
  auto beside = others.begin();
  for (const Object& object : schema.OfKind(kind)) {
    while (beside != others.end() && beside->key < object.key) ++beside;
    if (beside != others.end() && beside->key == object.key) continue;
    const Path place = object.path().Parent();
    const bool is_table = kind == v1::TABLE;
    // The columns of a table that comes or goes are no change of their own.
    if (!is_table && other.Find(v1::TABLE, place) == nullptr) continue;
    only[{place,
          is_table ? TableSays(object, schema, specs) : Says(object, specs)}]
        .push_back(&object);
  }
  return only;
}

}  // namespace

std::vector<std::string> SuggestRenames(const Schema& from, const Schema& to,
                                        KindSpecs specs) {
  std::vector<std::string> hints;
  for (v1::ObjectKind kind : {v1::COLUMN, v1::TABLE}) {
    const Only gone = OnlyIn(from, to, kind, specs);
    if (gone.empty()) continue;
    const Only come = OnlyIn(to, from, kind, specs);
    for (const auto& [key, olds] : gone) {
      const auto found = come.find(key);
      if (found == come.end() || olds.size() != 1 ||
          found->second.size() != 1) {
        continue;
      }
      // No hint says such a name.
      if (absl::StrContains(found->second.front()->name(), "=")) continue;
      hints.push_back(absl::StrCat(kind == v1::TABLE ? "table:" : "column:",
                                   olds.front()->path().Dotted(), "=",
                                   found->second.front()->name()));
    }
  }
  std::sort(hints.begin(), hints.end());
  return hints;
}

absl::StatusOr<std::vector<Rename>> ResolveRenames(
    absl::Span<const std::string> hints, const Schema& from, const Schema& to) {
  std::vector<Hint> parsed;
  for (const std::string& text : hints) {
    ASSIGN_OR_RETURN(parsed.emplace_back(), Parse(text));
  }
  Resolver resolver(parsed, from, to);
  for (const Hint& hint : parsed) RETURN_IF_ERROR(resolver.Add(hint));
  return resolver.Resolve();
}

}  // namespace fleet
