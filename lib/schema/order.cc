#include "lib/schema/order.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/status.h"
#include "lib/schema/kind.h"
#include "lib/schema/reachable.h"

namespace fleet {
namespace {

constexpr int kNone = -1;

struct Node {
  Step step;
  std::vector<std::pair<int, bool>> next;  // node, soft
  int hard_before = 0;  // edges that have to be satisfied first
  int soft_before = 0;
  bool done = false;
  int batch = kNone;
};

// Nodes that make one statement where they stand next to each other.
struct Batch {
  std::set<int> ready;  // places
  int waiting = 0;      // edges from outside that are not satisfied
  int left = 0;         // nodes that are not done
};

struct NodesOf {
  int drop = kNone;
  int make = kNone;  // create, alter or rebuild
};

class Orderer {
 public:
  Orderer(const Schema& from, const Schema& to,
          const std::vector<Difference>& differences, KindSpecs specs)
      : from_(from), to_(to), differences_(differences), specs_(specs) {}

  // The steps in order, or else what stands on a cycle.
  std::vector<Step> Run(std::vector<ObjectKey>* cycle) {
    for (const Difference& difference : differences_) {
      by_key_.emplace(difference.key(), &difference);
    }
    for (const Difference& difference : differences_) AddNodes(difference);
    Rank();
    for (const Difference& difference : differences_) AddEdges(difference);
    AddPathEdges();
    FormBatches();
    return Sort(cycle);
  }

 private:
  const KindSpec& SpecOf(v1::ObjectKind kind) const {
    static const KindSpec* none = new KindSpec;
    const size_t index = static_cast<size_t>(kind);
    return index < specs_.size() ? specs_[index] : *none;
  }

  static bool Drops(const Difference& difference) {
    return difference.op == v1::DROP || difference.op == v1::RECREATE;
  }
  static bool Creates(const Difference& difference) {
    return difference.op == v1::CREATE || difference.op == v1::RECREATE;
  }

  const Difference* ParentDifference(const Schema& schema,
                                     const ObjectKey& key) const {
    const Object* parent = schema.ParentOf(key);
    if (parent == nullptr) return nullptr;
    const auto found = by_key_.find(parent->key);
    return found == by_key_.end() ? nullptr : found->second;
  }

  int Add(StepOp op, const Difference& difference) {
    Node node;
    node.step = {op, &difference, difference.from, difference.to};
    if (op == StepOp::kDrop) node.step.to = nullptr;
    if (op == StepOp::kCreate) node.step.from = nullptr;
    nodes_.push_back(std::move(node));
    return static_cast<int>(nodes_.size()) - 1;
  }

  // One node per statement-to-be; what goes or comes with its parent has none.
  void AddNodes(const Difference& difference) {
    if (difference.folded) return;
    NodesOf& nodes = nodes_of_[difference.key()];
    const KindSpec& spec = SpecOf(difference.key().kind);
    if (Drops(difference)) {
      const Difference* parent = ParentDifference(from_, difference.key());
      const bool with_parent =
          spec.dropped_with_parent && parent != nullptr && Drops(*parent);
      if (!with_parent) nodes.drop = Add(StepOp::kDrop, difference);
    }
    if (Creates(difference)) {
      const Difference* parent = ParentDifference(to_, difference.key());
      const bool absorbed = spec.absorbed_by_parent_create &&
                            parent != nullptr && Creates(*parent);
      if (!absorbed) nodes.make = Add(StepOp::kCreate, difference);
    }
    if (difference.op == v1::ALTER) {
      nodes.make = Add(StepOp::kAlter, difference);
    }
    if (difference.op == v1::REBUILD) {
      nodes.make = Add(StepOp::kRebuild, difference);
    }
  }

  // Rule 6 as one number per node: the place it takes when nothing else speaks.
  void Rank() {
    std::vector<int> order(nodes_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    const auto rank = [this](int index) {
      const Step& step = nodes_[static_cast<size_t>(index)].step;
      const bool drop = step.op == StepOp::kDrop;
      const int kind_rank = KindOf(step.key().kind).rank;
      return std::make_tuple(!drop, drop ? -kind_rank : kind_rank);
    };
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      const auto rank_a = rank(a);
      const auto rank_b = rank(b);
      if (rank_a != rank_b) return rank_a < rank_b;
      const ObjectKey& key_a = nodes_[static_cast<size_t>(a)].step.key();
      const ObjectKey& key_b = nodes_[static_cast<size_t>(b)].step.key();
      if (key_a.path != key_b.path) return key_a.path < key_b.path;
      return key_a.kind < key_b.kind;
    });
    place_.resize(nodes_.size());
    at_place_ = order;
    for (size_t i = 0; i < order.size(); ++i) {
      place_[static_cast<size_t>(order[i])] = static_cast<int>(i);
    }
  }

