#include "lib/engine/render.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/placement.h"
#include "lib/schema/kind.h"
#include "lib/schema/leave_out.h"

namespace fleet {
namespace {

absl::Status CannotDo(absl::string_view verb, const ObjectKey& key,
                      const Dialect& dialect) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot ", verb, " ", Describe(key), ": fleetctl does not know how on ",
      dialect.name(), "; do it by hand, or leave it out with ignore patterns"));
}

// The change that the step is made for.
const ObjectKey& CauseOf(const Step& step) {
  const ObjectKey& because = step.difference->because;
  return because.path.empty() ? step.key() : because;
}

// Calls the handler's function for the step.
absl::Status RenderStep(const Step& step, const Dialect& dialect,
                        Renderer& renderer) {
  const KindHandler* handler = HandlerOf(dialect, step.key().kind);
  const KindHandler none;
  if (handler == nullptr) handler = &none;
  const bool recreates = step.difference->op == v1::RECREATE;
  switch (step.op) {
    case StepOp::kCreate:
      if (!handler->create) return CannotDo("create", step.key(), dialect);
      handler->create(*step.to, renderer);
      if (recreates && handler->give_back) {
        handler->give_back(*step.difference->from, renderer);
      }
      break;
    case StepOp::kDrop:
      if (!handler->drop) return CannotDo("drop", step.key(), dialect);
      if (recreates && handler->keep) handler->keep(*step.from, renderer);
      handler->drop(*step.from, renderer);
      break;
    case StepOp::kAlter:
      if (!handler->alter) return CannotDo("alter", step.key(), dialect);
      handler->alter(*step.difference, renderer);
      break;
    case StepOp::kRebuild:
      if (!handler->rebuild) return CannotDo("rebuild", step.key(), dialect);
      handler->rebuild(*step.difference, renderer);
      break;
  }
  return Annotate(renderer.status(), Describe(step.key()));
}

v1::ChangeOp OpOf(const Step& step) {
  if (step.difference != nullptr && step.difference->op == v1::RECREATE) {
    return v1::RECREATE;
  }
  switch (step.op) {
    case StepOp::kCreate:
      return v1::CREATE;
    case StepOp::kDrop:
      return v1::DROP;
    case StepOp::kAlter:
      return v1::ALTER;
    case StepOp::kRebuild:
      return v1::REBUILD;
  }
  return v1::CHANGE_OP_UNSPECIFIED;
}

v1::Phase PhaseOf(v1::ChangeOp op, Stage stage) {
  if (stage == Stage::kBuild) return v1::EXPAND;
  if (stage == Stage::kRemove) return v1::CONTRACT;
  if (stage != Stage::kMain) return v1::MIGRATE;
  if (op == v1::CREATE) return v1::EXPAND;
  if (op == v1::DROP) return v1::CONTRACT;
  return v1::MIGRATE;
}

bool HasHazard(const v1::Statement& statement, v1::HazardType type) {
  for (const v1::Hazard& hazard : statement.hazards()) {
    if (hazard.type() == type) return true;
  }
  return false;
}

// Dropping what holds rows or values is never silent, also when a handler
// forgot to say so.
void MarkDataLoss(const Step& step, v1::Statement& statement) {
  if (step.op != StepOp::kDrop || !KindOf(step.key().kind).holds_data) return;
  if (statement.reversibility() == v1::REVERSIBILITY_UNSPECIFIED ||
      statement.reversibility() == v1::LOSSLESS) {
    statement.set_reversibility(v1::LOSSY);
  }
  if (!HasHazard(statement, v1::DELETES_DATA)) {
    AddHazard(statement, v1::DELETES_DATA,
              absl::StrCat("dropping ", Describe(step.key()),
                           " deletes what it holds"));
  }
}

