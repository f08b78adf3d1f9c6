#ifndef LIB_ENGINE_SQLITE_KEY_PARTS_H_
#define LIB_ENGINE_SQLITE_KEY_PARTS_H_

#include <string>
#include <vector>

#include "lib/engine/sqlite/tokens.h"
#include "lib/schema/object.h"

// What a key, a check, a foreign key or an index says, taken from its text.
// Pure.

namespace fleet::sqlite {

// One entry of "(a, b COLLATE nocase DESC, lower(c))".
struct KeyPart {
  std::string column;     // folded; empty for an expression
  std::string collation;  // folded; empty where none is written
  std::string text;       // without ASC and DESC, as it was given
};

// `list` begins with "("; what follows its ")" is passed over.
std::vector<KeyPart> PartsOfList(TokenSpan list);

struct KeyParts {
  std::vector<KeyPart> parts;           // of the own table
  std::string references;               // foreign key: the folded table
  std::vector<std::string> referenced;  // folded; empty: its primary key
};

// Of a primary key, unique key or foreign key; inline ones too. Empty where the
// text is not understood.
KeyParts PartsOfKey(const Object& constraint);

// "a > 0" of "CHECK (a > 0)"; empty where the text is not understood.
std::string ExpressionOf(const Object& check);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_KEY_PARTS_H_
