// Comes in: outputs of equal shape and order. Goes out: one or more domains (boxes of the index
// space in which every resolvable condition is constant), each with its stores. Invariant: the
// boxes cover the index space once.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/ir/op.h"
#include "kernel.h"

namespace bafe {
namespace {

constexpr int kMostBoxes = 12;

struct Box {
  std::vector<std::int64_t> lo, hi;  ///< per axis, [lo, hi)
};
struct Split {
  int var;
  std::int64_t at;
};

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

/// Where a condition on one variable changes its value.
std::optional<Split> find_split(ExprPool& pool, const std::vector<Ex>& roots,
                                const std::vector<int>& vars) {
  for (Ex e : pool.reachable(roots)) {
    ExKind kind = pool.node(e).kind;
    if (kind != ExKind::kLess && kind != ExKind::kSame) continue;
    std::vector<Ex> args = pool.node(e).args;
    Ex gap = pool.sub(args[1], args[0]);
    const ExNode& g = pool.node(gap);
    for (int v : vars) {
      bool hidden = false;
      std::int64_t c = pool.coefficient(gap, v, &hidden),
                   k = g.kind == ExKind::kLinear ? g.number : 0;
      if (hidden || c == 0 || (g.free & ~(std::uint64_t{1} << v)) != 0) continue;
      // c v + k > 0 holds from -k / c on (c > 0) or up to it (c < 0).
      std::int64_t at = c > 0 ? floor_div(-k, c) + 1 : -floor_div(-k, -c);
      if (kind == ExKind::kSame) {
        at = floor_div(-k * (c < 0 ? -1 : 1), std::abs(c));
        if (at <= 0) ++at;
      }
      if (at > 0 && at < pool.extent(v)) return Split{v, at};
    }
  }
  return std::nullopt;
}

class DomainMaker {
 public:
  DomainMaker(KernelDraft& draft, const std::vector<ValueId>& outputs,
              const std::vector<int>& order, bool is_copy, std::set<ValueId>& needs_buffer)
      : draft_(draft),
        outputs_(outputs),
        order_(order),
        is_copy_(is_copy),
        needs_buffer_(needs_buffer) {}

  void run() {
    const Type& type = draft_.scope.program.graph.type(outputs_[0]);
    Box all;
    for (Dim size : type.shape) {
      all.lo.push_back(0);
      all.hi.push_back(size.value());
    }
    add(all, 1);
  }
  std::vector<Domain> domains;

 private:
  Domain make(const Box& box, std::vector<int>& axis_vars) {
    Domain d;
    d.pool = std::make_shared<ExprPool>();
    axis_vars.assign(box.lo.size(), -1);
    for (std::size_t a = 0; a < box.lo.size(); ++a)
      axis_vars[a] = d.pool->new_var(box.hi[a] - box.lo[a]);
    for (int axis : order_) d.vars.push_back(axis_vars[static_cast<std::size_t>(axis)]);
    std::vector<Ex> indices;
    for (std::size_t a = 0; a < box.lo.size(); ++a) {
      indices.push_back(d.pool->add(d.pool->var(axis_vars[a]), d.pool->integer(box.lo[a])));
    }
    Puller puller(
        draft_.scope.program.graph, *d.pool,
        [&](ValueId id) { return own(id) ? nullptr : draft_.read(id); }, draft_.scope.options.bits);
    puller.set_row_candidates(axis_vars);
    for (ValueId output : outputs_) {
      Ex value = is_copy_ ? puller.value(output, indices) : puller.computed(output, indices);
      Ex at = d.pool->integer(0);
      std::vector<std::int64_t> strides = draft_.scope.strides(output, order_);
      for (std::size_t a = 0; a < indices.size(); ++a) {
        at = d.pool->add(at, d.pool->scale(indices[a], strides[a]));
      }
      d.stores.push_back({draft_.write(output), at, value});
    }
    needs_buffer_.insert(puller.needs_buffer().begin(), puller.needs_buffer().end());
    for (Ex e : d.pool->reachable(d.roots())) {
      if (d.pool->node(e).kind == ExKind::kReduce)
        d.reductions.emplace(e.id, puller.reduction_of(e));
    }
    return d;
  }

  /// Outputs of this kernel are computed here, also where another output uses them.
  bool own(ValueId id) const {
    return !is_copy_ && std::find(outputs_.begin(), outputs_.end(), id) != outputs_.end();
  }

  void add(const Box& box, int depth) {
    std::vector<int> axis_vars;
    Domain d = make(box, axis_vars);
    std::optional<Split> split;
    if (!d.has_reductions() && depth < kMostBoxes)
      split = find_split(*d.pool, d.roots(), axis_vars);
    if (!split) {
      domains.push_back(std::move(d));
      return;
    }
    auto axis = static_cast<std::size_t>(std::find(axis_vars.begin(), axis_vars.end(), split->var) -
                                         axis_vars.begin());
    Box low = box, high = box;
    low.hi[axis] = high.lo[axis] = box.lo[axis] + split->at;
    add(low, depth + 1);
    add(high, depth + 1);
  }

