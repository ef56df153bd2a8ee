// In: nodes of a graph. Out: the attention they compute, if they do. A value that depends on the
// scores has a role: one number for each (query, key), one for each query, such a number repeated
// along an axis, or part of the result. Invariant: a value's role says which element it is, so
// movements between row values need no further look.

#include "bafe/cost/attention.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "bafe/cost/access.h"
#include "bafe/cost/roofline.h"

namespace bafe {
namespace {

constexpr std::int64_t kMostDepth = 256;  // columns of q, k and v that a block keeps in cache

enum class Role { kScore, kRow, kWide, kOut };

struct Place {
  Role role = Role::kScore;
  std::vector<int> map;     ///< of each axis the axis of the scores (kRow) or of the product (kOut)
  bool is_reduced = false;  ///< depends on a reduction
};

class Finder {
 public:
  Finder(const Graph& graph, std::span<const ValueId> nodes, std::span<const ValueId> outputs)
      : graph_(graph), nodes_(nodes), outputs_(outputs) {}
  bool run();
  AttentionForm form;
  const char* why = "not an attention";

 private:
  bool fail(const char* fact) {
    why = fact;
    return false;
  }
  const Node& node(ValueId id) const { return graph_.node(id); }
  const Place* place(ValueId id) const {
    auto it = places_.find(id);
    return it == places_.end() ? nullptr : &it->second;
  }
  bool has_role(ValueId id, Role role) const { return place(id) && place(id)->role == role; }
  /// Of the node's operands themselves: 1 / sqrt(a) is no division of two operands.
  Prim prim(ValueId id) const {
    const OpInfo& info = op_info(node(id).op);
    if (info.kind != OpKind::kPointwise) return Prim::kRead;
    const std::vector<Element>& args = info.value->args;
    if (args.size() != node(id).operands.size()) return Prim::kRead;
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (args[i]->prim != Prim::kArg || args[i]->number != static_cast<std::int64_t>(i))
        return Prim::kRead;
    }
    return info.value->prim;
  }
  bool fits_kernel() const;
  bool put(ValueId id);
  bool put_pointwise(ValueId id);
  bool put_reduction(ValueId id);
  bool put_movement(ValueId id);
  bool put_contraction(ValueId id);
  bool repeats_rows(ValueId id) const;
  ValueId core(ValueId id) const;
  bool is_uniform(ValueId id) const;
  bool is_row_factor(ValueId id) const { return has_role(id, Role::kWide) || is_uniform(id); }
  bool find_power();
  bool find_exponent();
  bool check_reductions();

