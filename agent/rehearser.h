#ifndef AGENT_REHEARSER_H_
#define AGENT_REHEARSER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "agent/strand.h"
#include "agent/target_context.h"
#include "lib/engine/dialect.h"
#include "lib/engine/scratch.h"
#include "proto/agent.pb.h"

namespace fleet {

// One scratch database server: SQL text becomes a schema here, and plans are
// rehearsed here, one after another. The scratch stays open between uses and
// goes when nobody needed it for a while. Thread-safe.
class Rehearser {
 public:
  // `dialect` and what is in `context` must outlive this; the pool and the
  // timer must have stopped before this goes. `url` may be empty where the
  // engine needs none.
  Rehearser(const Dialect& dialect, std::string url, TargetContext context);

  void OnScratch(const v1::ScratchRequest& request);
  void OnRehearsal(const v1::RehearsalRequest& request);

 private:
  // On the strand:
  absl::StatusOr<Scratch*> EmptyScratch();
  v1::SchemaReply Load(const v1::ScratchRequest& request);
  absl::StatusOr<v1::Plan> RehearsePlan(const v1::RehearsalRequest& request);
  void CloseLater();

  const Dialect& dialect_;
  const std::string url_;
  const TargetContext context_;
  Strand strand_;
  std::unique_ptr<Scratch> scratch_;  // on the strand
  int64_t used_ms_ = 0;               // on the strand
};

}  // namespace fleet

#endif  // AGENT_REHEARSER_H_
