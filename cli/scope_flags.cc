#include "cli/scope_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "lib/base/printable.h"
#include "lib/schema/definers.h"

namespace fleet {

void ScopeFlags::AddTo(CLI::App& command) {
  command
      .add_option("--include", include,
                  "also compare owners, privileges (PostgreSQL)")
      ->type_name("WORDS")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      .add_option("--column-order", column_order,
                  "ignore (default) or enforce the order of columns (MySQL)")
      ->type_name("WORD")
      ->check(CLI::IsMember({"ignore", "enforce"}));
  command
      .add_option("--definer", definers,
                  "definers of stored programs: keep (default), current, or "
                  "map:OLD=NEW (MySQL)")
      ->type_name("WORD")
      ->allow_extra_args(false);
}

absl::Status ScopeFlags::AddToScope(v1::Scope* scope) const {
  for (const std::string& word : include) scope->add_include(word);
  if (column_order == "enforce") scope->set_column_order(true);
  for (const std::string& word : definers) {
    absl::string_view mapped = word;
    if (word == kDefinerCurrent || absl::ConsumePrefix(&mapped, "map:")) {
      scope->add_definers(std::string(mapped));
    } else if (word != "keep") {
      return absl::InvalidArgumentError(
          absl::StrCat("--definer ", Printable(word),
                       " is not known; have keep, current and map:OLD=NEW"));
    }
  }
  return absl::OkStatus();
}

}  // namespace fleet
