// Comes in: a pass. Goes out: how many accumulators it has, how long a run is, and the loops of
// passes whose order is free. Invariant: in math="bits" sums of floats have 16 lanes and runs of
// 256; all else depends on shapes only.

#include <algorithm>

#include "rows.h"

namespace bafe {
namespace {

constexpr int kLight = 12;  // a body dearer than this hides the latency of its accumulator

}  // namespace

bool RowLowering::has_chain(const RowPass& pass) const {
  return std::any_of(pass.reduces.begin(), pass.reduces.end(), [&](Ex e) {
    ReduceKind kind = pool_.node(e).reduce;
    bool is_chain = kind == ReduceKind::kSum || kind == ReduceKind::kProd;
    return is_chain && is_float(pool_.node(e).dtype);
  });
}

/// Where order is free, an inner reduced variable of some length starts its lanes anew.
bool RowLowering::starts_anew(const RowPass& pass) const {
  if (pass.vars.size() < 2) return false;  // none: all reduced sizes are 1
  const std::int64_t inner = pool_.extent(pass.vars.back());
  return !draft_.scope.options.bits && side_ < 0 && inner >= kSumLanes && inner <= 4 * kSumRun;
}

/// 16 lanes where sums of floats have a fixed order. Else by rows many, so that chains overlap;
/// side by side one, since the columns overlap already, and several rows at a time. A chain stays
/// 16 long by rows; side by side it has at most 32 groups.
void RowLowering::choose_lanes(const RowPass& pass) {
  std::int64_t count = starts_anew(pass) ? pool_.extent(pass.vars.back()) : count_of(pass.vars);
  bool is_free = !has_chain(pass) || !draft_.scope.options.bits;
  lanes_ = kSumLanes;
  group_ = 1;
  if (side_ >= 0 && is_free) {
    lanes_ = 1;
    group_ = 4;  // more rows a page apart would not fit the ways of the first cache
  }
  bool is_light = std::all_of(pass.reduces.begin(), pass.reduces.end(),
                              [&](Ex e) { return cost_of(pool_.node(e).args[0]) < kLight; });
  if (side_ < 0 && is_free && is_light && count >= 256) lanes_ = 64;
  run_ = side_ < 0 ? kSumLanes * lanes_ : kSumRun;
}

/// Side by side where order is free: rows in groups, whose values are combined as a tree.
std::vector<Stmt> RowLowering::grouped_stmts(const RowPass& pass,
                                             const std::vector<Accumulator>& accs,
                                             const std::vector<Stmt>& caches, Ex base,
                                             std::int64_t count) {
  auto rows = [&](Ex first, std::int64_t height) {
    std::vector<Stmt> leaves;
    std::vector<std::vector<Ex>> values(accs.size());
    for (std::int64_t j = 0; j < height; ++j) {
      ExprPool::Binding binding = at_flat(pass.vars, pool_.add(first, pool_.integer(j)));
      for (Stmt s : caches) {
        s.index = pool_.substitute(s.index, binding);
        s.value = pool_.substitute(s.value, binding);
        leaves.push_back(std::move(s));
      }
      for (std::size_t i = 0; i < accs.size(); ++i) {
        values[i].push_back(pool_.substitute(pool_.node(accs[i].reduce).args[0], binding));
      }
    }
    for (std::size_t i = 0; i < accs.size(); ++i) {
      Stmt s = leaf(Stmt::kCombine, accs[i].lanes, lane_index(-1), tree_of(accs[i], values[i]));
      s.reduce = accs[i].kind;
      leaves.push_back(std::move(s));
    }
    return beside(std::move(leaves));
  };
  std::vector<Stmt> out;
  std::int64_t whole = count / group_;
  if (whole > 0) {
    int step = loop_var(Role::kStep, whole);
    Ex first = pool_.add(base, pool_.scale(pool_.var(step), group_));
    out.push_back(loop_stmt(pool_, step, LoopKind::kSerial, rows(first, group_)));
  }
  if (count % group_ != 0) {
    for (Stmt& s : rows(pool_.add(base, pool_.integer(whole * group_)), count % group_)) {
      out.push_back(std::move(s));
    }
  }
  return out;
}

/// Truth values that were widened to integers.
bool RowLowering::are_flags(const std::vector<Ex>& values) const {
  return std::all_of(values.begin(), values.end(), [&](Ex e) {
    const ExNode& n = pool_.node(e);
    return n.kind == ExKind::kCast && pool_.node(n.args[0]).dtype == DType::kBool;
  });
}

/// Flags are joined before they are widened, in pairs: one comparison tests two values for NaN.
Ex RowLowering::any_of_flags(const Accumulator& acc, const std::vector<Ex>& values) {
  auto flag = [&](std::size_t i) { return pool_.node(values[i]).args[0]; };
  Ex any;
  for (std::size_t i = 0; i < values.size(); i += 2) {
    bool is_pair = i + 1 < values.size();
    Ex two = is_pair ? pool_.prim(Prim::kOr, DType::kBool, {flag(i), flag(i + 1)}) : flag(i);
    any = any.valid() ? pool_.prim(Prim::kOr, DType::kBool, {any, two}) : two;
  }
  return pool_.cast(any, acc.dtype);
}

Ex RowLowering::tree_of(const Accumulator& acc, std::vector<Ex> values) {
  bool is_extreme = acc.kind == ReduceKind::kMax || acc.kind == ReduceKind::kMin;
  auto both = [&](Ex a, Ex b) {
    if (!is_extreme || !draft_.nest.quiet || !is_float(acc.dtype))
      return pool_.prim(prim_of(acc.kind), acc.dtype, {a, b});
    Ex is_less = pool_.prim(Prim::kLt, DType::kBool, {a, b});
    bool is_max = acc.kind == ReduceKind::kMax;
    return pool_.prim(Prim::kSelect, acc.dtype, {is_less, is_max ? b : a, is_max ? a : b});
  };
  if (acc.kind == ReduceKind::kMax && are_flags(values)) return any_of_flags(acc, values);
  while (values.size() > 1) {
    std::vector<Ex> next;
    for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
      next.push_back(both(values[i], values[i + 1]));
    }
    if (values.size() % 2 != 0) next.push_back(values.back());
    values = std::move(next);
  }
  return values[0];
}