  // The node that drops (makes) an object, which may be its parent's.
  int DropNode(const ObjectKey& key) const {
    const auto found = nodes_of_.find(key);
    if (found != nodes_of_.end() && found->second.drop != kNone) {
      return found->second.drop;
    }
    const Difference* own = Own(key);
    if (own != nullptr && !Drops(*own)) return kNone;
    const Object* parent = from_.ParentOf(key);
    if (own == nullptr || parent == nullptr) return kNone;
    const auto above = nodes_of_.find(parent->key);
    return above == nodes_of_.end() ? kNone : above->second.drop;
  }
  int MakeNode(const ObjectKey& key) const {
    const auto found = nodes_of_.find(key);
    if (found != nodes_of_.end() && found->second.make != kNone) {
      return found->second.make;
    }
    // Absorbed by a create, or part of a rebuilt parent (changed or not).
    const Object* parent = to_.ParentOf(key);
    if (parent == nullptr) return kNone;
    const Difference* above = Own(parent->key);
    if (above == nullptr) return kNone;
    const Difference* own = Own(key);
    const bool absorbed = own != nullptr && Creates(*own) && Creates(*above);
    if (!absorbed && above->op != v1::REBUILD) return kNone;
    const auto nodes = nodes_of_.find(parent->key);
    return nodes == nodes_of_.end() ? kNone : nodes->second.make;
  }
  const Difference* Own(const ObjectKey& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : found->second;
  }

  void Before(int first, int second, bool soft) {
    if (first == kNone || second == kNone || first == second) return;
    nodes_[static_cast<size_t>(first)].next.emplace_back(second, soft);
    Node& after = nodes_[static_cast<size_t>(second)];
    ++(soft ? after.soft_before : after.hard_before);
  }

  template <typename Visit>
  static void ForEachDependency(const Schema& schema, const Object& object,
                                Visit visit) {
    for (const Dependency& dependency : object.depends_on) {
      visit(dependency.on, dependency.soft);
    }
    if (const Object* parent = schema.ParentOf(object.key)) {
      visit(parent->key, false);
    }
  }

  void AddEdges(const Difference& difference) {
    if (difference.folded) return;  // the rebuilt parent's edges are its own
    if (difference.op == v1::REBUILD) AddEdgesOfAbsorbed(difference);
    const ObjectKey& key = difference.key();
    const int make = MakeNode(key);
    const bool changes_in_place =
        difference.op == v1::ALTER || difference.op == v1::REBUILD;
    if (difference.from != nullptr) {
      const int drop = DropNode(key);
      Before(drop, Drops(difference) && Creates(difference) ? make : kNone,
             false);
      ForEachDependency(
          from_, *difference.from, [&](const ObjectKey& on, bool soft) {
            Before(drop, DropNode(on), soft);  // rule 1
            // Under a plain ALTER it may stay if it has to.
            Before(drop, AlterNode(on),
                   soft || !MustBeAway(on));  // rule 1
            if (changes_in_place) {
              Before(make, DropNode(on), soft);  // rule 2
            }
          });
    }
    if (difference.to != nullptr) {
      ForEachDependency(to_, *difference.to,
                        [&](const ObjectKey& on, bool soft) {
                          Before(MakeNode(on), make, soft);  // rule 3
                        });
    }
  }

  // A rebuild writes everything that its CREATE absorbs, changed or not.
  void AddEdgesOfAbsorbed(const Difference& rebuild) {
    const Path& path = rebuild.key().path;
    const int make = MakeNode(rebuild.key());
    for (const KindSpec& spec : specs_) {
      if (!spec.absorbed_by_parent_create) continue;
      for (const Object& child : from_.ChildrenOf(path, spec.kind)) {
        for (const Dependency& dependency : child.depends_on) {
          Before(make, DropNode(dependency.on), dependency.soft);  // rule 2
        }
      }
      for (const Object& child : to_.ChildrenOf(path, spec.kind)) {
        for (const Dependency& dependency : child.depends_on) {
          Before(MakeNode(dependency.on), make, dependency.soft);  // rule 3
        }
      }
    }
  }

  // True where dependents cannot stay while `key` changes.
  bool MustBeAway(const ObjectKey& key) const {
    const Difference* own = Own(key);
    return own == nullptr || own->detached || own->op != v1::ALTER;
  }

