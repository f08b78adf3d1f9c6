#ifndef LIB_ENGINE_PLACEMENT_H_
#define LIB_ENGINE_PLACEMENT_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/engine/dialect.h"
#include "lib/engine/kind_handler.h"
#include "lib/schema/order.h"

namespace fleet {

// Which steps of an online plan leave the main transaction. What is built
// while clients go on takes what needs it along into the swap (a foreign key
// needs its unique index), and what it replaces stays until then.
// Thread-compatible; pure.
class Placement {
 public:
  // All must outlive this. With a renderer that is not online nothing leaves.
  Placement(const Schema& from, const Schema& to,
            const std::vector<Step>& steps);

  // Asks the handlers; `renderer` uses this placement.
  void Place(const Dialect& dialect, const Renderer& renderer);

  // The stage that a step's statements begin in.
  Stage StageOf(const Step& step) const;

  // Made after the main transaction.
  bool IsDeferred(const ObjectKey& key) const {
    return deferred_.contains(key);
  }
  // Made anew, and the old one is dropped after the main transaction only.
  bool IsKept(const ObjectKey& key) const { return kept_.contains(key); }

  // The main transaction drops it, makes it, or has its dependents away.
  bool Disturbs(const ObjectKey& key) const {
    return disturbed_.contains(key) && !kept_.contains(key);
  }
  // The main transaction lets `object`, as it is before, be: neither its
  // parent nor what it depends on is disturbed.
  bool LeavesAlone(const Object& object) const;

 private:
  bool NeedsDeferred(const Object& object) const;

  const Schema& from_;
  const Schema& to_;
  const std::vector<Step>& steps_;
  absl::flat_hash_set<ObjectKey> disturbed_;
  absl::flat_hash_set<ObjectKey> deferred_;
  absl::flat_hash_set<ObjectKey> kept_;
};

}  // namespace fleet

#endif  // LIB_ENGINE_PLACEMENT_H_
