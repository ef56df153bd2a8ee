// Comes in: a domain with reductions. Goes out: the outer variables that all reductions share,
// passes in order, and whether an outer variable is walked side by side. Invariant: after
// check_dependence every reduction depends on exactly the outer variables.

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "bafe/base/error.h"
#include "rows.h"

namespace bafe {
namespace {

constexpr std::int64_t kUnroll = 4;        // reductions this short are written out
constexpr std::int64_t kUnrollCheap = 16;  // so are these when all terms together cost little
constexpr int kCheap = 48;

bool is_arg(ReduceKind kind) { return kind == ReduceKind::kArgMax || kind == ReduceKind::kArgMin; }

}  // namespace

Prim prim_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kSum:
      return Prim::kAdd;
    case ReduceKind::kProd:
      return Prim::kMul;
    case ReduceKind::kMin:
    case ReduceKind::kArgMin:
      return Prim::kMin;
    default:
      return Prim::kMax;
  }
}

std::int64_t RowLowering::count_of(const std::vector<int>& vars) const {
  std::int64_t count = 1;
  for (int v : vars) count *= pool_.extent(v);
  return count;
}

std::vector<Ex> RowLowering::reduces() const {
  std::vector<Ex> result;
  for (Ex e : pool_.reachable(d_.roots())) {
    if (pool_.node(e).kind == ExKind::kReduce) result.push_back(e);
  }
  return result;
}

/// The lanes of sum_order.h for at most 16 elements, as an expression.
Ex RowLowering::unrolled(Ex reduce) {
  const ExNode n = pool_.node(reduce);
  std::int64_t count = count_of(n.vars);
  Ex neutral = pool_.constant(neutral_of(n.reduce, n.dtype));
  bool is_ordered = n.reduce == ReduceKind::kSum && is_float(n.dtype);
  std::vector<Ex> lanes;
  for (std::int64_t i = 0; i < count; ++i) {
    Ex value = pool_.substitute(n.args[0], at_flat(n.vars, pool_.integer(i)));
    // 0 + x, so that a sum of -0 is +0.
    lanes.push_back(is_ordered ? pool_.prim(Prim::kAdd, n.dtype, {neutral, value}) : value);
  }
  if (lanes.empty()) return neutral;
  for (std::size_t w = 8; w > 0; w /= 2) {
    for (std::size_t l = 0; l < w && l + w < lanes.size(); ++l) {
      lanes[l] = pool_.prim(prim_of(n.reduce), n.dtype, {lanes[l], lanes[l + w]});
    }
  }
  return lanes[0];
}

/// Position of an extreme element = least position among elements equal to the extreme (or NaN):
/// two reductions that vectorise, instead of one that cannot.
Ex RowLowering::position_of(Ex reduce) {
  const ExNode n = pool_.node(reduce);
  Ex body = n.args[0], flat = pool_.integer(0);
  DType value = pool_.node(body).dtype;
  DType index = count_of(n.vars) < (std::int64_t{1} << 31) ? DType::kI32 : DType::kI64;
  for (int v : n.vars) flat = pool_.add(pool_.scale(flat, pool_.extent(v)), pool_.var(v));
  ReduceKind kind = n.reduce == ReduceKind::kArgMax ? ReduceKind::kMax : ReduceKind::kMin;
  Ex extreme = pool_.reduce(kind, value, n.vars, body);
  Ex is_it = pool_.prim(Prim::kEq, DType::kBool, {body, extreme});
  if (is_float(value)) {
    Ex is_nan = pool_.prim(Prim::kIsNan, DType::kBool, {body});
    is_it = pool_.prim(Prim::kOr, DType::kBool, {is_it, is_nan});
  }
  Ex none = pool_.constant(neutral_of(ReduceKind::kMin, index));
  Ex position = pool_.prim(Prim::kSelect, index, {is_it, pool_.of_index(flat, index), none});
  Ex first = pool_.reduce(ReduceKind::kMin, index, n.vars, position);
  d_.reductions.emplace(extreme.id, d_.reductions.at(reduce.id));
  d_.reductions.emplace(first.id, d_.reductions.at(reduce.id));
  return pool_.cast(first, n.dtype);
}

void RowLowering::split_positions() {
  ExprPool::NodeMap map;
  for (Ex e : reduces()) {
    Ex now = pool_.replace(e, map);
    d_.reductions.emplace(now.id, d_.reductions.at(e.id));
    if (is_arg(pool_.node(now).reduce))
      map[e.id] = position_of(now);
    else if (now != e)
      map[e.id] = now;
  }
  d_.replace(map);
}

