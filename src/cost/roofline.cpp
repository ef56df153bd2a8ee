// Prices of groups. In: a program whose groups say which values are stored. Out: nanoseconds, flops
// and bytes of each group. The walk follows what pull-based code does: every (value, access) pair
// is computed once per element of the loop nest that asks for it, every outside buffer is read once
// per distinct access.

#include "bafe/cost/roofline.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/cost/attention.h"
#include "bafe/cost/control_cost.h"
#include "bafe/cost/product_cost.h"
#include "bafe/ir/control.h"

namespace bafe {
namespace {

// Bytes moved by a call that packs a right operand whose columns are far apart, for each byte of
// it.
constexpr double kTransposedPanels = 0.7;
constexpr std::size_t kMaxVisits = 2000;  // a nest with more distinct reads is not worth pricing

struct BufferRead {
  double count = 0;                 // elements asked for
  std::vector<std::int64_t> steps;  // elements of memory per step of each loop axis
  bool linear = true;
};

/// One loop nest of a group: a domain and everything pulled through it.
class Nest {
 public:
  using Seen = std::set<std::pair<ValueId, std::vector<std::int64_t>>>;
  /// `seen` may be shared by the passes of one row, which keep what they computed.
  Nest(const Program& program, const std::set<ValueId>& streams, const Machine& machine,
       Shape domain, std::shared_ptr<Seen> seen)
      : program_(program),
        streams_(streams),
        machine_(machine),
        domain_(std::move(domain)),
        seen_(std::move(seen)) {
    elements_ = static_cast<double>(element_count(domain_));
  }

  /// Pulls `id`; a reduction, contraction or scan inside the group ends the walk and is put in
  /// `anchors`.
  void pull(ValueId id, const Access* access, std::vector<ValueId>& anchors);
  void store(ValueId id);

  double compute_ns = 0, flops = 0;
  std::vector<std::pair<ValueId, BufferRead>> reads;

  /// Factor by which the traffic grows because some buffer is walked across its order.
  double stride_penalty(bool trailing_only) const;
  std::size_t visits() const { return seen_->size(); }

 private:
  double evaluations(const Access* access) const;
  std::vector<std::int64_t> memory_steps(ValueId id, const Access& access) const;