  KernelDraft& draft_;
  const std::vector<ValueId>& outputs_;
  const std::vector<int>& order_;
  bool is_copy_;
  std::set<ValueId>& needs_buffer_;
};

}  // namespace

std::vector<std::int64_t> LowerScope::strides(ValueId id) const {
  return strides(id, orders.at(id));
}

std::vector<std::int64_t> LowerScope::strides(ValueId id, const std::vector<int>& order) const {
  const Type& type = program.graph.type(id);
  std::vector<std::int64_t> result(type.shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    auto axis = static_cast<std::size_t>(order[i]);
    result[axis] = stride;
    stride *= type.shape[axis].value();
  }
  return result;
}

int KernelDraft::add(SlotUse use, DType dtype) {
  slots.push_back(use);
  return nest.add_slot(dtype, use.is_written, static_cast<int>(slots.size()) - 1);
}

const Source* KernelDraft::read(ValueId id) {
  if (!scope.stored.contains(id)) return nullptr;
  auto it = sources_.find(id);
  if (it == sources_.end()) {
    const auto place = scope.places.find(id);
    const ValueId at = place == scope.places.end() ? id : place->second;
    int buffer = add({at, -1, 0, false}, scope.program.graph.type(id).dtype);
    it = sources_.emplace(id, Source{buffer, scope.strides(id)}).first;
  }
  return &it->second;
}

int KernelDraft::write(ValueId id) {
  for (std::size_t i = 0; i < nest.buffers.size(); ++i) {
    int slot = nest.buffers[i].slot;
    if (slot < 0) continue;
    const SlotUse& use = slots[static_cast<std::size_t>(slot)];
    if (use.value == id && use.value.valid() && use.is_written) return static_cast<int>(i);
  }
  return add({id, -1, 0, true}, scope.program.graph.type(id).dtype);
}

int KernelDraft::temporary(int number, std::int64_t bytes, DType dtype, bool is_written) {
  return add({ValueId{}, number, bytes, is_written}, dtype);
}

std::vector<Ex> Domain::roots() const {
  std::vector<Ex> result;
  for (const StoreSite& s : stores) {
    result.push_back(s.index);
    result.push_back(s.value);
  }
  return result;
}

bool Domain::has_reductions() const {
  for (Ex e : pool->reachable(roots())) {
    if (pool->node(e).kind == ExKind::kReduce) return true;
  }
  return false;
}

void Domain::substitute(const ExprPool::Binding& binding) {
  for (StoreSite& s : stores) {
    s.index = pool->substitute(s.index, binding);
    s.value = pool->substitute(s.value, binding);
  }
}

void Domain::replace(const ExprPool::NodeMap& nodes) {
  for (StoreSite& s : stores) s.value = pool->replace(s.value, nodes);
}

/// Every index must see slow * extent(fast) + fast, or neither.
bool Domain::can_merge(int slow, int fast) const {
  std::vector<Ex> all = roots();
  auto fits = [&](Ex index) {
    std::int64_t f = pool->coefficient(index, fast);
    return pool->coefficient(index, slow) == f * pool->extent(fast);
  };
  for (const StoreSite& s : stores) {
    if (!fits(s.index)) return false;
  }
  for (Ex e : pool->reachable(all)) {
    const ExNode& n = pool->node(e);
    if (n.kind == ExKind::kReduce) {
      bool has_slow = std::find(n.vars.begin(), n.vars.end(), slow) != n.vars.end();
      bool has_fast = std::find(n.vars.begin(), n.vars.end(), fast) != n.vars.end();
      if (has_slow != has_fast) return false;
    }
    for (Ex a : n.args) {
      if (pool->node(a).is_index && !fits(a)) return false;
    }
  }
  return true;
}

Stmt store_stmt(const StoreSite& store) {
  Stmt s;
  s.kind = Stmt::kStore;
  s.buffer = store.buffer;
  s.index = store.index;
  s.value = store.value;
  return s;
}

Stmt loop_stmt(ExprPool& pool, int var, LoopKind kind, std::vector<Stmt> body) {
  Stmt s;
  s.kind = Stmt::kLoop;
  s.loop = kind;
  s.var = var;
  s.count = pool.extent(var);
  s.base = pool.integer(0);
  s.body = std::move(body);
  return s;
}

namespace {

Lowered lower(const LowerScope& scope, const std::vector<ValueId>& outputs,
              const std::vector<int>& order, bool is_copy) {
  Lowered lowered;
  KernelDraft draft(scope);
  DomainMaker maker(draft, outputs, order, is_copy, lowered.needs_buffer);
  maker.run();
  if (!lowered.ok()) return lowered;
  draft.nest.streams = exceeds_caches(draft);
  if (maker.domains.size() == 1 && maker.domains[0].has_reductions()) {
    lower_rows(std::move(maker.domains[0]), lowered, std::move(draft));
    return lowered;
  }
  for (Domain& d : maker.domains) {
    std::vector<std::vector<int>> none;
    d.collapse(none);
    draft.nest.parts.push_back(pointwise_part(d, draft.nest, scope.target));
  }
  lowered.kernels.push_back(std::move(draft));
  return lowered;
}

}  // namespace

Lowered lower_outputs(const LowerScope& scope, const std::vector<ValueId>& outputs) {
  return lower(scope, outputs, scope.orders.at(outputs[0]), false);
}

Lowered lower_copy(const LowerScope& scope, ValueId value, const std::vector<int>& order) {
  return lower(scope, {value}, order, true);
}

}  // namespace bafe
