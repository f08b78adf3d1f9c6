#include "lib/engine/postgres/sequence_options.h"

#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fleet::postgres {
namespace {

struct Rules {
  int64_t start = 1;
  int64_t increment = 1;
  int64_t maximum = 0;
  int64_t minimum = 1;
  int64_t cache = 1;
  bool cycles = false;
};

int64_t TypeMaximum(absl::string_view type) {
  if (type == "smallint") return std::numeric_limits<int16_t>::max();
  if (type == "integer") return std::numeric_limits<int32_t>::max();
  return std::numeric_limits<int64_t>::max();
}

// What the server takes where nothing is said.
Rules Defaults(int64_t increment, absl::string_view type) {
  Rules rules;
  rules.increment = increment;
  if (increment > 0) {
    rules.minimum = 1;
    rules.maximum = TypeMaximum(type);
  } else {
    rules.minimum = -TypeMaximum(type) - 1;
    rules.maximum = -1;
  }
  return rules;
}

std::vector<std::string> Print(const Rules& rules, const Rules& defaults,
                               bool full) {
  std::vector<std::string> text;
  const auto say = [&](absl::string_view word, int64_t value, int64_t normal) {
    if (full || value != normal) text.push_back(absl::StrCat(word, " ", value));
  };
  say("START WITH", rules.start,
      defaults.increment > 0 ? rules.minimum : rules.maximum);
  say("INCREMENT BY", rules.increment, 1);
  say("MINVALUE", rules.minimum, defaults.minimum);
  say("MAXVALUE", rules.maximum, defaults.maximum);
  say("CACHE", rules.cache, 1);
  if (rules.cycles) {
    text.push_back("CYCLE");
  } else if (full) {
    text.push_back("NO CYCLE");
  }
  return text;
}

// The rules that a canonical text stands for.
Rules ParseRules(absl::string_view options, absl::string_view type) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(options, ' ', absl::SkipEmpty());
  const auto after = [&](absl::string_view word, int64_t otherwise) {
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] != word) continue;
      const bool two_words = words[i + 1] == "WITH" || words[i + 1] == "BY";
      const size_t value = i + (two_words ? 2 : 1);
      if (value < words.size()) return ParseNumber(words[value]);
    }
    return otherwise;
  };
  const int64_t increment = after("INCREMENT", 1);
  Rules rules = Defaults(increment, type);
  rules.minimum = after("MINVALUE", rules.minimum);
  rules.maximum = after("MAXVALUE", rules.maximum);
  rules.start = after("START", increment > 0 ? rules.minimum : rules.maximum);
  rules.cache = after("CACHE", 1);
  rules.cycles = absl::EndsWith(options, "CYCLE");
  return rules;
}

}  // namespace

std::string SequenceOptions(const CatalogRow& row, absl::string_view type) {
  Rules rules;
  rules.start = row.Count(2);
  rules.increment = row.Count(3);
  rules.minimum = row.Count(4);
  rules.maximum = row.Count(5);
  rules.cache = row.Count(6);
  rules.cycles = row.Is(7);
  return absl::StrJoin(Print(rules, Defaults(rules.increment, type), false),
                       " ");
}

std::vector<std::string> SequenceRules(absl::string_view options,
                                       absl::string_view type) {
  const Rules rules = ParseRules(options, type);
  return Print(rules, rules, true);
}

absl::Status CheckLimits(absl::string_view from_options,
                         absl::string_view from_type,
                         absl::string_view to_options,
                         absl::string_view to_type) {
  const Rules from = ParseRules(from_options, from_type);
  const Rules to = ParseRules(to_options, to_type);
  if (from.start >= to.minimum && from.start <= to.maximum) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("its sequence starts at ", from.start,
                   ", outside of the wanted limits ", to.minimum, " to ",
                   to.maximum, "; restart it within them by hand first"));
}

}  // namespace fleet::postgres
