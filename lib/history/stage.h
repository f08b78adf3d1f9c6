#ifndef LIB_HISTORY_STAGE_H_
#define LIB_HISTORY_STAGE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "lib/history/chain.h"
#include "lib/history/log.h"
#include "lib/history/store.h"

// Batches on their way into one WriteBatch: gives records their places and
// hashes, leaves out what is there already, checks what comes from elsewhere.
// A batch that is refused leaves no trace. Thread-compatible; one Stage per
// group commit.

namespace fleet {

class Stage {
 public:
  // Both must outlive the stage; `tails` is where the log ends on disk.
  Stage(const Store& store, const Tails& tails)
      : store_(store), tails_(tails), writes_(ProtectedBatch()) {}

  // Completes `batch->records` (sequence, epoch, order, hashes). With `epoch`
  // these and all later records carry it; FailedPrecondition when lower than
  // the present one, InvalidArgument when an alias names unknown content.
  absl::Status Add(Batch* batch, uint64_t epoch);

  // Records with places and hashes. Leaves in `batch->records` those that are
  // new. DataLoss for a gap, a fork or a wrong hash. REQUIRES: nothing was
  // added before.
  absl::Status AddReplicated(Batch* batch);

  // True when there is nothing to write.
  bool empty() const { return writes_.Count() == 0; }
  rocksdb::WriteBatch* writes() { return &writes_; }
  // Where the log ends when the writes are done: only streams that grew.
  const Tails& grown() const { return grown_; }
  uint64_t epoch() const { return std::max(tails_.epoch, grown_.epoch); }
  uint64_t order() const { return std::max(tails_.order, grown_.order); }

 private:
  v1::StreamHead Head(const std::string& stream) const;
  absl::Status CheckAliases(const Batch& batch) const;
  void PutContent(const Batch& batch);
  void PutRecord(const v1::Record& record, const std::string& bytes);
  absl::StatusOr<bool> IsNew(const v1::Record& record,
                             const v1::StreamHead& head) const;

  const Store& store_;
  const Tails& tails_;
  rocksdb::WriteBatch writes_;
  Tails grown_;
  absl::flat_hash_set<std::string> put_;  // content and aliases in writes_
};

}  // namespace fleet

#endif  // LIB_HISTORY_STAGE_H_
