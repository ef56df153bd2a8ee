// Grouping of long chains. In: the imported program. Out: for each long chain one regrouped term,
// united with the original as `ac`. Invariant: both sides flatten to the same operands under the
// same operator, in the same order unless it commutes.

#include "flatten.h"

#include <algorithm>
#include <map>

#include "bafe/cost/access.h"

namespace bafe {
namespace {

bool may_regroup(const OpInfo& info, DType dtype, Math math) {
  if (info.arity != 2) return false;
  if (info.algebra & kAssociates) return true;
  return (info.algebra & kAssociatesInReals) && (math != Math::kBits || !is_float(dtype));
}

class Regrouper {
 public:
  Regrouper(TermGraph& terms, Math math, std::size_t max_nodes)
      : terms_(terms), math_(math), max_nodes_(std::max(max_nodes, terms.egraph.num_nodes())) {}

  std::vector<OpId> run() {
    const Graph& graph = terms_.source;
    std::vector<int> uses = graph.use_counts();
    std::vector<bool> inner(graph.size(), false);
    for (ValueId id : graph.live()) {
      for (ValueId operand : graph.node(id).operands) {
        bool same = graph.node(operand).op == graph.node(id).op && uses[operand.index()] == 1;
        inner[operand.index()] = inner[operand.index()] || same;
      }
    }
    std::vector<OpId> chained;
    for (ValueId id : graph.live()) {
      const OpInfo& info = op_info(graph.node(id).op);
      if (inner[id.index()] || !may_regroup(info, graph.type(id).dtype, math_)) continue;
      std::vector<ValueId> operands;
      flatten(id, uses, operands, true);
      if (operands.size() <= kLongChain) continue;
      if (std::find(chained.begin(), chained.end(), info.id) == chained.end())
        chained.push_back(info.id);
      regroup(id, info, operands);
    }
    terms_.egraph.rebuild();
    return chained;
  }

 private:
  void flatten(ValueId id, const std::vector<int>& uses, std::vector<ValueId>& operands, bool top) {
    const Graph& graph = terms_.source;
    const Node& node = graph.node(id);
    if (!top && (uses[id.index()] != 1 || node.op != chain_op_)) {
      operands.push_back(id);
      return;
    }
    if (top) chain_op_ = node.op;
    for (ValueId operand : node.operands) flatten(operand, uses, operands, false);
  }

  NodeId add(const OpInfo& info, NodeId a, NodeId b) {
    if (!a.valid() || !b.valid() || terms_.egraph.num_nodes() >= max_nodes_) return {};
    NodeId children[] = {a, b};
    return terms_.egraph.add(info.id, children);
  }

  void regroup(ValueId id, const OpInfo& info, const std::vector<ValueId>& operands) {
    NodeId grouped = info.kind == OpKind::kContraction ? fewest_products(info, operands)
                     : info.algebra & kCommutes        ? like_terms(info, operands)
                                                       : NodeId{};
    if (!grouped.valid()) return;
    Reason reason;
    reason.kind = ReasonKind::kAc;
    terms_.egraph.unite(terms_.nodes[id.index()], grouped, reason);
  }

  /// Dynamic programming over the sizes at the seams of the chain.
  NodeId fewest_products(const OpInfo& info, const std::vector<ValueId>& operands) {
    std::size_t n = operands.size();
    std::vector<double> size;
    for (ValueId id : operands) {
      const Shape& shape = terms_.source.type(id).shape;
      if (size.empty()) size.push_back(static_cast<double>(size_of(shape[shape.size() - 2])));
      size.push_back(static_cast<double>(size_of(shape[shape.size() - 1])));
    }
    std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
    std::vector<std::vector<std::size_t>> split(n, std::vector<std::size_t>(n, 0));
    for (std::size_t length = 2; length <= n; ++length) {
      for (std::size_t i = 0; i + length <= n; ++i) {
        std::size_t j = i + length - 1;
        cost[i][j] = 1e300;
        for (std::size_t k = i; k < j; ++k) {
          double total = cost[i][k] + cost[k + 1][j] + size[i] * size[k + 1] * size[j + 1];
          if (total < cost[i][j]) {
            cost[i][j] = total;
            split[i][j] = k;
          }
        }
      }
    }
    return build_chain(info, operands, split, 0, n - 1);
  }

