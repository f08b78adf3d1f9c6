#include "coordinator/selector.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/base/suggest.h"

namespace fleet {
namespace {

const std::vector<std::string>& Methods() {
  static const auto* const methods = new std::vector<std::string>{
      "tag", "name", "region", "engine", "agent", "label", "state", "version"};
  return *methods;
}

const std::vector<std::string>& States() {
  static const auto* const states = new std::vector<std::string>{
      "current", "drifted", "unknown", "unreachable"};
  return *states;
}

// "<17", ">=17" or "17".
struct VersionRange {
  std::string comparison;
  int64_t number = 0;
};

bool ParseVersion(absl::string_view text, VersionRange* range) {
  for (absl::string_view comparison : {"<=", ">=", "<", ">"}) {
    if (!absl::ConsumePrefix(&text, comparison)) continue;
    range->comparison = std::string(comparison);
    break;
  }
  return absl::SimpleAtoi(text, &range->number) && range->number >= 0;
}

// A target without a version is behind every one.
bool IsInRange(int64_t version, absl::string_view text) {
  VersionRange range;
  if (!ParseVersion(text, &range)) return false;
  if (range.comparison == "<=") return version <= range.number;
  if (range.comparison == ">=") return version >= range.number;
  if (range.comparison == "<") return version < range.number;
  if (range.comparison == ">") return version > range.number;
  return version == range.number;
}

// `*` is any text, `?` any one byte; the rest stands for itself.
bool GlobMatches(absl::string_view glob, absl::string_view text) {
  size_t g = 0, t = 0, star = glob.npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

std::vector<std::string> EngineWords(const v1::Target& target) {
  std::vector<std::string> words = {
      absl::AsciiStrToLower(v1::Engine_Name(target.engine()))};
  if (target.engine() == v1::POSTGRES) words.push_back("postgresql");
  if (!target.flavour().empty()) words.push_back(target.flavour());
  return words;
}

// What a glob of `method` is held against. A label's glob is "key=glob".
std::vector<std::string> Subjects(const v1::Target& target,
                                  absl::string_view method) {
  if (method == "all") return {""};
  if (method == "name") return {target.name()};
  if (method == "region") return {target.region()};
  if (method == "agent") return {target.agent()};
  if (method == "engine") return EngineWords(target);
  if (method == "tag") return {target.tags().begin(), target.tags().end()};
  std::vector<std::string> labels;
  for (const v1::Label& label : target.labels()) {
    labels.push_back(absl::StrCat(label.key(), "=", label.value()));
  }
  return labels;
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::Status Error(size_t offset, absl::string_view message) const {
    return absl::InvalidArgumentError(
        absl::StrCat("selector \"", Printable(text_), "\", column ", offset + 1,
                     ": ", message));
  }

  // The length of the atom at `offset`: up to a comma, a blank or the end.
  size_t AtomLength(size_t offset) const {
    size_t end = offset;
    while (end < text_.size() && text_[end] != ',' &&
           !absl::ascii_isspace(text_[end])) {
      ++end;
    }
    return end - offset;
  }

  // The atom in text_[offset, offset + length), without its `!`.
  absl::Status ParseAtom(size_t offset, size_t length, std::string* method,
                         std::vector<std::string>* values) const {
    const absl::string_view atom = text_.substr(offset, length);
    if (atom.empty()) {
      return Error(offset, "expected a name, all or method:value here");
    }
    if (atom == "all") {
      *method = "all";
      *values = {"*"};
      return absl::OkStatus();
    }
    const size_t colon = atom.find(':');
    if (colon == atom.npos) return ParseName(offset, atom, method, values);
    *method = std::string(atom.substr(0, colon));
    if (std::find(Methods().begin(), Methods().end(), *method) ==
        Methods().end()) {
      std::string hint = DidYouMean(*method, Methods());
      if (hint.empty()) {
        hint = absl::StrCat("; known: ", absl::StrJoin(Methods(), ", "));
      }
      return Error(offset, absl::StrCat("unknown method \"", Printable(*method),
                                        "\"", hint));
    }
    RETURN_IF_ERROR(ParseValues(offset + colon + 1, atom.substr(colon + 1),
                                *method == "label", values));
    return CheckStanding(offset + colon + 1, *method, *values);
  }

 private:
  absl::Status CheckStanding(size_t offset, absl::string_view method,
                             const std::vector<std::string>& values) const {
    for (const std::string& value : values) {
      VersionRange range;
      if (method == "version" && !ParseVersion(value, &range)) {
        return Error(offset, absl::StrCat("expected a version number or <17 "
                                          "after version:, have \"",
                                          Printable(value), "\""));
      }
      if (method == "state" && std::find(States().begin(), States().end(),
                                         value) == States().end()) {
        return Error(
            offset, absl::StrCat("unknown state \"", Printable(value),
                                 "\"; known: ", absl::StrJoin(States(), ", ")));
      }
      offset += value.size() + 1;
    }
    return absl::OkStatus();
  }

  absl::Status ParseName(size_t offset, absl::string_view atom,
                         std::string* method,
                         std::vector<std::string>* values) const {
    const size_t equals = atom.find('=');
    if (equals != atom.npos) {
      return Error(
          offset + equals,
          "a name has no \"=\"; write method:value, or label:key=value");
    }
    if (atom[0] == '!' || atom[0] == '@') {
      return Error(offset, absl::StrCat("expected a name, all or method:value "
                                        "here, have \"",
                                        atom.substr(0, 1), "\""));
    }
    *method = "name";
    return ParseValues(offset, atom, /*labels=*/false, values);
  }

  absl::Status ParseValues(size_t offset, absl::string_view text, bool labels,
                           std::vector<std::string>* values) const {
    std::string key;
    if (labels) {
      const size_t equals = text.find('=');
      if (equals == text.npos || equals == 0) {
        return Error(offset, "expected key=value after label:");
      }
      key = std::string(text.substr(0, equals + 1));
      text.remove_prefix(equals + 1);
      offset += equals + 1;
    }
    for (absl::string_view value : absl::StrSplit(text, '|')) {
      if (value.empty()) return Error(offset, "expected a value here");
      values->push_back(absl::StrCat(key, value));
      offset += value.size() + 1;
    }
    return absl::OkStatus();
  }

  absl::string_view text_;
};

}  // namespace

absl::StatusOr<Selector> Selector::Parse(absl::string_view text) {
  const Parser parser(text);
  Selector selector;
  size_t offset = 0;
  while (true) {
    while (offset < text.size() && absl::ascii_isspace(text[offset])) ++offset;
    if (offset == text.size()) break;
    std::vector<Atom>& term = selector.terms_.emplace_back();
    while (true) {
      Atom& atom = term.emplace_back();
      size_t length = parser.AtomLength(offset);
      atom.negated = length > 0 && text[offset] == '!';
      if (atom.negated) {
        ++offset;
        --length;
      }
      RETURN_IF_ERROR(
          parser.ParseAtom(offset, length, &atom.method, &atom.values));
      offset += length;
      if (offset == text.size() || text[offset] != ',') break;
      ++offset;
    }
  }
  if (selector.terms_.empty()) {
    return parser.Error(0, "it is empty; write all to select every target");
  }
  return selector;
}

absl::StatusOr<Selector> Selector::ParseAny(
    const std::vector<std::string>& texts) {
  if (texts.empty()) return Parse("all");
  Selector any;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Selector one, Parse(text));
    any.terms_.insert(any.terms_.end(), one.terms_.begin(), one.terms_.end());
  }
  return any;
}

