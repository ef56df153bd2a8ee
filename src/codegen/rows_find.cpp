// Comes in: passes that find the first place of an extreme. Goes out: searches that stop at it.
// Invariant: the result is the least place whose element satisfies the condition; where a large
// array is searched, the first part whose own extreme is the extreme says where to begin.

#include <algorithm>

#include "rows.h"

namespace bafe {
namespace {

constexpr std::int64_t kWorthSearching = 128;

}  // namespace

/// The condition of a reduction that is the least place where it holds; invalid for others.
Ex RowLowering::found_by(Ex reduce) const {
  const ExNode& n = pool_.node(reduce);
  if (n.reduce != ReduceKind::kMin || n.vars.size() != 1) return {};
  if (pool_.extent(n.vars[0]) < kWorthSearching) return {};
  const ExNode& pick = pool_.node(n.args[0]);
  if (pick.kind != ExKind::kPrim || pick.prim != Prim::kSelect) return {};
  const ExNode &place = pool_.node(pick.args[1]), &none = pool_.node(pick.args[2]);
  if (place.kind != ExKind::kOfIndex || none.kind != ExKind::kConst) return {};
  const ExNode& index = pool_.node(place.args[0]);
  bool is_place = index.kind == ExKind::kVar && index.number == n.vars[0];
  bool is_none = none.bits == neutral_of(ReduceKind::kMin, n.dtype).bits;
  return is_place && is_none ? pick.args[0] : Ex{};
}

bool RowLowering::is_search(const RowPass& pass) const {
  return side_ < 0 && std::all_of(pass.reduces.begin(), pass.reduces.end(),
                                  [&](Ex e) { return found_by(e).valid(); });
}

/// Searches `count` values of variable `var` from `start` on; the place is a local of `dtype`.
Ex RowLowering::search(int var, std::int64_t count, Ex start, Ex condition, DType dtype,
                       std::vector<Stmt>& out) {
  Stmt find = leaf(Stmt::kFind, -1, {}, condition);
  find.var = var;
  find.count = count;
  find.base = start;
  find.number = locals_++;
  out.push_back(find);
  std::uint64_t free = pool_.node(condition).free & ~(std::uint64_t{1} << var);
  return pool_.local(find.number, dtype, free | pool_.node(start).free);
}

/// Where a flag knows of NaN, elements are compared with the extreme alone, and a search for NaN
/// follows that has nothing to do where there is none.
Ex RowLowering::place_of(int var, Ex start, Ex condition, DType dtype, std::vector<Stmt>& out) {
  std::int64_t count = pool_.extent(var);
  const ExNode either = pool_.node(condition);
  bool is_either = either.kind == ExKind::kPrim && either.prim == Prim::kOr;
  const ExNode equal = is_either ? pool_.node(either.args[0]) : ExNode{};
  bool is_equal = equal.kind == ExKind::kPrim && equal.prim == Prim::kEq;
  const ExNode extreme = is_equal ? pool_.node(equal.args[1]) : ExNode{};
  bool is_flagged = extreme.kind == ExKind::kPrim && extreme.prim == Prim::kSelect;
  if (!is_flagged || pool_.node(extreme.args[2]).kind != ExKind::kLocal)
    return search(var, count, start, condition, dtype, out);
  Ex any = extreme.args[0];
  Ex is_it = pool_.prim(Prim::kEq, DType::kBool, {equal.args[0], extreme.args[2]});
  Ex place = search(var, count, start, is_it, dtype, out);
  Ex nan_start = pool_.pick(any, start, pool_.integer(count));
  Ex nan_place = search(var, count, nan_start, either.args[1], dtype, out);
  return pool_.prim(Prim::kSelect, dtype, {any, nan_place, place});
}

std::vector<Stmt> RowLowering::search_stmts(const RowPass& pass, Ex start) {
  std::vector<Stmt> out;
  ExprPool::NodeMap done;
  for (Ex e : pass.reduces) {
    const ExNode n = pool_.node(e);
    int var = n.vars[0];
    done[e.id] = place_of(var, start, found_by(e), n.dtype, out);
  }
  d_.replace(done);
  for (RowPass& later : passes_) {
    if (&later == &pass) continue;
    for (Ex& e : later.reduces) e = pool_.replace(e, done);
  }
  return out;
}

/// Extremes of units, then one search.
bool RowLowering::is_large_search() const {
  if (passes_.size() != 2 || passes_[0].vars != passes_[1].vars || !is_search(passes_[1]))
    return false;
  return std::all_of(passes_[0].reduces.begin(), passes_[0].reduces.end(), [&](Ex e) {
    ReduceKind kind = pool_.node(e).reduce;
    return kind == ReduceKind::kMax || kind == ReduceKind::kMin;
  });
}

/// Where a search may begin: the first of `chunks` units one of whose lanes has the extreme, or a
/// flag. A condition that none meets begins at the start.
Ex RowLowering::first_chunk(const std::vector<Accumulator>& accs, const std::vector<int>& partials,
                            const std::vector<Ex>& extremes, Ex row, std::int64_t chunks,
                            std::vector<Stmt>& out) {
  std::int64_t count = chunks * lanes_;
  int var = pool_.new_var(count);
  Ex at = pool_.add(pool_.scale(row, count), pool_.var(var)), any;
  for (std::size_t i = 0; i < accs.size(); ++i) {
    Ex lane = pool_.load(partials[i], accs[i].dtype, at);
    Ex is_it = pool_.prim(Prim::kEq, DType::kBool, {lane, extremes[i]});
    if (are_flags({pool_.node(accs[i].reduce).args[0]})) {
      Ex none = pool_.constant(Scalar::of_int(accs[i].dtype, 0));
      is_it = pool_.prim(Prim::kLt, DType::kBool, {none, lane});
    } else if (is_float(accs[i].dtype)) {
      Ex is_nan = pool_.prim(Prim::kIsNan, DType::kBool, {lane});
      is_it = pool_.prim(Prim::kOr, DType::kBool, {is_it, is_nan});
    }
    any = any.valid() ? pool_.prim(Prim::kOr, DType::kBool, {any, is_it}) : is_it;
  }
  Ex place = search(var, count, pool_.integer(0), any, DType::kI64, out);
  Ex chunk = pool_.quotient(pool_.modulo(pool_.to_index(place), count), lanes_);
  return pool_.scale(chunk, kPartialElements);
}

}  // namespace bafe
