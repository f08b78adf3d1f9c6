#include "lib/engine/postgres/features.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fleet::postgres {
namespace {

struct Feature {
  v1::ObjectKind kind;
  absl::string_view attribute;
  int major;  // the first that has it
  absl::string_view name;
  // nullptr: the attribute is there. Else also what it says.
  bool (*is_used)(absl::string_view value) = nullptr;
  // Only below a partitioned table.
  bool of_partitioned = false;
};

// `text` without what stands in quotes.
std::string OutsideQuotes(absl::string_view text) {
  std::string outside;
  char open = 0;
  for (char c : text) {
    if (open != 0) {
      if (c == open) open = 0;
    } else if (c == '"' || c == '\'') {
      open = c;
    } else {
      outside.push_back(c);
    }
  }
  return outside;
}

bool HasParenthesis(absl::string_view text) {
  return absl::StrContains(OutsideQuotes(text), '(');
}

// "(mcv) ON a, (lower(b)) FROM public.t": the kinds do not count.
bool HasExpression(absl::string_view definition) {
  const std::string text = OutsideQuotes(definition);
  const size_t on = text.find("ON ");
  return on != text.npos && text.find('(', on) != text.npos;
}

// "a gist_trgm_ops (siglen='32'), ((b + 1))": a parenthesis that opens neither
// an expression nor a function's arguments.
bool HasOperatorClassOptions(absl::string_view keys) {
  const std::string text = OutsideQuotes(keys);
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ')') --depth;
    if (text[i] != '(') continue;
    if (depth++ == 0 && i > 1 && text[i - 1] == ' ' && text[i - 2] != ',') {
      return true;
    }
  }
  return false;
}

// The body of pg_get_functiondef that is no string.
bool HasAtomicBody(absl::string_view definition) {
  const size_t atomic = definition.find("\nBEGIN ATOMIC");
  return atomic < definition.find("\nAS ") && atomic != definition.npos;
}
bool HasBareReturn(absl::string_view definition) {
  const size_t bare = definition.find("\nRETURN ");
  return bare < definition.find("\nAS ") && bare != definition.npos;
}

// A scale below zero or above the precision.
bool HasFarScale(absl::string_view type) {
  if (!absl::ConsumePrefix(&type, "numeric(")) return false;
  const std::vector<absl::string_view> numbers =
      absl::StrSplit(type.substr(0, type.find(')')), ',');
  int precision = 0;
  int scale = 0;
  return numbers.size() == 2 && absl::SimpleAtoi(numbers[0], &precision) &&
         absl::SimpleAtoi(numbers[1], &scale) &&
         (scale < 0 || scale > precision);
}

bool HasDeduplication(absl::string_view options) {
  return absl::StrContains(options, "deduplicate_items");
}
bool NamesMultirange(absl::string_view definition) {
  return absl::StrContains(definition, "MULTIRANGE_TYPE_NAME");
}
bool HasSecurityInvoker(absl::string_view options) {
  return absl::StrContains(options, "security_invoker");
}
bool IsBuiltin(absl::string_view provider) { return provider == "builtin"; }

constexpr Feature kFeatures[] = {
    {v1::CHECK, "not_enforced", 18, "NOT ENFORCED"},
    {v1::COLLATION, "provider", 17, "the builtin provider", IsBuiltin},
    {v1::COLLATION, "rules", 16, "RULES"},
    {v1::COLUMN, "compression", 14, "COMPRESSION"},
    {v1::COLUMN, "type", 15, "a scale below zero or above the precision",
     HasFarScale},
    {v1::COLUMN, "virtual", 18, "GENERATED … VIRTUAL"},
    {v1::EXCLUSION, "definition", 17, "EXCLUDE on a partitioned table", nullptr,
     true},
    {v1::FOREIGN_KEY, "not_enforced", 18, "NOT ENFORCED"},
    {v1::FOREIGN_KEY, "on_delete", 15, "ON DELETE with columns",
     HasParenthesis},
    {v1::FOREIGN_KEY, "period", 18, "PERIOD"},
    {v1::FUNCTION, "definition", 14, "BEGIN ATOMIC", HasAtomicBody},
    {v1::FUNCTION, "definition", 14, "a body that is no string", HasBareReturn},
    {v1::INDEX, "keys", 13, "options of an operator class",
     HasOperatorClassOptions},
    {v1::INDEX, "nulls_not_distinct", 15, "NULLS NOT DISTINCT"},
    {v1::INDEX, "options", 13, "deduplicate_items", HasDeduplication},
    {v1::PRIMARY_KEY, "definition", 18, "WITHOUT OVERLAPS"},
    {v1::PROCEDURE, "definition", 14, "BEGIN ATOMIC", HasAtomicBody},
    {v1::PUBLICATION, "generated_columns", 18, "publish_generated_columns"},
    {v1::PUBLICATION, "schemas", 15, "TABLES IN SCHEMA"},
    {v1::PUBLICATION, "tables", 15, "columns or rows of a table",
     HasParenthesis},
    {v1::PUBLICATION, "via_root", 13, "publish_via_partition_root"},
    {v1::RANGE, "definition", 14, "MULTIRANGE_TYPE_NAME", NamesMultirange},
    {v1::SEQUENCE, "unlogged", 15, "UNLOGGED"},
    {v1::STATISTICS, "definition", 14, "expressions", HasExpression},
    {v1::STATISTICS, "target", 13, "SET STATISTICS"},
    {v1::UNIQUE_KEY, "definition", 18, "WITHOUT OVERLAPS"},
    {v1::UNIQUE_KEY, "nulls_not_distinct", 15, "NULLS NOT DISTINCT"},
    {v1::VIEW, "options", 15, "security_invoker", HasSecurityInvoker},
};

bool Uses(const Object& object, const Feature& feature, const Schema& schema) {
  if (object.kind() != feature.kind || !object.Has(feature.attribute)) {
    return false;
  }
  if (feature.of_partitioned) {
    const Object* table = schema.ParentOf(object.key);
    if (table == nullptr || !table->Has("partition_by")) return false;
  }
  return feature.is_used == nullptr ||
         feature.is_used(object.Get(feature.attribute));
}

}  // namespace

absl::Status CheckFeatures(const Object& object, const Schema& schema,
                           int server_version) {
  const int major = server_version / 10000;
  for (const Feature& feature : kFeatures) {
    if (feature.major <= major || !Uses(object, feature, schema)) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        feature.name, " needs PostgreSQL ", feature.major, " (have ", major,
        "); leave it out of the source, or upgrade the target"));
  }
  return absl::OkStatus();
}

}  // namespace fleet::postgres
