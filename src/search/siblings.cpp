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

class Seeder {
 public:
  Seeder(TermGraph& terms, std::size_t max_nodes) : terms_(terms), max_nodes_(max_nodes) {}

  void run() {
    std::map<std::pair<ValueId, int>, std::vector<ValueId>> users;  // (shared, its place)
    for (ValueId id : graph().live()) {
      if (op_info(graph().node(id).op).kind != OpKind::kContraction) continue;
      if (!is_concrete(graph().type(id).shape)) continue;
      for (int place : {0, 1}) {
        if (is_thin(id, place)) users[{operand(id, place), place}].push_back(id);
      }
    }
    for (const auto& [key, products] : users) {
      for (const std::vector<ValueId>& group : independent(products, 1 - key.second)) {
        if (group.size() > 1) seed(group, key.second);
      }
    }
  }

 private:
  const Graph& graph() const { return terms_.source; }
  ValueId operand(ValueId product, int place) const {
    return graph().node(product).operands[static_cast<std::size_t>(place)];
  }
  std::int64_t extent(ValueId id, std::size_t from_end) const {
    const Shape& shape = graph().type(id).shape;
    return size_of(shape[shape.size() - from_end]);
  }
  /// The rows (common right operand) or columns of a product.
  std::int64_t width(ValueId product, int shared_place) const {
    return extent(product, shared_place == 1 ? 2 : 1);
  }
  bool is_thin(ValueId product, int shared_place) const {
    ValueId shared = operand(product, shared_place);
    return width(product, shared_place) <= kThinRows && width(product, shared_place) > 0 &&
           extent(shared, 1) * extent(shared, 2) >= kLargeElements;
  }

  /// Products in groups: none of a group needs the result of another of it.
  std::vector<std::vector<ValueId>> independent(const std::vector<ValueId>& products,
                                                int other_place) const {
    std::vector<std::vector<ValueId>> groups;
    std::vector<std::vector<bool>> below;  // per group: values that need one of its products
    for (ValueId product : products) {
      std::size_t g = 0;
      for (; g < groups.size(); ++g) {
        bool free = !below[g][operand(product, other_place).index()];
        if (free && groups[g].size() < kMostMembers) break;
      }
      if (g == groups.size()) {
        groups.emplace_back();
        below.emplace_back(graph().size(), false);
      }
      groups[g].push_back(product);
      mark_users(product, below[g]);
    }
    return groups;
  }

  /// Ids ascend from operands to users.
  void mark_users(ValueId product, std::vector<bool>& below) const {
    below[product.index()] = true;
    for (std::size_t i = product.index() + 1; i < graph().size(); ++i) {
      const Node& node = graph().node(ValueId(static_cast<std::uint32_t>(i)));
      for (ValueId operand : node.operands) {
        if (below[operand.index()]) below[i] = true;
      }
    }
  }

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
      ValueId part = operand(product, 1 - shared_place);
      NodeId node = terms_.nodes[part.index()];
      // The same product twice is one node already.
      if (std::find(parts.begin(), parts.end(), node) == parts.end()) parts.push_back(node);
    }
    if (parts.size() < 2) return;
    NodeId shared = terms_.nodes[operand(group[0], shared_place).index()];
    NodeId side_by_side = concat(std::move(parts), axis);
    NodeId merged = shared_place == 1
                        ? add(graph().node(group[0]).op, {side_by_side, shared})
                        : add(graph().node(group[0]).op, {shared, side_by_side});
    std::int64_t begin = 0;
    std::vector<ClassId> done;
    for (ValueId product : group) {
      ClassId cls = terms_.egraph.class_of(terms_.nodes[product.index()]);
      if (std::find(done.begin(), done.end(), cls) != done.end()) continue;
      done.push_back(cls);
      List start(shape.size(), Dim(0)), step(shape.size(), Dim(1));
      start[static_cast<std::size_t>(axis)] = Dim(begin);
      begin += width(product, shared_place);
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

void seed_siblings(TermGraph& terms, std::size_t max_nodes) {
  Seeder(terms, max_nodes).run();
  terms.egraph.rebuild();
}

}  // namespace bafe
