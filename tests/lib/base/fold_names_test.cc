#include "lib/base/fold_names.h"

#include <string>
#include <vector>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

TEST(FoldNames, Folds) {
  struct Case {
    std::vector<std::string> names;
    const char* folded;
  };
  for (const Case& one : {
           Case{{}, ""},
           Case{{"shop"}, "shop"},
           Case{{"saas-eu-01"}, "saas-eu-01"},
           Case{{"saas-eu-02", "saas-eu-01", "saas-eu-03"}, "saas-eu-[01-03]"},
           Case{{"us-01", "us-02", "us-04", "us-06", "us-07"},
                "us-[01-02,04,06-07]"},
           Case{{"a-1", "a-1", "a-2"}, "a-[1-2]"},
           Case{{"a-8", "a-9", "a-10"}, "a-[8-10]"},
           Case{{"a-08", "a-09", "a-10"}, "a-[08-10]"},
           Case{{"a-09", "a-9"}, "a-09, a-9"},
           Case{{"a-099", "a-100", "a-99"}, "a-[099-100], a-99"},
           Case{{"b2", "a1", "b1", "a2"}, "a[1-2], b[1-2]"},
           Case{{"db1-eu", "db2-eu", "db1-us"}, "db[1-2]-eu, db1-us"},
           Case{{"1", "2"}, "[1-2]"},
           Case{{"x-12345678901234567890", "x-12345678901234567891"},
                "x-12345678901234567890, x-12345678901234567891"},
           Case{{"shop", "saas-2", "saas-1", "zoo"}, "saas-[1-2], shop, zoo"},
       }) {
    EXPECT_EQ(FoldedNames(one.names), one.folded);
  }
}

}  // namespace
}  // namespace fleet
