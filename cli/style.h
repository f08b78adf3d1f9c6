#ifndef CLI_STYLE_H_
#define CLI_STYLE_H_

#include <string>

#include "absl/strings/string_view.h"

// How text looks on one stream: colour and the set of symbols. All styling goes
// through here, so that NO_COLOR, pipes and ASCII locales are decided once.
// Meaning is never in colour alone. Immutable; thread-safe.

namespace fleet {

enum class Colour { kNone, kGreen, kYellow, kRed, kBlue, kDim, kBold };

class Style {
 public:
  // `mode`: auto | always | never. Auto: the stream is a terminal, NO_COLOR is
  // empty and TERM is not "dumb"; CLICOLOR_FORCE forces.
  static Style For(int fd, absl::string_view mode);
  // For tests and files.
  static Style Plain() { return Style(false, true, 80, false); }

  Style(bool colour, bool unicode, int width, bool terminal)
      : colour_(colour), unicode_(unicode), width_(width), tty_(terminal) {}

  // `text` made printable; what comes from databases goes through here.
  std::string Paint(Colour colour, absl::string_view text) const;

  // "→" or "->" and so on: the first where the locale is UTF-8.
  absl::string_view Symbol(absl::string_view unicode,
                           absl::string_view ascii) const {
    return unicode_ ? unicode : ascii;
  }

  int width() const { return width_; }
  bool is_terminal() const { return tty_; }

 private:
  bool colour_;
  bool unicode_;
  int width_;
  bool tty_;
};

// Columns that `text` takes on a terminal; escape sequences take none.
int DisplayWidth(absl::string_view text);
// Padded with spaces, or cut with "…" where longer.
std::string Fit(absl::string_view text, int width);

}  // namespace fleet

#endif  // CLI_STYLE_H_
