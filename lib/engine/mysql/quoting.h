#ifndef LIB_ENGINE_MYSQL_QUOTING_H_
#define LIB_ENGINE_MYSQL_QUOTING_H_

#include "absl/strings/string_view.h"
#include "lib/engine/sql.h"
#include "lib/schema/object.h"

// How names are written. Tables, views and triggers keep the case of their
// letters; the server sees no difference in the names of columns, keys,
// constraints, routines and events, so their paths hold lower-case letters and
// attribute "name" what was written. All pure.

namespace fleet::mysql {

extern const Quoting kMysqlQuoting;

// The name of `object` in the letters its author chose.
absl::string_view WrittenName(const Object& object);
// Notes them, where they are not the folded form.
void SetWrittenName(absl::string_view written, Object& object);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_QUOTING_H_
