#include "cli/print_rollout.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "cli/print_plan.h"
#include "lib/base/fold_names.h"
#include "lib/base/printable.h"

namespace fleet {
namespace {

constexpr int kBarWidth = 20;

std::string Lower(absl::string_view enum_name, absl::string_view prefix) {
  absl::ConsumePrefix(&enum_name, prefix);
  return absl::StrReplaceAll(absl::AsciiStrToLower(enum_name), {{"_", " "}});
}

struct Look {
  absl::string_view unicode;
  absl::string_view ascii;
  Colour colour;
};

Look LookOf(v1::TargetState state) {
  switch (state) {
    case v1::TARGET_HEALTHY:
      return {"✔", "+", Colour::kGreen};
    case v1::TARGET_FAILED:
    case v1::TARGET_DRIFTED:
    case v1::TARGET_BLOCKED:
    case v1::TARGET_DIVERGED:
      return {"✖", "x", Colour::kRed};
    case v1::TARGET_APPLYING:
    case v1::TARGET_DISPATCHED:
    case v1::TARGET_VERIFYING:
      return {"▶", ">", Colour::kBlue};
    case v1::TARGET_CANCELLED:
    case v1::TARGET_SKIPPED:
    case v1::TARGET_DEFERRED:
      return {"–", "-", Colour::kDim};
    case v1::TARGET_REVERTED:
      return {"↩", "<", Colour::kYellow};
    default:
      return {"◌", ".", Colour::kDim};
  }
}

Look LookOf(v1::WaveState state) {
  switch (state) {
    case v1::WAVE_PROMOTED:
      return {"✔", "+", Colour::kGreen};
    case v1::WAVE_FAILED:
      return {"✖", "x", Colour::kRed};
    case v1::WAVE_RUNNING:
      return {"▶", ">", Colour::kBlue};
    case v1::WAVE_READY:
      return {"‖", "|", Colour::kYellow};
    case v1::WAVE_HALTED:
    case v1::WAVE_SKIPPED:
      return {"–", "-", Colour::kDim};
    default:
      return {"◌", ".", Colour::kDim};
  }
}

std::string Glyph(const Look& look, const Style& style) {
  return style.Paint(look.colour, style.Symbol(look.unicode, look.ascii));
}

std::string Bar(int done, int total, const Style& style) {
  const int filled = total == 0 ? kBarWidth : kBarWidth * done / total;
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) {
    absl::StrAppend(
        &bar, i < filled ? style.Symbol("█", "#") : style.Symbol("░", "."));
  }
  return bar;
}

using ByName = std::map<std::string, const v1::TargetProgress*>;

ByName IndexOf(const v1::Rollout& rollout) {
  ByName index;
  for (const v1::TargetProgress& target : rollout.targets()) {
    index[target.target()] = &target;
  }
  return index;
}

int HealthyIn(const v1::Wave& wave, const ByName& index) {
  int healthy = 0;
  for (const std::string& name : wave.targets()) {
    const auto found = index.find(name);
    healthy +=
        found != index.end() && found->second->state() == v1::TARGET_HEALTHY;
  }
  return healthy;
}

std::string TargetLine(const v1::TargetProgress& target, const Style& style) {
  std::string line =
      absl::StrCat(Glyph(LookOf(target.state()), style), " ",
                   Printable(target.target()), "  ", StateName(target.state()));
  if (target.statements_total() > 0) {
    absl::StrAppend(&line, "  ", target.statements_done(), "/",
                    target.statements_total());
  }
  if (target.attempt() > 1) {
    absl::StrAppend(&line, "  attempt ", target.attempt());
  }
  if (target.state() == v1::TARGET_HEALTHY && target.finished_ms() > 0) {
    absl::StrAppend(&line, "  ",
                    PrintDuration(target.finished_ms() - target.started_ms()),
                    "  ", target.fingerprint().substr(0, 8));
  } else if (!target.message().empty()) {
    absl::StrAppend(&line, "  ", Printable(target.message()));
  } else if (!target.reason().empty()) {
    absl::StrAppend(&line, "  waits: ", Printable(target.reason()));
  }
  return line;
}

std::string WaveLine(int number, const v1::Wave& wave, const ByName& index,
                     int64_t now_ms, const Style& style) {
  const int healthy = HealthyIn(wave, index);
  std::string line = absl::StrCat(Glyph(LookOf(wave.state()), style), " ",
                                  number, " ", Fit(Printable(wave.name()), 16),
                                  " ", healthy, "/", wave.targets_size(), "  ",
                                  Bar(healthy, wave.targets_size(), style),
                                  "  ", StateName(wave.state()));
  if (wave.state() == v1::WAVE_BAKING) {
    absl::StrAppend(
        &line, ", ",
        PrintDuration(std::max<int64_t>(0, wave.bake_until_ms() - now_ms) /
                      1000 * 1000),
        " left");
  }
  if (wave.state() == v1::WAVE_READY) {
    absl::StrAppend(&line, ": waits for approval");
  }
  return line;
}

// The targets of one wave: those that are not plainly done one by one, the
// others folded.
std::vector<std::string> TargetLines(const v1::Wave& wave, const ByName& index,
                                     const Style& style) {
  std::map<v1::TargetState, std::vector<std::string>> folded;
  std::vector<std::string> lines;
  for (const std::string& name : wave.targets()) {
    const auto found = index.find(name);
    if (found == index.end()) continue;
    const v1::TargetProgress& target = *found->second;
    const bool plain = target.message().empty() && target.attempt() <= 1 &&
                       (target.state() == v1::TARGET_HEALTHY ||
                        target.state() == v1::TARGET_PENDING ||
                        target.state() == v1::TARGET_CANCELLED);
    if (plain) {
      folded[target.state()].push_back(name);
    } else {
      lines.push_back(TargetLine(target, style));
    }
  }
  for (const auto& [state, names] : folded) {
    lines.push_back(absl::StrCat(Glyph(LookOf(state), style), " ",
                                 Printable(FoldedNames(names)), "  ",
                                 StateName(state)));
  }
  return lines;
}

std::string Heading(const v1::Rollout& rollout, int64_t now_ms,
                    const Style& style) {
  const int64_t end =
      rollout.finished_ms() > 0 ? rollout.finished_ms() : now_ms;
  const int64_t seconds =
      std::max<int64_t>(0, end - rollout.started_ms()) / 1000;
  std::string line = absl::StrCat(
      style.Paint(Colour::kBold, absl::StrCat("Rollout ", rollout.id())), "  ",
      Printable(rollout.fleet_plan_id()), "  ", Printable(rollout.source()),
      "  ", StateName(rollout.state()), "  ", PrintDuration(seconds * 1000));
  if (!rollout.reason().empty()) {
    absl::StrAppend(&line, "  (", Printable(rollout.reason()), ")");
  }
  return line;
}

bool IsDone(v1::WaveState state) {
  return state == v1::WAVE_PROMOTED || state == v1::WAVE_HALTED ||
         state == v1::WAVE_SKIPPED || state == v1::WAVE_WAITING;
}

std::string FailureText(const v1::Rollout& rollout,
                        const v1::TargetProgress& target) {
  std::string text =
      absl::StrCat("\n", absl::AsciiStrToUpper(StateName(target.state())), " ",
                   Printable(target.target()));
  if (target.failed_statement() > 0) {
    absl::StrAppend(&text, ", statement ", target.failed_statement(), " of ",
                    target.statements_total());
  }
  absl::StrAppend(&text, "\n  ", Printable(target.message(), true), "\n");
  if (target.state() == v1::TARGET_FAILED ||
      target.state() == v1::TARGET_BLOCKED) {
    absl::StrAppend(&text, "  fleetctl rollout retry ", rollout.id(),
                    " --target ", Printable(target.target()), "\n");
  } else if (target.state() == v1::TARGET_DIVERGED) {
    absl::StrAppend(&text, "  fleetctl drift --refresh --targets name:",
                    Printable(target.target()), "\n  fleetctl rollout resolve ",
                    rollout.id(), " --target ", Printable(target.target()),
                    "   (when the database is put right)\n");
  }
  return text;
}

// "2026-07-01 10:00:00 UTC skip saas-eu-14 by lena  \"moves next week\"".
std::string SteeringLine(const v1::Steering& steering) {
  std::string text =
      absl::StrCat(PrintTime(steering.time_ms()), " ", steering.action());
  if (!steering.detail().empty()) {
    absl::StrAppend(&text, " ", Printable(steering.detail()));
  }
  const std::vector<std::string> targets(steering.targets().begin(),
                                         steering.targets().end());
  if (!targets.empty()) absl::StrAppend(&text, " ", FoldedNames(targets));
  absl::StrAppend(&text, " by ", Printable(steering.by()));
  if (!steering.message().empty()) {
    absl::StrAppend(&text, "  \"", Printable(steering.message()), "\"");
  }
  return text + "\n";
}

}  // namespace

