// Which operators may share a kernel. In: a graph, a set of its nodes, the outputs among them. Out:
// the kind of group, or the reason against it. The invariant that codegen relies on: after an
// anchor (reduction, contraction) every value has a known map from its axes to the axes of the
// anchor's domain.

#include <algorithm>
#include <map>
#include <set>

#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/cost/attention.h"
#include "bafe/cost/row_major.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

using AxisMap =
    std::vector<int>;  // domain axis of each axis, -1: an axis of size 1 that the domain lacks

struct Place {
  AxisMap map;
  bool full = false;  // has the reduced axes at full length (row groups)
  friend bool operator==(const Place&, const Place&) = default;
};

class Rules {
 public:
  Rules(const Graph& graph, std::span<const ValueId> nodes, std::span<const ValueId> outputs)
      : graph_(graph), nodes_(nodes), outputs_(outputs), inside_(nodes.begin(), nodes.end()) {}

  std::optional<GroupKind> kind();
  std::string why;

 private:
  std::optional<GroupKind> fail(std::string reason) {
    why = std::move(reason);
    return std::nullopt;
  }
  OpKind kind_of(ValueId id) const { return op_info(graph_.node(id).op).kind; }
  bool is_stream_op(ValueId id) const {
    OpKind kind = kind_of(id);
    return kind == OpKind::kPointwise || kind == OpKind::kMovement || kind == OpKind::kLayout;
  }
  std::optional<GroupKind> pointwise();
  std::optional<GroupKind> matmul(ValueId anchor);
  std::optional<GroupKind> reductions(const std::vector<ValueId>& anchors);
  bool place_reduction(ValueId id, const Shape& domain);
  bool place_pointwise(ValueId id);
  bool place_movement(ValueId id, const Shape* domain);
  bool broadcast_back(ValueId id, const Shape& domain);
  bool outputs_placed();
  bool trailing(const Shape& domain, const List& axes) const;

  const Graph& graph_;
  std::span<const ValueId> nodes_, outputs_;
  std::set<ValueId> inside_;
  std::map<ValueId, Place> places_;  // values that depend on an anchor
  bool nested_ = false, any_full_ = false;
};

AxisMap identity_map(int rank) {
  AxisMap map(static_cast<std::size_t>(rank));
  for (int i = 0; i < rank; ++i) map[i] = i;
  return map;
}

bool Rules::place_pointwise(ValueId id) {
  std::optional<Place> place;
  for (ValueId operand : graph_.node(id).operands) {
    auto it = places_.find(operand);
    if (it == places_.end()) continue;
    if (place && !(*place == it->second)) {
      why = "two results of the anchor meet at different places";
      return false;
    }
    place = it->second;
  }
  if (place) places_[id] = *place;
  return true;
}

bool Rules::broadcast_back(ValueId id, const Shape& domain) {
  ValueId operand = graph_.node(id).operands[0];
  const Place& place = places_.at(operand);
  auto access = operand_access(graph_, id);
  if (!access || place.full || graph_.type(id).shape != domain) return false;
  const Shape& from = graph_.type(operand).shape;
  if (from.size() != domain.size()) return false;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    if (from[axis] == Dim(1)) continue;
    if (place.map[axis] != static_cast<int>(axis)) return false;
    LinearIndex expected{0, std::vector<std::int64_t>(domain.size(), 0)};
    expected.step[axis] = 1;
    if (!((*access)[axis] == expected)) return false;
  }
  places_[id] = {identity_map(static_cast<int>(domain.size())), true};
  any_full_ = true;
  return true;
}

bool Rules::place_movement(ValueId id, const Shape* domain) {
  const Node& node = graph_.node(id);
  bool depends = std::any_of(node.operands.begin(), node.operands.end(),
                             [&](ValueId operand) { return places_.count(operand) > 0; });
  if (!depends) return true;
  if (kind_of(id) == OpKind::kLayout) {
    places_[id] = places_.at(node.operands[0]);
    return true;
  }
  if (node.operands.size() == 1 && !places_.at(node.operands[0]).full) {
    if (auto permutation = axis_permutation(graph_, id)) {
      const Place& from = places_.at(node.operands[0]);
      Place place{AxisMap(graph_.type(id).shape.size(), -1), false};
      for (std::size_t axis = 0; axis < permutation->size(); ++axis) {
        if ((*permutation)[axis] >= 0) place.map[(*permutation)[axis]] = from.map[axis];
      }
      places_[id] = std::move(place);
      return true;
    }
    if (domain && broadcast_back(id, *domain)) return true;
    if (!domain && keeps_row_major(graph_, id)) {
      // Axes of its own from here on: other operators on elements fit, further movements do not.
      places_[id] = {AxisMap(graph_.type(id).shape.size(), -1), true};
      return true;
    }
  }
  why = format("{} moves a result of the anchor", op_info(node.op).name);
  return false;
}

