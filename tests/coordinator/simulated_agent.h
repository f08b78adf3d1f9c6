#ifndef TESTS_COORDINATOR_SIMULATED_AGENT_H_
#define TESTS_COORDINATOR_SIMULATED_AGENT_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string>

#include "coordinator/rollout.h"

// One target and its agent in the simulation of rollouts, as far as the rules
// of the link ask of an agent: it keeps the nonce that it asked with and the
// result that is not acknowledged; everything else dies with it. When it loses
// its disk these two go too, and only the database remains.

namespace fleet {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % n); }
  int Between(int low, int high) { return low + Below(high - low + 1); }
  bool Chance(int percent) { return Below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

// What an agent has around it.
class AgentWorld {
 public:
  virtual ~AgentWorld() = default;
  virtual Dice& dice() = 0;
  virtual bool healed() const = 0;
  virtual void Later(int64_t delay_ms, std::function<void()> run) = 0;
  // To the coordinator: late, twice or never.
  virtual void Tell(const Event& event) = 0;
  virtual void OnExecuted(const std::string& target, int attempt,
                          const std::string& nonce) = 0;
};

// How often its target gives trouble, in per cent.
struct TargetTrouble {
  int fail = 0;
  int drift = 0;
  int diverge = 0;
  int lie = 0;
};

class SimulatedAgent {
 public:
  // `world` must outlive this, and this what it does later.
  SimulatedAgent(std::string target, TargetTrouble trouble, AgentWorld& world);

  const std::string& target() const { return target_; }

  void Obey(const Command& command);
  // Repeats what is not answered.
  void Wake();
  void Crash() { prepared_ = 0; }
  void LoseDisk();

 private:
  void Prepare(int attempt, const std::string& granted_nonce);
  void Ask();
  void Execute();
  void Finish(int attempt);
  TargetResult Outcome() const;

  const std::string target_;
  const TargetTrouble trouble_;
  AgentWorld& world_;

  // Durable.
  int seen_ = 0;       // the newest attempt; an older order is a late one
  int cancelled_ = 0;  // the newest attempt that was taken back
  int attempt_ = 0;    // of what follows
  std::string nonce_;
  bool executed_ = false;
  bool has_result_ = false;
  bool acked_ = false;
  TargetResult result_;
  // Volatile.
  int prepared_ = 0;
  // In the database: what ran last, and how it ended once it has.
  int ran_ = 0;
  bool ended_ = false;
  TargetResult outcome_;
};

}  // namespace fleet

#endif  // TESTS_COORDINATOR_SIMULATED_AGENT_H_
