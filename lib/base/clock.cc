#include "lib/base/clock.h"

#include <time.h>

namespace fleet {
namespace {

int64_t Read(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

class System : public Clock {
 public:
  int64_t WallMs() const override { return Read(CLOCK_REALTIME); }
  int64_t BootMs() const override { return Read(CLOCK_BOOTTIME); }
};

}  // namespace

const Clock& SystemClock() {
  static const System* clock = new System;
  return *clock;
}

}  // namespace fleet
