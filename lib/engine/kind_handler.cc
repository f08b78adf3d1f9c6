#include "lib/engine/kind_handler.h"

#include <algorithm>
#include <utility>

#include "lib/base/printable.h"

namespace fleet {

void Renderer::SetSql(const Sql& sql, v1::Statement& statement) {
  absl::StatusOr<std::string> text = sql.Text();
  if (text.ok()) {
    statement.set_sql(*std::move(text));
  } else {
    Fail(text.status());
  }
}

v1::Statement& Renderer::Add(const Sql& sql, absl::string_view lock) {
  open_.clause = Sql(kNoQuoting);
  v1::Statement& statement = statements_.emplace_back();
  SetSql(sql, statement);
  statement.set_transactional(stage_ != Stage::kBuild &&
                              stage_ != Stage::kRemove);
  stages_.push_back(stage_);
  statement.set_lock(std::string(lock));
  return statement;
}

v1::Statement& Renderer::AddClause(const AlterClause& clause) {
  const bool joins = !open_.clause.empty() && open_.head == clause.head &&
                     open_.batch == clause.batch &&
                     (clause.once.empty() || !open_once_.contains(clause.once));
  if (joins) {
    open_.clause << ", " << clause.clause;
    open_.cost = clause.combine(open_.cost, clause.cost);
    first_changed_ = std::min(first_changed_, statements_.size() - 1);
  } else {
    Add(clause.clause, clause.lock).set_transactional(false);
    open_ = clause;
    open_once_.clear();
  }
  if (!clause.once.empty()) open_once_.insert(clause.once);
  v1::Statement& statement = statements_.back();
  Sql sql = open_.head;
  sql << open_.clause << clause.tail(open_.cost);
  SetSql(sql, statement);
  return statement;
}

size_t Renderer::TakeFirstChanged() {
  return std::exchange(first_changed_, statements_.size());
}

void Renderer::Fail(absl::Status status) { status_.Update(std::move(status)); }

void AddHazard(v1::Statement& statement, v1::HazardType type,
               absl::string_view message) {
  std::string text = Printable(message);
  for (const v1::Hazard& hazard : statement.hazards()) {
    if (hazard.type() == type && hazard.message() == text) return;
  }
  v1::Hazard& hazard = *statement.add_hazards();
  hazard.set_type(type);
  hazard.set_message(std::move(text));
}

}  // namespace fleet
