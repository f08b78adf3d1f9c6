#ifndef LIB_ENGINE_MYSQL_FLAVOUR_H_
#define LIB_ENGINE_MYSQL_FLAVOUR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/schema/schema.h"

// Which member of the family a server is, and what follows from that: rows of
// data. Pure.

namespace fleet::mysql {

struct Flavour {
  absl::string_view name;  // "mariadb", "mysql", "tidb" …
  int version = 0;         // 101119: MariaDB 10.11.19; 80036: MySQL 8.0.36
  bool is_mariadb = false;

  // CREATE OR REPLACE of routines, triggers and events, in one atomic step.
  bool has_or_replace = false;
  // DROP CONSTRAINT of a check, where MySQL has DROP CHECK.
  bool drops_checks_as_constraints = false;
  // Integers have no display width but for tinyint(1) and ZEROFILL.
  bool hides_display_width = false;
  // A check is dropped or not enforced any more at once, and a column that no
  // key holds gets another collation in place (measured on 9.7).
  bool is_quick_with_metadata = false;
  // ALGORITHM=NOCOPY is known, and LOCK goes with ALGORITHM=INSTANT.
  bool has_nocopy = false;
};

// `info` as ParseServer made it.
Flavour FlavourOf(const SchemaInfo& info);

// From what the server says of itself: @@version and @@version_comment.
SchemaInfo ParseServer(absl::string_view version, absl::string_view comment);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_FLAVOUR_H_