/// Where zero signs may differ, an extreme of floats is one instruction that passes over NaN, and a
/// flag reduced beside it says whether there was one.
void RowLowering::split_nans() {
  if (draft_.scope.options.bits) return;
  draft_.nest.quiet = true;
  ExprPool::NodeMap map;
  for (Ex e : reduces()) {
    Ex now = pool_.replace(e, map);
    d_.reductions.emplace(now.id, d_.reductions.at(e.id));
    const ExNode n = pool_.node(now);
    bool is_extreme = n.reduce == ReduceKind::kMax || n.reduce == ReduceKind::kMin;
    if (!is_extreme || !is_float(n.dtype) || is_short(n)) {
      if (now != e) map[e.id] = now;
      continue;
    }
    Ex is_nan = pool_.prim(Prim::kIsNan, DType::kBool, {n.args[0]});
    Ex flag = pool_.reduce(ReduceKind::kMax, DType::kI32, n.vars, pool_.cast(is_nan, DType::kI32));
    d_.reductions.emplace(flag.id, d_.reductions.at(e.id));
    Ex none = pool_.constant(Scalar::of_int(DType::kI32, 0));
    Ex any = pool_.prim(Prim::kLt, DType::kBool, {none, flag});
    Ex nan = pool_.constant(Scalar::of(n.dtype, std::numeric_limits<double>::quiet_NaN()));
    map[e.id] = pool_.prim(Prim::kSelect, n.dtype, {any, nan, now});
  }
  d_.replace(map);
}

/// Reductions that hold others stay loops: copies of the inner ones would be new values.
bool RowLowering::is_short(const ExNode& reduce) const {
  std::int64_t count = count_of(reduce.vars);
  if (count > kUnrollCheap) return false;
  for (Ex inner : pool_.reachable(reduce.args)) {
    if (pool_.node(inner).kind == ExKind::kReduce) return false;
  }
  return count <= kUnroll || count * cost_of(reduce.args[0]) <= kCheap;
}

void RowLowering::unroll_small() {
  ExprPool::NodeMap map;
  for (Ex e : reduces()) {
    Ex now = pool_.replace(e, map);
    d_.reductions.emplace(now.id, d_.reductions.at(e.id));
    if (is_short(pool_.node(now)))
      map[e.id] = unrolled(now);
    else if (now != e)
      map[e.id] = now;
  }
  d_.replace(map);
}

bool RowLowering::check_dependence() {
  std::vector<Ex> all = reduces();
  auto is_stored = [&](Ex e) {
    return std::any_of(d_.stores.begin(), d_.stores.end(), [&](const StoreSite& s) {
      const ExNode& n = pool_.node(s.value);
      bool is_wrapped = n.kind == ExKind::kRound || n.kind == ExKind::kCast;
      bool is_flagged = n.kind == ExKind::kPrim && n.prim == Prim::kSelect &&
                        (n.args[2] == e || pool_.node(n.args[0]).args.back() == e);
      return s.value == e || is_flagged || (is_wrapped && n.args[0] == e);
    });
  };
  Ex leader = all[0];
  for (Ex e : all) {
    bool is_wider = std::popcount(pool_.node(e).free) > std::popcount(pool_.node(leader).free);
    if (is_stored(leader) == is_stored(e) ? is_wider : is_stored(e)) leader = e;
  }
  std::uint64_t outer = pool_.node(leader).free;
  std::set<ValueId> own;  // a value cannot wait for a buffer that this kernel fills
  for (Ex e : all) {
    if (is_stored(e)) own.insert(d_.reductions.at(e.id));
  }
  auto is_own = [&](Ex e) { return own.contains(d_.reductions.at(e.id)); };
  for (Ex e : all) {
    const ExNode& n = pool_.node(e);
    bool binds_outer =
        std::any_of(n.vars.begin(), n.vars.end(), [&](int v) { return outer >> v & 1; });
    if (n.free != outer || binds_outer) lowered_.needs_buffer.insert(d_.reductions.at(e.id));
  }
  for (int v : d_.vars) {
    if (pool_.extent(v) > 1) ((outer >> v & 1) ? outer_ : inner_).push_back(v);
  }
  // A kernel has 64 loop variables: programs with many reduced shapes go step by step.
  if (lowered_.ok() && pool_.var_count() > 32) {
    for (Ex e : all) {
      if (!is_own(e)) lowered_.needs_buffer.insert(d_.reductions.at(e.id));
    }
  }
  // One row only and much work after it: the sums get kernels of their own that split into units.
  if (lowered_.ok() && !inner_.empty() && count_of(outer_) < 4) {
    for (Ex e : all) {
      bool is_big = count_of(pool_.node(e).vars) * count_of(outer_) > 4 * kUnitElements ||
                    count_of(inner_) * count_of(outer_) > 4 * kUnitElements;
      if (is_big && !is_own(e)) lowered_.needs_buffer.insert(d_.reductions.at(e.id));
    }
  }
  return lowered_.ok();
}