  const Program& program_;
  const std::set<ValueId>& streams_;
  const Machine& machine_;
  Shape domain_;
  double elements_ = 0;
  std::shared_ptr<Seen> seen_;
};

std::vector<std::int64_t> access_key(const Access* access) {
  if (!access) return {-1};
  std::vector<std::int64_t> key;
  for (const LinearIndex& index : *access) {
    key.push_back(index.offset);
    key.insert(key.end(), index.step.begin(), index.step.end());
  }
  return key;
}

double Nest::evaluations(const Access* access) const {
  if (!access || domain_.empty()) return elements_;
  for (const LinearIndex& index : *access) {
    if (index.step.back() != 0) return elements_;
  }
  // Nothing depends on the innermost loop: the compiler lifts it out.
  return elements_ / std::max<double>(1, static_cast<double>(size_of(domain_.back())));
}

std::vector<std::int64_t> Nest::memory_steps(ValueId id, const Access& access) const {
  const Shape& shape = program_.graph.type(id).shape;
  const std::vector<int>& order = program_.layouts[id.index()].order;
  std::vector<std::int64_t> stride(shape.size(), 1);
  std::int64_t run = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    stride[static_cast<std::size_t>(order[i])] = run;
    run *= size_of(shape[static_cast<std::size_t>(order[i])]);
  }
  std::vector<std::int64_t> steps(domain_.size(), 0);
  for (std::size_t axis = 0; axis < access.size(); ++axis) {
    for (std::size_t d = 0; d < steps.size(); ++d) steps[d] += stride[axis] * access[axis].step[d];
  }
  return steps;
}

void Nest::pull(ValueId id, const Access* access, std::vector<ValueId>& anchors) {
  const Graph& graph = program_.graph;
  const Node& node = graph.node(id);
  const OpInfo& info = op_info(node.op);
  // A non-linear access is told apart by the value it reads alone: two such reads count as one.
  if (!seen_->insert({id, access_key(access)}).second || visits() > kMaxVisits) return;
  if (is_fill(graph, id)) return;
  if (info.kind == OpKind::kLeaf || !streams_.count(id)) {
    BufferRead read;
    read.count = evaluations(access);
    read.linear = access != nullptr;
    if (access) read.steps = memory_steps(id, *access);
    reads.emplace_back(id, std::move(read));
    return;
  }
  double evals = evaluations(access);
  if (info.kind == OpKind::kPointwise) {
    double slots = element_weight(node.op);
    compute_ns += evals * slots / slots_per_ns(machine_, node.type.dtype);
    flops += evals;
    for (ValueId operand : node.operands) pull(operand, access, anchors);
    return;
  }
  if (info.kind != OpKind::kMovement && info.kind != OpKind::kLayout) {
    anchors.push_back(id);
    return;
  }
  compute_ns += evals * movement_weight(graph, id) / slots_per_ns(machine_, node.type.dtype);
  auto inner = operand_access(graph, id);
  if (access && inner) {
    Access composed = compose(*access, *inner, static_cast<int>(domain_.size()));
    pull(node.operands[0], &composed, anchors);
    return;
  }
  for (ValueId operand : node.operands) pull(operand, nullptr, anchors);
}

void Nest::store(ValueId id) {
  BufferRead write;
  write.count = elements_;
  write.steps = memory_steps(id, identity_access(static_cast<int>(domain_.size())));
  reads.emplace_back(id, std::move(write));
}

double Nest::stride_penalty(bool trailing_only) const {
  int rank = static_cast<int>(domain_.size());
  double best = 1e30;
  for (int inner = trailing_only ? std::max(0, rank - 1) : 0; inner < std::max(rank, 1); ++inner) {
    if (rank > 1 && inner != rank - 1 && size_of(domain_[inner]) < 8) continue;
    double weighted = 0, total = 0;
    for (const auto& [id, read] : reads) {
      double bytes = bytes_of(program_.graph.type(id));
      std::int64_t step = 1;
      if (read.linear && rank > 0) step = std::abs(read.steps[static_cast<std::size_t>(inner)]);
      double factor = step <= 1                   ? 1
                      : bytes > machine_.l2_bytes ? 4
                      : bytes > machine_.l1_bytes ? 3
                                                  : 2;
      if (!read.linear) factor = std::max(factor, 1.2);
      weighted += bytes * factor;
      total += bytes;
    }
    best = std::min(best, total > 0 ? weighted / total : 1.0);
  }
  return best;
}

double overhead_ns(const Machine& machine, double work_ns) {
  // Small work runs on the caller's thread.
  return machine.step_ns +
         (machine.threads > 1 && work_ns > 4 * machine.barrier_ns ? machine.barrier_ns : 0);
}

/// Is the only thing read a constant that is kept in panels?
bool is_panelled(const Program& program, const Nest& nest) {
  if (nest.reads.size() != 1 || nest.compute_ns != 0) return false;
  const Layout& layout = program.layouts[nest.reads[0].first.index()];
  return layout.blocked > 0 || layout.tensor_core;
}

/// A product stored by columns is computed as the product of the transposes.
bool is_transposed(const Program& program, const Group& group) {
  const std::vector<int>& order = program.layouts[group.outputs[0].index()].order;
  std::size_t rank = order.size();
  return group.outputs.size() == 1 && rank >= 2 && order[rank - 1] + 2 == static_cast<int>(rank);
}

/// A product stored by columns has its vectors along its rows; a short side fills few of them.
double transposed_factor(const ProductShape& shape) {
  auto short_side = [](std::int64_t size) {
    constexpr double kFull = 48, kSlowest = 1.5;
    return 1 + kSlowest * std::max(0.0, 1 - static_cast<double>(size) / kFull);
  };
  return std::max(1.0, short_side(shape.m) / short_side(shape.n));
}

/// What it takes to bring an operand into its packed order: nothing for a plain buffer in the fast
/// order and for windows over a smaller one, else a strided copy. `panels`: it is read by panels.
double operand_ns(const Program& program, const Nest& nest, const Machine& machine, double bytes,
                  bool panels) {
  double ns = nest.compute_ns, gbs = bandwidth_gbs(machine, 2 * bytes);
  bool alone = nest.reads.size() == 1, linear = alone && nest.reads[0].second.linear;
  if (alone && !linear && bytes_of(program.graph.type(nest.reads[0].first)) < bytes) return 0;
  if (!linear || nest.compute_ns != 0) ns += bytes / std::min(gbs, machine.l2_gbs) * 1.5;
  if (panels && is_panelled(program, nest)) return 0;
  for (const auto& [id, read] : nest.reads) {
    if (!read.linear || read.steps.size() < 2) continue;
    std::int64_t column = std::abs(read.steps.back());
    // B wants columns next to each other; A is copied into panels in either order.
    if (column > 1) ns += bytes / gbs * (panels ? kTransposedPanels : 0.1);
  }
  return ns;
}

/// Along its last axis a scan waits for each addition; along others neighbours go side by side.
double scan_ns(const Graph& graph, ValueId scan, const Machine& machine) {
  constexpr double kAdditionNs = 0.8, kSlots = 3;
  const Node& node = graph.node(scan);
  const double elements = static_cast<double>(element_count(node.type.shape));
  if (scans_last_axis(graph, scan)) return elements * kAdditionNs;
  return elements * kSlots / slots_per_ns(machine, node.type.dtype);
}

struct Walk {
  std::vector<Nest> nests;
  double compute_ns = 0, flops = 0;
  bool too_large = false;
  std::map<std::vector<std::int64_t>, std::shared_ptr<Nest::Seen>> seen;  // by domain

