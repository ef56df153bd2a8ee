#pragma once
/// Extraction over any class/node/cost graph: the cheapest set of nodes that computes the roots.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace bafe {

/// Classes are numbers below `num_classes`; the id of a node is its position. Children are classes;
/// a child named twice counts once.
struct CostGraph {
  struct Node {
    std::uint32_t cls = 0;
    double cost = 0;  ///< >= 0; infinity: never chosen; NaN is an error
    std::vector<std::uint32_t> children;
  };
  std::uint32_t num_classes = 0;
  std::vector<Node> nodes;
  std::vector<std::uint32_t> roots;  ///< none: nothing is needed and nothing is paid
};

struct DagLimits {
  /// Edges that all steps together may touch: a count, so that results do not depend on the clock.
  std::int64_t work = 100'000'000;
};

inline constexpr std::uint32_t kNoNode = 0xffffffffu;

struct DagChoice {
  std::vector<std::uint32_t> node_of_class;  ///< kNoNode where the roots need no node
  double cost = 0;                           ///< of the chosen nodes, each paid once
  double lower_bound = 0;                    ///< no choice costs less
  std::int64_t work = 0;                     ///< edges touched
  bool is_optimal() const { return lower_bound >= cost; }
  /// (cost - lower_bound) / cost; 0 when proven optimal.
  double gap() const { return is_optimal() ? 0 : (cost - lower_bound) / cost; }
};

/// Chooses one node for every class that the roots need, without a cycle, so that the sum of the
/// costs of the chosen nodes is low; a node used twice is paid once.
///
/// Errors: ParseError naming the node whose cost is NaN or negative, an id out of range, or the
///         root for which every program has infinite cost or needs itself.
/// Time:   limits.work edges; equal inputs give equal results in every process, ties go to the
///         smaller node id.
/// Names:  `class_names`, one for each class or none, stand in messages for the numbers.
DagChoice extract_dag(const CostGraph& graph, const DagLimits& limits = {},
                      std::span<const std::string> class_names = {});

/// Cost of a choice, each node once; infinity when it has a cycle or a hole.
double choice_cost(const CostGraph& graph, const std::vector<std::uint32_t>& node_of_class);

}  // namespace bafe
