#ifndef LIB_BASE_FOLD_NAMES_H_
#define LIB_BASE_FOLD_NAMES_H_

#include <string>
#include <vector>

namespace fleet {

// Many names on one line, as ClusterShell folds them; sorted, each name once:
//
//   FoldNames({"saas-eu-02", "saas-eu-01", "saas-eu-04", "shop"})
//       == {"saas-eu-[01-02,04]", "shop"}
//
// The last run of digits in a name is what is folded. Names fold together when
// the rest is equal and the padding agrees: "a-9" and "a-10" do, "a-09" and
// "a-9" do not. Pure.
std::vector<std::string> FoldNames(const std::vector<std::string>& names);

// The same, joined by ", ".
std::string FoldedNames(const std::vector<std::string>& names);

}  // namespace fleet

#endif  // LIB_BASE_FOLD_NAMES_H_
