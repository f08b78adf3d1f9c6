#ifndef CLI_LIVE_REGION_H_
#define CLI_LIVE_REGION_H_

#include <string>
#include <vector>

// The last few lines of a terminal, redrawn in place; no alternate screen, so
// the last frame stays in the scrollback. Writes to stderr. Thread-compatible.

namespace fleet {

class LiveRegion {
 public:
  LiveRegion() = default;
  ~LiveRegion() = default;

  // Replaces what was drawn before. REQUIRES: no line is wider than the screen.
  void Draw(const std::vector<std::string>& lines);
  // Takes the region away, so that other text can be printed in its place.
  void Clear();
  // Leaves what is drawn; the next Draw starts below it.
  void Keep() { drawn_ = 0; }

  // Lines that the terminal can show, at least 5.
  static int Height();

 private:
  size_t drawn_ = 0;
};

}  // namespace fleet

#endif  // CLI_LIVE_REGION_H_
