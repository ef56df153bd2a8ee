// Extraction of a whole graph. In: classes, nodes, costs, roots. Out: an acyclic choice and a bound
// below every choice. A kernel is reduced, split into independent parts, bounded; nodes that the
// bound rules out go; what is left is branched on, root by root. Cycles are cut where they appear:
// a choice that has one is no solution. Invariant: the lower bound of an unfinished part is the one
// proven before the work ran out.

#include "bafe/search/dag_extract.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "dag_kernel.h"

namespace bafe {
namespace {

constexpr int kRootIterations = 600, kBranchIterations = 80;
constexpr std::size_t kMaxDepth = 400;
constexpr double kRounding = 1e-9;  // relative, of one sum taken in two orders

/// lower: no solution below the cutoff costs less. cost: of the best one found, infinity if none.
struct Answer {
  double lower = kForbidden;
  double cost = kForbidden;
  std::uint32_t picks = PickPool::kNone;
};

class Solver {
 public:
  Solver(std::size_t num_nodes, double quantum, std::int64_t limit)
      : picks(num_nodes), quantum_(quantum) {
    work.limit = limit;
  }
  Answer solve(Kernel kernel, double cutoff, std::size_t depth);

  PickPool picks;
  WorkMeter work;

 private:
  Answer solve_parts(Kernel kernel, double cutoff, std::size_t depth);
  Answer solve_one(Kernel kernel, double cutoff, std::size_t depth);
  Answer branch(const Kernel& kernel, const KernelBound& bound, Answer best, double cutoff,
                std::size_t depth);
  std::uint32_t picks_of(const Kernel& kernel, const KernelChoice& choice);
  /// A bound in the units of the costs: where all are whole multiples of a quantum, so are sums.
  double rounded(double lower) const;
  bool reaches(double lower, double cutoff) const;

  double quantum_;
};

double Solver::rounded(double lower) const {
  if (quantum_ == 0 || !std::isfinite(lower)) return lower;
  return std::ceil(lower / quantum_ - 1e-6) * quantum_;
}

bool Solver::reaches(double lower, double cutoff) const {
  return lower >= cutoff - 1e-12 * std::abs(cutoff);
}

std::uint32_t Solver::picks_of(const Kernel& kernel, const KernelChoice& choice) {
  std::uint32_t handle = kernel.picks;
  for (std::size_t c = 0; c < choice.size(); ++c) {
    if (choice[c] != kUndecided) handle = picks.join(handle, kernel.classes[c][choice[c]].picks);
  }
  return handle;
}

Answer Solver::solve(Kernel kernel, double cutoff, std::size_t depth) {
  if (!reduce(kernel, picks, work)) return {};
  if (kernel.roots.empty()) return {kernel.paid, kernel.paid, kernel.picks};
  return solve_parts(std::move(kernel), cutoff, depth);
}

Answer Solver::solve_parts(Kernel kernel, double cutoff, std::size_t depth) {
  std::vector<Kernel> parts = split(std::move(kernel));
  if (parts.size() == 1) return solve_one(std::move(parts[0]), cutoff, depth);
  // Small parts first: what they leave of the work goes to the others.
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Kernel& a, const Kernel& b) { return a.num_edges() < b.num_edges(); });
  Answer total{0, 0, PickPool::kNone};
  std::int64_t limit = work.limit;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // What is left is shared evenly, so that a hard part does not starve the others.
    work.limit = work.used + (limit - work.used) / static_cast<std::int64_t>(parts.size() - i);
    Answer part = solve_one(std::move(parts[i]), kForbidden, depth);
    work.limit = limit;
    if (part.cost == kForbidden && part.lower == kForbidden) return {};
    total.lower += part.lower;
    total.cost += part.cost;
    total.picks = picks.join(total.picks, part.picks);
  }
  return total;
}

