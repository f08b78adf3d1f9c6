#ifndef TESTS_TESTING_CASE_FILE_H_
#define TESTS_TESTING_CASE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/schema.pb.h"

// tests/cases/<engine>/<kind>/<name>.case: two schemas as SQL, and what
// fleetctl makes of them. See tests/lib/engine/cases_test.cc for the laws.
//
//   # a column is added to a table with rows
//   # reverse: lossy
//   # offline
//   -- from --
//   CREATE TABLE t (a integer);
//   -- to --
//   CREATE TABLE t (a integer, b text);
//   -- plan --
//   ALTER TABLE public.t ADD COLUMN b text;
//   -- hazards --
//   ACQUIRES_ACCESS_EXCLUSIVE_LOCK
//
// "# requires: 18" names the first major version of the server that takes the
// SQL; plan and hazards are those of that version, else of PostgreSQL 15.
// "# flavour: mariadb" names the one member of a family that takes it; goldens
// of MySQL's family are MariaDB 10.11's, else that one's.
// Instead of plan and hazards, "-- refused --" and a part of the error. A plan
// statement that runs outside of a transaction has "-- alone" above it, and the
// first of each transaction but the plan's first "-- transaction".

namespace fleet::testing {

enum class ReverseLaw {
  kExact,  // gives the fingerprint of `from` back
  kLossy,  // runs; what comes out may differ
  kNone,   // there is none
};

struct CaseFile {
  std::string comments;  // the lines above the first section
  ReverseLaw reverse = ReverseLaw::kExact;
  bool offline = false;
  int requires_major = 0;
  std::string flavour;               // "# flavour: mysql"; "": all
  std::vector<std::string> renames;  // "# rename: table:a=b"
  v1::Scope scope;                   // "# column-order", "# definer: current"
  std::string from;
  std::string to;
  std::string plan;
  std::string hazards;  // names, sorted, one a line
  bool is_refused = false;
  std::string refused;
};

// InvalidArgument naming the line.
absl::StatusOr<CaseFile> ParseCase(absl::string_view text);
std::string FormatCase(const CaseFile& file);

// Paths of all cases below FLEET's tests/cases, sorted, as
// "postgres/table/create.case".
std::vector<std::string> ListCases(const std::string& folder);

}  // namespace fleet::testing

#endif  // TESTS_TESTING_CASE_FILE_H_
