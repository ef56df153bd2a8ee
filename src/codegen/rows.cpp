// Comes in: passes over rows. Goes out: their loops. Invariant: sums and products follow
// sum_order.h whatever the loops look like, so results depend on shapes only.
//
// By rows: 16 lanes run along the reduced variables. Side by side: each of up to `width_`
// neighbouring columns has its own 16 lanes, and the innermost loop runs over the columns.

#include "rows.h"

#include <algorithm>

#include "bafe/base/error.h"

namespace bafe {

Stmt RowLowering::leaf(Stmt::Kind kind, int buffer, Ex index, Ex value) {
  Stmt s;
  s.kind = kind;
  s.buffer = buffer;
  s.index = index;
  s.value = value;
  return s;
}

/// Loops that follow each other share a variable, since a kernel has few.
int RowLowering::loop_var(Role role, std::int64_t extent) {
  auto [it, is_new] = loop_vars_.try_emplace({role, extent}, -1);
  if (is_new) it->second = pool_.new_var(extent);
  return it->second;
}

/// Reduced variables as quotients and remainders of a row-major position.
ExprPool::Binding RowLowering::at_flat(const std::vector<int>& vars, Ex flat) {
  ExprPool::Binding binding;
  Ex rest = flat;
  for (std::size_t i = vars.size(); i-- > 0;) {
    std::int64_t size = pool_.extent(vars[i]);
    binding[vars[i]] = i == 0 ? rest : pool_.modulo(rest, size);
    rest = pool_.quotient(rest, size);
  }
  return binding;
}

/// Index of a lane (and of the column, side by side) in an accumulator.
Ex RowLowering::lane_index(int lane) {
  Ex l = lane < 0 ? pool_.integer(0) : pool_.var(lane);
  return side_ < 0 ? l : pool_.add(pool_.scale(l, width_), pool_.var(place_));
}

/// Statements for one element become a loop over neighbouring columns.
std::vector<Stmt> RowLowering::beside(std::vector<Stmt> leaves) {
  if (side_ < 0) return leaves;
  Stmt loop = loop_stmt(pool_, place_, LoopKind::kVector, std::move(leaves));
  std::int64_t extent = pool_.extent(side_);
  if (extent % width_ != 0) {
    loop.limit = pool_.sub(pool_.integer(extent), pool_.scale(pool_.var(chunk_), width_));
  }
  return {std::move(loop)};
}

std::vector<Accumulator> RowLowering::accumulators(const RowPass& pass, std::int64_t count) {
  std::vector<Accumulator> result;
  for (Ex e : pass.reduces) {
    const ExNode& n = pool_.node(e);
    Accumulator acc;
    acc.reduce = e;
    acc.kind = n.reduce;
    acc.dtype = accumulator_of(n.dtype);
    bool is_chain = n.reduce == ReduceKind::kSum || n.reduce == ReduceKind::kProd;
    acc.is_tree = is_chain && is_float(acc.dtype) && count > run_;
    acc.lanes = draft_.nest.add_temporary(acc.dtype, lanes_ * width_);
    if (acc.is_tree) {
      std::int64_t depth = 2;
      for (std::int64_t runs = count / kSumLanes; runs > 0; runs /= 2) ++depth;
      acc.stack = draft_.nest.add_temporary(acc.dtype, depth * lanes_ * width_);
    }
    result.push_back(acc);
  }
  return result;
}

void RowLowering::clear(const Accumulator& acc, std::vector<Stmt>& out) {
  Stmt s = leaf(Stmt::kClear, acc.lanes, {}, pool_.constant(neutral_of(acc.kind, acc.dtype)));
  s.count = lanes_ * width_;
  out.push_back(s);
}

/// `count` elements from `base` on, a multiple of the lanes after the first: 16 at a time, then the
/// rest.
std::vector<Stmt> RowLowering::lanes_stmts(const RowPass& pass,
                                           const std::vector<Accumulator>& accs,
                                           const std::vector<Stmt>& caches, Ex base,
                                           std::int64_t count) {
  if (group_ > 1) return grouped_stmts(pass, accs, caches, base, count);
  std::vector<Stmt> out;
  auto lanes = [&](Ex first, std::int64_t lanes_count) {
    int lane = loop_var(Role::kLane, lanes_count);
    ExprPool::Binding binding = at_flat(pass.vars, pool_.add(first, pool_.var(lane)));
    std::vector<Stmt> leaves = caches;
    for (Stmt& s : leaves) {
      s.index = pool_.substitute(s.index, binding);
      s.value = pool_.substitute(s.value, binding);
    }
    for (const Accumulator& acc : accs) {
      Ex body = pool_.substitute(pool_.node(acc.reduce).args[0], binding);
      Stmt s = leaf(Stmt::kCombine, acc.lanes, lane_index(lane), body);
      s.reduce = acc.kind;
      leaves.push_back(s);
    }
    LoopKind kind = side_ >= 0              ? LoopKind::kSerial
                    : lanes_count == lanes_ ? LoopKind::kLanes
                                            : LoopKind::kVector;
    return loop_stmt(pool_, lane, kind, beside(std::move(leaves)));
  };
  std::int64_t whole = count / lanes_;
  if (whole > 1) {
    int step = loop_var(Role::kStep, whole);
    Ex first = pool_.add(base, pool_.scale(pool_.var(step), lanes_));
    out.push_back(loop_stmt(pool_, step, LoopKind::kSerial, {lanes(first, lanes_)}));
  } else if (whole == 1) {
    out.push_back(lanes(base, lanes_));
  }
  if (count % lanes_ != 0) {
    out.push_back(lanes(pool_.add(base, pool_.integer(whole * lanes_)), count % lanes_));
  }
  return out;
}

void RowLowering::push_runs(const std::vector<Accumulator>& accs, Ex number,
                            std::vector<Stmt>& out) {
  for (const Accumulator& acc : accs) {
    if (!acc.is_tree) continue;
    Stmt push = leaf(Stmt::kPush, acc.lanes, number, {});
    push.buffer2 = acc.stack;
    push.reduce = acc.kind;
    push.count = lanes_ * width_;
    out.push_back(push);
  }
}

/// One run: at most run_ elements from `base` on, pushed on the tree as its run `number`.
std::vector<Stmt> RowLowering::run_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                                         const std::vector<Stmt>& caches, Ex base, Ex number,
                                         std::int64_t count) {
  std::vector<Stmt> body;
  for (const Accumulator& acc : accs) {
    if (acc.is_tree) clear(acc, body);
  }
  for (Stmt& s : lanes_stmts(pass, accs, caches, base, count)) body.push_back(std::move(s));
  push_runs(accs, number, body);
  return body;
}

