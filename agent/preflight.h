#ifndef AGENT_PREFLIGHT_H_
#define AGENT_PREFLIGHT_H_

#include <optional>
#include <string>

#include "agent/config.h"
#include "agent/journal.h"
#include "agent/order_message.h"
#include "agent/prober.h"
#include "agent/tool_runner.h"
#include "agent/warm_session.h"
#include "lib/engine/dialect.h"
#include "proto/agent.pb.h"

namespace fleet {

// Whether one target takes an order: the plan is what its id says and for this
// engine, the target may be written, its schema is the one the plan was made
// for, no check of the plan finds what would stop it, the tool that the policy
// names can do its part, and nothing else runs there. Writes nothing to the
// database. Used on the target's strand.
class Preflight {
 public:
  // All must outlive this.
  Preflight(const TargetConfig& target, const Dialect& dialect,
            WarmSession& session, Prober& prober, const ToolRunner& tools,
            Journal& journal)
      : target_(target),
        dialect_(dialect),
        session_(session),
        prober_(prober),
        tools_(tools),
        journal_(journal) {}

  // Nothing: the order may be taken, and `token` is the change token of the
  // schema that was seen. Orders that were never started are given up for it.
  std::optional<Refusal> Check(const v1::Prepare& prepare, std::string* token);

 private:
  std::optional<Refusal> CheckOrder(const v1::Prepare& prepare);
  std::optional<Refusal> CheckLive(const v1::Prepare& prepare,
                                   std::string* token);
  std::optional<Refusal> CheckData(const v1::Prepare& prepare);
  std::optional<Refusal> CheckTools(const v1::Prepare& prepare);
  std::optional<Refusal> MakeRoom(const v1::Prepare& prepare);

  const TargetConfig& target_;
  const Dialect& dialect_;
  WarmSession& session_;
  Prober& prober_;
  const ToolRunner& tools_;
  Journal& journal_;
};

}  // namespace fleet

#endif  // AGENT_PREFLIGHT_H_
