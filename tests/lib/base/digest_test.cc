#include "lib/base/digest.h"

#include <gtest/gtest.h>

#include <string>

namespace fleet {
namespace {

TEST(DigestTest, HashesTheKnownVectors) {
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, BytesAndHexAreTheSameNumber) {
  const std::string bytes = Sha256("abc");
  ASSERT_EQ(bytes.size(), 32u);
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0xba);
  EXPECT_EQ(static_cast<unsigned char>(bytes[31]), 0xad);
}

TEST(DigestTest, AddedPiecesAreOneText) {
  Digest digest;
  digest.Add("a");
  digest.Add("");
  digest.Add("bc");
  EXPECT_EQ(digest.Hex(), Sha256Hex("abc"));
}

TEST(DigestTest, FieldsDoNotRunIntoEachOther) {
  Digest one;
  one.AddField("ab");
  one.AddField("c");
  Digest two;
  two.AddField("a");
  two.AddField("bc");
  Digest three;
  three.AddField("abc");
  Digest four;
  four.AddField("abc");
  four.AddField("");
  const std::string a = one.Hex();
  const std::string b = two.Hex();
  const std::string c = three.Hex();
  const std::string d = four.Hex();
  EXPECT_NE(a, b);
  EXPECT_NE(a, c);
  EXPECT_NE(b, c);
  EXPECT_NE(c, d);
}

TEST(DigestTest, AFieldIsItsLengthInEightBytesAndThenItself) {
  Digest digest;
  digest.AddField("hi");
  EXPECT_EQ(digest.Hex(), Sha256Hex(std::string("\x02\0\0\0\0\0\0\0hi", 10)));
}

TEST(DigestTest, NulBytesCount) {
  EXPECT_NE(Sha256Hex(std::string("a\0", 2)), Sha256Hex("a"));
}

}  // namespace
}  // namespace fleet