bool Rules::outputs_placed() {
  for (ValueId id : outputs_) {
    if (places_.count(id)) continue;
    why = "an output does not depend on the anchor";
    return false;
  }
  return true;
}

std::optional<GroupKind> Rules::pointwise() {
  for (ValueId id : outputs_) {
    if (graph_.type(id).shape != graph_.type(outputs_[0]).shape)
      return fail("outputs differ in shape");
  }
  return GroupKind::kPointwise;
}

std::optional<GroupKind> Rules::matmul(ValueId anchor) {
  for (ValueId id : nodes_) {
    if (id == anchor) {
      places_[id] = {identity_map(graph_.type(id).rank()), false};
    } else if (kind_of(id) == OpKind::kPointwise) {
      if (!place_pointwise(id)) return std::nullopt;
    } else if (!place_movement(id, nullptr)) {
      return std::nullopt;
    }
  }
  return outputs_placed() ? std::optional(GroupKind::kMatmul) : std::nullopt;
}

bool Rules::place_reduction(ValueId id, const Shape& domain) {
  ValueId operand = graph_.node(id).operands[0];
  auto it = places_.find(operand);
  if (it != places_.end()) {
    if (!it->second.full) {
      why = "a reduction of a reduced value";
      return false;
    }
    nested_ = true;
  }
  places_[id] = {identity_map(static_cast<int>(domain.size())), false};
  return true;
}

bool Rules::trailing(const Shape& domain, const List& axes) const {
  bool seen = false;
  for (std::size_t axis = 0; axis < domain.size(); ++axis) {
    if (domain[axis] == Dim(1)) continue;
    bool reduced =
        std::find(axes.begin(), axes.end(), Dim(static_cast<std::int64_t>(axis))) != axes.end();
    if (seen && !reduced) return false;
    seen |= reduced;
  }
  return true;
}

std::optional<GroupKind> Rules::reductions(const std::vector<ValueId>& anchors) {
  const Node& first = graph_.node(anchors[0]);
  const Shape& domain = graph_.type(first.operands[0]).shape;
  const List& axes = attr_list(first.attrs, 0);
  for (ValueId id : anchors) {
    const Node& node = graph_.node(id);
    if (graph_.type(node.operands[0]).shape != domain)
      return fail("reductions of different shapes");
    if (attr_list(node.attrs, 0) != axes) return fail("reductions over different axes");
  }
  for (ValueId id : nodes_) {
    bool placed = kind_of(id) == OpKind::kReduction   ? place_reduction(id, domain)
                  : kind_of(id) == OpKind::kPointwise ? place_pointwise(id)
                                                      : place_movement(id, &domain);
    if (!placed) return std::nullopt;
  }
  if (!outputs_placed()) return std::nullopt;
  if (!nested_ && !any_full_) return GroupKind::kReduction;
  if (!trailing(domain, axes)) return fail("a row program reduces trailing axes only");
  return GroupKind::kRow;
}

std::optional<GroupKind> Rules::kind() {
  if (nodes_.size() > kMaxGroupNodes) return fail("too many operators for one kernel");
  std::vector<ValueId> contractions, reductions_of, scans, others;
  for (ValueId id : nodes_) {
    OpKind kind = kind_of(id);
    if (kind == OpKind::kContraction)
      contractions.push_back(id);
    else if (kind == OpKind::kReduction)
      reductions_of.push_back(id);
    else if (kind == OpKind::kScan)
      scans.push_back(id);
    else if (!is_stream_op(id))
      others.push_back(id);
  }
  if (contractions.size() == 2) {
    bool is_one = attention_form(graph_, nodes_, outputs_, &why).has_value();
    return is_one ? std::optional(GroupKind::kAttention) : std::nullopt;
  }
  std::size_t kinds =
      !contractions.empty() + !reductions_of.empty() + !scans.empty() + !others.empty();
  if (kinds > 1) return fail("anchors of two kinds");
  if (!others.empty()) {
    if (nodes_.size() != 1) return fail("a library routine is alone");
    return GroupKind::kLibrary;
  }
  if (!scans.empty()) {
    bool only = scans.size() == 1 && outputs_.size() == 1 && outputs_[0] == scans[0];
    return only ? std::optional(GroupKind::kScan) : fail("a scan is the only output");
  }
  if (contractions.size() > 1) return fail("two contractions");
  if (!contractions.empty()) return matmul(contractions[0]);
  return reductions_of.empty() ? pointwise() : reductions(reductions_of);
}

}  // namespace

std::optional<GroupKind> legal_group(const Graph& graph, std::span<const ValueId> nodes,
                                     std::span<const ValueId> outputs, std::string* why) {
  Rules rules(graph, nodes, outputs);
  auto kind = rules.kind();
  if (!kind && why) *why = rules.why;
  return kind;
}

}  // namespace bafe
