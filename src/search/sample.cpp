// Equal programs, for tests. In: a graph and search options. Out: distinct terms of the saturated
// e-graph. Each draw picks a random node for every class, biased to none; a draw with a cycle is
// repaired from the cheapest choice.

#include <set>

#include "bafe/cost/roofline.h"
#include "bafe/search/optimize.h"
#include "extract.h"
#include "saturation.h"

namespace bafe {
namespace {

struct Random {
  std::uint64_t state;
  std::uint64_t next() {
    state += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
};

/// Builds a random acyclic choice top down: a node is admitted only if the choice stays acyclic
/// with the cheapest nodes below it.
class Sampler {
 public:
  Sampler(const TermGraph& terms, const std::vector<NodeId>& cheapest, Random& random)
      : terms_(terms), choice_(cheapest), random_(random), state_(cheapest.size(), 0) {}

  const std::vector<NodeId>& draw() {
    for (std::size_t i = 0; i < terms_.roots.size(); ++i) settle(terms_.root_class(i));
    return choice_;
  }

 private:
  bool reaches(ClassId from, ClassId to, std::set<ClassId>& seen) {
    if (from == to) return true;
    if (!seen.insert(from).second) return false;
    for (NodeId child : terms_.egraph.children(choice_[from.index()])) {
      if (reaches(terms_.egraph.class_of(child), to, seen)) return true;
    }
    return false;
  }

  void settle(ClassId cls) {
    if (state_[cls.index()]) return;
    state_[cls.index()] = 1;
    auto nodes = terms_.egraph.nodes(cls);
    NodeId old = choice_[cls.index()];
    for (int attempt = 0; attempt < 8; ++attempt) {
      NodeId node = nodes[random_.next() % nodes.size()];
      choice_[cls.index()] = node;
      bool cyclic = false;
      for (NodeId child : terms_.egraph.children(node)) {
        std::set<ClassId> seen;
        cyclic = cyclic || reaches(terms_.egraph.class_of(child), cls, seen);
      }
      if (!cyclic) break;
      choice_[cls.index()] = old;
    }
    for (NodeId child : terms_.egraph.children(choice_[cls.index()]))
      settle(terms_.egraph.class_of(child));
  }

  const TermGraph& terms_;
  std::vector<NodeId> choice_;
  Random& random_;
  std::vector<char> state_;
};

}  // namespace

std::vector<Graph> sample_equivalents(const Graph& graph, const SearchOptions& options, int limit,
                                      std::uint64_t seed) {
  TermGraph terms(graph, options.math != Math::kBits);
  grow(terms, options.rules ? *options.rules : RuleSet::builtin(), options);
  RooflineModel cost(Machine::reference(options.target, options.threads));
  NodeCosts costs(terms, cost);
  std::vector<NodeId> cheapest = cheapest_nodes(terms, costs);
  Random random{seed};
  std::vector<Graph> result;
  std::set<std::uint64_t> seen;
  for (int attempt = 0; attempt < 20 * limit && static_cast<int>(result.size()) < limit;
       ++attempt) {
    Sampler sampler(terms, cheapest, random);
    const std::vector<NodeId>& choice = sampler.draw();
    Graph term = chosen_graph(terms, [&](ClassId cls) { return choice[cls.index()]; });
    if (seen.insert(term.hash()).second) result.push_back(std::move(term));
  }
  return result;
}

}  // namespace bafe
