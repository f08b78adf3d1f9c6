#include "coordinator/rehearsal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/cohort_plan.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

// At most so many plans are tried at a time: each may hold 100 MB of schema.
constexpr int kAtATime = 8;
constexpr int kTargetsTried = 3;

// Shared by the threads that answers come in on.
class Run {
 public:
  Run(AgentCalls& calls, const std::vector<Rehearsal>& rehearsals,
      const std::function<void(int)>& progress)
      : calls_(calls),
        rehearsals_(rehearsals),
        progress_(progress),
        results_(rehearsals.size()) {}

  absl::Status Wait() {
    const int first = std::min<int>(kAtATime, rehearsals_.size());
    {
      absl::MutexLock lock(&mutex_);
      next_ = first;
    }
    for (int i = 0; i < first; ++i) Begin(i, 0);
    const auto is_over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return done_ == rehearsals_.size();
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_over));
    for (const absl::Status& result : results_) RETURN_IF_ERROR(result);
    return absl::OkStatus();
  }

 private:
  void Begin(int index, int attempt) {
    const v1::Cohort& cohort = *rehearsals_[index].cohort;
    calls_.Rehearse(cohort.targets(attempt), ToProto(*rehearsals_[index].from),
                    cohort.plan(),
                    [=, this](absl::StatusOr<v1::RehearsalReply> reply) {
                      End(index, attempt, std::move(reply));
                    });
  }

  void End(int index, int attempt, absl::StatusOr<v1::RehearsalReply> reply) {
    v1::Cohort& cohort = *rehearsals_[index].cohort;
    if (!reply.ok() && absl::IsUnavailable(reply.status()) &&
        attempt + 1 < std::min(cohort.targets_size(), kTargetsTried)) {
      return Begin(index, attempt + 1);
    }
    absl::Status status = reply.status();
    if (status.ok() && !reply->ok()) {
      status = absl::FailedPreconditionError("the rehearsal failed");
    }
    if (status.ok()) status = CheckRehearsed(cohort.plan(), reply->plan());
    if (status.ok()) {
      *cohort.mutable_plan() = std::move(*reply->mutable_plan());
    } else {
      status = Annotate(
          status, absl::StrCat("rehearsing the plan of group ", cohort.name(),
                               " on the scratch database of ",
                               cohort.targets(attempt)));
    }
    int next = -1;
    {
      absl::MutexLock lock(&mutex_);
      results_[index] = std::move(status);
      if (next_ < static_cast<int>(rehearsals_.size())) next = next_++;
    }
    if (next >= 0) Begin(next, 0);
    absl::MutexLock lock(&mutex_);
    ++done_;
    progress_(done_);
  }

  AgentCalls& calls_;
  const std::vector<Rehearsal>& rehearsals_;
  const std::function<void(int)>& progress_;
  absl::Mutex mutex_;
  int next_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<absl::Status> results_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status RehearseAll(AgentCalls& calls,
                         const std::vector<Rehearsal>& rehearsals,
                         const std::function<void(int)>& progress) {
  return Run(calls, rehearsals, progress).Wait();
}

}  // namespace fleet
