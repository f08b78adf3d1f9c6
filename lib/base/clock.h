#ifndef LIB_BASE_CLOCK_H_
#define LIB_BASE_CLOCK_H_

#include <cstdint>

// Where time comes from. Pure code takes `now` as an argument; shells ask a
// Clock; tests use tests/testing/fake_clock.h. Thread-safe.

namespace fleet {

class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time in milliseconds since the Unix epoch: for display, windows and
  // bake times, never for safety.
  virtual int64_t WallMs() const = 0;

  // Milliseconds that go on counting through suspend and never go back.
  virtual int64_t BootMs() const = 0;
};

// The process's own clock; lives for ever.
const Clock& SystemClock();

}  // namespace fleet

#endif  // LIB_BASE_CLOCK_H_
