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

class ScanLowering {
 public:
  ScanLowering(const LowerScope& scope, ValueId output)
      : scope_(scope), output_(output), node_(scope.program.graph.node(output)), draft_(scope) {}

  Lowered run() {
    Lowered lowered;
    pull(lowered.needs_buffer);
    if (!lowered.ok()) return lowered;
    choose_side();
    std::vector<Stmt> body = chain();
    Stmt units;
    units.kind = Stmt::kUnits;
    for (int v : outer_) {
      units.unit_vars.push_back({v, pool_->extent(v)});
      units.total *= pool_->extent(v);
    }
    std::int64_t work = pool_->extent(along_) * width_;
    units.per = std::clamp<std::int64_t>(kUnitElements / work, 1, units.total);
    units.body = std::move(body);
    NestPart part;
    part.pool = pool_;
    part.units = (units.total + units.per - 1) / units.per;
    part.body.push_back(std::move(units));
    draft_.nest.parts.push_back(std::move(part));
    lowered.kernels.push_back(std::move(draft_));
    return lowered;
  }

 private:
  void pull(std::set<ValueId>& needs_buffer) {
    std::vector<Ex> indices;
    for (Dim size : node_.type.shape) {
      vars_.push_back(pool_->new_var(size.value()));
      indices.push_back(pool_->var(vars_.back()));
    }
    along_ = vars_[static_cast<std::size_t>(attr_int(node_.attrs, 0).value())];
    Puller puller(
        scope_.program.graph, *pool_, [&](ValueId id) { return draft_.read(id); },
        scope_.options.bits);
    value_ = puller.value(node_.operands[0], indices);
    needs_buffer = puller.needs_buffer();
    for (Ex e : pool_->reachable({value_})) {
      if (pool_->node(e).kind == ExKind::kReduce) needs_buffer.insert(puller.reduction_of(e));
    }
    std::vector<std::int64_t> strides = scope_.strides(output_);
    at_ = pool_->integer(0);
    for (std::size_t a = 0; a < strides.size(); ++a) {
      at_ = pool_->add(at_, pool_->scale(indices[a], strides[a]));
      if (vars_[a] == along_) step_ = strides[a];
    }
  }

  /// The fastest other axis is walked side by side, unless the scan runs along memory.
  void choose_side() {
    for (int a : scope_.orders.at(output_)) {
      int v = vars_[static_cast<std::size_t>(a)];
      if (v != along_ && pool_->extent(v) > 1) outer_.push_back(v);
    }
    if (outer_.empty() || step_ == 1) return;
    side_ = outer_.back();
    width_ = std::min(kNeighbours, pool_->extent(side_));
    place_ = pool_->new_var(width_);
    chunk_ = pool_->new_var((pool_->extent(side_) + width_ - 1) / width_);
    outer_.back() = chunk_;
  }

  std::vector<Stmt> beside(std::vector<Stmt> body) {
    if (side_ < 0) return body;
    Stmt s = loop_stmt(*pool_, side_, LoopKind::kVector, std::move(body));
    s.base = pool_->scale(pool_->var(chunk_), width_);
    s.count = width_;
    s.var2 = place_;
    std::int64_t extent = pool_->extent(side_);
    if (extent % width_ != 0) s.limit = pool_->sub(pool_->integer(extent), s.base);
    return {std::move(s)};
  }

  std::vector<Stmt> chain() {
    DType dtype = accumulator_of(node_.type.dtype);
    int out = draft_.write(output_), sums = draft_.nest.add_temporary(dtype, width_);
    Ex zero = pool_->integer(0), slot = side_ < 0 ? zero : pool_->var(place_);
    Ex sum = pool_->load(sums, dtype, slot);
    ExprPool::Binding start = {{along_, zero}};
    std::vector<Stmt> body =
        beside({leaf(Stmt::kStore, sums, slot, pool_->substitute(value_, start)),
                leaf(Stmt::kStore, out, pool_->substitute(at_, start), sum)});
    if (pool_->extent(along_) == 1) return body;
    Stmt rest = loop_stmt(
        *pool_, along_, LoopKind::kSerial,
        beside({leaf(Stmt::kCombine, sums, slot, value_), leaf(Stmt::kStore, out, at_, sum)}));
    rest.base = pool_->integer(1);
    --rest.count;
    body.push_back(std::move(rest));
    return body;
  }

  const LowerScope& scope_;
  ValueId output_;
  const Node& node_;
  KernelDraft draft_;
  std::shared_ptr<ExprPool> pool_ = std::make_shared<ExprPool>();
  std::vector<int> vars_, outer_;
  Ex value_, at_;
  int along_ = -1, side_ = -1, place_ = -1, chunk_ = -1;
  std::int64_t step_ = 0, width_ = 1;  ///< of the output along the axis; neighbours side by side
};

}  // namespace

Lowered lower_scan(const LowerScope& scope, ValueId output) {
  return ScanLowering(scope, output).run();
}

}  // namespace bafe
