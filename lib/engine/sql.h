#ifndef LIB_ENGINE_SQL_H_
#define LIB_ENGINE_SQL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/schema/path.h"

// Quoting is a type. A statement is built from keywords written in this source
// (string literals only), identifiers, literals and definitions that a server
// printed; a string that came from anywhere else does not compile.
//
//   Sql sql(kPostgresQuoting);
//   sql << "ALTER TABLE " << Name(table.path()) << " ADD COLUMN "
//       << Identifier{column.name()} << " " << Verbatim{column.Get("type")};
//   ASSIGN_OR_RETURN(std::string text, sql.Text());
//
// The first bad name (NUL, not UTF-8, longer than the server keeps) is
// remembered and returned by Text(). Value type; thread-compatible.

namespace fleet {

// How one engine quotes.
struct Quoting {
  char quote;              // '"' or '`'
  size_t name_bytes_max;   // longer names the server would cut; 0: no limit
  bool backslash_escapes;  // in literals
  // True when the name reads back as itself without quotes.
  bool (*is_plain)(absl::string_view name);
};

// Of texts that hold no names of their own.
inline constexpr Quoting kNoQuoting = {'"', 0, false, nullptr};

struct Identifier {
  absl::string_view name;
};
struct Literal {
  absl::string_view text;
};
// Printed by a server of this engine as part of a definition. Never a name.
struct Verbatim {
  absl::string_view text;
};
// "a"."b": all components of a path, or the first `count`.
struct Name {
  explicit Name(const Path& path, int count = -1) : path(path), count(count) {}
  const Path& path;
  int count;
};
struct Number {
  long long value;
};

class Sql {
 public:
  explicit Sql(const Quoting& quoting) : quoting_(&quoting) {}

  template <size_t N>
  Sql& operator<<(const char (&keyword)[N]) {
    text_.append(keyword, N - 1);
    return *this;
  }
  Sql& operator<<(Identifier identifier);
  Sql& operator<<(Literal literal);
  Sql& operator<<(Verbatim verbatim);
  Sql& operator<<(const Name& name);
  Sql& operator<<(Number number);
  Sql& operator<<(const Sql& part);

  bool empty() const { return text_.empty(); }
  friend bool operator==(const Sql& a, const Sql& b) {
    return a.text_ == b.text_;
  }
  absl::StatusOr<std::string> Text() const;

 private:
  const Quoting* quoting_;
  std::string text_;
  absl::Status status_;
};

}  // namespace fleet

#endif  // LIB_ENGINE_SQL_H_
