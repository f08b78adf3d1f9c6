#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lib/base/printable.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"

// Primary keys, unique keys and indexes: one grammar for all of them.

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kPrimaryKeyAttributes[] = {
    {"columns", Compare::kExact, OnChange::kRecreate, 30},
    {"options", Compare::kExact, OnChange::kRecreate, 10},
};
constexpr AttributeSpec kUniqueKeyAttributes[] = {
    {"columns", Compare::kExact, OnChange::kRecreate, 30},
    {"hidden", Compare::kExact, OnChange::kAlter, 20},
    {"name", Compare::kExact, OnChange::kAlter, 5},
    {"options", Compare::kExact, OnChange::kRecreate, 10},
};
constexpr AttributeSpec kIndexAttributes[] = {
    {"columns", Compare::kExact, OnChange::kRecreate, 30},
    {"hidden", Compare::kExact, OnChange::kAlter, 20},
    {"name", Compare::kExact, OnChange::kAlter, 5},
    {"options", Compare::kExact, OnChange::kRecreate, 10},
    {"type", Compare::kExact, OnChange::kRecreate, 20},
};

// "PRIMARY KEY", "UNIQUE KEY `u`", "FULLTEXT KEY `ft`", "KEY `k`".
struct Head {
  v1::ObjectKind kind = v1::INDEX;
  std::string type;
  std::string name = "PRIMARY";
  size_t end = 0;  // tokens
};

Head HeadOf(TokenSpan tokens) {
  Head head;
  const auto is = [&](absl::string_view word) {
    return head.end < tokens.size() && tokens[head.end].Is(word);
  };
  if (is("PRIMARY")) {
    head.kind = v1::PRIMARY_KEY;
    ++head.end;
  } else if (is("UNIQUE")) {
    head.kind = v1::UNIQUE_KEY;
    ++head.end;
  } else if (!is("KEY")) {
    head.type = std::string(tokens[head.end++].text);
  }
  if (is("KEY") || is("INDEX")) ++head.end;
  if (head.kind != v1::PRIMARY_KEY && head.end < tokens.size()) {
    head.name = std::string(tokens[head.end++].Name());
  }
  return head;
}

void DependOnColumns(TokenSpan tokens, const Path& table, Object& key) {
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::kName) {
      key.DependsOn(v1::COLUMN, table.Child(Folded(token.value)));
    }
  }
}

bool IsNewTable(const Object& key, const Renderer& renderer) {
  return renderer.from().Find(v1::TABLE, key.path().Parent()) == nullptr;
}

// MySQL overlooks a change of nothing but options when the key is dropped and
// added in one ALTER.
std::string OnceMark(const Object& key, const Renderer& renderer) {
  const Object* from = renderer.from().Find(key.key);
  const Object* to = renderer.to().Find(key.key);
  const bool overlooked = !FlavourOf(renderer.server()).is_mariadb && from &&
                          to && from->Get("columns") == to->Get("columns") &&
                          from->Get("type") == to->Get("type");
  if (overlooked) return absl::StrCat("key ", key.name());
  return "";
}

Cost CostOfAdding(const Object& key, const Renderer& renderer) {
  if (KeepsRowsInOrder(key, renderer.to())) return kInPlace;
  if (key.Get("type") == "VECTOR") return kCopy;
  // A key of an expression is one of a hidden column, made with it.
  if (key.Has("type") || absl::StrContains(key.Get("columns"), "((")) {
    return kIndexShared;
  }
  return kNoCopy;
}

void CreateKey(const Object& key, Renderer& renderer) {
  const Path table = key.path().Parent();
  Sql clause(kMysqlQuoting);
  clause << "ADD " << KeyDefinition(key, FlavourOf(renderer.server()));
  std::string once = OnceMark(key, renderer);
  if (once.empty() && key.Get("type") == "FULLTEXT") once = "fulltext";
  v1::Statement& statement =
      AddAlter(table, clause, CostOfAdding(key, renderer), renderer, once);
  if (IsNewTable(key, renderer)) return;
  AddRule(key.kind() == v1::PRIMARY_KEY ? Rule::kAddPrimaryKey
          : key.Has("type")             ? Rule::kAddSpecialIndex
                                        : Rule::kAddIndex,
          statement);
  const Object* before = renderer.from().Find(key.key);
  if (key.kind() != v1::INDEX &&
      (before == nullptr || before->Get("columns") != key.Get("columns"))) {
    AddRule(Rule::kAddUnique, statement);
    CheckNoDuplicates(key, renderer, statement);
  }
  const std::string name = key.path().Dotted();
  statement.set_scans_table(true);
  AddHazard(statement, v1::INDEX_BUILD,
            absl::StrCat("reads all rows to build index ", name));
  if (key.kind() != v1::INDEX) {
    AddHazard(statement, v1::DATA_DEPENDENT,
              absl::StrCat("fails when rows have equal values for ", name));
  }
}

