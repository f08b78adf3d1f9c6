#include "cli/watch.h"

#include <csignal>
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/live_region.h"
#include "cli/print_changes.h"
#include "cli/print_rollout.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "proto/rollout_state.h"

namespace fleet {
namespace {

constexpr absl::Duration kAwayMax = absl::Seconds(60);
constexpr int64_t kLongStatementMs = 1'000;

volatile std::sig_atomic_t interrupted = 0;
void OnInterrupt(int) { interrupted = 1; }

// While it lives, Ctrl-C and the time limit end the client's running call.
class Interruption {
 public:
  Interruption(Client& client, int timeout_s)
      : client_(client),
        deadline_(timeout_s > 0 ? absl::Now() + absl::Seconds(timeout_s)
                                : absl::InfiniteFuture()) {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = OnInterrupt;
    sigaction(SIGINT, &action, &before_);
    thread_ = std::thread([this] { Run(); });
  }
  ~Interruption() {
    done_.Notify();
    thread_.join();
    sigaction(SIGINT, &before_, nullptr);
  }

  bool by_user() const { return interrupted != 0; }
  bool by_time() const { return absl::Now() >= deadline_; }
  bool any() const { return by_user() || by_time(); }

 private:
  void Run() {
    while (!done_.WaitForNotificationWithTimeout(absl::Milliseconds(50))) {
      if (any()) client_.Cancel();
    }
  }

  Client& client_;
  const absl::Time deadline_;
  absl::Notification done_;
  struct sigaction before_ {};
  std::thread thread_;
};

// Draws events as they come; keeps the rollout as last seen.
class Screen {
 public:
  explicit Screen(const Invocation& invocation)
      : style_(invocation.err()),
        quiet_(invocation.globals.quiet),
        verbose_(invocation.globals.verbose) {}

  void Show(const v1::RolloutEvent& event) {
    if (event.has_rollout()) rollout_ = event.rollout();
    if (quiet_) return;
    if (style_.is_terminal()) {
      region_.Draw(RolloutFrame(rollout_, SystemClock().WallMs(), style_,
                                LiveRegion::Height()));
    } else if (!event.text().empty() && IsWorthALine(event)) {
      const std::string time = absl::FormatTime(
          "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(event.time_ms()),
          absl::UTCTimeZone());
      std::fprintf(stderr, "%s %s %s\n", time.c_str(), rollout_.id().c_str(),
                   Printable(event.text()).c_str());
    }
  }
  void Say(const std::string& text) {
    region_.Clear();
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  // The frame says no more than the recap that follows.
  void Finish() { region_.Clear(); }

  const v1::Rollout& rollout() const { return rollout_; }

 private:
  // A plan of 20 short statements on 400 targets is 8,000 lines of nothing.
  bool IsWorthALine(const v1::RolloutEvent& event) const {
    return verbose_ || event.type() != "statement" ||
           event.duration_ms() >= kLongStatementMs;
  }

  const Style style_;
  const bool quiet_;
  const bool verbose_;
  LiveRegion region_;
  v1::Rollout rollout_;
};

ExitCode Detach(Screen& screen, const std::string& id, bool by_user) {
  int done = 0;
  for (const v1::TargetProgress& target : screen.rollout().targets()) {
    done += target.state() == v1::TARGET_HEALTHY;
  }
  screen.Say(absl::StrCat(
      by_user ? "Detached. " : "Stopped waiting. ", id, " goes on: ", done,
      " of ", screen.rollout().targets_size(),
      " targets done.\n   fleetctl rollout status ", id,
      " --watch    look again\n   fleetctl rollout pause  ", id,
      "            hold after the targets now running\n   fleetctl rollout "
      "abort  ",
      id, "            stop"));
  return by_user ? kExitDetached : kExitTimedOut;
}

// Streams until the rollout ends; a lost coordinator is asked again.
absl::Status Follow(Client& client, const std::string& id, Screen& screen,
                    const Interruption& interruption) {
  v1::GetRolloutRequest request;
  request.set_id(id);
  absl::Time last_heard = absl::Now();
  while (true) {
    const absl::Status status =
        client.WatchRollout(request, [&](const v1::RolloutEvent& event) {
          last_heard = absl::Now();
          screen.Show(event);
          return !interruption.any();
        });
    if (interruption.any()) return absl::OkStatus();
    if (status.ok() && IsOver(screen.rollout().state())) return status;
    if (!status.ok() && !absl::IsUnavailable(status)) return status;
    if (absl::Now() - last_heard > kAwayMax) {
      return absl::UnavailableError(
          absl::StrCat("the coordinator has been away for a minute; ", id,
                       " goes on when it is back\n  fleetctl rollout status ",
                       id, " --watch"));
    }
    absl::SleepFor(absl::Milliseconds(300));
  }
}

}  // namespace

absl::StatusOr<ExitCode> WatchRollout(Client& client, const std::string& id,
                                      const Invocation& invocation) {
  Screen screen(invocation);
  Interruption interruption(client, invocation.globals.timeout_s);
  RETURN_IF_ERROR(Follow(client, id, screen, interruption));
  if (interruption.any() && !IsOver(screen.rollout().state())) {
    return Detach(screen, id, interruption.by_user());
  }
  screen.Finish();
  const std::string result =
      invocation.json() ? PrintJson(screen.rollout())
                        : PrintRecap(screen.rollout(), invocation.out());
  std::fputs(result.c_str(), stdout);
  return screen.rollout().state() == v1::ROLLOUT_SUCCEEDED ? kExitOk
                                                           : kExitNotSuccessful;
}

}  // namespace fleet
