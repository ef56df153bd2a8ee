// Sets of rules as arms of a bandit. In: a graph that ordinary rounds have grown. Out: the same
// graph after at most kPulls more rounds, each of the set that paid most so far or was tried least
// (UCB1). Invariant: choices depend on counts, prices and the seed alone.

#include <algorithm>
#include <cmath>

#include "bafe/base/hash.h"
#include "bafe/cost/roofline.h"
#include "extract.h"
#include "saturation.h"

namespace bafe {
namespace {

constexpr int kPulls = 12;
constexpr std::size_t kMatchesOfAll = 4000, kMatchesPerRule = 200;
constexpr double kCuriosity = 0.3;  // weight of the confidence bound; rewards are mostly below 0.5

constexpr std::uint32_t bit(RuleStage stage) { return 1u << static_cast<std::uint32_t>(stage); }

struct Arm {
  const char* name;
  std::uint32_t sets;
  int pulls = 0;
  double reward = 0;
  bool done = false;  // its last pull changed nothing, and nothing changed since

  double bound(int total) const {
    if (done) return -1;
    if (pulls == 0) return 1e9;
    return reward / pulls + kCuriosity * std::sqrt(std::log(total + 1.0) / pulls);
  }
};

std::size_t choose(const std::vector<Arm>& arms, int total, std::uint64_t seed) {
  std::size_t best = 0;
  std::uint64_t best_draw = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    std::uint64_t draw = hash_mix(hash_mix(seed, static_cast<std::uint64_t>(total)), i);
    double a = arms[i].bound(total), b = arms[best].bound(total);
    if (i == 0 || a > b || (a == b && draw > best_draw)) {
      best = i;
      best_draw = draw;
    }
  }
  return best;
}

/// Price of the cheapest terms of the roots, shared parts counted each time.
double cheapest_ns(const TermGraph& terms, const CostModel& cost) {
  NodeCosts costs(terms, cost);
  std::vector<NodeId> nodes = cheapest_nodes(terms, costs);
  std::vector<ClassId> work;
  std::vector<bool> seen(nodes.size(), false);
  for (std::size_t i = 0; i < terms.roots.size(); ++i) work.push_back(terms.root_class(i));
  double total = 0;
  while (!work.empty()) {
    ClassId cls = work.back();
    work.pop_back();
    if (seen[cls.index()]) continue;
    seen[cls.index()] = true;
    NodeId node = nodes[cls.index()];
    if (!node.valid()) return 1e300;  // some class has no finite price yet
    total += costs.node(node).own_ns;
    for (NodeId child : terms.egraph.children(node)) work.push_back(terms.egraph.class_of(child));
  }
  return total;
}

}  // namespace

void explore_sets(TermGraph& terms, Saturation& saturation, const SearchOptions& options,
                  const SaturationOptions& given, Growth& growth) {
  std::vector<Arm> arms = {{"structural", bit(RuleStage::kStructural)},
                           {"fuse", bit(RuleStage::kFuse)},
                           {"explosive", bit(RuleStage::kExplosive)},
                           {"explore", 1u << kExploreSet}};
  const std::uint32_t goals = bit(RuleStage::kAnalysis) | bit(RuleStage::kSimplify);
  std::uint64_t seed = options.budget ? options.budget->seed : SearchBudget{}.seed;
  RooflineModel reference(Machine::reference(options.target, options.threads));
  const CostModel& cost = options.cost ? *options.cost : reference;
  SaturationOptions limits = given;
  limits.match_limit = kMatchesPerRule;
  double price = cheapest_ns(terms, cost);
  std::size_t matches = 0;
  for (int pull = 0; pull < kPulls && matches < kMatchesOfAll; ++pull) {
    if (options.interrupted && options.interrupted()) {
      growth.stop_reason = "time";
      return;
    }
    Arm& arm = arms[choose(arms, pull, seed)];
    if (arm.done) return;
    auto classes = static_cast<double>(terms.egraph.num_classes());
    limits.stages = {{arm.sets, 1}, {goals, 2}};
    std::optional<StopReason> end = saturation.iterate(limits);
    bool changed = saturation.iterations().back().accepted > 0;
    if (changed) {
      for (Arm& other : arms) other.done = false;
    }
    arm.done = !changed;
    bool all = std::all_of(arms.begin(), arms.end(), [](const Arm& one) { return one.done; });
    if (!end || *end == StopReason::kSaturated)
      end = all ? StopReason::kSaturated : StopReason::kIterations;
    absorb(saturation, *end, growth);
    growth.rounds.back().sets = arm.name;
    if (growth.contradiction) return;
    matches += saturation.iterations().back().matches;
    double now = cheapest_ns(terms, cost);
    double fresh = static_cast<double>(terms.egraph.num_classes()) - classes;
    arm.reward += (price - now) / std::max(price, 1e-9) + (fresh > 0 ? 0.02 : 0);
    ++arm.pulls;
    price = std::min(price, now);
    if (*end != StopReason::kIterations) return;
  }
}

}  // namespace bafe