// A key that begins with the foreign key's columns.
bool HasKeyOf(const Object& foreign, const Schema& schema) {
  // "(`a`,`b`)" without what closes it.
  const absl::string_view columns =
      absl::StripSuffix(foreign.Get("columns"), ")");
  const Path table = foreign.path().Parent();
  for (const v1::ObjectKind kind :
       {v1::INDEX, v1::UNIQUE_KEY, v1::PRIMARY_KEY}) {
    for (const Object& key : schema.ChildrenOf(table, kind)) {
      absl::string_view rest = key.Get("columns");
      if (absl::ConsumePrefix(&rest, columns) &&
          (absl::StartsWith(rest, ",") || absl::StartsWith(rest, ")"))) {
        return true;
      }
    }
  }
  return false;
}

// A foreign key that refers to nothing may stay without a key of its own; the
// server drops the key only while it checks none.
bool LeavesDangling(const Object& key, const Renderer& renderer) {
  const Path table = key.path().Parent();
  for (const Object& foreign :
       renderer.to().ChildrenOf(table, v1::FOREIGN_KEY)) {
    if (foreign.Has("dangling") &&
        foreign.Get("columns") == key.Get("columns")) {
      return !HasKeyOf(foreign, renderer.to());
    }
  }
  return false;
}

void DropKey(const Object& key, Renderer& renderer) {
  const Path table = key.path().Parent();
  Sql clause(kMysqlQuoting);
  Cost cost = kIndexGone;
  if (key.kind() == v1::PRIMARY_KEY) {
    clause << "DROP PRIMARY KEY";
  } else {
    clause << "DROP KEY " << Identifier{WrittenName(key)};
  }
  if (LeavesDangling(key, renderer)) {
    v1::Statement& statement =
        AddAlter(table, clause, cost, renderer, "", kUncheckedBatch);
    RunUnchecked(statement);
    return;
  }
  if (KeepsRowsInOrder(key, renderer.from())) {
    const bool is_replaced =
        !renderer.to().ChildrenOf(table, v1::PRIMARY_KEY).empty();
    // In one statement with its successor, where it has one.
    const bool together = is_replaced && OnceMark(key, renderer).empty();
    cost = together ? kInPlace : kCopy;
  }
  v1::Statement& statement =
      AddAlter(table, clause, cost, renderer, OnceMark(key, renderer));
  if (renderer.to().Find(key.key) != nullptr) return;
  AddRule(
      key.kind() == v1::PRIMARY_KEY ? Rule::kDropPrimaryKey : Rule::kDropIndex,
      statement);
  AddHazard(statement, v1::INDEX_DROPPED,
            absl::StrCat("queries that use index ", key.path().Dotted(),
                         " become slower"));
}

// What is left when nothing has to be built: visibility, letters of the name.
void AlterKey(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  const Path table = to.path().Parent();
  if (WrittenName(from) != WrittenName(to)) {
    Sql clause(kMysqlQuoting);
    clause << "RENAME KEY " << Identifier{WrittenName(from)} << " TO "
           << Identifier{WrittenName(to)};
    AddAlter(table, clause, kInstantOption, renderer, "rename key");
  }
  if (from.Get("hidden") == to.Get("hidden")) return;
  Sql clause(kMysqlQuoting);
  clause << "ALTER INDEX " << Identifier{WrittenName(to)} << " ";
  if (FlavourOf(renderer.server()).is_mariadb) {
    if (!to.Has("hidden")) clause << "NOT ";
    clause << "IGNORED";
  } else if (to.Has("hidden")) {
    clause << "INVISIBLE";
  } else {
    clause << "VISIBLE";
  }
  // MySQL refuses it next to a rename.
  AddAlter(table, clause,
           FlavourOf(renderer.server()).is_mariadb ? kInstant : kNoCopy,
           renderer, "rename key");
}

