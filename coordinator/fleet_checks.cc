#include "coordinator/fleet_checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/printable.h"
#include "lib/engine/run_checks.h"

namespace fleet {
namespace {

// A plan may be megabytes: not all agents hold one at a time for this.
constexpr size_t kAtATime = 64;
constexpr size_t kShownMax = 5;

// Shared by the threads that answers come in on.
class Run {
 public:
  Run(AgentCalls& calls, const std::function<void(int, int)>& progress)
      : calls_(calls), progress_(progress) {}

  void Add(const std::string& target, const v1::Plan& plan) {
    questions_.push_back({target, &plan, {}});
  }

  std::vector<v1::TargetFinding> Wait() {
    const size_t first = std::min(kAtATime, questions_.size());
    {
      absl::MutexLock lock(&mutex_);
      next_ = first;
    }
    for (size_t i = 0; i < first; ++i) Begin(i);
    const auto is_over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return done_ == questions_.size();
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_over));
    std::vector<v1::TargetFinding> all;
    for (const Question& question : questions_) {
      for (const v1::Finding& finding : question.findings) {
        v1::TargetFinding& one = all.emplace_back();
        one.set_target(question.target);
        *one.mutable_finding() = finding;
      }
    }
    return all;
  }

 private:
  struct Question {
    std::string target;
    const v1::Plan* plan;
    std::vector<v1::Finding> findings;
  };

  void Begin(size_t index) {
    calls_.Check(questions_[index].target, *questions_[index].plan,
                 [=, this](absl::StatusOr<v1::CheckReply> reply) {
                   End(index, std::move(reply));
                 });
  }

  void End(size_t index, absl::StatusOr<v1::CheckReply> reply) {
    std::vector<v1::Finding>& findings = questions_[index].findings;
    if (reply.ok()) {
      findings.assign(reply->findings().begin(), reply->findings().end());
    } else {
      v1::Finding& finding = findings.emplace_back();
      finding.set_warning(true);
      finding.set_message(absl::StrCat("the checks could not be asked: ",
                                       reply.status().message()));
    }
    size_t next = questions_.size();
    {
      absl::MutexLock lock(&mutex_);
      if (next_ < questions_.size()) next = next_++;
    }
    if (next < questions_.size()) Begin(next);
    absl::MutexLock lock(&mutex_);
    ++done_;
    progress_(static_cast<int>(done_), static_cast<int>(questions_.size()));
  }

  AgentCalls& calls_;
  const std::function<void(int, int)>& progress_;
  std::vector<Question> questions_;  // each written by its answer only
  absl::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::vector<v1::TargetFinding> CheckFleet(
    AgentCalls& calls, const v1::FleetPlan& fleet_plan,
    const std::function<void(int done, int total)>& progress) {
  Run run(calls, progress);
  for (const v1::Cohort& cohort : fleet_plan.cohorts()) {
    if (!HasChecks(cohort.plan())) continue;
    for (const std::string& target : cohort.targets()) {
      run.Add(target, cohort.plan());
    }
  }
  return run.Wait();
}

absl::Status BlockedBy(const std::vector<v1::TargetFinding>& findings,
                       const v1::FleetPlan& fleet_plan) {
  std::set<std::string> targets;
  std::vector<std::string> shown;
  for (const v1::TargetFinding& one : findings) {
    if (one.finding().warning()) continue;
    targets.insert(one.target());
    if (shown.size() < kShownMax) {
      shown.push_back(
          Printable(absl::StrCat(one.target(), ": ", one.finding().message())));
    }
  }
  if (targets.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "stopped by policy: plan ", fleet_plan.id(),
      " would not get to its end on ", targets.size(),
      targets.size() == 1 ? " target" : " targets",
      ", so nothing was started\n  ", absl::StrJoin(shown, "\n  ")));
}

}  // namespace fleet
