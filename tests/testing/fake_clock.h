#ifndef TESTS_TESTING_FAKE_CLOCK_H_
#define TESTS_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "lib/base/clock.h"

namespace fleet::testing {

// Time that moves when the test says so. Thread-safe.
class FakeClock : public Clock {
 public:
  int64_t WallMs() const override { return wall_ms_; }
  int64_t BootMs() const override { return boot_ms_; }

  void Advance(int64_t ms) {
    wall_ms_ += ms;
    boot_ms_ += ms;
  }

 private:
  std::atomic<int64_t> wall_ms_{1'700'000'000'000};
  std::atomic<int64_t> boot_ms_{1'000'000};
};

}  // namespace fleet::testing

#endif  // TESTS_TESTING_FAKE_CLOCK_H_
