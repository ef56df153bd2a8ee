// Comes in: a domain with reductions. Goes out: the outer variables that all reductions share,
// passes in order, and whether an outer variable is walked side by side. Invariant: after
// check_dependence every reduction depends on exactly the outer variables.

#include <algorithm>
#include <bit>
#include <functional>

#include "bafe/base/error.h"
#include "rows.h"

namespace bafe {
namespace {

constexpr std::int64_t kUnroll = 4;  // sums this short are written out

bool is_arg(ReduceKind kind) { return kind == ReduceKind::kArgMax || kind == ReduceKind::kArgMin; }

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

}  // namespace

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

/// Reductions that hold others stay loops: copies of the inner ones would be new values.
void RowLowering::unroll_small() {
  auto is_flat = [&](const ExNode& n) {
    for (Ex inner : pool_.reachable(n.args)) {
      if (pool_.node(inner).kind == ExKind::kReduce) return false;
    }
    return true;
  };
  ExprPool::NodeMap map;
  for (Ex e : reduces()) {
    Ex now = pool_.replace(e, map);
    const ExNode n = pool_.node(now);
    d_.reductions.emplace(now.id, d_.reductions.at(e.id));
    if (is_arg(n.reduce) && count_of(n.vars) == 1)
      map[e.id] = pool_.constant(Scalar::of_int(n.dtype, 0));
    else if (!is_arg(n.reduce) && count_of(n.vars) <= kUnroll && is_flat(n))
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
      return s.value == e || (n.kind == ExKind::kRound && n.args[0] == e);
    });
  };
  Ex leader = all[0];
  for (Ex e : all) {
    bool is_wider = std::popcount(pool_.node(e).free) > std::popcount(pool_.node(leader).free);
    if (is_stored(leader) == is_stored(e) ? is_wider : is_stored(e)) leader = e;
  }
  std::uint64_t outer = pool_.node(leader).free;
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
      if (!is_stored(e)) lowered_.needs_buffer.insert(d_.reductions.at(e.id));
    }
  }
  // One row only and much work after it: the sums get kernels of their own that split into units.
  if (lowered_.ok() && !inner_.empty() && count_of(outer_) < 4) {
    for (Ex e : all) {
      bool is_big = count_of(pool_.node(e).vars) * count_of(outer_) > 4 * kUnitElements ||
                    count_of(inner_) * count_of(outer_) > 4 * kUnitElements;
      if (is_big && !is_stored(e)) lowered_.needs_buffer.insert(d_.reductions.at(e.id));
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
  constexpr std::int64_t kSideBytes = 512;
  width_ = std::min<std::int64_t>(pool_.extent(side_), kSideBytes / 4);
  std::erase(outer_, side_);
  chunk_ = pool_.new_var((pool_.extent(side_) + width_ - 1) / width_);
  place_ = pool_.new_var(width_);
}

bool RowLowering::is_large() const {
  if (side_ >= 0 || passes_.size() != 1 || !inner_.empty() || count_of(outer_) > 16) return false;
  for (Ex e : passes_[0].reduces) {
    if (is_arg(pool_.node(e).reduce)) return false;
  }
  return count_of(passes_[0].vars) >= 2 * kPartialElements;
}

}  // namespace bafe