  const Graph& graph_;
  std::span<const ValueId> nodes_, outputs_;
  std::map<ValueId, Place> places_;
  std::vector<ValueId> reductions_;
};

std::vector<int> identity(int rank) {
  std::vector<int> map(static_cast<std::size_t>(rank));
  for (int i = 0; i < rank; ++i) map[static_cast<std::size_t>(i)] = i;
  return map;
}

bool Finder::put_pointwise(ValueId id) {
  std::optional<Place> sum;
  for (ValueId operand : node(id).operands) {
    const Place* from = place(operand);
    if (!from) continue;
    if (!sum) {
      sum = *from;
      continue;
    }
    sum->is_reduced |= from->is_reduced;
    if (sum->role == from->role && sum->map == from->map) continue;
    bool is_row = sum->role == Role::kRow || from->role == Role::kRow;
    bool one_is_wide = sum->role == Role::kWide || from->role == Role::kWide;
    if (is_row || !one_is_wide || sum->map != from->map)
      return fail("values of different places meet");
    if (sum->role == Role::kWide) sum->role = from->role;
  }
  if (sum) places_[id] = *sum;
  return true;
}

bool Finder::put_reduction(ValueId id) {
  const Node& n = node(id);
  if (!has_role(n.operands[0], Role::kScore)) return fail("reduces something else than scores");
  int rank = n.type.rank();
  bool last = attr_list(n.attrs, 0) == List{Dim(static_cast<std::int64_t>(rank - 1))};
  ReduceKind kind = op_info(n.op).reduce;
  if (!last || (kind != ReduceKind::kMax && kind != ReduceKind::kSum))
    return fail("a reduction that is no maximum or sum over keys");
  places_[id] = {Role::kRow, identity(rank), true};
  reductions_.push_back(id);
  return true;
}

/// Does the movement repeat a row value along the last axis only?
bool Finder::repeats_rows(ValueId id) const {
  ValueId operand = node(id).operands[0];
  const Shape &from = graph_.type(operand).shape, &to = graph_.type(id).shape;
  auto access = operand_access(graph_, id);
  std::size_t rank = graph_.type(form.scores).shape.size();
  if (!access || from.size() != rank || to.size() != rank || from.back() != Dim(1)) return false;
  for (std::size_t axis = 0; axis + 1 < rank; ++axis) {
    if (from[axis] != to[axis]) return false;
    if (from[axis] == Dim(1)) continue;
    LinearIndex same{0, std::vector<std::int64_t>(rank, 0)};
    same.step[axis] = 1;
    bool stays = place(operand)->map[axis] == static_cast<int>(axis) && (*access)[axis] == same;
    if (!stays) return false;
  }
  return true;
}

bool Finder::put_movement(ValueId id) {
  const Node& n = node(id);
  bool depends = std::any_of(n.operands.begin(), n.operands.end(),
                             [&](ValueId operand) { return place(operand) != nullptr; });
  if (!depends) return true;
  if (n.operands.size() != 1) return fail("a movement of several values");
  const Place from = *place(n.operands[0]);
  if (op_info(n.op).kind == OpKind::kLayout) {
    places_[id] = from;
    return true;
  }
  if (from.role == Role::kRow && repeats_rows(id)) {
    places_[id] = {Role::kWide, identity(n.type.rank()), from.is_reduced};
    return true;
  }
  auto permutation = axis_permutation(graph_, id);
  if (!permutation || from.role == Role::kScore || from.role == Role::kWide)
    return fail("a movement of scores");
  Place to{from.role, std::vector<int>(n.type.shape.size(), -1), from.is_reduced};
  for (std::size_t axis = 0; axis < permutation->size(); ++axis) {
    int at = (*permutation)[axis];
    if (at >= 0) to.map[static_cast<std::size_t>(at)] = from.map[axis];
  }
  places_[id] = std::move(to);
  return true;
}

bool Finder::put_contraction(ValueId id) {
  const Node& n = node(id);
  if (!form.scores.valid()) {
    form.scores = id;
    places_[id] = {Role::kScore, identity(n.type.rank()), false};
    return true;
  }
  if (form.product.valid()) return fail("three contractions");
  if (!has_role(n.operands[0], Role::kScore) || place(n.operands[1]))
    return fail("the second contraction has the scores elsewhere than on its left");
  form.product = id;
  form.weight = n.operands[0];
  places_[id] = {Role::kOut, identity(n.type.rank()), true};
  return true;
}

bool Finder::put(ValueId id) {
  switch (op_info(node(id).op).kind) {
    case OpKind::kPointwise:
      return put_pointwise(id);
    case OpKind::kMovement:
    case OpKind::kLayout:
      return put_movement(id);
    case OpKind::kReduction:
      return put_reduction(id);
    case OpKind::kContraction:
      return put_contraction(id);
    default:
      return fail("an operator of another kind");
  }
}

/// The value behind changes of layout and repetition.
ValueId Finder::core(ValueId id) const {
  for (;;) {
    OpKind kind = op_info(node(id).op).kind;
    bool is_moved = kind == OpKind::kLayout || kind == OpKind::kMovement;
    if (!is_moved || !place(id)) return id;
    id = node(id).operands[0];
  }
}

/// One number, however often repeated.
bool Finder::is_uniform(ValueId id) const {
  if (place(id)) return false;
  for (;;) {
    if (is_fill(graph_, id) || element_count(graph_.type(id).shape) == 1) return true;
    OpKind kind = op_info(node(id).op).kind;
    if (kind != OpKind::kMovement || node(id).operands.size() != 1) return false;
    id = node(id).operands[0];
  }
}

bool Finder::find_power() {
  ValueId at = core(form.weight);
  for (;;) {
    const std::vector<ValueId>& of = node(at).operands;
    if (prim(at) == Prim::kExp) break;
    if (prim(at) == Prim::kDiv && is_row_factor(of[1]) && has_role(of[0], Role::kScore))
      at = core(of[0]);
    else if (prim(at) == Prim::kMul && is_row_factor(of[1]))
      at = core(of[0]);
    else if (prim(at) == Prim::kMul && is_row_factor(of[0]))
      at = core(of[1]);
    else
      return fail("weights that are no exponentials times a row's factor");
  }
  form.power = at;
  return true;
}

/// exp(x) without a maximum, or exp(c (x - g(max y))).
bool Finder::find_exponent() {
  form.exponent = node(form.power).operands[0];
  ValueId at = core(form.exponent);
  if (!has_role(at, Role::kScore)) return fail("an exponential of something else");
  if (!place(at)->is_reduced) return true;
  for (;;) {
    const std::vector<ValueId>& of = node(at).operands;
    if (prim(at) == Prim::kSub && has_role(of[1], Role::kWide)) break;
    if ((prim(at) == Prim::kMul || prim(at) == Prim::kDiv) && is_uniform(of[1]))
      at = core(of[0]);
    else if (prim(at) == Prim::kMul && is_uniform(of[0]))
      at = core(of[1]);
    else
      return fail("an exponent that is no difference to a row's maximum");
  }
  form.gap = at;
  form.logits = node(at).operands[0];
  form.shift = node(at).operands[1];
  const Place* from = place(core(form.logits));
  if (!from || from->role != Role::kScore || from->is_reduced)
    return fail("scores that depend on their own row");
  return true;
}

bool Finder::check_reductions() {
  for (ValueId id : reductions_) {
    ValueId from = node(id).operands[0];
    bool is_max = op_info(node(id).op).reduce == ReduceKind::kMax;
    ValueId& part = is_max ? form.peak : form.total;
    if (part.valid()) return fail("two reductions of one kind");
    part = id;
    if (is_max) form.peaked = from;
    if (is_max ? place(from)->is_reduced : core(from) != form.power)
      return fail("a reduction of other values");
  }
  if (form.gap.valid() != form.peak.valid()) return fail("a maximum that is not subtracted");
  return form.total.valid() || fail("weights without their sum");
}

bool Finder::fits_kernel() const {
  const Shape &scores = graph_.type(form.scores).shape, &out = graph_.type(form.product).shape;
  DType dtype = graph_.type(form.scores).dtype;
  if (dtype != DType::kF32 && dtype != DType::kF64) return false;
  std::size_t rank = scores.size();
  std::int64_t depth = size_of(graph_.type(node(form.scores).operands[0]).shape.back());
  if (size_of(scores[rank - 1]) < 2 || depth < 1 || depth > kMostDepth) return false;
  if (size_of(out[rank - 1]) < 1 || size_of(out[rank - 1]) > kMostDepth) return false;
  if (element_count(out) == 0) return false;
  return std::all_of(places_.begin(), places_.end(), [&](const auto& entry) {
    DType own = graph_.type(entry.first).dtype;
    return own == dtype || own == DType::kBool;
  });
}

bool Finder::run() {
  if (outputs_.size() != 1) return fail("several outputs");
  for (ValueId id : nodes_) {
    if (!put(id)) return false;
  }
  if (!form.product.valid() || !has_role(outputs_[0], Role::kOut))
    return fail("no second contraction");
  if (!fits_kernel()) return fail("sizes or types without a kernel");
  return find_power() && find_exponent() && check_reductions();
}

}  // namespace

