#include "lib/schema/column_order.h"

#include <algorithm>
#include <string>
#include <vector>

#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/column.h"
#include "lib/engine/mysql/flavour.h"
#include "lib/engine/mysql/quoting.h"

// Columns that change their place. A new one is made where it stands, so only
// those that stay are moved, before anything else happens to them: as few as
// will do.

namespace fleet::mysql {
namespace {

// Those of the first schema that the second has, too.
std::vector<std::string> NamesInBoth(const Path& table, const Schema& in,
                                     const Schema& other) {
  std::vector<std::string> names;
  for (const Object* column : ColumnsInOrder(table, in)) {
    if (other.Find(column->key) != nullptr) names.emplace_back(column->name());
  }
  return names;
}

}  // namespace

void MoveColumns(const Path& table, Renderer& renderer) {
  const Schema& from = renderer.from();
  const std::vector<std::string> have = NamesInBoth(table, from, renderer.to());
  const std::vector<std::string> want = NamesInBoth(table, renderer.to(), from);
  const Cost cost =
      FlavourOf(renderer.server()).is_mariadb ? kInstant : kInPlace;
  for (const std::string& name : NamesToMove(have, want)) {
    const auto place = std::find(want.begin(), want.end(), name);
    const Object& column = *from.Find(v1::COLUMN, table.Child(name));
    Sql clause(kMysqlQuoting);
    clause << "MODIFY COLUMN " << ColumnSql(column, renderer);
    if (place == want.begin()) {
      clause << " FIRST";
    } else {
      const Object& before =
          *from.Find(v1::COLUMN, table.Child(*std::prev(place)));
      clause << " AFTER " << Identifier{WrittenName(before)};
    }
    AddAlter(table, clause, cost, renderer, "", kPlaceBatch);
    DropDefault(column, renderer);
  }
}

}  // namespace fleet::mysql