/// Runs of run_ elements, each pushed on the tree; `base` is where its tree starts.
std::vector<Stmt> RowLowering::runs_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                                          const std::vector<Stmt>& caches, Ex base,
                                          std::int64_t count) {
  bool has_tree =
      std::any_of(accs.begin(), accs.end(), [](const Accumulator& a) { return a.is_tree; });
  if (!has_tree) return lanes_stmts(pass, accs, caches, base, count);
  std::vector<Stmt> out;
  std::int64_t full = count / run_;
  if (full > 0) {
    int number = loop_var(Role::kRun, full);
    Ex at = pool_.var(number);
    out.push_back(
        loop_stmt(pool_, number, LoopKind::kSerial,
                  run_stmts(pass, accs, caches, pool_.add(base, pool_.scale(at, run_)), at, run_)));
  }
  if (count % run_ != 0) {
    Ex first = pool_.add(base, pool_.integer(full * run_));
    for (Stmt& s : run_stmts(pass, accs, caches, first, pool_.integer(full), count % run_)) {
      out.push_back(std::move(s));
    }
  }
  return out;
}

void RowLowering::finish(const Accumulator& acc, std::vector<Stmt>& out) {
  int buffer = acc.is_tree ? acc.stack : acc.lanes;
  if (acc.is_tree) {
    Stmt merge = leaf(Stmt::kMerge, buffer, {}, {});
    merge.reduce = acc.kind;
    merge.count = lanes_ * width_;
    out.push_back(merge);
  }
  Stmt fold = leaf(Stmt::kFold, buffer, {}, {});
  fold.reduce = acc.kind;
  fold.count = width_;
  fold.step = lanes_;
  out.push_back(fold);
}