bool Selector::IsOfTheMoment() const {
  for (const std::vector<Atom>& term : terms_) {
    for (const Atom& atom : term) {
      if (atom.method == "state" || atom.method == "version") return true;
    }
  }
  return false;
}

bool Selector::Matches(const v1::Target& target,
                       const Standings& standing) const {
  const auto stands = [&](const Atom& atom) {
    if (standing == nullptr) return false;
    const v1::TargetStatus now = standing(target);
    const std::string state =
        absl::AsciiStrToLower(v1::SyncState_Name(now.state()));
    return std::any_of(
        atom.values.begin(), atom.values.end(), [&](const std::string& value) {
          return atom.method == "state" ? value == state
                                        : IsInRange(now.version(), value);
        });
  };
  const auto matches = [&](const Atom& atom) {
    if (atom.method == "state" || atom.method == "version") {
      return stands(atom) != atom.negated;
    }
    for (const std::string& subject : Subjects(target, atom.method)) {
      for (const std::string& glob : atom.values) {
        if (GlobMatches(glob, subject)) return !atom.negated;
      }
    }
    return atom.negated;
  };
  for (const std::vector<Atom>& term : terms_) {
    if (std::all_of(term.begin(), term.end(), matches)) return true;
  }
  return false;
}

namespace {

absl::Status NothingSelected(const std::vector<v1::Target>& targets,
                             const std::vector<std::string>& selectors,
                             bool all_excluded) {
  if (targets.empty()) {
    return absl::NotFoundError(
        "there are no targets yet; start an agent that serves one");
  }
  const std::string text = Printable(absl::StrJoin(selectors, " "));
  if (all_excluded) {
    return absl::NotFoundError(absl::StrCat(
        "every target that \"", text, "\" selects is excluded; exclude less"));
  }
  std::set<std::string> tags;
  std::vector<std::string> words;
  for (const v1::Target& target : targets) {
    tags.insert(target.tags().begin(), target.tags().end());
  }
  for (const std::string& tag : tags) words.push_back("tag:" + tag);
  for (const v1::Target& target : targets) words.push_back(target.name());
  std::string hint;
  for (const std::string& selector : selectors) {
    if (hint.empty()) hint = DidYouMean(selector, words);
  }
  return absl::NotFoundError(
      absl::StrCat("no target matches \"", text, "\"; tags there are: ",
                   tags.empty() ? "none" : Printable(absl::StrJoin(tags, ", ")),
                   Printable(hint)));
}

}  // namespace

absl::StatusOr<std::vector<v1::Target>> Select(
    const std::vector<v1::Target>& targets,
    const std::vector<std::string>& selectors,
    const std::vector<std::string>& exclude, const Standings& standing) {
  ASSIGN_OR_RETURN(const Selector wanted, Selector::ParseAny(selectors));
  ASSIGN_OR_RETURN(const Selector unwanted, Selector::ParseAny(exclude));
  std::vector<v1::Target> selected;
  bool any_matched = false;
  for (const v1::Target& target : targets) {
    if (!wanted.Matches(target, standing)) continue;
    any_matched = true;
    if (!exclude.empty() && unwanted.Matches(target, standing)) continue;
    selected.push_back(target);
  }
  if (selected.empty()) {
    return NothingSelected(targets, selectors, any_matched);
  }
  std::sort(selected.begin(), selected.end(),
            [](const v1::Target& a, const v1::Target& b) {
              return a.name() < b.name();
            });
  return selected;
}

}  // namespace fleet