  NodeId build_chain(const OpInfo& info, const std::vector<ValueId>& operands,
                     const std::vector<std::vector<std::size_t>>& split, std::size_t i,
                     std::size_t j) {
    if (i == j) return terms_.nodes[operands[i].index()];
    NodeId left = build_chain(info, operands, split, i, split[i][j]);
    NodeId right = build_chain(info, operands, split, split[i][j] + 1, j);
    return add(info, left, right);
  }

  /// A factor of a term: the value, and its place where places matter.
  using Factor = std::pair<ValueId, int>;

  /// Terms with a common factor next to each other, each family a balanced tree of its own: the
  /// rules that take factors out then need one round a level. The factor of most terms first.
  NodeId like_terms(const OpInfo& info, const std::vector<ValueId>& operands) {
    std::map<Factor, std::vector<std::size_t>> families;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      for (Factor factor : factors(terms_.source, operands[i])) families[factor].push_back(i);
    }
    std::vector<bool> taken(operands.size(), false);
    std::vector<NodeId> trees;
    for (std::size_t left = operands.size(); left > 0;) {
      auto members_left = [&](const std::vector<std::size_t>& family) {
        return std::count_if(family.begin(), family.end(),
                             [&](std::size_t i) { return !taken[i]; });
      };
      std::vector<std::size_t>* largest = nullptr;
      std::ptrdiff_t most = 0;
      for (auto family = families.begin(); family != families.end();) {
        std::ptrdiff_t count = members_left(family->second);
        if (count > most) {
          most = count;
          largest = &family->second;
        }
        family = count == 0 ? families.erase(family) : std::next(family);
      }
      if (most == 1) break;  // the rest shares nothing
      std::vector<NodeId> members;
      for (std::size_t i : *largest) {
        if (taken[i]) continue;
        taken[i] = true;
        members.push_back(terms_.nodes[operands[i].index()]);
      }
      left -= members.size();
      trees.push_back(balanced(info, std::move(members)));
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (!taken[i]) trees.push_back(terms_.nodes[operands[i].index()]);
    }
    return balanced(info, std::move(trees));
  }

  static std::vector<Factor> factors(const Graph& graph, ValueId id) {
    const Node& node = graph.node(id);
    std::vector<Factor> result{{id, -1}};
    bool contraction = op_info(node.op).kind == OpKind::kContraction;
    bool product = op_info(node.op).value && op_info(node.op).value->prim == Prim::kMul;
    if (!contraction && !product) return result;
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      result.emplace_back(node.operands[i], contraction ? static_cast<int>(i) : -1);
    return result;
  }

  NodeId balanced(const OpInfo& info, std::vector<NodeId> terms) {
    while (terms.size() > 1) {
      std::vector<NodeId> next;
      for (std::size_t i = 0; i + 1 < terms.size(); i += 2)
        next.push_back(add(info, terms[i], terms[i + 1]));
      if (terms.size() % 2) next.push_back(terms.back());
      terms = std::move(next);
    }
    return terms[0];
  }

  TermGraph& terms_;
  Math math_;
  std::size_t max_nodes_;
  Op chain_op_{};
};

bool only(const Pattern& pattern, const std::vector<OpId>& operators) {
  if (pattern.kind != Pattern::Kind::kOperator) return true;
  if (std::find(operators.begin(), operators.end(), pattern.op) == operators.end()) return false;
  return std::all_of(pattern.children.begin(), pattern.children.end(),
                     [&](const Pattern& child) { return only(child, operators); });
}

}  // namespace

std::vector<OpId> regroup_long_chains(TermGraph& terms, Math math, std::size_t max_nodes) {
  return Regrouper(terms, math, max_nodes).run();
}

bool only_regroups(const Rewrite& rewrite, const std::vector<OpId>& operators) {
  if (operators.empty()) return false;
  return std::all_of(rewrite.left.roots.begin(), rewrite.left.roots.end(),
                     [&](const RootPattern& root) { return only(root.pattern, operators); });
}

}  // namespace bafe
