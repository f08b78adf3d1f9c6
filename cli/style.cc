#include "cli/style.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"

namespace fleet {
namespace {

bool EnvIsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool WantsColour(absl::string_view mode, bool terminal) {
  if (mode == "always") return true;
  if (mode == "never") return false;
  if (EnvIsSet("NO_COLOR")) return false;
  if (EnvIsSet("CLICOLOR_FORCE")) return true;
  const char* term = std::getenv("TERM");
  return terminal && !(term != nullptr && absl::string_view(term) == "dumb");
}

absl::string_view Escape(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "";
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kYellow:
      return "\x1b[33m";
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kBlue:
      return "\x1b[94m";
    case Colour::kDim:
      return "\x1b[2m";
    case Colour::kBold:
      return "\x1b[1m";
  }
  return "";
}

// Takes one displayed character off `text`; `columns` is what it takes.
absl::string_view PopGlyph(absl::string_view* text, int* columns) {
  if (text->size() > 1 && (*text)[0] == '\x1b' && (*text)[1] == '[') {
    const size_t end = text->find('m');
    const size_t size = end == absl::string_view::npos ? text->size() : end + 1;
    const absl::string_view glyph = text->substr(0, size);
    text->remove_prefix(size);
    *columns = 0;
    return glyph;
  }
  utf8proc_int32_t rune = -1;
  utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text->data()),
                       static_cast<utf8proc_ssize_t>(text->size()), &rune);
  if (size <= 0) {
    size = 1;
    *columns = 1;
  } else {
    *columns = utf8proc_charwidth(rune);
  }
  const absl::string_view glyph = text->substr(0, static_cast<size_t>(size));
  text->remove_prefix(static_cast<size_t>(size));
  return glyph;
}

}  // namespace

Style Style::For(int fd, absl::string_view mode) {
  const bool terminal = isatty(fd) == 1;
  int width = 100;
  winsize size{};
  if (terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width = size.ws_col;
  }
  const bool unicode =
      absl::string_view(nl_langinfo(CODESET)) == "UTF-8" || !terminal;
  return Style(WantsColour(mode, terminal), unicode, width, terminal);
}

std::string Style::Paint(Colour colour, absl::string_view text) const {
  std::string shown = Printable(text);
  if (!colour_ || colour == Colour::kNone || shown.empty()) return shown;
  return absl::StrCat(Escape(colour), shown, "\x1b[0m");
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  while (!text.empty()) {
    int columns = 0;
    PopGlyph(&text, &columns);
    width += columns;
  }
  return width;
}

std::string Fit(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) {
    return absl::StrCat(
        text,
        std::string(static_cast<size_t>(width - DisplayWidth(text)), ' '));
  }
  std::string out;
  int used = 0;
  bool escaped = false;
  while (!text.empty()) {
    int columns = 0;
    const absl::string_view glyph = PopGlyph(&text, &columns);
    escaped = escaped || glyph[0] == '\x1b';
    if (used + columns > width - 1) break;
    absl::StrAppend(&out, glyph);
    used += columns;
  }
  return absl::StrCat(out, "…", escaped ? "\x1b[0m" : "");
}

}  // namespace fleet