std::string StateName(v1::RolloutState state) {
  return Lower(v1::RolloutState_Name(state), "ROLLOUT_");
}
std::string StateName(v1::WaveState state) {
  return Lower(v1::WaveState_Name(state), "WAVE_");
}
std::string StateName(v1::TargetState state) {
  return Lower(v1::TargetState_Name(state), "TARGET_");
}

std::string PrintTime(int64_t milliseconds) {
  if (milliseconds == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                          absl::FromUnixMillis(milliseconds),
                          absl::UTCTimeZone());
}

std::string PrintRolloutTree(const v1::Rollout& rollout, int64_t now_ms,
                             const Style& style) {
  const ByName index = IndexOf(rollout);
  std::string text = absl::StrCat(
      Heading(rollout, now_ms, style), "\nStarted ",
      PrintTime(rollout.started_ms()), " by ",
      Printable(rollout.requested_by()),
      rollout.message().empty()
          ? ""
          : absl::StrCat("  \"", Printable(rollout.message()), "\""),
      "\n");
  for (const v1::Steering& steering : rollout.steering()) {
    absl::StrAppend(&text, SteeringLine(steering));
  }
  for (int i = 0; i < rollout.waves_size(); ++i) {
    const v1::Wave& wave = rollout.waves(i);
    const bool last = i + 1 == rollout.waves_size();
    absl::StrAppend(
        &text, last ? style.Symbol("└─ ", "`- ") : style.Symbol("├─ ", "|- "),
        WaveLine(i + 1, wave, index, now_ms, style), "\n");
    for (const std::string& line : TargetLines(wave, index, style)) {
      absl::StrAppend(&text, last ? "   " : style.Symbol("│  ", "|  "), "   ",
                      line, "\n");
    }
  }
  return text;
}

