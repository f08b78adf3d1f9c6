#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"expression", Compare::kExact, OnChange::kRecreate, 30},
    {"name", Compare::kExact, OnChange::kRecreate, 5},
    {"not_enforced", Compare::kExact, OnChange::kAlter, 20},
};

void CreateCheck(const Object& check, Renderer& renderer) {
  const Path table = check.path().Parent();
  Sql clause(kMysqlQuoting);
  clause << "ADD " << CheckDefinition(check);
  const Cost cost = check.Has("not_enforced") ? kNoCopy : kCopy;
  v1::Statement& statement = AddAlter(table, clause, cost, renderer);
  if (check.Has("not_enforced")) return;
  AddRule(Rule::kAddCheck, statement);
  CheckCondition(check, renderer, statement);
  AddHazard(statement, v1::DATA_DEPENDENT,
            absl::StrCat("fails when a row does not satisfy check ",
                         check.path().Dotted()));
}

Cost CostOfLifting(const Renderer& renderer) {
  const Flavour flavour = FlavourOf(renderer.server());
  return flavour.is_mariadb || flavour.is_quick_with_metadata ? kInstant
                                                              : kNoCopy;
}

void DropCheck(const Object& check, Renderer& renderer) {
  Sql clause(kMysqlQuoting);
  clause << "DROP CONSTRAINT " << Identifier{WrittenName(check)};
  AddAlter(check.path().Parent(), clause, CostOfLifting(renderer), renderer);
}

void AlterCheck(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  Sql clause(kMysqlQuoting);
  clause << "ALTER CHECK " << Identifier{WrittenName(to)};
  if (to.Has("not_enforced")) clause << " NOT";
  clause << " ENFORCED";
  AddAlter(to.path().Parent(), clause,
           to.Has("not_enforced") ? CostOfLifting(renderer) : kCopy, renderer);
}

std::string Summary(const Object& check) {
  return std::string(check.Get("expression"));
}

}  // namespace

absl::StatusOr<Object> ReadCheck(TokenSpan tokens, const Object& table) {
  // CONSTRAINT `name` CHECK (…) [NOT ENFORCED]
  constexpr size_t kOpen = 3;
  const size_t close = ClosingOf(tokens, kOpen);
  const TokenSpan rest =
      close < tokens.size() ? tokens.subspan(close + 1) : TokenSpan();
  const bool not_enforced =
      rest.size() == 2 && rest[0].Is("NOT") && rest[1].Is("ENFORCED");
  if (tokens.size() < 5 || !tokens[2].Is("CHECK") || close == tokens.size() ||
      !(rest.empty() || not_enforced)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "check \"", Printable(SliceOf(tokens)), "\" is not understood"));
  }
  Object check(v1::CHECK, table.path().Child(Folded(tokens[1].value)));
  SetWrittenName(tokens[1].value, check);
  const TokenSpan expression = tokens.subspan(kOpen, close + 1 - kOpen);
  check.Set("expression", SliceOf(expression));
  if (not_enforced) check.Set("not_enforced", "yes");
  for (const Token& token : expression) {
    if (token.kind != TokenKind::kName) continue;
    check.DependsOn(v1::COLUMN, table.path().Child(Folded(token.value)));
  }
  return check;
}

Sql CheckDefinition(const Object& check) {
  Sql sql(kMysqlQuoting);
  sql << "CONSTRAINT " << Identifier{WrittenName(check)} << " CHECK "
      << Verbatim{check.Get("expression")};
  if (check.Has("not_enforced")) sql << " NOT ENFORCED";
  return sql;
}

KindHandler CheckHandler() {
  KindHandler handler;
  handler.spec.kind = v1::CHECK;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.create_batch = kMainBatch;
  handler.spec.change_batch = kMainBatch;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 20;
  handler.create = CreateCheck;
  handler.drop = DropCheck;
  handler.alter = AlterCheck;
  return handler;
}

}  // namespace fleet::mysql
