// Comes in: a prefix combination along one axis. Goes out: a nest that walks the axis in order,
// many neighbours at a time where the axis is not the fastest. Invariant: each element's chain
// starts with the first element itself.

#include <algorithm>

#include "bafe/ir/op.h"
#include "kernel.h"

namespace bafe {
namespace {

constexpr std::int64_t kNeighbours = 256;

Stmt leaf(Stmt::Kind kind, int buffer, Ex index, Ex value) {
  Stmt s;
  s.kind = kind;
  s.buffer = buffer;
  s.index = index;
  s.value = value;
  return s;
}

struct Scan {
  KernelDraft draft;
  NestPart part;
  std::vector<int> axis_vars;
  std::vector<Ex> indices;
  Ex value, at;
  std::int64_t step = 0;  ///< of the output along the axis
};

}  // namespace

Lowered lower_scan(const LowerScope& scope, ValueId output) {
  const Node& node = scope.program.graph.node(output);
  auto axis = static_cast<std::size_t>(attr_int(node.attrs, 0).value());
  Lowered lowered;
  Scan scan{KernelDraft(scope), {}, {}, {}, {}, {}, 0};
  scan.part.pool = std::make_shared<ExprPool>();
  ExprPool& pool = *scan.part.pool;
  for (Dim size : node.type.shape) {
    scan.axis_vars.push_back(pool.new_var(size.value()));
    scan.indices.push_back(pool.var(scan.axis_vars.back()));
  }
  Puller puller(
      scope.program.graph, pool, [&](ValueId id) { return scan.draft.read(id); },
      scope.options.bits);
  scan.value = puller.value(node.operands[0], scan.indices);
  lowered.needs_buffer = puller.needs_buffer();
  for (Ex e : pool.reachable({scan.value})) {
    if (pool.node(e).kind == ExKind::kReduce) lowered.needs_buffer.insert(puller.reduction_of(e));
  }
  if (!lowered.ok()) return lowered;
  std::vector<std::int64_t> strides = scope.strides(output);
  scan.at = pool.integer(0);
  for (std::size_t a = 0; a < strides.size(); ++a) {
    scan.at = pool.add(scan.at, pool.scale(scan.indices[a], strides[a]));
  }
  int out = scan.draft.write(output), along = scan.axis_vars[axis];
  // The fastest other axis is walked side by side.
  int side = -1;
  std::vector<int> outer;
  for (int a : scope.orders.at(output)) {
    int v = scan.axis_vars[static_cast<std::size_t>(a)];
    if (v != along && pool.extent(v) > 1) outer.push_back(v);
  }
  bool is_side = !outer.empty() && strides[axis] != 1;
  if (is_side) {
    side = outer.back();
    outer.pop_back();
  }
  std::int64_t width = is_side ? std::min(kNeighbours, pool.extent(side)) : 1;
  int sums = scan.draft.nest.add_temporary(accumulator_of(node.type.dtype), width);
  Ex zero = pool.integer(0);
  int place = pool.new_var(width);
  Ex slot = is_side ? pool.var(place) : zero;
  Ex sum = pool.load(sums, accumulator_of(node.type.dtype), slot);
  std::vector<Stmt> first, next;
  first.push_back(leaf(Stmt::kStore, sums, slot, pool.substitute(scan.value, {{along, zero}})));
  first.push_back(leaf(Stmt::kStore, out, pool.substitute(scan.at, {{along, zero}}), sum));
  Stmt combine = leaf(Stmt::kCombine, sums, slot, scan.value);
  next.push_back(combine);
  next.push_back(leaf(Stmt::kStore, out, scan.at, sum));
  int chunk = -1;
  auto beside = [&](std::vector<Stmt> body) {
    if (!is_side) return body;
    Stmt s = loop_stmt(pool, side, LoopKind::kVector, std::move(body));
    s.base = pool.scale(pool.var(chunk), width);
    s.count = width;
    s.var2 = place;
    if (pool.extent(side) % width != 0) s.limit = pool.sub(pool.integer(pool.extent(side)), s.base);
    return std::vector<Stmt>{std::move(s)};
  };
  if (is_side) {
    chunk = pool.new_var((pool.extent(side) + width - 1) / width);
    outer.push_back(chunk);
  }
  std::vector<Stmt> body = beside(std::move(first));
  if (pool.extent(along) > 1) {
    Stmt rest = loop_stmt(pool, along, LoopKind::kSerial, beside(std::move(next)));
    rest.base = pool.integer(1);
    --rest.count;
    body.push_back(std::move(rest));
  }
  Stmt units;
  units.kind = Stmt::kUnits;
  for (int v : outer) {
    units.unit_vars.push_back({v, pool.extent(v)});
    units.total *= pool.extent(v);
  }
  units.per =
      std::clamp<std::int64_t>(kUnitElements / (pool.extent(along) * width), 1, units.total);
  units.body = std::move(body);
  scan.part.units = (units.total + units.per - 1) / units.per;
  scan.part.body.push_back(std::move(units));
  scan.draft.nest.parts.push_back(std::move(scan.part));
  lowered.kernels.push_back(std::move(scan.draft));
  return lowered;
}

}  // namespace bafe