/// The finished value: a local by rows, an element of the accumulator side by side.
Ex RowLowering::result_of(const Accumulator& acc, std::vector<Stmt>& out) {
  const ExNode n = pool_.node(acc.reduce);
  Ex value = pool_.load(acc.is_tree ? acc.stack : acc.lanes, acc.dtype, lane_index(-1));
  if (side_ >= 0) return value;
  Stmt let = leaf(Stmt::kLet, -1, {}, value);
  let.number = locals_++;
  out.push_back(let);
  return pool_.local(let.number, n.dtype, n.free);
}

std::vector<Stmt> RowLowering::pass_stmts(RowPass& pass) {
  if (is_search(pass)) return search_stmts(pass, pool_.integer(0));
  std::int64_t count = count_of(pass.vars);
  choose_lanes(pass);
  std::vector<Accumulator> accs = accumulators(pass, count);
  std::vector<Stmt> caches, out;
  cache_shared(pass, caches);
  for (const Accumulator& acc : accs) {
    if (!acc.is_tree) clear(acc, out);
  }
  std::vector<Stmt> loops = starts_anew(pass)
                                ? outer_runs_stmts(pass, accs, caches)
                                : runs_stmts(pass, accs, caches, pool_.integer(0), count);
  for (Stmt& s : loops) out.push_back(std::move(s));
  ExprPool::NodeMap done;
  for (const Accumulator& acc : accs) {
    finish(acc, out);
    done[acc.reduce.id] = result_of(acc, out);
  }
  d_.replace(done);
  for (RowPass& later : passes_) {
    if (&later == &pass) continue;
    for (Ex& e : later.reduces) e = pool_.replace(e, done);
  }
  return out;
}

std::vector<Stmt> RowLowering::final_stores() {
  std::vector<Stmt> body;
  for (const StoreSite& s : d_.stores) body.push_back(store_stmt(s));
  body = beside(std::move(body));
  for (std::size_t i = inner_.size(); i-- > 0;) {
    bool is_fastest = i + 1 == inner_.size() && side_ < 0;
    LoopKind kind = is_fastest ? LoopKind::kVector : LoopKind::kSerial;
    Stmt loop = loop_stmt(pool_, inner_[i], kind, std::move(body));
    body = {is_fastest ? streamed(pool_, draft_.nest, std::move(loop)) : std::move(loop)};
  }
  return body;
}

void RowLowering::lower_whole() {
  Stmt units;
  units.kind = Stmt::kUnits;
  std::int64_t work = count_of(inner_);
  for (RowPass& pass : passes_) {
    work += count_of(pass.vars);
    for (Stmt& s : pass_stmts(pass)) units.body.push_back(std::move(s));
  }
  for (Stmt& s : final_stores()) units.body.push_back(std::move(s));
  std::vector<int> vars = outer_;
  if (side_ >= 0) vars.push_back(chunk_);
  for (int v : vars) {
    units.unit_vars.push_back({v, pool_.extent(v)});
    units.total *= pool_.extent(v);
  }
  units.per = std::clamp<std::int64_t>(kUnitElements / (work * width_), 1, units.total);
  NestPart part;
  part.pool = d_.pool;
  part.units = (units.total + units.per - 1) / units.per;
  part.body.push_back(std::move(units));
  draft_.nest.parts.push_back(std::move(part));
  lowered_.kernels.push_back(std::move(draft_));
}

void RowLowering::run() {
  split_positions();
  split_nans();
  unroll_small();
  if (reduces().empty()) {
    std::vector<std::vector<int>> none;
    d_.collapse(none);
    draft_.nest.parts.push_back(pointwise_part(d_, draft_.nest, draft_.scope.target));
    lowered_.kernels.push_back(std::move(draft_));
    return;
  }
  if (!check_dependence()) return;
  order_vars();
  find_passes();
  choose_side();
  lane_ = loop_var(Role::kLane, kSumLanes);
  if (is_large()) return lower_large();
  if (side_ >= 0) {
    Ex column = pool_.add(pool_.scale(pool_.var(chunk_), width_), pool_.var(place_));
    ExprPool::Binding binding = {{side_, column}};
    d_.substitute(binding);
    for (RowPass& pass : passes_) {
      for (Ex& e : pass.reduces) e = pool_.substitute(e, binding);
    }
  }
  lower_whole();
}

void lower_rows(Domain domain, Lowered& lowered, KernelDraft draft) {
  RowLowering(std::move(domain), lowered, std::move(draft)).run();
}

}  // namespace bafe
