// Comes in: a pass and what is still to be computed. Goes out: stores into row buffers for values
// that a later pass over the same variables needs again and that are dear, such as exp(x - max).
// Invariant: pending expressions read such a value from its buffer, which an earlier statement of
// the same row has filled.

#include <algorithm>

#include "rows.h"

namespace bafe {
namespace {

constexpr int kDear = 10;
constexpr std::int64_t kCacheBytes = 1 << 20;

int weight_of(const ExNode& n) {
  if (n.kind == ExKind::kQuotient || n.kind == ExKind::kModulo || n.kind == ExKind::kLookup)
    return 6;
  if (n.kind == ExKind::kLoad || n.kind == ExKind::kCast || n.kind == ExKind::kRound) return 2;
  if (n.kind != ExKind::kPrim) return 0;
  switch (n.prim) {
    case Prim::kPow:
      return 30;
    case Prim::kExp:
    case Prim::kExpm1:
    case Prim::kLog:
    case Prim::kLog1p:
    case Prim::kSin:
    case Prim::kCos:
    case Prim::kTanh:
    case Prim::kSigmoid:
    case Prim::kErf:
    case Prim::kErfc:
    case Prim::kGelu:
    case Prim::kSilu:
    case Prim::kMod:
    case Prim::kFloorDiv:
      return 12;
    case Prim::kDiv:
    case Prim::kSqrt:
      return 4;
    default:
      return 1;
  }
}

}  // namespace

int RowLowering::cost_of(Ex e) const {
  int cost = 0;
  for (Ex inner : pool_.reachable({e})) cost += weight_of(pool_.node(inner));
  return cost;
}

/// Bodies of other passes over the same variables, and the stores when they run over them too.
std::vector<Ex> RowLowering::pending_roots(const RowPass& done) const {
  std::vector<Ex> roots;
  bool is_after = false;
  for (const RowPass& pass : passes_) {
    if (&pass == &done) {
      is_after = true;
      continue;
    }
    if (!is_after || pass.vars != done.vars) continue;
    for (Ex e : pass.reduces) roots.push_back(pool_.node(e).args[0]);
  }
  std::vector<int> sorted_inner = inner_, sorted_vars = done.vars;
  std::sort(sorted_inner.begin(), sorted_inner.end());
  std::sort(sorted_vars.begin(), sorted_vars.end());
  if (sorted_inner == sorted_vars) {
    for (const StoreSite& s : d_.stores) roots.push_back(s.value);
  }
  return roots;
}

void RowLowering::cache_shared(const RowPass& pass, std::vector<Stmt>& stores) {
  std::vector<Ex> later = pending_roots(pass), bodies;
  if (later.empty()) return;
  for (Ex e : pass.reduces) bodies.push_back(pool_.node(e).args[0]);
  std::vector<char> now(pool_.size(), 0), shared(pool_.size(), 0), wanted(pool_.size(), 0);
  for (Ex e : pool_.reachable(bodies)) now[e.id] = 1;
  std::vector<Ex> order = pool_.reachable(later);
  std::uint64_t row = 0;
  for (int v : pass.vars) row |= std::uint64_t{1} << v;
  for (Ex e : order) {
    const ExNode& n = pool_.node(e);
    shared[e.id] = now[e.id] && !n.is_index && (n.free & row) != 0 && n.kind != ExKind::kReduce;
  }
  // Wanted where something outside the shared part uses it.
  for (Ex e : later) wanted[e.id] = shared[e.id];
  for (Ex e : order) {
    if (shared[e.id]) continue;
    for (Ex a : pool_.node(e).args) wanted[a.id] = shared[a.id];
  }
  std::int64_t count = count_of(pass.vars) * width_;
  ExprPool::NodeMap loads;
  for (Ex e : order) {
    if (!wanted[e.id] || cost_of(e) < kDear) continue;
    DType dtype = accumulator_of(pool_.node(e).dtype);
    if (count * dtype_bytes(dtype) > kCacheBytes) continue;
    int buffer = draft_.nest.add_temporary(dtype, count);
    Ex at = pool_.integer(0);
    for (int v : pass.vars) at = pool_.add(pool_.scale(at, pool_.extent(v)), pool_.var(v));
    if (side_ >= 0) at = pool_.add(pool_.scale(at, width_), pool_.var(place_));
    stores.push_back(leaf(Stmt::kStore, buffer, at, e));
    loads[e.id] = pool_.load(buffer, pool_.node(e).dtype, at);
  }
  if (loads.empty()) return;
  for (Ex e : pass.reduces) loads[e.id] = e;  // this pass computes the value itself
  // Reductions hold each other, so the stores see all of them replaced at once, by their old ids.
  ExprPool::NodeMap changed;
  bool is_after = false;
  for (RowPass& other : passes_) {
    for (std::size_t i = 0; is_after && i < other.reduces.size(); ++i) {
      Ex& e = other.reduces[i];
      ExprPool::NodeMap nodes = changed;
      if (other.vars == pass.vars) nodes.insert(loads.begin(), loads.end());
      Ex now_e = pool_.replace(e, nodes);
      if (now_e != e) changed[e.id] = now_e;
      e = now_e;
    }
    is_after = is_after || &other == &pass;
  }
  d_.replace(changed);
  std::vector<int> sorted_inner = inner_, sorted_vars = pass.vars;
  std::sort(sorted_inner.begin(), sorted_inner.end());
  std::sort(sorted_vars.begin(), sorted_vars.end());
  if (sorted_inner == sorted_vars) d_.replace(loads);
}

}  // namespace bafe
