#include "agent/strand.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "agent/timer.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

TEST(StrandTest, RunsInOrderAndNeverTwoAtATime) {
  std::vector<int> order;  // unguarded on purpose: the strand guards it
  std::atomic<int> inside{0};
  std::atomic<int> overlaps{0};
  WorkerPool pool(4);
  Strand strand(pool);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(strand.Post([&, i] {
      if (++inside != 1) ++overlaps;
      order.push_back(i);
      --inside;
    }));
  }
  ASSERT_TRUE(pool.WaitUntilIdle(20'000));
  ASSERT_EQ(order.size(), 500u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(overlaps, 0);
}

TEST(StrandTest, PoolBoundsHowManyRunAtOnce) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  WorkerPool pool(3);
  std::vector<std::unique_ptr<Strand>> strands;
  for (int i = 0; i < 12; ++i) {
    strands.push_back(std::make_unique<Strand>(pool));
    strands.back()->Post([&] {
      const int now = ++inside;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      absl::SleepFor(absl::Milliseconds(20));
      --inside;
    });
  }
  ASSERT_TRUE(pool.WaitUntilIdle(20'000));
  EXPECT_EQ(most, 3);
}

TEST(StrandTest, RefusesWhenFull) {
  WorkerPool pool(1);
  Strand strand(pool);
  absl::Notification go;
  ASSERT_TRUE(strand.Post([&] { go.WaitForNotification(); }));
  size_t taken = 0;
  while (taken <= Strand::kTasksMax && strand.Post([] {})) ++taken;
  EXPECT_LE(taken, Strand::kTasksMax);
  EXPECT_GE(taken, Strand::kTasksMax - 1);
  // The next step of its own work is not refused.
  std::atomic<bool> went_on{false};
  strand.PostAlways([&] { went_on = true; });
  go.Notify();
  EXPECT_TRUE(pool.WaitUntilIdle(20'000));
  EXPECT_TRUE(went_on);
}

TEST(TimerTest, CallsInOrderOfTime) {
  Timer timer(SystemClock());
  absl::Mutex mutex;
  std::vector<int> calls;
  for (int delay : {90, 30, 60, 1}) {
    timer.After(delay, [&, delay] {
      absl::MutexLock lock(&mutex);
      calls.push_back(delay);
    });
  }
  absl::MutexLock lock(&mutex);
  const auto all = [&] { return calls.size() == 4; };
  ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&all), absl::Seconds(20)));
  EXPECT_THAT(calls, ::testing::ElementsAre(1, 30, 60, 90));
}

TEST(TimerTest, StopDropsWhatIsToCome) {
  std::atomic<bool> called{false};
  Timer timer(SystemClock());
  timer.After(60'000, [&] { called = true; });
  timer.Stop();
  timer.After(0, [&] { called = true; });
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace fleet
