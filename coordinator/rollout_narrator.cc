#include "coordinator/rollout_narrator.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "coordinator/rollout.h"
#include "lib/base/printable.h"

namespace fleet {
namespace {

constexpr size_t kSqlBytes = 80;

std::string Word(absl::string_view enum_name, absl::string_view prefix) {
  absl::ConsumePrefix(&enum_name, prefix);
  return absl::StrReplaceAll(absl::AsciiStrToLower(enum_name), {{"_", " "}});
}

std::string Shortened(const std::string& sql) {
  std::string line = Printable(absl::StrReplaceAll(sql, {{"\n", " "}}));
  if (line.size() <= kSqlBytes) return line;
  size_t end = kSqlBytes;
  while (end > 0 && (line[end] & 0xC0) == 0x80) --end;  // whole characters
  return line.substr(0, end) + "…";
}

v1::RolloutEvent MakeEvent(absl::string_view type, std::string text,
                           int64_t now_ms) {
  v1::RolloutEvent event;
  event.set_time_ms(now_ms);
  event.set_type(std::string(type));
  event.set_text(std::move(text));
  return event;
}

std::string RolloutLine(const v1::Rollout& now, bool begins, int64_t now_ms) {
  if (begins) {
    return absl::StrCat(
        "start plan=", now.fleet_plan_id(), " source=", Printable(now.source()),
        " targets=", now.targets_size(), " waves=", now.waves_size(),
        " by=", Printable(now.requested_by()));
  }
  if (IsOver(now.state())) {
    return absl::StrCat(Word(v1::RolloutState_Name(now.state()), "ROLLOUT_"),
                        " after ", FormatDuration(now_ms - now.started_ms()));
  }
  if (now.state() == v1::ROLLOUT_RUNNING && now.reason().empty()) {
    return "goes on";
  }
  if (now.state() == v1::ROLLOUT_RUNNING) {
    return absl::StrCat("running, ", now.reason());
  }
  return Word(v1::RolloutState_Name(now.state()), "ROLLOUT_");
}

std::string WaveLine(const v1::Rollout& rollout, int index) {
  const v1::Wave& wave = rollout.waves(index);
  const std::string name =
      absl::StrCat("wave ", index + 1, "/", rollout.waves_size(), " ",
                   Printable(wave.name()));
  switch (wave.state()) {
    case v1::WAVE_READY:
      return absl::StrCat(
          name, " waits for approval: fleetctl rollout approve ", rollout.id());
    case v1::WAVE_RUNNING:
      return absl::StrCat(name, " start targets=", wave.targets_size());
    case v1::WAVE_BAKING:
      return absl::StrCat(name, " done, bake ", FormatDuration(wave.bake_ms()));
    case v1::WAVE_PROMOTED:
      return absl::StrCat(name, " passed");
    case v1::WAVE_HALTED:
    case v1::WAVE_FAILED:
      return absl::StrCat(
          name, " stopped: ",
          wave.reason().empty() ? "a target failed" : wave.reason());
    default:
      return absl::StrCat(name, " ",
                          Word(v1::WaveState_Name(wave.state()), "WAVE_"));
  }
}

std::string TargetLine(const v1::TargetProgress& target) {
  switch (target.state()) {
    case v1::TARGET_HEALTHY:
      return absl::StrCat(target.target(),
                          " done verified=", target.fingerprint().substr(0, 8));
    case v1::TARGET_APPLYING:
      return absl::StrCat(
          target.target(), " start statements=", target.statements_total(),
          target.attempt() > 1 ? absl::StrCat(" attempt=", target.attempt())
                               : "");
    default:
      break;
  }
  if (!IsOver(target.state())) return "";
  std::string line = target.target();
  if (target.failed_statement() > 0) {
    absl::StrAppend(&line, " ", target.failed_statement(), "/",
                    target.statements_total());
  }
  absl::string_view state = v1::TargetState_Name(target.state());
  absl::ConsumePrefix(&state, "TARGET_");
  absl::StrAppend(&line, " ", state);
  const std::string& why =
      target.message().empty() ? target.reason() : target.message();
  if (!why.empty()) absl::StrAppend(&line, " ", Printable(why));
  return line;
}

}  // namespace

RolloutNarrator::RolloutNarrator(const v1::Rollout& rollout)
    : state_(rollout.state()), reason_(rollout.reason()) {
  for (const v1::Wave& wave : rollout.waves()) waves_.push_back(wave.state());
  for (const v1::TargetProgress& target : rollout.targets()) {
    targets_[target.target()] = {target.state(), target.attempt()};
  }
}

std::vector<v1::RolloutEvent> RolloutNarrator::Tell(
    const v1::Rollout& now, const std::vector<int>& changed, int64_t now_ms) {
  std::vector<v1::RolloutEvent> events;
  const bool moved = now.state() != state_ ||
                     (now.reason() != reason_ && !IsOver(now.state()) &&
                      now.reason() == kCancelling);
  const std::string line =
      moved ? RolloutLine(now, state_ == v1::ROLLOUT_APPROVED, now_ms) : "";
  // A rollout ends after its last wave, and goes on before its next.
  if (moved && !IsOver(now.state())) {
    events.push_back(MakeEvent("rollout", line, now_ms));
  }
  for (int index : changed) {
    const v1::TargetProgress& target = now.targets(index);
    const std::pair<v1::TargetState, int> state(target.state(),
                                                target.attempt());
    std::pair<v1::TargetState, int>& before = targets_[target.target()];
    if (before == state) continue;
    before = state;
    std::string text = TargetLine(target);
    if (text.empty()) continue;
    events.push_back(MakeEvent("target", std::move(text), now_ms));
    events.back().set_target(target.target());
  }
  waves_.resize(now.waves_size());
  for (int i = 0; i < now.waves_size(); ++i) {
    if (waves_[i] == now.waves(i).state()) continue;
    waves_[i] = now.waves(i).state();
    events.push_back(MakeEvent("wave", WaveLine(now, i), now_ms));
    events.back().set_wave(now.waves(i).name());
  }
  if (moved && IsOver(now.state())) {
    events.push_back(MakeEvent("rollout", line, now_ms));
  }
  state_ = now.state();
  reason_ = now.reason();
  return events;
}

v1::RolloutEvent RolloutNarrator::TellStatement(
    const v1::StatementResult& result, const v1::Plan& plan, int64_t now_ms) {
  std::string text = absl::StrCat(
      result.target(), " ", result.index() + 1, "/", plan.statements_size(),
      result.ok() ? " ok " : " FAILED ", FormatDuration(result.duration_ms()));
  if (!result.ok()) absl::StrAppend(&text, " ", Printable(result.error()));
  if (result.index() >= 0 && result.index() < plan.statements_size()) {
    absl::StrAppend(&text, " ",
                    Shortened(plan.statements(result.index()).sql()));
  }
  v1::RolloutEvent event = MakeEvent("statement", std::move(text), now_ms);
  event.set_target(result.target());
  event.set_duration_ms(result.duration_ms());
  return event;
}

std::string FormatDuration(int64_t ms) {
  if (ms < 0) ms = 0;
  if (ms < 10'000) return absl::StrFormat("%.2fs", ms / 1000.0);
  const int64_t seconds = ms / 1000;
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) {
    return seconds % 60 == 0
               ? absl::StrCat(seconds / 60, "m")
               : absl::StrCat(seconds / 60, "m", seconds % 60, "s");
  }
  return absl::StrCat(seconds / 3600, "h", seconds / 60 % 60, "m");
}

}  // namespace fleet
