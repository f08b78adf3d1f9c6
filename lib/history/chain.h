#ifndef LIB_HISTORY_CHAIN_H_
#define LIB_HISTORY_CHAIN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/history/store.h"
#include "proto/history.pb.h"

// Reading the streams of a store and checking that each is one chain. Keeps
// nothing; every fault is DataLoss and names stream and sequence.

namespace fleet {

// Where every stream of a log ends, and what the next record continues.
struct Tails {
  // What a HEAD file says of them. `writes`: of the store, at that time.
  v1::Head ToHead(uint64_t writes) const;

  std::map<std::string, v1::StreamHead> heads;
  uint64_t epoch = 0;  // highest of the last records
  uint64_t order = 0;  // likewise
};

// Reads the last record of each stream.
absl::StatusOr<Tails> ReadTails(const Store& store);

// Records of `stream` from `sequence` on, at most `limit` (0: all), chained.
absl::StatusOr<std::vector<v1::Record>> ReadStream(const Store& store,
                                                   absl::string_view stream,
                                                   uint64_t sequence,
                                                   size_t limit);

// Every record of every stream; `records` is raised by those that were read.
absl::Status VerifyChains(const Store& store, uint64_t* records);

// Every content against its hash, every alias against the content it names.
absl::Status VerifyContent(const Store& store);

// OK when the store holds at least what `head` says, in the same chains.
absl::Status CheckAgainstHead(const Store& store, const Tails& tails,
                              const v1::Head& head);

}  // namespace fleet

#endif  // LIB_HISTORY_CHAIN_H_
