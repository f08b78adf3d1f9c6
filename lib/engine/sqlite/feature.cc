#include "lib/engine/sqlite/feature.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/column.h"

namespace fleet::sqlite {
namespace {

std::string Version(int number) {
  return absl::StrCat(number / 1'000'000, ".", number / 1'000 % 1'000, ".",
                      number % 1'000);
}

absl::Status Need(int since, const SchemaInfo& server, const Object& object,
                  absl::string_view what) {
  if (server.server_version >= since) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(Describe(object.key), " is ", what, " (have SQLite ",
                   Version(server.server_version), ", want ", Version(since),
                   "); use a newer library there"));
}

}  // namespace

absl::Status CheckFeatures(const Object& column, const SchemaInfo& server) {
  if (!IsGenerated(column)) return absl::OkStatus();
  return Need(kHasGenerated, server, column, "generated");
}

absl::Status CheckFeatures(const TableParts& table, const SchemaInfo& server) {
  if (table.table->Has("strict")) {
    RETURN_IF_ERROR(Need(kHasStrict, server, *table.table, "STRICT"));
  }
  for (const Object* column : table.columns) {
    RETURN_IF_ERROR(CheckFeatures(*column, server));
  }
  return absl::OkStatus();
}

}  // namespace fleet::sqlite
