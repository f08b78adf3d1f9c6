#include "lib/engine/placement.h"

#include <algorithm>

namespace fleet {

Placement::Placement(const Schema& from, const Schema& to,
                     const std::vector<Step>& steps)
    : from_(from), to_(to), steps_(steps) {
  for (const Step& step : steps) {
    const bool in_place =
        step.op == StepOp::kAlter &&
        (step.difference == nullptr || !step.difference->detached);
    if (!in_place) disturbed_.insert(step.key());
  }
}

void Placement::Place(const Dialect& dialect, const Renderer& renderer) {
  const absl::Span<const KindHandler> handlers = dialect.handlers();
  for (const Step& step : steps_) {
    if (step.op == StepOp::kDrop || step.op == StepOp::kRebuild) continue;
    const auto kind = static_cast<size_t>(step.key().kind);
    const auto builds_online =
        kind < handlers.size() ? handlers[kind].builds_online : nullptr;
    const bool builds = step.op == StepOp::kCreate &&
                        builds_online != nullptr &&
                        builds_online(*step.to, renderer);
    if (builds || NeedsDeferred(*step.to)) deferred_.insert(step.key());
  }
  // What a dropped object depends on is dropped after it: seen before it here.
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->op == StepOp::kDrop && deferred_.contains(step->key()) &&
        LeavesAlone(*step->from)) {
      kept_.insert(step->key());
    }
  }
}

bool Placement::NeedsDeferred(const Object& object) const {
  if (deferred_.empty()) return false;
  const Object* parent = to_.ParentOf(object.key);
  if (parent != nullptr && deferred_.contains(parent->key)) return true;
  return std::any_of(object.depends_on.begin(), object.depends_on.end(),
                     [this](const Dependency& dependency) {
                       return !dependency.soft &&
                              deferred_.contains(dependency.on);
                     });
}

bool Placement::LeavesAlone(const Object& object) const {
  const Object* parent = from_.ParentOf(object.key);
  if (parent != nullptr && Disturbs(parent->key)) return false;
  return std::none_of(
      object.depends_on.begin(), object.depends_on.end(),
      [this](const Dependency& dependency) { return Disturbs(dependency.on); });
}

Stage Placement::StageOf(const Step& step) const {
  const bool later = step.op == StepOp::kDrop ? kept_.contains(step.key())
                                              : deferred_.contains(step.key());
  return later ? Stage::kSwap : Stage::kMain;
}

}  // namespace fleet
