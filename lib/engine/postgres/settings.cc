#include "lib/engine/postgres/settings.h"

#include "absl/strings/str_cat.h"

namespace fleet {

std::vector<PinnedSetting> PinnedSettings(int server_version, bool read_only,
                                          bool with_optional) {
  const PinnedSetting rows[] = {
      // Waiting: no statement waits without a plan's own limit.
      {"lock_timeout", "0", 0},
      {"statement_timeout", "0", 0},
      {"idle_in_transaction_session_timeout", "1min", 0},
      {"idle_session_timeout", "0", 140000},
      {"transaction_timeout", "0", 170000},
      // A dead agent's statement is cancelled soon.
      {"client_connection_check_interval", "1s", 140000, /*optional=*/true},
      // Meaning.
      {"search_path", "pg_catalog", 0},
      {"TimeZone", "UTC", 0},
      {"DateStyle", "ISO, MDY", 0},
      {"IntervalStyle", "postgres", 0},
      {"standard_conforming_strings", "on", 0},
      {"default_transaction_isolation", "read committed", 0},
      {"default_transaction_read_only", read_only ? "on" : "off", 0},
      {"default_transaction_deferrable", "off", 0},
      {"default_tablespace", "", 0},
      {"default_table_access_method", "heap", 120000},
      {"check_function_bodies", "off", 0},
      {"row_security", "off", 0},
      {"transform_null_equals", "off", 0},
      // Printing.
      {"quote_all_identifiers", "off", 0},
      {"extra_float_digits", "1", 0},
      {"bytea_output", "hex", 0},
      {"lc_monetary", "C", 0},
      {"client_min_messages", "warning", 0},
      // Catalog queries are short; compiling them costs more than they do.
      {"jit", "off", 110000},
  };
  std::vector<PinnedSetting> settings;
  for (const PinnedSetting& row : rows) {
    if (server_version < row.since_version) continue;
    if (row.optional && !with_optional) continue;
    settings.push_back(row);
  }
  return settings;
}

std::string PinQuery(const std::vector<PinnedSetting>& settings) {
  std::string query = "SELECT";
  for (const PinnedSetting& setting : settings) {
    absl::StrAppend(&query, &setting == &settings.front() ? " " : ", ",
                    "pg_catalog.set_config('", setting.name, "', '",
                    setting.value, "', false)");
  }
  return query;
}

}  // namespace fleet
