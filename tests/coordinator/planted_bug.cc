#include "tests/coordinator/planted_bug.h"

#include <variant>

namespace fleet {
namespace {

PlantedBug Believes(const char* name,
                    std::function<void(v1::Rollout&)> believe) {
  PlantedBug bug{name, nullptr, nullptr, nullptr, nullptr};
  bug.believe = std::move(believe);
  return bug;
}

PlantedBug BelievesOfWaves(const char* name,
                           std::function<void(v1::Wave&)> change) {
  return Believes(name, [change](v1::Rollout& rollout) {
    for (v1::Wave& wave : *rollout.mutable_waves()) change(wave);
  });
}

// Hears nothing where `One` is said.
template <typename One>
PlantedBug IsDeafTo(const char* name) {
  PlantedBug bug{name, nullptr, nullptr, nullptr, nullptr};
  bug.hear = [](Event& event) {
    if (std::holds_alternative<One>(event)) event = Tick{};
  };
  return bug;
}

template <typename One>
PlantedBug SaysTo(const char* name,
                  std::function<void(const One&, Transition&)> say) {
  PlantedBug bug{name, nullptr, nullptr, nullptr, nullptr};
  bug.say = [say](const Event& event, Transition& step) {
    const One* one = std::get_if<One>(&event);
    if (one != nullptr && step.status.ok()) say(*one, step);
  };
  return bug;
}

template <typename One>
PlantedBug Misremembers(const char* name,
                        std::function<void(const One&, v1::Rollout&)> change) {
  PlantedBug bug{name, nullptr, nullptr, nullptr, nullptr};
  bug.remember = [change](const Event& event, v1::Rollout& rollout) {
    const One* one = std::get_if<One>(&event);
    if (one != nullptr) change(*one, rollout);
    return one != nullptr;
  };
  return bug;
}

PlantedBug TrustsResults() {
  PlantedBug bug{"evidence is not looked at", nullptr, nullptr, nullptr,
                 nullptr};
  bug.hear = [](Event& event) {
    TargetResult* result = std::get_if<TargetResult>(&event);
    if (result == nullptr) return;
    result->plan_id = "plan";
    result->fingerprint = "to";
  };
  return bug;
}

PlantedBug AcknowledgesWhatItForgets() {
  PlantedBug bug = IsDeafTo<TargetResult>("a result is acknowledged, not kept");
  bug.say = [](const Event& event, Transition& step) {
    if (const auto* result = std::get_if<TargetResult>(&event)) {
      step.commands.push_back(
          {CommandType::kAckResult, result->target, result->attempt, ""});
    }
  };
  return bug;
}

void ForgetGrants(const CoordinatorRestarted&, v1::Rollout& rollout) {
  for (v1::TargetProgress& target : *rollout.mutable_targets()) {
    if (!IsStarted(target.state())) continue;
    target.set_state(v1::TARGET_DISPATCHED);
    target.clear_nonce();
  }
}

void UseAttemptsAgain(const Retried&, v1::Rollout& rollout) {
  for (v1::TargetProgress& target : *rollout.mutable_targets()) {
    if (target.attempt() > 1) target.set_attempt(target.attempt() - 1);
  }
}

void PassFirstWave(const TargetResult&, v1::Rollout& rollout) {
  rollout.mutable_waves(0)->set_state(v1::WAVE_PROMOTED);
}

}  // namespace

std::vector<PlantedBug> PlantedBugs() {
  return {
      BelievesOfWaves("one more than max_parallel starts",
                      [](v1::Wave& wave) {
                        wave.set_max_parallel(wave.max_parallel() + 1);
                      }),
      BelievesOfWaves("one more failure is tolerated",
                      [](v1::Wave& wave) {
                        wave.set_failure_tolerance(wave.failure_tolerance() +
                                                   1);
                      }),
      BelievesOfWaves("nothing bakes",
                      [](v1::Wave& wave) { wave.set_bake_ms(0); }),
      BelievesOfWaves("nobody has to promote",
                      [](v1::Wave& wave) { wave.set_manual_promotion(false); }),
      Believes("failures stop nothing",
               [](v1::Rollout& rollout) {
                 rollout.mutable_policy()->set_on_failure(v1::CONTINUE);
               }),
      IsDeafTo<Paused>("a pause is not heard"),
      IsDeafTo<Aborted>("an abort is not heard"),
      IsDeafTo<Skipped>("a skip is not heard"),
      TrustsResults(),
      AcknowledgesWhatItForgets(),
      SaysTo<StartAsked>("who asks is granted",
                         [](const StartAsked& asked, Transition& step) {
                           step.commands.push_back({CommandType::kGrant,
                                                    asked.target, asked.attempt,
                                                    asked.nonce});
                         }),
      SaysTo<TargetReady>("who is ready goes",
                          [](const TargetReady& ready, Transition& step) {
                            step.commands.push_back({CommandType::kGo,
                                                     ready.target,
                                                     ready.attempt, ""});
                          }),
      Misremembers<CoordinatorRestarted>("a restart forgets grants",
                                         ForgetGrants),
      Misremembers<Retried>("a retry uses the attempt again", UseAttemptsAgain),
      Misremembers<TargetResult>("a wave does not wait for the one before",
                                 PassFirstWave),
      Misremembers<Resumed>("who resumed is not written down",
                            [](const Resumed&, v1::Rollout& rollout) {
                              rollout.clear_steering();
                            }),
  };
}

}  // namespace fleet