std::string Summary(const Object& key) {
  std::string text(key.Get("type"));
  absl::StrAppend(&text, text.empty() ? "" : " ", key.Get("columns"));
  return text;
}

KindHandler MakeHandler(v1::ObjectKind kind,
                        absl::Span<const AttributeSpec> attributes,
                        int create_risk, int drop_risk) {
  KindHandler handler;
  handler.spec.kind = kind;
  handler.spec.attributes = attributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.create_batch = kMainBatch;
  handler.spec.change_batch = kMainBatch;
  handler.spec.summary = Summary;
  handler.spec.create_risk = create_risk;
  handler.spec.drop_risk = drop_risk;
  handler.create = CreateKey;
  handler.drop = DropKey;
  handler.alter = AlterKey;
  return handler;
}

}  // namespace

absl::StatusOr<Object> ReadKey(TokenSpan tokens, const Object& table) {
  const Head head = HeadOf(tokens);
  const size_t open = head.end;
  const size_t close = ClosingOf(tokens, open);
  if (head.name.empty() || open >= tokens.size() || close == tokens.size() ||
      !tokens[open].IsOperator('(')) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key \"", Printable(SliceOf(tokens)), "\" is not understood"));
  }
  const bool is_primary = head.kind == v1::PRIMARY_KEY;
  Object key(head.kind,
             table.path().Child(is_primary ? head.name : Folded(head.name)));
  SetWrittenName(head.name, key);
  key.Set("type", head.type);
  const TokenSpan columns = tokens.subspan(open, close + 1 - open);
  key.Set("columns", SliceOf(columns));
  DependOnColumns(columns, table.path(), key);
  TokenSpan options = tokens.subspan(close + 1);
  if (!options.empty() &&
      (options.back().Is("INVISIBLE") || options.back().Is("IGNORED"))) {
    key.Set("hidden", "yes");
    options.remove_suffix(1);
  }
  key.Set("options", SliceOf(options));
  return key;
}

Sql KeyDefinition(const Object& key, const Flavour& flavour) {
  Sql sql(kMysqlQuoting);
  if (key.kind() == v1::PRIMARY_KEY) {
    sql << "PRIMARY KEY ";
  } else {
    if (key.kind() == v1::UNIQUE_KEY) sql << "UNIQUE ";
    if (key.Has("type")) sql << Verbatim{key.Get("type")} << " ";
    sql << "KEY " << Identifier{WrittenName(key)} << " ";
  }
  sql << Verbatim{key.Get("columns")};
  if (key.Has("options")) sql << " " << Verbatim{key.Get("options")};
  if (key.Has("hidden")) {
    if (flavour.is_mariadb) {
      sql << " IGNORED";
    } else {
      sql << " INVISIBLE";
    }
  }
  return sql;
}

bool IsSameKey(const Object& a, const Object& b) {
  return a.Get("columns") == b.Get("columns") &&
         a.Get("options") == b.Get("options") && a.Get("type") == b.Get("type");
}

Sql KeyMadeAgain(const Object& key, const Flavour& flavour) {
  Sql clause(kMysqlQuoting);
  if (key.kind() == v1::PRIMARY_KEY) {
    clause << "DROP PRIMARY KEY";
  } else {
    clause << "DROP KEY " << Identifier{WrittenName(key)};
  }
  clause << ", ADD " << KeyDefinition(key, flavour);
  return clause;
}

KindHandler PrimaryKeyHandler() {
  return MakeHandler(v1::PRIMARY_KEY, kPrimaryKeyAttributes, 40, 60);
}
KindHandler UniqueKeyHandler() {
  return MakeHandler(v1::UNIQUE_KEY, kUniqueKeyAttributes, 30, 40);
}
KindHandler IndexHandler() {
  return MakeHandler(v1::INDEX, kIndexAttributes, 15, 30);
}

}  // namespace fleet::mysql
