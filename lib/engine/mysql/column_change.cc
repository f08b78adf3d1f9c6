#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lib/engine/mysql/column.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/mysql/type_range.h"

// What it takes to change a column.

namespace fleet::mysql {
namespace {

// N of "varchar(N)"; 0 for other types.
int64_t VarcharLength(absl::string_view type) {
  int64_t length = 0;
  if (!absl::ConsumePrefix(&type, "varchar(") ||
      !absl::ConsumeSuffix(&type, ")") || !absl::SimpleAtoi(type, &length)) {
    return 0;
  }
  return length;
}

int BytesPerCharacter(absl::string_view charset) {
  if (charset == "utf8mb4" || absl::StartsWith(charset, "utf16") ||
      charset == "utf32" || charset == "gb18030") {
    return 4;
  }
  if (absl::StartsWith(charset, "utf8") || charset == "ujis" ||
      charset == "eucjpms") {
    return 3;
  }
  if (charset == "latin1" || charset == "ascii" || charset == "binary") {
    return 1;
  }
  return charset.empty() ? 1 : 2;
}

// A value is stored after its length in bytes, which takes one byte or two.
bool KeepsLengthBytes(const Object& from, const Object& to) {
  constexpr int64_t kOneByteMax = 255;
  const int bytes = BytesPerCharacter(to.Get("charset"));
  const bool was_short = VarcharLength(from.Get("type")) * bytes <= kOneByteMax;
  const bool is_short = VarcharLength(to.Get("type")) * bytes <= kOneByteMax;
  return was_short == is_short;
}

size_t MemberCount(absl::string_view type) {
  const absl::StatusOr<Tokens> tokens = Tokenize(type);
  if (!tokens.ok()) return 0;
  return static_cast<size_t>(std::count_if(
      tokens->begin(), tokens->end(),
      [](const Token& token) { return token.kind == TokenKind::kString; }));
}

// Bytes that a value of an enum or set of so many members takes.
size_t MemberBytes(bool is_set, size_t count) {
  if (!is_set) return count < 256 ? 1 : 2;
  const size_t bytes = (count + 7) / 8;
  return bytes > 4 ? 8 : bytes;
}

bool AppendsMembers(absl::string_view from, absl::string_view to) {
  const bool is_set = absl::StartsWith(from, "set(");
  if (!is_set && !absl::StartsWith(from, "enum(")) return false;
  if (is_set != absl::StartsWith(to, "set(")) return false;
  if (!absl::StartsWith(to, absl::StripSuffix(from, ")"))) return false;
  return MemberBytes(is_set, MemberCount(from)) ==
         MemberBytes(is_set, MemberCount(to));
}

Cost CostOfType(const Object& from, const Object& to) {
  const int64_t before = VarcharLength(from.Get("type"));
  const int64_t after = VarcharLength(to.Get("type"));
  if (before > 0 && after >= before && KeepsLengthBytes(from, to)) {
    return kInstantGrowth;
  }
  if (AppendsMembers(from.Get("type"), to.Get("type"))) return kInstant;
  return kCopy;
}

// Members of an enum or set that the new type lacks: "'a', 'b'".
std::string LostMembers(absl::string_view from, absl::string_view to) {
  std::string lost;
  const absl::StatusOr<Tokens> before = Tokenize(from);
  const absl::StatusOr<Tokens> after = Tokenize(to);
  if (!before.ok() || !after.ok()) return lost;
  for (const Token& token : *before) {
    if (token.kind != TokenKind::kString) continue;
    const bool stays =
        std::any_of(after->begin(), after->end(), [&](const Token& other) {
          return other.kind == TokenKind::kString && other.value == token.value;
        });
    if (!stays) absl::StrAppend(&lost, lost.empty() ? "" : ", ", token.text);
  }
  return lost;
}

void NoteType(const Object& from, const Object& to, const Renderer& renderer,
              v1::Statement& statement) {
  const int64_t before = VarcharLength(from.Get("type"));
  const int64_t after = VarcharLength(to.Get("type"));
  const absl::string_view type = from.Get("type");
  if (before > 0 && after > 0) {
    AddRule(after < before ? Rule::kVarcharShrinks : Rule::kVarcharGrows,
            statement);
    if (after < before) CheckLength(from, after, renderer, statement);
  } else if (absl::StartsWith(type, "enum(") ||
             absl::StartsWith(type, "set(")) {
    AddRule(Rule::kMembers, statement);
    const std::string lost = LostMembers(type, to.Get("type"));
    if (!lost.empty()) CheckMembers(from, lost, renderer, statement);
  } else {
    AddRule(
        absl::StrContains(type, "char") ? Rule::kTextType : Rule::kColumnType,
        statement);
  }
}

// "int(5)" and "int", which hold the same.
bool IsShownOtherwise(absl::string_view from, absl::string_view to) {
  const absl::string_view name = from.substr(0, from.find_first_of("( "));
  const absl::string_view other = to.substr(0, to.find_first_of("( "));
  const auto after_width = [](absl::string_view type) {
    const size_t close = type.find(')');
    const size_t space = type.find(' ');
    return close != absl::string_view::npos   ? type.substr(close + 1)
           : space != absl::string_view::npos ? type.substr(space)
                                              : absl::string_view();
  };
  return name == other && absl::EndsWith(name, "int") &&
         after_width(from) == after_width(to);
}

// Of what is cheaper while nothing else about the column changes (measured).
std::optional<Cost> CostAlone(const Object& from, const Object& to,
                              absl::string_view name, const Flavour& flavour,
                              bool is_indexed) {
  if (name == "type" && IsShownOtherwise(from.Get("type"), to.Get("type"))) {
    return kInstantOption;
  }
  if (name == "collation" && !is_indexed &&
      (flavour.is_mariadb || flavour.is_quick_with_metadata)) {
    return kCollation;
  }
  if (!flavour.is_mariadb) return {};
  const bool stays_virtual =
      from.Get("stored") == "virtual" && to.Get("stored") == "virtual";
  if (name == "generated" && stays_virtual && !is_indexed) return kInstant;
  if (name == "versioning" && !to.Has("versioning")) return kInstant;
  return {};
}

// Whether rows decide if the column can have its new type.
bool MayNotFit(const Object& from, const Object& to) {
  const absl::string_view before = from.Get("type");
  const absl::string_view after = to.Get("type");
  if (absl::StartsWith(before, "enum(") && absl::StartsWith(after, "enum(")) {
    return !LostMembers(before, after).empty();
  }
  if (absl::StartsWith(before, "set(") && absl::StartsWith(after, "set(")) {
    return !LostMembers(before, after).empty();
  }
  return !HoldsEveryValue(before, after, BytesPerCharacter(to.Get("charset")));
}

// A length in characters, whatever each of them takes.
bool CountsCharacters(absl::string_view type) {
  return absl::StartsWith(type, "char(") ||
         absl::StartsWith(type, "varchar(") ||
         absl::StartsWith(type, "enum(") || absl::StartsWith(type, "set(");
}

}  // namespace

Cost CostOfChange(const Object& from, const Object& to,
                  absl::Span<const absl::string_view> changed,
                  const Flavour& flavour, bool is_indexed) {
  if (changed.size() == 1) {
    const std::optional<Cost> alone =
        CostAlone(from, to, changed.front(), flavour, is_indexed);
    if (alone.has_value()) return *alone;
  }
  Cost cost = kInstant;
  for (const absl::string_view name : changed) {
    Cost own = kCopy;
    if (name == "comment" || name == "default" || name == "name" ||
        name == "no_default" || name == "on_update" || name == "invisible") {
      own = kInstant;
    } else if (name == "not_null" && to.Has("not_null") &&
               absl::StrContains(to.Get("default"), "(")) {
      own = kCopy;  // rows with NULL would get a value that is computed
    } else if (name == "not_null") {
      own = kInPlace;
    } else if (name == "type") {
      own = CostOfType(from, to);
    }
    cost = std::max(cost, own);
  }
  return cost;
}

void NoteChange(const Object& from, const Object& to, const Renderer& renderer,
                v1::Statement& statement) {
  const std::string name = to.path().Dotted();
  if (from.Get("type") != to.Get("type") && CostOfType(from, to) == kCopy) {
    NoteType(from, to, renderer, statement);
    if (MayNotFit(from, to)) {
      AddHazard(statement, v1::DATA_DEPENDENT,
                absl::StrCat("fails when a value of ", name,
                             " does not fit its new type"));
    }
    AddHazard(statement, v1::BREAKS_CLIENTS,
              absl::StrCat("clients get values of ", name, " in another type"));
    statement.set_reversibility(v1::LOSSY);
  }
  if (!from.Has("not_null") && to.Has("not_null")) {
    AddRule(Rule::kNotNull, statement);
    CheckNoNulls(from, renderer, statement);
    AddHazard(statement, v1::DATA_DEPENDENT,
              absl::StrCat("fails when ", name, " is NULL in a row"));
  }
  if (from.Has("not_null") && !to.Has("not_null")) {
    AddRule(Rule::kNullable, statement);
  }
  if (from.Get("charset") != to.Get("charset")) {
    AddRule(Rule::kCharacterSet, statement);
    if (!HoldsEveryCharacter(from.Get("charset"), to.Get("charset"))) {
      AddHazard(
          statement, v1::DATA_DEPENDENT,
          absl::StrCat("fails when a value of ", name,
                       " has characters that its new character set lacks"));
    } else if (!CountsCharacters(to.Get("type"))) {
      AddHazard(statement, v1::DATA_DEPENDENT,
                absl::StrCat("fails when a value of ", name,
                             " is too long in its new character set"));
    }
  } else if (from.Get("collation") != to.Get("collation")) {
    AddRule(Rule::kCharacterSet, statement);
    AddHazard(
        statement, v1::CORRECTNESS,
        absl::StrCat("values of ", name, " compare and sort in another way"));
  }
}

void ReplaceColumn(const Object& from, const Object& to, Renderer& renderer) {
  const Path table = to.path().Parent();
  if (!from.Has("generated") || !to.Has("generated")) {
    renderer.Fail(absl::FailedPreconditionError(
        absl::StrCat("column ", to.path().Dotted(),
                     " cannot begin or cease to compute its value without "
                     "losing data; change it by hand")));
  }
  Sql clause(kMysqlQuoting);
  clause << "DROP COLUMN " << Identifier{WrittenName(from)} << ", ADD COLUMN "
         << ColumnSql(to, renderer);
  for (const v1::ObjectKind kind : {v1::INDEX, v1::UNIQUE_KEY}) {
    for (const Object& key : renderer.to().ChildrenOf(table, kind)) {
      const bool holds =
          std::any_of(key.depends_on.begin(), key.depends_on.end(),
                      [&](const Dependency& dependency) {
                        return dependency.on == to.key;
                      });
      if (!holds || renderer.from().Find(key.key) == nullptr) continue;
      clause << ", " << KeyMadeAgain(key, FlavourOf(renderer.server()));
    }
  }
  AddAlter(table, clause, kCopy, renderer);
}

}  // namespace fleet::mysql
