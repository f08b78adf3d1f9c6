#include "lib/base/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace fleet {
namespace {

TEST(PrintableTest, LeavesTextAlone) {
  EXPECT_EQ(Printable(""), "");
  EXPECT_EQ(Printable("public.users \"x\" 'y' \\"),
            "public.users \"x\" 'y' \\");
  EXPECT_EQ(Printable("Größe 漢字 🚀 é"), "Größe 漢字 🚀 é");
}

TEST(PrintableTest, ShowsControlCharacters) {
  EXPECT_EQ(Printable("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(Printable("a\rb\tc\x7f"), "a\\x0db\\x09c\\x7f");
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a\\x00b");
}

TEST(PrintableTest, ShowsC1Controls) {
  // U+009B begins a control sequence on some terminals.
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(PrintableTest, ShowsDirectionOverridesAndLineSeparators) {
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(Printable("\xe2\x81\xa6x\xe2\x81\xa9"), "\\u{2066}x\\u{2069}");
  EXPECT_EQ(Printable("a\xe2\x80\xa8"
                      "b"),
            "a\\u{2028}b");
}

TEST(PrintableTest, ShowsInvalidBytesOneByOne) {
  EXPECT_EQ(Printable("a\xff"
                      "b"),
            "a\\xffb");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");                    // cut short
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
}

TEST(PrintableTest, KeepsNewlinesWhenAsked) {
  EXPECT_EQ(Printable("a\nb"), "a\\nb");
  EXPECT_EQ(Printable("a\n\tb\r", /*keep_newlines=*/true), "a\n\tb\\x0d");
}

TEST(PrintableTest, AgreesWithItself) {
  const std::string once = Printable("\x1b\n\xff\xe2\x80\xae");
  EXPECT_EQ(Printable(once), once);
}

}  // namespace
}  // namespace fleet
