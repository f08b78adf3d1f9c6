#include "lib/engine/mysql/alter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/mysql/flavour.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/mysql/tokens.h"

namespace fleet::mysql {
namespace {

int Combine(int a, int b) {
  const int low = std::min(a, b);
  const int high = std::max(a, b);
  // With anything beside it the servers see another type (measured).
  if (high != kUnstated && (a == kCollation) != (b == kCollation)) return kCopy;
  // Each is instant alone. MariaDB looks at indexes for the two together.
  if (low == kInstantOption && high == kInstantGrowth) return kNoCopy;
  return low == kInstantColumn && high != low && high < kInPlace
             ? static_cast<int>(kInPlace)
             : high;
}

// What MySQL does in place it does not do in one instant with a new column.
int CombineMysql(int a, int b) {
  const int low = std::min(a, b);
  const bool in_place = low == kInstantOption || low == kInstantGrowth;
  return in_place && std::max(a, b) == kInstantColumn
             ? static_cast<int>(kInPlace)
             : Combine(a, b);
}

Sql HeadOf(const Path& table) {
  Sql head(kMysqlQuoting);
  head << "ALTER TABLE " << Identifier{table.last()} << " ";
  return head;
}

// With full-text keys MySQL writes no rows anew in place, and MariaDB not with
// two of them.
bool IsCopiedOnly(const Path& table, const Schema& schema, bool is_mariadb) {
  const auto indexes = schema.ChildrenOf(table, v1::INDEX);
  return std::count_if(indexes.begin(), indexes.end(), [](const Object& index) {
           return index.Get("type") == "FULLTEXT";
         }) > (is_mariadb ? 1 : 0);
}

Sql MariadbTail(int cost) {
  Sql sql(kMysqlQuoting);
  switch (cost) {
    case kInstant:
    case kCollation:
    case kInstantOption:
    case kInstantGrowth:
    case kInstantColumn:
      sql << ", ALGORITHM=INSTANT, LOCK=NONE";
      break;
    case kIndexGone:
    case kNoCopy:
      sql << ", ALGORITHM=NOCOPY, LOCK=NONE";
      break;
    case kInPlace:
      sql << ", ALGORITHM=INPLACE, LOCK=NONE";
      break;
    case kIndexShared:
    case kInPlaceShared:
      sql << ", ALGORITHM=INPLACE, LOCK=SHARED";
      break;
    case kCopy:
      sql << ", ALGORITHM=COPY, LOCK=SHARED";
      break;
    default:
      break;
  }
  return sql;
}

Sql MysqlTail(int cost) {
  Sql sql(kMysqlQuoting);
  switch (cost) {
    case kInstant:
    case kInstantColumn:
      // LOCK may not be named with it.
      sql << ", ALGORITHM=INSTANT";
      break;
    case kCollation:
    case kInstantOption:
    case kInstantGrowth:
    case kIndexGone:
    case kNoCopy:
      sql << ", ALGORITHM=INPLACE, LOCK=NONE";
      break;
    default:
      return MariadbTail(cost);
  }
  return sql;
}

absl::string_view LockOf(Cost cost) {
  return cost <= kInPlace ? "NONE" : "SHARED";
}

bool IsInnodb(const Object& table) {
  return absl::EqualsIgnoreCase(table.Get("engine"), "InnoDB");
}

// The statement is now about several parts of the table.
void MakeAboutTable(const Path& table, v1::Statement& statement) {
  statement.set_kind(v1::TABLE);
  statement.clear_path();
  for (const std::string& component : table.components()) {
    statement.add_path(component);
  }
  statement.set_op(v1::ALTER);
  statement.set_phase(v1::MIGRATE);
}

void NoteCost(const Path& table, Cost cost, v1::Statement& statement) {
  const std::string name = table.Dotted();
  if (cost == kCopy) AddRule(Rule::kCopy, statement);
  if (cost == kUnstated) {
    AddRule(Rule::kEngine, statement);
    AddHazard(statement, v1::NOT_ATOMIC,
              absl::StrCat(name,
                           " is not of InnoDB: a crash in the middle may leave "
                           "it half changed"));
  }
  if (cost >= kInPlace && cost != kUnstated) {
    statement.set_rewrites_table(true);
    AddHazard(statement, v1::TABLE_REWRITE,
              absl::StrCat("writes every row of ", name, " anew"));
  }
  if (cost >= kIndexShared) {
    AddHazard(
        statement, v1::ACQUIRES_SHARE_LOCK,
        absl::StrCat("blocks writers of ", name, " for as long as it runs"));
  }
}

// What a tool would do instead; ReviewOnline says whether one can.
void NoteOnline(const Path& table, Cost cost, const Sql& clauses,
                v1::Statement& statement) {
  statement.clear_online();
  if (cost < kIndexShared || cost == kUnstated) return;
  v1::OnlineAlter& online = *statement.mutable_online();
  online.set_table(std::string(table.last()));
  online.set_clauses(clauses.Text().value_or(""));
}

}  // namespace

bool IsOpen(const Path& table, const Renderer& renderer) {
  return renderer.IsOpen(HeadOf(table));
}

v1::Statement& AddAlter(const Path& table, const Sql& clause, Cost cost,
                        Renderer& renderer, const std::string& once,
                        Batch batch) {
  const Object* object = TableOf(table, renderer);
  if (object != nullptr && !IsInnodb(*object)) cost = kUnstated;
  const Flavour flavour = FlavourOf(renderer.server());
  const bool rewrites = cost == kInPlace || cost == kInPlaceShared;
  if (cost == kInPlace && HasFullText(table, renderer.from())) {
    cost = kInPlaceShared;
  }
  if (rewrites && IsCopiedOnly(table, renderer.from(), flavour.is_mariadb)) {
    cost = kCopy;
  }
  AlterClause alter{HeadOf(table), clause};
  alter.cost = cost;
  alter.combine = flavour.is_mariadb ? Combine : CombineMysql;
  alter.tail = flavour.is_mariadb ? MariadbTail : MysqlTail;
  alter.once = once;
  alter.batch = batch;
  alter.lock = LockOf(cost);
  const size_t before = renderer.statements().size();
  v1::Statement& statement = renderer.AddClause(alter);
  if (renderer.statements().size() == before) MakeAboutTable(table, statement);
  cost = static_cast<Cost>(renderer.clause_cost());
  if (LockOf(cost) == "SHARED") statement.set_lock("SHARED");
  NoteCost(table, cost, statement);
  NoteOnline(table, cost, renderer.clauses(), statement);
  return statement;
}

v1::Statement& AddAlone(const Sql& sql, absl::string_view lock,
                        Renderer& renderer) {
  v1::Statement& statement = renderer.Add(sql, lock);
  statement.set_transactional(false);
  return statement;
}

void RunUnchecked(v1::Statement& statement) {
  if (statement.settings_size() > 0) return;
  statement.add_settings("SET SESSION foreign_key_checks = 0");
  statement.add_settings_end("SET SESSION foreign_key_checks = 1");
}

const Object* TableOf(const Path& table, const Renderer& renderer) {
  const Object* object = renderer.from().Find(v1::TABLE, table);
  return object ? object : renderer.to().Find(v1::TABLE, table);
}

bool HasFullText(const Path& table, const Schema& schema) {
  const auto indexes = schema.ChildrenOf(table, v1::INDEX);
  return std::any_of(indexes.begin(), indexes.end(), [](const Object& index) {
    return index.Get("type") == "FULLTEXT" || index.Get("type") == "SPATIAL";
  });
}

bool KeepsRowsInOrder(const Object& key, const Schema& schema) {
  const Path table = key.path().Parent();
  if (key.kind() == v1::PRIMARY_KEY) return true;
  if (key.kind() != v1::UNIQUE_KEY ||
      !schema.ChildrenOf(table, v1::PRIMARY_KEY).empty()) {
    return false;
  }
  return std::all_of(key.depends_on.begin(), key.depends_on.end(),
                     [&](const Dependency& dependency) {
                       const Object* column = schema.Find(dependency.on);
                       return column == nullptr || column->Has("not_null");
                     });
}

}  // namespace fleet::mysql
