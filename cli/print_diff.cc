#include "cli/print_diff.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/print_changes.h"
#include "lib/base/printable.h"
#include "lib/engine/open_session.h"
#include "lib/schema/kind.h"
#include "lib/schema/risk.h"

namespace fleet {
namespace {

// "14 tables, 31 indexes, 2 views"; columns and keys belong to their tables.
std::string Contents(const Schema& schema) {
  std::vector<std::string> parts;
  for (v1::ObjectKind kind :
       {v1::TABLE, v1::VIEW, v1::MATERIALIZED_VIEW, v1::INDEX, v1::FUNCTION,
        v1::PROCEDURE, v1::TRIGGER, v1::SEQUENCE, v1::ENUM, v1::OPAQUE}) {
    const size_t count = schema.OfKind(kind).size();
    if (count == 0) continue;
    parts.push_back(kind == v1::OPAQUE ? absl::StrCat(count, " not understood")
                                       : CountOf(kind, count));
  }
  return parts.empty() ? "empty" : absl::StrJoin(parts, ", ");
}

std::string SideLine(const std::string& name, const Schema& schema) {
  return absl::StrCat(Printable(RedactUrl(name)), "  ", Contents(schema));
}

}  // namespace

std::string PrintDiff(const v1::Plan& plan, const DiffSides& sides,
                      const Style& style) {
  std::string text = absl::StrCat(SideLine(sides.from_name, sides.from), "\n  ",
                                  style.Symbol("→", "->"), " ",
                                  SideLine(sides.to_name, sides.to), "\n\n");
  if (plan.statements().empty()) {
    absl::StrAppend(&text, style.Paint(Colour::kGreen, "No differences."),
                    "\n");
    return text;
  }
  absl::StrAppend(&text, PrintChanges(plan.changes(), style), "\n",
                  PrintStatements(plan.statements(), style, 0), "\n");
  absl::StrAppend(&text, "Risk ", plan.risk(), " of 100 (",
                  RiskBand(plan.risk()), "): ", PrintCounts(plan.changes()),
                  ", ", plan.statements_size(),
                  plan.statements_size() == 1 ? " statement" : " statements",
                  ".\n", PrintRenameHints(plan));
  return text;
}

std::string PrintDiffMarkdown(const v1::Plan& plan, const DiffSides& sides) {
  std::string text =
      absl::StrCat("**", Printable(RedactUrl(sides.from_name)), "** → **",
                   Printable(RedactUrl(sides.to_name)), "**: ");
  if (plan.statements().empty()) return text + "no differences.\n";
  absl::StrAppend(&text, PrintCounts(plan.changes()), ", risk ", plan.risk(),
                  " (", RiskBand(plan.risk()), ").\n\n```\n",
                  PrintChanges(plan.changes(), Style::Plain()),
                  "```\n\n<details><summary>", plan.statements_size(),
                  " statements</summary>\n\n");
  // A body may hold backticks: the fence is longer than any run of them.
  size_t longest = 2;
  for (const v1::Statement& statement : plan.statements()) {
    size_t run = 0;
    for (char c : statement.sql()) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
  }
  const std::string fence(longest + 1, '`');
  absl::StrAppend(&text, fence, "sql\n");
  for (const v1::Statement& statement : plan.statements()) {
    absl::StrAppend(&text, Printable(statement.sql(), true), ";\n");
  }
  absl::StrAppend(&text, fence, "\n\n</details>\n");
  return text;
}

}  // namespace fleet
