// Choices by tree prices. In: an e-graph with additive prices. Out: for every class its cheapest
// node when shared parts count once a use, or not at all where they are taken as paid. Invariant:
// with nothing paid the choice is acyclic as a whole: prices grow from children to parents.

#include <algorithm>

#include "extract.h"

namespace bafe {
namespace {

// Above every tree price: parts shared by many layers are counted once a use there.
constexpr double kUnknown = 1e300;

}  // namespace

std::vector<NodeId> cheapest_nodes(const TermGraph& terms, const NodeCosts& costs,
                                   const std::vector<bool>& paid) {
  const EGraph& egraph = terms.egraph;
  std::vector<double> cost(egraph.class_bound(), kUnknown);
  std::vector<NodeId> plain(egraph.class_bound());
  std::vector<ClassId> classes = egraph.classes();
  for (bool changed = true; changed;) {
    changed = false;
    for (ClassId cls : classes) {
      bool is_paid = !paid.empty() && paid[cls.index()];
      for (NodeId node : egraph.nodes(cls)) {
        double ns = costs.node(node).own_ns;
        for (NodeId child : egraph.children(node)) ns += cost[egraph.class_of(child).index()];
        if (is_paid) ns = 0;
        if (!(ns < cost[cls.index()] * (1 - 1e-12))) continue;
        cost[cls.index()] = ns;
        plain[cls.index()] = node;
        changed = true;
      }
    }
  }
  return plain;
}

std::vector<ClassId> shareable_classes(const TermGraph& terms, const NodeCosts& costs,
                                       std::size_t count) {
  const EGraph& egraph = terms.egraph;
  struct Found {
    std::size_t users;
    ClassId cls;
  };
  std::vector<Found> found;
  for (ClassId cls : egraph.classes()) {
    bool is_dear = false;
    for (NodeId node : egraph.nodes(cls)) {
      NodeRole role = costs.node(node).role;
      is_dear = is_dear || role == NodeRole::kContract || role == NodeRole::kRoutine ||
                role == NodeRole::kReduce;
    }
    if (!is_dear) continue;
    std::vector<ClassId> users;
    for (NodeId parent : egraph.parents(cls)) {
      if (egraph.is_live(parent)) users.push_back(egraph.class_of(parent));
    }
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    if (users.size() > 1) found.push_back({users.size(), cls});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.users > b.users; });
  std::vector<ClassId> result;
  for (const Found& one : found) {
    if (result.size() < count) result.push_back(one.cls);
  }
  return result;
}

}  // namespace bafe