/// As outer_runs_stmts where inner rows are short: a run holds as many of them as make a chain of
/// its length.
std::vector<Stmt> RowLowering::short_rows_stmts(const RowPass& pass,
                                                const std::vector<Accumulator>& accs,
                                                const std::vector<Stmt>& caches) {
  std::int64_t inner = pool_.extent(pass.vars.back());
  std::int64_t outer = count_of(pass.vars) / inner, height = std::min(run_ / inner, outer);
  auto run = [&](Ex number, std::int64_t rows) {
    int row = loop_var(Role::kOuter, rows);
    Ex base = pool_.scale(pool_.add(pool_.scale(number, height), pool_.var(row)), inner);
    std::vector<Stmt> body;
    for (const Accumulator& acc : accs) {
      if (acc.is_tree) clear(acc, body);
    }
    body.push_back(
        loop_stmt(pool_, row, LoopKind::kSerial, lanes_stmts(pass, accs, caches, base, inner)));
    push_runs(accs, number, body);
    return body;
  };
  std::vector<Stmt> out;
  std::int64_t full = outer / height;
  int number = loop_var(Role::kRun, full);
  out.push_back(loop_stmt(pool_, number, LoopKind::kSerial, run(pool_.var(number), height)));
  if (outer % height != 0) {
    for (Stmt& s : run(pool_.integer(full), outer % height)) out.push_back(std::move(s));
  }
  return out;
}

/// Where order is free, runs start anew with every value of the outer reduced variables, so that
/// lanes are contiguous in memory.
std::vector<Stmt> RowLowering::outer_runs_stmts(const RowPass& pass,
                                                const std::vector<Accumulator>& accs,
                                                const std::vector<Stmt>& caches) {
  std::int64_t inner = pool_.extent(pass.vars.back());
  std::int64_t outer = count_of(pass.vars) / inner, runs = (inner + run_ - 1) / run_;
  if (2 * inner <= run_) return short_rows_stmts(pass, accs, caches);
  int row = loop_var(Role::kOuter, outer);
  std::vector<Stmt> body;
  for (std::int64_t r = 0; r < runs; ++r) {
    std::int64_t length = std::min(run_, inner - r * run_);
    Ex base = pool_.add(pool_.scale(pool_.var(row), inner), pool_.integer(r * run_));
    Ex number = pool_.add(pool_.scale(pool_.var(row), runs), pool_.integer(r));
    for (Stmt& s : run_stmts(pass, accs, caches, base, number, length))
      body.push_back(std::move(s));
  }
  return {loop_stmt(pool_, row, LoopKind::kSerial, std::move(body))};
}

}  // namespace bafe