  std::shared_ptr<Nest::Seen> seen_for(const Shape& domain) {
    std::vector<std::int64_t> key;
    for (Dim dim : domain) key.push_back(size_of(dim));
    auto& entry = seen[key];
    if (!entry) entry = std::make_shared<Nest::Seen>();
    return entry;
  }
};

/// Work of one anchor (reduction, contraction, scan) whose operands are pulled through nests of
/// their own.
void walk_anchor(const Program& program, const Group& group, const std::set<ValueId>& streams,
                 const Machine& machine, ValueId anchor, std::vector<ValueId>& anchors,
                 Walk& walk) {
  const Node& node = program.graph.node(anchor);
  OpKind kind = op_info(node.op).kind;
  double ready_bytes = 0;  // of the operand that needs no packing any more
  for (std::size_t i = 0; i < node.operands.size(); ++i) {
    const Type& type = program.graph.type(node.operands[i]);
    bool packed = kind == OpKind::kContraction;
    Nest nest(program, streams, machine, type.shape,
              packed ? std::make_shared<Nest::Seen>() : walk.seen_for(type.shape));
    Access access = identity_access(type.rank());
    nest.pull(node.operands[i], &access, anchors);
    if (packed) {
      bool panels = (i == 1) != is_transposed(program, group);
      walk.compute_ns += operand_ns(program, nest, machine, bytes_of(type), panels);
      if (panels && is_panelled(program, nest)) ready_bytes = bytes_of(type);
    } else {
      double elements = static_cast<double>(element_count(type.shape));
      walk.compute_ns += nest.compute_ns;
      walk.compute_ns += kind == OpKind::kScan ? scan_ns(program.graph, anchor, machine)
                                               : elements / slots_per_ns(machine, type.dtype);
      nest.flops += elements;
    }
    walk.flops += nest.flops;
    walk.too_large |= nest.visits() > kMaxVisits;
    walk.nests.push_back(std::move(nest));
  }
  if (kind != OpKind::kContraction) return;
  ProductShape shape = product_shape(program, group, anchor);
  double ns = product_ns(machine, shape);
  if (is_transposed(program, group)) ns *= transposed_factor(shape);
  if (ready_bytes > 0) ns -= std::min(0.5 * ns, panel_gain_ns(machine, shape, ready_bytes));
  walk.compute_ns += ns;
  walk.flops += product_flops(shape);
}

Walk walk_group(const Program& program, const Group& group, const Machine& machine) {
  std::set<ValueId> streams(group.nodes.begin(), group.nodes.end());
  Walk walk;
  std::vector<ValueId> anchors;
  for (ValueId id : group.outputs) {
    const Shape& shape = program.graph.type(id).shape;
    Nest nest(program, streams, machine, shape, walk.seen_for(shape));
    Access access = identity_access(static_cast<int>(shape.size()));
    nest.pull(id, &access, anchors);
    nest.store(id);
    walk.compute_ns += nest.compute_ns;
    walk.flops += nest.flops;
    walk.too_large |= nest.visits() > kMaxVisits;
    walk.nests.push_back(std::move(nest));
  }
  std::set<ValueId> done;
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    ValueId anchor = anchors[i];
    if (!done.insert(anchor).second) continue;
    walk_anchor(program, group, streams, machine, anchor, anchors, walk);
  }
  return walk;
}