Answer Solver::solve_one(Kernel kernel, double cutoff, std::size_t depth) {
  KernelSolution found = greedy_solution(kernel, work);
  int iterations = depth == 0 ? kRootIterations : kBranchIterations;
  KernelBound bound = lagrangian_bound(kernel, found, cutoff, iterations, work);
  if (depth == 0) {
    KernelSolution better = bound.best;
    improve(kernel, better, better.choice, work);
    if (better.cost < bound.best.cost) bound.best = std::move(better);
  }
  double proven = rounded(std::max(bound.lower, kernel.paid));
  Answer best{std::min(proven, bound.best.cost), bound.best.cost, PickPool::kNone};
  if (bound.best.cost != kForbidden) best.picks = picks_of(kernel, bound.best.choice);
  double target = std::min(best.cost, cutoff);
  if (reaches(proven, target)) return {target, best.cost, best.picks};
  if (work.is_spent() || depth > kMaxDepth) return best;
  std::size_t dropped = 0;
  for (std::size_t c = 0; c < bound.slack.size(); ++c) {
    std::size_t at = 0;
    dropped += std::erase_if(kernel.classes[c], [&](const KernelNode&) {
      return reaches(rounded(bound.lower + bound.slack[c][at++]), target);
    });
  }
  if (dropped == 0) return branch(kernel, bound, best, cutoff, depth);
  Answer rest = solve(std::move(kernel), target, depth + 1);
  Answer result = rest.cost < best.cost ? rest : best;
  result.lower = std::max(best.lower, std::min(rest.lower, target));
  return result;
}

/// The root whose second choice is furthest from its first is decided, cheapest node first.
Answer Solver::branch(const Kernel& kernel, const KernelBound& bound, Answer best, double cutoff,
                      std::size_t depth) {
  std::uint32_t chosen = kUndecided;
  double widest = -1;
  for (std::uint32_t root : kernel.roots) {
    std::vector<double> slack = bound.slack[root];
    if (slack.size() < 2) continue;
    std::nth_element(slack.begin(), slack.begin() + 1, slack.end());
    if (slack[1] <= widest) continue;
    widest = slack[1];
    chosen = root;
  }
  // Nothing left to decide: the only choice was priced, and a choice with a cycle is none.
  if (chosen == kUndecided) return {std::min(best.cost, cutoff), best.cost, best.picks};
  std::vector<std::uint32_t> order(kernel.classes[chosen].size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return bound.slack[chosen][a] < bound.slack[chosen][b];
  });
  double lower = kForbidden;
  for (std::uint32_t i : order) {
    double target = std::min(best.cost, cutoff);
    double least = rounded(bound.lower + bound.slack[chosen][i]);
    if (work.is_spent() || reaches(least, target)) {
      lower = std::min(lower, least);
      continue;
    }
    Kernel one = kernel;
    one.classes[chosen] = {kernel.classes[chosen][i]};
    work.add(kernel.num_edges());
    Answer answer = solve(std::move(one), target, depth + 1);
    lower = std::min(lower, std::max(least, answer.lower));
    if (answer.cost < best.cost) {
      best.cost = answer.cost;
      best.picks = answer.picks;
    }
  }
  best.lower = std::max(best.lower, std::min(lower, std::min(best.cost, cutoff)));
  return best;
}

Kernel kernel_of(const CostGraph& graph) {
  Kernel kernel;
  kernel.classes.resize(graph.num_classes);
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i) {
    const CostGraph::Node& node = graph.nodes[i];
    KernelNode made{node.cost, node.children, i};
    std::sort(made.children.begin(), made.children.end());
    made.children.erase(std::unique(made.children.begin(), made.children.end()),
                        made.children.end());
    kernel.classes[node.cls].push_back(std::move(made));
  }
  kernel.roots = graph.roots;
  std::sort(kernel.roots.begin(), kernel.roots.end());
  kernel.roots.erase(std::unique(kernel.roots.begin(), kernel.roots.end()), kernel.roots.end());
  return kernel;
}

void check_graph(const CostGraph& graph) {
  auto check_class = [&](std::uint32_t cls, const std::string& who) {
    if (cls < graph.num_classes) return;
    throw ParseError({}, "extract", format("{} names class {}, which does not exist", who, cls))
        .fix(format("use classes below {}", graph.num_classes));
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const CostGraph::Node& node = graph.nodes[i];
    check_class(node.cls, format("node {}", i));
    for (std::uint32_t child : node.children) check_class(child, format("node {}", i));
    if (node.cost >= 0) continue;
    throw ParseError({}, "extract", format("node {} costs {}", i, node.cost))
        .fix("give costs that are numbers >= 0; infinity means never");
  }
  for (std::uint32_t root : graph.roots) check_class(root, "a root");
}

