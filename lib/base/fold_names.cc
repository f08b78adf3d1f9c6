#include "lib/base/fold_names.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace fleet {
namespace {

// Digits of a number that still fits into 64 bits, whatever they are.
constexpr size_t kDigitsMax = 18;

// Padded numbers fold only with others of the same width; unpadded ones have
// width 0 and fold with each other across widths.
struct Stem {
  std::string before;
  std::string after;
  size_t width = 0;

  bool operator<(const Stem& other) const {
    return std::tie(before, after, width) <
           std::tie(other.before, other.after, other.width);
  }
};

struct Number {
  int64_t value = 0;
  std::string digits;
  bool operator<(const Number& other) const { return value < other.value; }
};

bool Split(const std::string& name, Stem* stem, Number* number) {
  size_t end = name.size();
  while (end > 0 && !absl::ascii_isdigit(name[end - 1])) --end;
  size_t begin = end;
  while (begin > 0 && absl::ascii_isdigit(name[begin - 1])) --begin;
  if (begin == end || end - begin > kDigitsMax) return false;
  number->digits = name.substr(begin, end - begin);
  if (!absl::SimpleAtoi(number->digits, &number->value)) return false;
  stem->before = name.substr(0, begin);
  stem->after = name.substr(end);
  stem->width = 0;
  return true;
}

std::string Folded(const Stem& stem, const std::vector<Number>& numbers) {
  if (numbers.size() == 1) {
    return absl::StrCat(stem.before, numbers[0].digits, stem.after);
  }
  std::vector<std::string> ranges;
  for (size_t first = 0; first < numbers.size();) {
    size_t last = first;
    while (last + 1 < numbers.size() &&
           numbers[last + 1].value == numbers[last].value + 1) {
      ++last;
    }
    ranges.push_back(last == first ? numbers[first].digits
                                   : absl::StrCat(numbers[first].digits, "-",
                                                  numbers[last].digits));
    first = last + 1;
  }
  return absl::StrCat(stem.before, "[", absl::StrJoin(ranges, ","), "]",
                      stem.after);
}

}  // namespace

std::vector<std::string> FoldNames(const std::vector<std::string>& names) {
  std::map<Stem, std::vector<Number>> by_stem;
  // By first name, so that the folded list reads in the order of the names.
  std::vector<std::pair<std::string, std::string>> lines;
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());

  // "09" is padded, and so is "10" where "09" is there: first find the widths.
  std::map<Stem, std::vector<Number>> unsorted;
  for (const std::string& name : sorted) {
    Stem stem;
    Number number;
    if (Split(name, &stem, &number)) {
      unsorted[stem].push_back(number);
    } else {
      lines.emplace_back(name, name);
    }
  }
  for (const auto& [stem, numbers] : unsorted) {
    std::vector<size_t> padded_widths;
    for (const Number& number : numbers) {
      if (number.digits.size() > 1 && number.digits[0] == '0') {
        padded_widths.push_back(number.digits.size());
      }
    }
    for (const Number& number : numbers) {
      Stem of_width = stem;
      if (std::find(padded_widths.begin(), padded_widths.end(),
                    number.digits.size()) != padded_widths.end()) {
        of_width.width = number.digits.size();
      }
      by_stem[of_width].push_back(number);
    }
  }
  for (auto& [stem, numbers] : by_stem) {
    std::sort(numbers.begin(), numbers.end());
    lines.emplace_back(absl::StrCat(stem.before, numbers[0].digits, stem.after),
                       Folded(stem, numbers));
  }
  std::sort(lines.begin(), lines.end());
  std::vector<std::string> folded;
  for (auto& [first, line] : lines) folded.push_back(std::move(line));
  return folded;
}

std::string FoldedNames(const std::vector<std::string>& names) {
  return absl::StrJoin(FoldNames(names), ", ");
}

}  // namespace fleet