/// Bytes of the longest row that a row program keeps in cache.
double row_bytes(const Graph& graph, const Group& group) {
  double longest = 0;
  for (ValueId id : group.nodes) {
    const Node& node = graph.node(id);
    if (op_info(node.op).kind != OpKind::kReduction) continue;
    const Type& from = graph.type(node.operands[0]);
    longest =
        std::max(longest, bytes_of(from) / std::max<double>(1, element_count(node.type.shape)));
  }
  return longest;
}

double library_flops(const Graph& graph, ValueId id) {
  double rows = static_cast<double>(
      size_of(graph.type(id).shape.empty() ? Dim(1) : graph.type(id).shape.back()));
  return static_cast<double>(element_count(graph.type(graph.node(id).operands[0]).shape)) * rows;
}

}  // namespace

double bandwidth_gbs(const Machine& machine, double bytes) {
  if (bytes <= 0.75 * static_cast<double>(machine.l1_bytes)) return machine.l1_gbs;
  if (bytes <= 0.75 * static_cast<double>(machine.l2_bytes)) return machine.l2_gbs;
  if (bytes <= 0.5 * static_cast<double>(machine.l3_bytes)) return machine.l3_gbs;
  return machine.memory_gbs;
}

double slots_per_ns(const Machine& machine, DType dtype) {
  if (!is_float(dtype))
    return dtype_bytes(dtype) <= 4 ? machine.fma_gflops_f32 / 8 : machine.scalar_gops;
  if (dtype == DType::kF64) return machine.fma_gflops_f64 / 4;
  return machine.fma_gflops_f32 / (dtype == DType::kF32 ? 4 : 10);
}

GroupCost RooflineModel::group_cost(const Program& program, const Group& group) const {
  GroupCost cost;
  if (group.kind == GroupKind::kLibrary) {
    ValueId id = group.outputs.at(0);
    if (is_control(program.graph.node(id).op)) return control_cost(program, id, machine_);
    cost.flops = library_flops(program.graph, id);
    for (ValueId operand : program.graph.node(id).operands)
      cost.bytes += bytes_of(program.graph.type(operand));
    cost.bytes += bytes_of(program.graph.type(id));
    cost.ns = cost.flops / (machine_.fma_gflops_f64 / 4) + 20 * machine_.step_ns;
    return cost;
  }
  if (group.kind == GroupKind::kAttention) return attention_cost(program, group, machine_);
  Walk walk = walk_group(program, group, machine_);
  cost.flops = walk.flops;
  std::map<ValueId, double> buffers;  // bytes that leave or enter, each buffer once
  double penalty_bytes = 0;
  std::size_t pass = 0;
  for (const Nest& nest : walk.nests) {
    double nest_bytes = 0;
    for (const auto& [id, read] : nest.reads) {
      double bytes = bytes_of(program.graph.type(id));
      buffers.emplace(id, std::min(bytes, read.count * dtype_bytes(program.graph.type(id).dtype)));
      nest_bytes += bytes;
      cost.loads += read.count;
    }
    bool packs = group.kind == GroupKind::kMatmul && pass++ >= group.outputs.size();
    if (!packs)
      penalty_bytes += nest_bytes * (nest.stride_penalty(group.kind == GroupKind::kRow) - 1);
  }
  for (const auto& [id, bytes] : buffers) cost.bytes += bytes;
  if (group.kind == GroupKind::kRow && row_bytes(program.graph, group) > 0.5 * machine_.l2_bytes) {
    penalty_bytes += cost.bytes;  // the row leaves the cache between passes
  }
  double traffic = (cost.bytes + penalty_bytes) / bandwidth_gbs(machine_, cost.bytes);
  cost.compute_ns = walk.compute_ns;
  cost.traffic_ns = traffic;
  cost.strided = penalty_bytes / std::max(cost.bytes, 1.0);
  double work = std::max(walk.compute_ns, traffic) + 0.15 * std::min(walk.compute_ns, traffic);
  int threads = std::max(1, machine_.threads);
  if (threads > 1 && work > 4 * machine_.barrier_ns) work /= 0.9 * threads;
  cost.ns = walk.too_large ? 1e18 : work + overhead_ns(machine_, work);
  return cost;
}

double RooflineModel::program_ns(const Program& program) const {
  double ns = machine_.call_ns;
  for (const Group& group : program.groups) {
    ns += group.predicted_ns > 0 ? group.predicted_ns : group_cost(program, group).ns;
  }
  return ns;
}

std::string RooflineModel::identity() const { return "roofline-1 " + machine_.to_json(); }

}  // namespace bafe