  // The make node where it changes something that exists already.
  int AlterNode(const ObjectKey& key) const {
    const int make = MakeNode(key);
    if (make == kNone) return kNone;
    const StepOp op = nodes_[static_cast<size_t>(make)].step.op;
    return op == StepOp::kAlter || op == StepOp::kRebuild ? make : kNone;
  }

  // Rule 4: a name is free before it is taken, whatever kind had it.
  void AddPathEdges() {
    absl::flat_hash_map<Path, std::vector<int>> drops;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].step.op == StepOp::kDrop) {
        drops[nodes_[i].step.key().path].push_back(static_cast<int>(i));
      }
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].step.op != StepOp::kCreate) continue;
      const auto found = drops.find(nodes_[i].step.key().path);
      if (found == drops.end()) continue;
      for (int drop : found->second) {
        if (!(nodes_[static_cast<size_t>(drop)].step.key() ==
              nodes_[i].step.key())) {
          Before(drop, static_cast<int>(i), false);
        }
      }
    }
  }

  void FormBatches() {
    absl::flat_hash_map<std::pair<Path, int>, int> numbers;
    for (Node& node : nodes_) {
      const ObjectKey& key = node.step.key();
      const KindSpec& spec = SpecOf(key.kind);
      const bool creates = node.step.op == StepOp::kCreate;
      const int kind_batch = creates ? spec.create_batch : spec.change_batch;
      if (kind_batch == 0) continue;
      const Path table =
          KindOf(key.kind).has_parent ? key.path.Parent() : key.path;
      node.batch = numbers.try_emplace({table, kind_batch}, numbers.size())
                       .first->second;
    }
    batches_.resize(numbers.size());
    for (const Node& node : nodes_) {
      if (node.batch != kNone) ++batches_[node.batch].left;
      for (const auto& [after, soft] : node.next) {
        const int batch = nodes_[static_cast<size_t>(after)].batch;
        if (batch != kNone && batch != node.batch) ++batches_[batch].waiting;
      }
    }
  }

  void AddReady(int place) {
    ready_.insert(place);
    const int batch = NodeAt(place).batch;
    if (batch != kNone) batches_[batch].ready.insert(place);
  }
  Node& NodeAt(int place) {
    return nodes_[static_cast<size_t>(at_place_[static_cast<size_t>(place)])];
  }

  // The first in line, but a batch is not broken off once begun, and not begun
  // before the whole of it can follow, unless nothing else is left to do.
  int TakeReady(int open_batch) {
    int place = *ready_.begin();
    if (open_batch != kNone && !batches_[open_batch].ready.empty()) {
      place = *batches_[open_batch].ready.begin();
    } else {
      const auto whole =
          std::find_if(ready_.begin(), ready_.end(), [this](int candidate) {
            const int batch = NodeAt(candidate).batch;
            return batch == kNone || batches_[batch].waiting == 0;
          });
      if (whole != ready_.end()) place = *whole;
    }
    ready_.erase(place);
    const int batch = NodeAt(place).batch;
    if (batch != kNone) batches_[batch].ready.erase(place);
    return place;
  }

  std::vector<Step> Sort(std::vector<ObjectKey>* cycle) {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (IsFree(nodes_[i])) AddReady(place_[i]);
    }
    std::vector<Step> steps;
    steps.reserve(nodes_.size());
    int open_batch = kNone;
    while (steps.size() < nodes_.size()) {
      if (ready_.empty()) {
        const int yielded = YieldSoftEdges();
        if (yielded == kNone) {
          *cycle = Cycle();
          return {};
        }
        AddReady(yielded);
      }
      Node& node = NodeAt(TakeReady(open_batch));
      if (node.done) continue;
      node.done = true;
      open_batch = node.batch;
      if (open_batch != kNone) --batches_[open_batch].left;
      steps.push_back(node.step);
      for (const auto& [after, soft] : node.next) {
        Node& next = nodes_[static_cast<size_t>(after)];
        --(soft ? next.soft_before : next.hard_before);
        if (next.batch != kNone && next.batch != node.batch) {
          --batches_[next.batch].waiting;
        }
        if (!next.done && IsFree(next)) {
          AddReady(place_[static_cast<size_t>(after)]);
        }
      }
      if (open_batch != kNone) UnblockBatch(open_batch);
    }
    return steps;
  }

  // Soft edges among the nodes of a batch do not break it off: the first of
  // its nodes that nothing else holds back goes on.
  void UnblockBatch(int number) {
    const Batch& batch = batches_[number];
    if (batch.left == 0 || batch.waiting > 0 || !batch.ready.empty()) return;
    for (size_t place = 0; place < at_place_.size(); ++place) {
      const Node& node = NodeAt(static_cast<int>(place));
      if (node.done || node.batch != number || node.hard_before > 0) continue;
      AddReady(static_cast<int>(place));
      return;
    }
  }

  static bool IsFree(const Node& node) {
    return node.hard_before == 0 && node.soft_before == 0;
  }

  // Stuck: on a cycle that waits for no other one, the first node that only
  // soft edges hold back goes on. Its place.
  int YieldSoftEdges() const {
    const std::vector<bool> members = FirstCycle();
    for (size_t place = 0; place < at_place_.size(); ++place) {
      const size_t index = static_cast<size_t>(at_place_[place]);
      if (members[index] && nodes_[index].hard_before == 0) {
        return static_cast<int>(place);
      }
    }
    return kNone;
  }

  // Walks from the first node that is left to what it waits for, until that
  // waits for it in turn.
  std::vector<bool> FirstCycle() const {
    Adjacency after(nodes_.size());
    Adjacency before(nodes_.size());
    size_t at = nodes_.size();
    for (int node : at_place_) {
      const size_t index = static_cast<size_t>(node);
      if (nodes_[index].done) continue;
      if (at == nodes_.size()) at = index;
      for (const auto& [next, soft] : nodes_[index].next) {
        if (nodes_[static_cast<size_t>(next)].done) continue;
        after[index].push_back(static_cast<size_t>(next));
        before[static_cast<size_t>(next)].push_back(index);
      }
    }
    while (true) {
      std::vector<bool> above = Reachable(at, before);
      const std::vector<bool> below = Reachable(at, after);
      const auto higher =
          std::find_if(at_place_.begin(), at_place_.end(), [&](int index) {
            const size_t i = static_cast<size_t>(index);
            return above[i] && !below[i];
          });
      if (higher == at_place_.end()) return above;
      at = static_cast<size_t>(*higher);
    }
  }

  // What stands on a cycle of hard edges, in order of place.
  std::vector<ObjectKey> Cycle() const {
    std::vector<ObjectKey> members;
    for (int index : at_place_) {
      const Node& node = nodes_[static_cast<size_t>(index)];
      if (!node.done && OnCycle(index)) members.push_back(node.step.key());
    }
    return members;
  }

  // True when the node can reach itself among the nodes that are left.
  bool OnCycle(int start) const {
    std::vector<bool> seen(nodes_.size());
    std::vector<int> stack = {start};
    while (!stack.empty()) {
      const int index = stack.back();
      stack.pop_back();
      for (const auto& [after, soft] :
           nodes_[static_cast<size_t>(index)].next) {
        if (soft || nodes_[static_cast<size_t>(after)].done) continue;
        if (after == start) return true;
        if (seen[static_cast<size_t>(after)]) continue;
        seen[static_cast<size_t>(after)] = true;
        stack.push_back(after);
      }
    }
    return false;
  }

  const Schema& from_;
  const Schema& to_;
  const std::vector<Difference>& differences_;
  const KindSpecs specs_;
  absl::flat_hash_map<ObjectKey, const Difference*> by_key_;
  absl::flat_hash_map<ObjectKey, NodesOf> nodes_of_;
  std::vector<Node> nodes_;
  std::vector<int> place_;     // node → place
  std::vector<int> at_place_;  // place → node
  std::vector<Batch> batches_;
  std::set<int> ready_;  // places
};

}  // namespace

absl::StatusOr<std::vector<Step>> Order(
    const Schema& from, const Schema& to,
    const std::vector<Difference>& differences, KindSpecs specs) {
  std::vector<ObjectKey> cycle;
  std::vector<Step> steps = Orderer(from, to, differences, specs).Run(&cycle);
  if (cycle.empty()) return steps;
  return absl::InternalError(
      absl::StrCat("no order satisfies the dependencies among ",
                   absl::StrJoin(cycle, ", ",
                                 [](std::string* out, const ObjectKey& key) {
                                   absl::StrAppend(out, Describe(key));
                                 }),
                   "; change one of them by hand first"));
}

std::vector<ObjectKey> FindCycle(const Schema& from, const Schema& to,
                                 const std::vector<Difference>& differences,
                                 KindSpecs specs) {
  std::vector<ObjectKey> cycle;
  Orderer(from, to, differences, specs).Run(&cycle);
  return cycle;
}

}  // namespace fleet
