#include "lib/schema/column_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace fleet {
namespace {

// "`a`, `b`": no name can look like two.
std::string OrderText(const Path& table, const Schema& schema) {
  std::string text;
  bool is_placed = false;
  for (const Object* column : ColumnsInOrder(table, schema)) {
    is_placed = is_placed || column->Has("after");
    absl::StrAppend(&text, text.empty() ? "`" : ", `",
                    absl::StrReplaceAll(column->name(), {{"`", "``"}}), "`");
  }
  return is_placed ? text : "";
}

}  // namespace

std::vector<const Object*> ColumnsInOrder(const Path& table,
                                          const Schema& schema) {
  std::map<std::string, const Object*, std::less<>> after;
  std::vector<const Object*> rest;
  for (const Object& column : schema.ChildrenOf(table, v1::COLUMN)) {
    const bool taken =
        !after.emplace(std::string(column.Get("after")), &column).second;
    if (taken) rest.push_back(&column);
  }
  std::vector<const Object*> columns;
  std::string last;
  for (auto next = after.find(last); next != after.end();
       next = after.find(last)) {
    columns.push_back(next->second);
    last = std::string(next->second->name());
    after.erase(next);
  }
  for (const auto& [name, column] : after) columns.push_back(column);
  columns.insert(columns.end(), rest.begin(), rest.end());
  return columns;
}

absl::StatusOr<Schema> WithColumnOrder(const Schema& schema) {
  std::vector<Object> objects(schema.objects().begin(), schema.objects().end());
  for (Object& object : objects) {
    if (object.kind() != v1::TABLE) continue;
    object.Set("column_order", OrderText(object.path(), schema));
  }
  return Schema::Make(schema.info(), std::move(objects));
}

// All but a longest run of names that already follow each other as wanted.
std::vector<std::string> NamesToMove(absl::Span<const std::string> have,
                                     absl::Span<const std::string> want) {
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < have.size(); ++i) place[have[i]] = i;
  // best[i]: longest run that ends with want[i]; from[i]: the one before it.
  std::vector<size_t> best(want.size(), 1);
  std::vector<size_t> from(want.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (place[want[j]] < place[want[i]] && best[j] + 1 > best[i]) {
        best[i] = best[j] + 1;
        from[i] = j;
      }
    }
  }
  std::set<size_t> stays;
  if (!want.empty()) {
    auto at = static_cast<size_t>(std::max_element(best.begin(), best.end()) -
                                  best.begin());
    for (; at < want.size(); at = from[at]) stays.insert(at);
  }
  std::vector<std::string> moves;
  for (size_t i = 0; i < want.size(); ++i) {
    if (!stays.contains(i)) moves.push_back(want[i]);
  }
  return moves;
}

}  // namespace fleet
