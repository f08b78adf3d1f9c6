#ifndef LIB_HISTORY_CHECKED_STORE_H_
#define LIB_HISTORY_CHECKED_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/history/chain.h"
#include "lib/history/store.h"
#include "proto/history.pb.h"

// Opening <directory>/db against <directory>/HEAD: a store comes out only when
// it holds at least what HEAD says, in the same chains.
//
//   neither db nor HEAD   new: db is made, then HEAD
//   db without HEAD       new when nothing was ever written, else DataLoss
//   HEAD without db       DataLoss

namespace fleet {

struct CheckedStore {
  std::unique_ptr<Store> store;
  Tails tails;
};

// `verify`: every record of every chain is read.
absl::StatusOr<CheckedStore> OpenChecked(const std::string& directory,
                                         bool verify);

// OK when there is room for a store that failed to write to be opened again.
absl::Status ProbeRoom(const std::string& directory);

// Records of `store`, which ends at `tails`, that come after `known`, in order.
absl::StatusOr<std::vector<v1::Record>> ReadBeyond(const Store& store,
                                                   const Tails& tails,
                                                   const Tails& known);

}  // namespace fleet

#endif  // LIB_HISTORY_CHECKED_STORE_H_