// What holds up nobody may wait and work for long.
void SetTimeouts(const RenderOptions& options, Stage stage,
                 v1::Statement& statement) {
  const bool alone = stage == Stage::kBuild || stage == Stage::kRemove;
  const bool scans = stage == Stage::kProve || stage == Stage::kValidate;
  if (alone) statement.set_waits_freely(true);
  if (statement.lock_timeout_ms() == 0) {
    statement.set_lock_timeout_ms(alone ? options.build_timeout_ms
                                        : options.lock_timeout_ms);
  }
  if (statement.statement_timeout_ms() == 0) {
    statement.set_statement_timeout_ms(alone || scans
                                           ? options.build_timeout_ms
                                           : options.statement_timeout_ms);
  }
}

void Fill(const Step& step, const RenderOptions& options, Stage stage,
          v1::Statement& statement) {
  const ObjectKey& key = step.key();
  if (statement.kind() == v1::KIND_UNSPECIFIED) {
    statement.set_kind(key.kind);
    for (const std::string& component : key.path.components()) {
      statement.add_path(component);
    }
  }
  if (statement.op() == v1::CHANGE_OP_UNSPECIFIED) {
    statement.set_op(OpOf(step));
  }
  if (statement.phase() == v1::PHASE_UNSPECIFIED) {
    statement.set_phase(PhaseOf(statement.op(), stage));
  }
  MarkDataLoss(step, statement);
  if (statement.reversibility() == v1::REVERSIBILITY_UNSPECIFIED) {
    statement.set_reversibility(v1::LOSSLESS);
  }
  SetTimeouts(options, stage, statement);
}

// Stage by stage, within each in the order of the steps.
std::vector<v1::Statement> InStages(std::vector<v1::Statement> statements,
                                    const std::vector<Stage>& stages) {
  std::vector<size_t> order(statements.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return stages[a] < stages[b]; });
  std::vector<v1::Statement> sorted;
  sorted.reserve(order.size());
  int group = -1;
  std::optional<Stage> open;  // of the last group, where it takes more
  for (size_t i : order) {
    const bool shares = stages[i] == Stage::kMain ||
                        stages[i] == Stage::kSwap || stages[i] == Stage::kLast;
    v1::Statement& statement = statements[i];
    if (!statement.transactional() || open != stages[i]) ++group;
    open.reset();
    if (statement.transactional() && shares) open = stages[i];
    statement.set_group(group);
    sorted.push_back(std::move(statement));
  }
  return sorted;
}

std::vector<v1::Statement> Surrounded(const Around& around,
                                      std::vector<v1::Statement> statements,
                                      std::vector<Stage> stages) {
  const bool one_stage =
      std::all_of(stages.begin(), stages.end(),
                  [](Stage stage) { return stage == Stage::kMain; });
  statements.insert(statements.begin(), around.first.begin(),
                    around.first.end());
  stages.insert(stages.begin(), around.first.size(), Stage::kMain);
  statements.insert(statements.end(), around.last.begin(), around.last.end());
  stages.insert(stages.end(), around.last.size(),
                one_stage ? Stage::kMain : Stage::kLast);
  return InStages(std::move(statements), stages);
}

}  // namespace

absl::StatusOr<std::vector<v1::Statement>> Render(
    const Schema& from, const Schema& to, const std::vector<Step>& steps,
    const Dialect& dialect, const SchemaInfo& server,
    const RenderOptions& options, const Around& around) {
  Placement placement(from, to, steps);
  Renderer renderer(from, to, server, options, &placement);
  if (options.online) placement.Place(dialect, renderer);
  for (const Step& step : steps) {
    renderer.set_stage(placement.StageOf(step));
    RETURN_IF_ERROR(
        RefusalOf(CauseOf(step), RenderStep(step, dialect, renderer)));
    for (size_t i = renderer.TakeFirstChanged();
         i < renderer.statements().size(); ++i) {
      Fill(step, options, renderer.stages()[i], renderer.statements()[i]);
    }
  }
  std::vector<v1::Statement> statements =
      Surrounded(around, std::move(renderer.statements()), renderer.stages());
  dialect.Review(from, to, statements);
  return statements;
}

}  // namespace fleet