/// Merges variables that all indices treat as one.
void RowLowering::order_vars() {
  std::vector<std::vector<int>> lists = {outer_, inner_};
  for (Ex e : reduces()) {
    const std::vector<int>& vars = pool_.node(e).vars;
    if (std::find(lists.begin() + 2, lists.end(), vars) == lists.end()) lists.push_back(vars);
  }
  d_.collapse(lists);
  outer_ = lists[0];
  inner_ = lists[1];
}

int RowLowering::level_of(Ex reduce) {
  int level = 0;
  for (Ex e : pool_.reachable({pool_.node(reduce).args[0]})) {
    if (pool_.node(e).kind == ExKind::kReduce) level = std::max(level, level_of(e) + 1);
  }
  return level;
}

void RowLowering::find_passes() {
  for (Ex e : reduces()) {
    int level = level_of(e);
    const std::vector<int>& vars = pool_.node(e).vars;
    auto it = std::find_if(passes_.begin(), passes_.end(),
                           [&](const RowPass& p) { return p.level == level && p.vars == vars; });
    if (it == passes_.end()) it = passes_.insert(passes_.end(), RowPass{vars, level, {}});
    it->reduces.push_back(e);
  }
  std::stable_sort(passes_.begin(), passes_.end(),
                   [](const RowPass& a, const RowPass& b) { return a.level < b.level; });
}

/// Loads that are contiguous along an outer variable vote for walking it side by side; loads
/// contiguous along the reduced variables vote against.
void RowLowering::choose_side() {
  std::vector<int> votes(outer_.size(), 0);
  int against = 0;
  for (const RowPass& pass : passes_) {
    for (Ex e : pool_.reachable(pass.reduces)) {
      const ExNode& n = pool_.node(e);
      if (n.kind != ExKind::kLoad) continue;
      for (int v : pass.vars) against += pool_.coefficient(n.args[0], v) == 1;
      for (std::size_t i = 0; i < outer_.size(); ++i)
        votes[i] += pool_.coefficient(n.args[0], outer_[i]) == 1;
    }
  }
  for (std::size_t i = 0; i < outer_.size(); ++i) {
    if (votes[i] > against && pool_.extent(outer_[i]) >= 4) {
      side_ = outer_[i];
      against = votes[i];
    }
  }
  if (side_ < 0) return;
  width_ = std::min(pool_.extent(side_), side_width());
  std::erase(outer_, side_);
  chunk_ = pool_.new_var((pool_.extent(side_) + width_ - 1) / width_);
  place_ = pool_.new_var(width_);
}

/// Columns of one unit. Where sums have a fixed order each has 16 accumulators, so few columns fill
/// the first cache. Else a page of a row, so that memory is read in long pieces, and two units.
std::int64_t RowLowering::side_width() const {
  constexpr std::int64_t kNarrow = 128, kWide = 1024;
  bool is_fixed =
      draft_.scope.options.bits &&
      std::any_of(passes_.begin(), passes_.end(), [&](const RowPass& p) { return has_chain(p); });
  if (is_fixed) return kNarrow;
  if (count_of(outer_) / pool_.extent(side_) >= 4) return kWide;
  std::int64_t half = (pool_.extent(side_) / 2 + 63) / 64 * 64;
  return std::clamp(half, kNarrow, kWide);
}

bool RowLowering::is_large() const {
  bool is_alone = passes_.size() == 1 || is_large_search();
  if (side_ >= 0 || !is_alone || !inner_.empty() || count_of(outer_) > 16) return false;
  return count_of(passes_[0].vars) >= 2 * kPartialElements;
}

}  // namespace bafe
