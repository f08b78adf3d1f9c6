#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmark/benchmark.h"
#include "lib/base/status.h"
#include "tests/coordinator/coordinator_fixture.h"

// A fleet plan for N targets that have D different schemas: what each further
// target costs once the agents have said what is there. A real coordinator and
// a fake agent in this process; the plan is recorded, synced, like any other.
// Rehearsals are counted: as many as there are schemas that differ from the
// source, whatever N is.

namespace fleet {
namespace {

constexpr int kSchemas = 3;  // Shop(0) … Shop(2), of which two are behind

class PlannedFleet : public testing::CoordinatorTest {
 public:
  explicit PlannedFleet(int targets) : agent_(NewAgent("agent")) {
    agent_->AddTarget("source", testing::Shop(kSchemas - 1));
    std::string last = "source";
    for (int i = 0; i < targets; ++i) {
      last = absl::StrCat("tenant-", i);
      agent_->AddTarget(last, testing::Shop(i % kSchemas));
    }
    agent_->Connect();
    CHECK(WaitForVersions({last}, 1));
  }

  // From the last fingerprint read to the answer.
  absl::Duration PlanOnce() {
    grpc::ClientContext context;
    const auto reader =
        stub_->MakePlan(&context, testing::CoordinatorTest::Request("source"));
    v1::MakePlanReply reply;
    absl::Time begun = absl::InfinitePast();
    while (reader->Read(&reply)) {
      const bool is_reading = reply.stage() == "reading schemas";
      if (is_reading && reply.done() == reply.total()) begun = absl::Now();
    }
    CHECK(reader->Finish().ok());
    CHECK(reply.has_fleet_plan());
    CHECK(reply.fleet_plan().cohorts_size() == kSchemas - 1);
    CHECK(begun != absl::InfinitePast());
    return absl::Now() - begun;
  }

  int rehearsals() const { return agent_->rehearsals(); }

 private:
  void TestBody() override {}

  std::unique_ptr<testing::FakeAgent> agent_;
};

void BM_Plan(benchmark::State& state) {
  PlannedFleet fleet(static_cast<int>(state.range(0)));
  fleet.PlanOnce();
  const int before = fleet.rehearsals();
  absl::Duration total;
  for (auto _ : state) {
    const absl::Duration one = fleet.PlanOnce();
    total += one;
    state.SetIterationTime(absl::ToDoubleSeconds(one));
  }
  state.counters["us_per_target"] = absl::ToDoubleMicroseconds(total) /
                                    static_cast<double>(state.iterations()) /
                                    static_cast<double>(state.range(0));
  state.counters["rehearsals_per_plan"] =
      static_cast<double>(fleet.rehearsals() - before) /
      static_cast<double>(state.iterations());
}
BENCHMARK(BM_Plan)->Arg(10)->Arg(1'000)->Arg(10'000)->UseManualTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace fleet
