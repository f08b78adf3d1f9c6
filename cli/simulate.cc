#include "cli/simulate.h"

#include <google/protobuf/struct.pb.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/print_changes.h"
#include "cli/table.h"
#include "lib/base/printable.h"

namespace fleet {
namespace {

std::string Duration(int64_t milliseconds) {
  return absl::FormatDuration(absl::Milliseconds(milliseconds));
}

google::protobuf::Value NumberOf(double number) {
  google::protobuf::Value value;
  value.set_number_value(number);
  return value;
}

std::string Sentence(const Forecast& forecast) {
  if (forecast.stops_never) {
    return absl::StrCat(
        "on_failure is continue: a change that fails everywhere breaks all ",
        forecast.targets, " targets.\n");
  }
  return absl::StrCat("At most ", forecast.broken, " of ", forecast.targets,
                      " targets can be broken by a change that fails when the "
                      "rollout stops.\n");
}

}  // namespace

Forecast Simulate(const v1::FleetPlan& plan, int64_t target_ms) {
  Forecast forecast;
  forecast.stops_never = plan.policy().on_failure() == v1::CONTINUE;
  int tolerated = 0;  // in the waves before
  for (const v1::Wave& wave : plan.waves()) {
    WaveForecast& made = forecast.waves.emplace_back();
    made.name = wave.name();
    made.targets = wave.targets_size();
    made.max_parallel = std::max(wave.max_parallel(), 1);
    made.tolerance = std::min(wave.failure_tolerance(), made.targets);
    made.waits = wave.manual_promotion();
    made.bake_ms = wave.bake_ms();
    const int rounds =
        (made.targets + made.max_parallel - 1) / made.max_parallel;
    made.duration_ms = rounds * target_ms + made.bake_ms;
    made.broken =
        tolerated + std::min(made.targets, made.tolerance + made.max_parallel);
    tolerated += made.tolerance;
    forecast.targets += made.targets;
    made.reached = forecast.targets;
    forecast.duration_ms += made.duration_ms;
    forecast.approvals += made.waits;
    forecast.broken = std::max(forecast.broken, made.broken);
  }
  if (forecast.stops_never) forecast.broken = forecast.targets;
  return forecast;
}

std::string PrintForecast(const Forecast& forecast, int64_t target_ms,
                          const Style& style) {
  Table table({"WAVE", "TARGETS", "AT ONCE", "TOLERATES", "TAKES", "REACHED",
               "BROKEN AT MOST"});
  for (const WaveForecast& wave : forecast.waves) {
    table.AddRow({Printable(wave.name), absl::StrCat(wave.targets),
                  absl::StrCat(wave.max_parallel), absl::StrCat(wave.tolerance),
                  absl::StrCat(wave.waits ? "approval, " : "",
                               Duration(wave.duration_ms)),
                  absl::StrCat(wave.reached, "/", forecast.targets),
                  absl::StrCat(wave.broken)});
  }
  return absl::StrCat(
      table.Text(style), "About ", Duration(forecast.duration_ms), " with ",
      Duration(target_ms), " per target",
      forecast.approvals > 0
          ? absl::StrCat(", and ", forecast.approvals,
                         forecast.approvals == 1 ? " approval" : " approvals")
          : "",
      ".\n", Sentence(forecast));
}

std::string PrintForecastJson(const Forecast& forecast) {
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  fields["targets"] = NumberOf(forecast.targets);
  fields["duration_ms"] = NumberOf(static_cast<double>(forecast.duration_ms));
  fields["approvals"] = NumberOf(forecast.approvals);
  fields["broken_at_most"] = NumberOf(forecast.broken);
  fields["stops_on_failure"].set_bool_value(!forecast.stops_never);
  for (const WaveForecast& wave : forecast.waves) {
    auto& row = *fields["waves"]
                     .mutable_list_value()
                     ->add_values()
                     ->mutable_struct_value()
                     ->mutable_fields();
    row["name"].set_string_value(wave.name);
    row["targets"] = NumberOf(wave.targets);
    row["max_parallel"] = NumberOf(wave.max_parallel);
    row["failure_tolerance"] = NumberOf(wave.tolerance);
    row["waits_for_approval"].set_bool_value(wave.waits);
    row["duration_ms"] = NumberOf(static_cast<double>(wave.duration_ms));
    row["reached"] = NumberOf(wave.reached);
    row["broken_at_most"] = NumberOf(wave.broken);
  }
  return PrintJson(json);
}

}  // namespace fleet
