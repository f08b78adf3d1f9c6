#include "cli/print_changes.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/diff.h"
#include "lib/schema/kind.h"
#include "lib/schema/path.h"
#include "lib/schema/risk.h"

namespace fleet {
namespace {

constexpr int kValueWidthMax = 60;

struct Mark {
  absl::string_view symbol;
  Colour colour;
};

Mark MarkOf(v1::ChangeOp op) {
  switch (op) {
    case v1::CREATE:
      return {"+", Colour::kGreen};
    case v1::DROP:
      return {"-", Colour::kRed};
    case v1::RECREATE:
    case v1::REBUILD:
      return {"-/+", Colour::kYellow};
    default:
      return {"~", Colour::kYellow};
  }
}

std::string Shorten(absl::string_view value) {
  std::string shown = Printable(value);
  if (shown.empty()) return "(none)";
  if (DisplayWidth(shown) <= kValueWidthMax) return shown;
  return std::string(
      absl::StripTrailingAsciiWhitespace(Fit(shown, kValueWidthMax)));
}

// Where two long texts begin alike, what differs would be cut off: the equal
// beginning gives way, up to a few characters before the difference.
size_t EqualBeginning(const std::string& from, const std::string& to) {
  constexpr size_t kShownBefore = 12;
  if (DisplayWidth(from) <= kValueWidthMax &&
      DisplayWidth(to) <= kValueWidthMax) {
    return 0;
  }
  size_t equal = 0;
  while (equal < from.size() && equal < to.size() && from[equal] == to[equal]) {
    ++equal;
  }
  if (equal <= 2 * kShownBefore) return 0;
  equal -= kShownBefore;
  // Not in the middle of a character.
  while (equal > 0 && (from[equal] & 0xC0) == 0x80) --equal;
  return equal;
}

std::string AttributeText(const v1::AttributeChange& attribute,
                          const Style& style) {
  const std::string from = Printable(attribute.from());
  const std::string to = Printable(attribute.to());
  const size_t skipped = EqualBeginning(from, to);
  const absl::string_view dots = skipped > 0 ? "…" : "";
  return absl::StrCat(Printable(attribute.name()), " ",
                      Shorten(absl::StrCat(dots, from.substr(skipped))), " ",
                      style.Symbol("→", "->"), " ",
                      Shorten(absl::StrCat(dots, to.substr(skipped))));
}

std::string ChangeLine(const v1::Change& change, const std::string& name,
                       int indent, const Style& style) {
  const Mark mark = MarkOf(change.op());
  std::string line =
      absl::StrCat(std::string(static_cast<size_t>(indent), ' '),
                   style.Paint(mark.colour, mark.symbol), " ",
                   KindOf(change.kind()).name, " ", Printable(name));
  if (!change.detail().empty()) {
    absl::StrAppend(&line, " ", Shorten(change.detail()));
  }
  if (change.attributes_size() == 1) {
    absl::StrAppend(&line, "  ", AttributeText(change.attributes(0), style));
  }
  if (!change.because().empty()) {
    absl::StrAppend(&line,
                    style.Paint(Colour::kDim, absl::StrCat("  re-created for ",
                                                           change.because())));
  }
  constexpr int kRiskColumn = 78;
  const int width = std::max(kRiskColumn, DisplayWidth(line) + 2);
  line = absl::StrCat(Fit(line, width), "risk ",
                      PrintRisk(change.risk(), style), "\n");
  if (change.attributes_size() > 1) {
    for (const v1::AttributeChange& attribute : change.attributes()) {
      absl::StrAppend(&line, std::string(static_cast<size_t>(indent) + 4, ' '),
                      AttributeText(attribute, style), "\n");
    }
  }
  return line;
}

Path PathOf(const v1::Change& change) {
  return Path({change.path().begin(), change.path().end()});
}

// The changes of one table (or of one free-standing object).
struct Group {
  const v1::Change* self = nullptr;
  std::vector<const v1::Change*> children;
};

// A new table's columns and keys are part of it: one line, counted.
std::string FoldedChildren(const Group& group) {
  std::map<std::pair<int, v1::ObjectKind>, size_t> counts;
  for (const v1::Change* child : group.children) {
    ++counts[{KindOf(child->kind()).rank, child->kind()}];
  }
  return absl::StrJoin(counts, ", ", [](std::string* out, const auto& count) {
    absl::StrAppend(out, CountOf(count.first.second, count.second));
  });
}

std::string PrintGroup(const Path& path, const Group& group,
                       const Style& style) {
  const bool whole = group.self != nullptr && (group.self->op() == v1::CREATE ||
                                               group.self->op() == v1::DROP);
  std::string text;
  if (group.self == nullptr) {
    text = absl::StrCat(style.Paint(Colour::kYellow, "~"), " table ",
                        Printable(path.Dotted()), "\n");
  } else if (whole && !group.children.empty()) {
    v1::Change folded = *group.self;
    folded.set_detail(absl::StrCat("(", FoldedChildren(group), ")"));
    for (const v1::Change* child : group.children) {
      folded.set_risk(std::max(folded.risk(), child->risk()));
    }
    return ChangeLine(folded, path.Dotted(), 0, style);
  } else {
    text = ChangeLine(*group.self, path.Dotted(), 0, style);
  }
  for (const v1::Change* child : group.children) {
    text += ChangeLine(*child, std::string(PathOf(*child).last()), 4, style);
  }
  return text;
}

// "SHARE, scans, PG-L24 PG-L31": lock, what happens to rows, lint rules.
std::string EffectOf(const v1::Statement& statement) {
  std::vector<std::string> parts;
  if (!statement.lock().empty()) parts.push_back(statement.lock());
  if (statement.rewrites_table()) {
    parts.push_back("rewrites");
  } else if (statement.scans_table()) {
    parts.push_back("scans");
  }
  if (!statement.transactional()) parts.push_back("alone");
  if (!statement.online().clauses().empty()) {
    parts.push_back("a tool can do it online");
  } else if (!statement.online().refusal().empty()) {
    parts.push_back(absl::StrCat("no tool can do it online: ",
                                 Printable(statement.online().refusal())));
  }
  if (!statement.rules().empty()) {
    parts.push_back(absl::StrJoin(statement.rules(), " "));
  }
  return absl::StrJoin(parts, ", ");
}

std::string HazardLines(const v1::Statement& statement, const Style& style,
                        int indent) {
  std::string text;
  for (const v1::Hazard& hazard : statement.hazards()) {
    absl::StrAppend(&text, std::string(static_cast<size_t>(indent), ' '),
                    style.Paint(Colour::kRed, "!"), " ",
                    HazardName(hazard.type()), "  ",
                    Printable(hazard.message()), "\n");
  }
  return text;
}

}  // namespace

std::string PrintChanges(const Changes& changes, const Style& style) {
  std::map<Path, Group> groups;
  std::vector<const v1::Change*> free_standing;
  for (const v1::Change& change : changes) {
    const Path path = PathOf(change);
    if (KindOf(change.kind()).has_parent) {
      groups[path.Parent()].children.push_back(&change);
    } else if (KindOf(change.kind()).may_be_parent) {
      groups[path].self = &change;
    } else {
      free_standing.push_back(&change);
    }
  }
  std::string text;
  for (const auto& [path, group] : groups) {
    text += PrintGroup(path, group, style);
  }
  for (const v1::Change* change : free_standing) {
    text += ChangeLine(*change, PathOf(*change).Dotted(), 0, style);
  }
  return text;
}

std::string PrintRenameHints(const v1::Plan& plan) {
  std::string text;
  for (const std::string& hint : plan.rename_hints()) {
    // Names are of databases, and people paste this into a shell.
    absl::StrAppend(&text, "MAYBE RENAMED  rows stay only with --rename '",
                    absl::StrReplaceAll(Printable(hint), {{"'", "'\\''"}}),
                    "'\n");
  }
  return text;
}

std::string PrintStatements(const Statements& statements, const Style& style,
                            int indent) {
  std::string text;
  int number = 0;
  const std::string margin(static_cast<size_t>(indent), ' ');
  for (const v1::Statement& statement : statements) {
    const std::string label = absl::StrCat(++number);
    std::string sql = Printable(statement.sql(), /*keep_newlines=*/true);
    std::string shown;
    for (char c : sql) {
      shown += c;
      if (c == '\n') absl::StrAppend(&shown, margin, "     ");
    }
    absl::StrAppend(&text, margin,
                    std::string(label.size() < 3 ? 3 - label.size() : 0, ' '),
                    label, "  ", shown, ";");
    if (const std::string effect = EffectOf(statement); !effect.empty()) {
      absl::StrAppend(&text, "  ", style.Paint(Colour::kDim, effect));
    }
    absl::StrAppend(&text, "\n", HazardLines(statement, style, indent + 5));
  }
  return text;
}

std::string PrintCounts(const Changes& changes) {
  const ChangeCounts counts = CountChanges({changes.begin(), changes.end()});
  return absl::StrCat(counts.add, " to add, ", counts.change, " to change, ",
                      counts.drop, " to drop");
}

std::string PrintRisk(int risk, const Style& style) {
  const Colour colour = risk >= 50   ? Colour::kRed
                        : risk >= 25 ? Colour::kYellow
                                     : Colour::kNone;
  return style.Paint(colour, absl::StrCat(risk, " ", RiskBand(risk)));
}

std::string PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  CHECK(google::protobuf::util::MessageToJsonString(message, &text, options)
            .ok());
  return text;
}

}  // namespace fleet
