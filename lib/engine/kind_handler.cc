#include "lib/engine/kind_handler.h"

#include <utility>

#include "lib/base/printable.h"

namespace fleet {

v1::Statement& Renderer::Add(const Sql& sql, absl::string_view lock) {
  v1::Statement& statement = statements_.emplace_back();
  absl::StatusOr<std::string> text = sql.Text();
  if (text.ok()) {
    statement.set_sql(*std::move(text));
  } else {
    Fail(text.status());
  }
  statement.set_transactional(stage_ != Stage::kBuild &&
                              stage_ != Stage::kRemove);
  stages_.push_back(stage_);
  statement.set_lock(std::string(lock));
  return statement;
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
