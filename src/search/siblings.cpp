// Products that share an operand. In: an imported program. Out: seeds in its e-graph, from which
// ordinary rules derive that several thin products are slices of one. Invariant: members of a group
// do not depend on each other, so that the merged product is part of some acyclic program.

#include "siblings.h"

#include <algorithm>
#include <map>
#include <utility>

#include "bafe/cost/access.h"

namespace bafe {
namespace {

constexpr std::size_t kMostMembers = 32;
// A common operand smaller than this stays in cache between the products.
constexpr std::int64_t kLargeElements = 1 << 14;

std::int64_t extent(const Graph& graph, ValueId id, std::size_t from_end) {
  const Shape& shape = graph.type(id).shape;
  return size_of(shape[shape.size() - from_end]);
}

ValueId operand_of(const Graph& graph, ValueId product, int place) {
  return graph.node(product).operands[static_cast<std::size_t>(place)];
}

/// The rows (common right operand) or columns of a product.
std::int64_t width_of(const Graph& graph, ValueId product, int shared_place) {
  return extent(graph, product, shared_place == 1 ? 2 : 1);
}

bool is_thin(const Graph& graph, ValueId product, int shared_place) {
  ValueId shared = operand_of(graph, product, shared_place);
  std::int64_t width = width_of(graph, product, shared_place);
  return width > 0 && width <= kThinRows &&
         extent(graph, shared, 1) * extent(graph, shared, 2) >= kLargeElements;
}

/// Marks what needs `product`. Ids ascend from operands to users.
void mark_users(const Graph& graph, ValueId product, std::vector<bool>& below) {
  below[product.index()] = true;
  for (std::size_t i = product.index() + 1; i < graph.size(); ++i) {
    for (ValueId operand : graph.node(ValueId(static_cast<std::uint32_t>(i))).operands) {
      if (below[operand.index()]) below[i] = true;
    }
  }
}

void add_groups(const Graph& graph, const std::vector<ValueId>& products, int shared_place,
                std::vector<Siblings>& result) {
  std::vector<Siblings> groups;
  std::vector<std::vector<bool>> below;  // per group: values that need one of its products
  for (ValueId product : products) {
    ValueId other = operand_of(graph, product, 1 - shared_place);
    std::size_t g = 0;
    while (g < groups.size() &&
           (below[g][other.index()] || groups[g].products.size() >= kMostMembers))
      ++g;
    if (g == groups.size()) {
      groups.push_back({shared_place, {}});
      below.emplace_back(graph.size(), false);
    }
    groups[g].products.push_back(product);
    mark_users(graph, product, below[g]);
  }
  for (Siblings& group : groups) {
    if (group.products.size() > 1) result.push_back(std::move(group));
  }
}

class Seeder {
 public:
  Seeder(TermGraph& terms, std::size_t max_nodes) : terms_(terms), max_nodes_(max_nodes) {}

  void run() {
    for (const Siblings& group : find_siblings(graph())) seed(group.products, group.shared_place);
  }

 private:
  const Graph& graph() const { return terms_.source; }

  NodeId add(Op op, std::vector<NodeId> children, Attrs attrs = {}) {
    bool valid = terms_.egraph.num_nodes() < max_nodes_;
    for (NodeId child : children) valid = valid && child.valid();
    if (!valid) return {};
    return terms_.egraph.add(id_of(op), terms_.egraph.attrs().intern(attrs), children);
  }

  void seed(const std::vector<ValueId>& group, int shared_place) {
    const Shape& shape = graph().type(group[0]).shape;
    auto rank = static_cast<std::int64_t>(shape.size());
    std::int64_t axis = rank - (shared_place == 1 ? 2 : 1);
    std::vector<NodeId> parts;
    for (ValueId product : group) {
      ValueId part = operand_of(graph(), product, 1 - shared_place);
      NodeId node = terms_.nodes[part.index()];
      // The same product twice is one node already.
      if (std::find(parts.begin(), parts.end(), node) == parts.end()) parts.push_back(node);
    }
    if (parts.size() < 2) return;
    NodeId shared = terms_.nodes[operand_of(graph(), group[0], shared_place).index()];
    NodeId side_by_side = concat(std::move(parts), axis);
    NodeId merged = shared_place == 1 ? add(graph().node(group[0]).op, {side_by_side, shared})
                                      : add(graph().node(group[0]).op, {shared, side_by_side});
    std::int64_t begin = 0;
    std::vector<ClassId> done;
    for (ValueId product : group) {
      ClassId cls = terms_.egraph.class_of(terms_.nodes[product.index()]);
      if (std::find(done.begin(), done.end(), cls) != done.end()) continue;
      done.push_back(cls);
      List start(shape.size(), Dim(0)), step(shape.size(), Dim(1));
      start[static_cast<std::size_t>(axis)] = Dim(begin);
      begin += width_of(graph(), product, shared_place);
      List size(graph().type(product).shape.begin(), graph().type(product).shape.end());
      add(Op::kSlice, {merged}, {std::move(start), std::move(size), std::move(step)});
    }
  }

  NodeId concat(std::vector<NodeId> parts, std::int64_t axis) {
    while (parts.size() > 1) {
      std::vector<NodeId> next;
      for (std::size_t i = 0; i + 1 < parts.size(); i += 2)
        next.push_back(add(Op::kConcat, {parts[i], parts[i + 1]}, {Dim(axis)}));
      if (parts.size() % 2) next.push_back(parts.back());
      parts = std::move(next);
    }
    return parts[0];
  }

  TermGraph& terms_;
  std::size_t max_nodes_;
};

}  // namespace

std::vector<Siblings> find_siblings(const Graph& graph) {
  std::map<std::pair<ValueId, int>, std::vector<ValueId>> users;  // (shared, its place)
  for (ValueId id : graph.live()) {
    if (op_info(graph.node(id).op).kind != OpKind::kContraction) continue;
    if (!is_concrete(graph.type(id).shape)) continue;
    for (int place : {0, 1}) {
      if (is_thin(graph, id, place)) users[{operand_of(graph, id, place), place}].push_back(id);
    }
  }
  std::vector<Siblings> result;
  for (auto& [key, products] : users) {
    std::sort(products.begin(), products.end());
    if (products.size() > 1) add_groups(graph, products, key.second, result);
  }
  return result;
}

void seed_siblings(TermGraph& terms, std::size_t max_nodes) {
  Seeder(terms, max_nodes).run();
  terms.egraph.rebuild();
}

}  // namespace bafe