/// The largest of 1 and its halvings down to 1/8 of which every finite cost is a multiple; 0 if
/// none is.
double quantum_of(const CostGraph& graph) {
  for (double quantum : {1.0, 0.5, 0.25, 0.125}) {
    bool fits = std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const auto& node) {
      double times = node.cost / quantum;
      return node.cost == kForbidden || (times < 1e9 && times == std::floor(times));
    });
    if (fits) return quantum;
  }
  return 0;
}

[[noreturn]] void no_program(const CostGraph& graph, std::span<const std::string> class_names) {
  for (std::uint32_t root : graph.roots) {
    Kernel alone = kernel_of(graph);
    alone.roots = {root};
    if (prune(alone)) continue;
    std::string name =
        class_names.empty() ? format("{}", root) : format("\"{}\"", class_names[root]);
    throw ParseError({}, "extract", format("root class {} has no program of finite cost", name))
        .detail("every program of it costs infinity, is empty, or needs itself")
        .fix("give the class a node that can be computed");
  }
  throw ParseError({}, "extract", "the roots have no program that they can share")
      .fix("extract the roots one by one");
}

/// Nodes for the classes that the roots need, from the picked ones.
std::vector<std::uint32_t> nodes_by_class(const CostGraph& graph,
                                          const std::vector<std::uint32_t>& picked) {
  std::vector<std::uint32_t> known(graph.num_classes, kNoNode), result(graph.num_classes, kNoNode);
  for (std::uint32_t node : picked) {
    std::uint32_t& place = known[graph.nodes[node].cls];
    if (place == kNoNode) place = node;
  }
  std::vector<std::uint32_t> todo = graph.roots;
  while (!todo.empty()) {
    std::uint32_t cls = todo.back();
    todo.pop_back();
    if (result[cls] != kNoNode) continue;
    BAFE_CHECK(known[cls] != kNoNode, "every needed class has a picked node");
    result[cls] = known[cls];
    const auto& children = graph.nodes[known[cls]].children;
    todo.insert(todo.end(), children.begin(), children.end());
  }
  return result;
}

}  // namespace

double choice_cost(const CostGraph& graph, const std::vector<std::uint32_t>& node_of_class) {
  Kernel kernel = kernel_of(graph);
  KernelChoice choice(graph.num_classes, kUndecided);
  for (std::uint32_t c = 0; c < graph.num_classes; ++c) {
    for (std::uint32_t i = 0; i < kernel.classes[c].size(); ++i) {
      if (kernel.classes[c][i].picks == node_of_class[c]) choice[c] = i;
    }
  }
  WorkMeter work;
  return priced(kernel, choice, work);
}

DagChoice extract_dag(const CostGraph& graph, const DagLimits& limits,
                      std::span<const std::string> class_names) {
  BAFE_CHECK(class_names.empty() || class_names.size() == graph.num_classes,
             "names for all or none");
  check_graph(graph);
  Solver solver(graph.nodes.size(), quantum_of(graph), limits.work);
  Answer answer = solver.solve(kernel_of(graph), kForbidden, 0);
  if (answer.cost == kForbidden) no_program(graph, class_names);
  DagChoice result;
  result.node_of_class = nodes_by_class(graph, solver.picks.nodes(answer.picks));
  result.cost = choice_cost(graph, result.node_of_class);
  BAFE_CHECK(std::isfinite(result.cost), "the choice is acyclic and complete");
  // The solver adds up in another order, and pays for picks that no root needs.
  BAFE_CHECK(result.cost * (1 - kRounding) <= answer.cost, "the picks cost what the solver says");
  BAFE_CHECK(answer.lower * (1 - kRounding) <= result.cost, "no choice is below the bound");
  bool proven = answer.lower >= result.cost * (1 - kRounding);
  result.lower_bound = proven ? result.cost : std::min(answer.lower, result.cost);
  result.work = solver.work.used;
  return result;
}

}  // namespace bafe