std::vector<std::string> RolloutFrame(const v1::Rollout& rollout,
                                      int64_t now_ms, const Style& style,
                                      int height) {
  const ByName index = IndexOf(rollout);
  std::vector<std::string> lines = {Heading(rollout, now_ms, style)};
  int healthy = 0;
  for (int i = 0; i < rollout.waves_size(); ++i) {
    const v1::Wave& wave = rollout.waves(i);
    healthy += HealthyIn(wave, index);
    lines.push_back(
        absl::StrCat(" ", WaveLine(i + 1, wave, index, now_ms, style)));
    if (IsDone(wave.state())) continue;
    for (const std::string& line : TargetLines(wave, index, style)) {
      if (static_cast<int>(lines.size()) + 3 > height) break;
      lines.push_back(absl::StrCat("     ", line));
    }
  }
  lines.push_back(absl::StrCat(
      " ", healthy, "/", rollout.targets_size(), " targets  ",
      style.Paint(Colour::kDim, "Ctrl-C leaves the rollout running")));
  for (std::string& line : lines) {
    line = std::string(
        absl::StripTrailingAsciiWhitespace(Fit(line, style.width())));
  }
  return lines;
}

std::string PrintRecap(const v1::Rollout& rollout, const Style& style) {
  const ByName index = IndexOf(rollout);
  const bool good = rollout.state() == v1::ROLLOUT_SUCCEEDED;
  std::string text = absl::StrCat(
      style.Paint(good ? Colour::kGreen : Colour::kRed,
                  absl::StrCat("RECAP ", rollout.id(), " ",
                               StateName(rollout.state()))),
      " after ", PrintDuration(rollout.finished_ms() - rollout.started_ms()),
      rollout.reason().empty()
          ? ""
          : absl::StrCat(" (", Printable(rollout.reason()), ")"),
      "\n");
  for (int i = 0; i < rollout.waves_size(); ++i) {
    absl::StrAppend(
        &text, "  ",
        WaveLine(i + 1, rollout.waves(i), index, rollout.finished_ms(), style),
        "\n");
  }
  std::vector<std::string> not_started;
  for (const v1::TargetProgress& target : rollout.targets()) {
    switch (target.state()) {
      case v1::TARGET_FAILED:
      case v1::TARGET_DRIFTED:
      case v1::TARGET_BLOCKED:
      case v1::TARGET_DIVERGED:
        text += FailureText(rollout, target);
        break;
      case v1::TARGET_CANCELLED:
        not_started.push_back(target.target());
        break;
      default:
        break;
    }
  }
  if (!not_started.empty()) {
    absl::StrAppend(&text, "\nNOT STARTED ", not_started.size(), "  ",
                    Printable(FoldedNames(not_started)), "\n");
  }
  return text;
}

}  // namespace fleet
