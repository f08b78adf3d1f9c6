#include "cli/live_region.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace fleet {

void LiveRegion::Draw(const std::vector<std::string>& lines) {
  std::string text;
  if (drawn_ > 0) absl::StrAppend(&text, "\x1b[", drawn_, "A\r");
  for (const std::string& line : lines) {
    absl::StrAppend(&text, line, "\x1b[K\n");
  }
  text += "\x1b[J";
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
  drawn_ = lines.size();
}

void LiveRegion::Clear() {
  if (drawn_ == 0) return;
  const std::string text = absl::StrCat("\x1b[", drawn_, "A\r\x1b[J");
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
  drawn_ = 0;
}

int LiveRegion::Height() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return 24;
  return std::max<int>(5, size.ws_row - 1);
}

}  // namespace fleet