std::optional<AttentionForm> attention_form(const Graph& graph, std::span<const ValueId> nodes,
                                            std::span<const ValueId> outputs, std::string* why) {
  Finder finder(graph, nodes, outputs);
  if (finder.run()) return finder.form;
  if (why) *why = finder.why;
  return std::nullopt;
}

GroupCost attention_cost(const Program& program, const Group& group, const Machine& machine) {
  const Graph& graph = program.graph;
  AttentionForm form = attention_form(graph, group.nodes, group.outputs).value();
  const Type &scores = graph.type(form.scores), &out = graph.type(form.product);
  std::size_t rank = scores.shape.size();
  DType dtype = scores.dtype;
  double m = static_cast<double>(size_of(scores.shape[rank - 2]));
  double pairs = static_cast<double>(element_count(scores.shape));
  double depth =
      static_cast<double>(size_of(graph.type(graph.node(form.scores).operands[0]).shape.back()));
  double width = static_cast<double>(size_of(out.shape[rank - 1]));
  // Queries fill vector lanes; a block that is not full computes the others too.
  double lanes = static_cast<double>(machine.vector_bytes / dtype_bytes(dtype));
  double full = 1 + 0.5 * (std::ceil(m / lanes) * lanes / m - 1);
  GroupCost cost;
  double slots = 4;
  std::map<ValueId, double> buffers;
  for (ValueId id : group.nodes) {
    const Node& node = graph.node(id);
    if (node.type.shape == scores.shape && op_info(node.op).kind == OpKind::kPointwise)
      slots += element_weight(node.op);
    for (ValueId operand : node.operands) {
      bool inside = std::binary_search(group.nodes.begin(), group.nodes.end(), operand);
      if (!inside && !is_fill(graph, operand)) buffers[operand] = bytes_of(graph.type(operand));
    }
  }
  for (ValueId id : group.outputs) buffers[id] = bytes_of(graph.type(id));
  for (const auto& [id, bytes] : buffers) cost.bytes += bytes;
  cost.flops = pairs * (2 * (depth + width) + slots);
  double peak = dtype == DType::kF64 ? machine.fma_gflops_f64 : machine.fma_gflops_f32;
  double compute =
      pairs * full * (2 * (depth + width) / peak + slots / slots_per_ns(machine, dtype));
  double traffic = cost.bytes / bandwidth_gbs(machine, cost.bytes);
  double work = std::max(compute, traffic) + 0.15 * std::min(compute, traffic);
  bool splits = machine.threads > 1 && work > 4 * machine.barrier_ns;
  if (splits) work /= 0.9 * machine.threads;
  cost.ns = work + machine.step_ns + (splits ? machine.barrier_ns : 0);
  return cost;
}

}  // namespace bafe
