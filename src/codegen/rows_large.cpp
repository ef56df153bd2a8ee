// Comes in: few reductions over many elements. Goes out: two kernels: partial lanes of aligned
// subtrees of 65,536 elements, one a unit, and their combination. Invariant: the two together are
// the tree of sum_order.h. A search for the place of an extreme ends the second.

#include <algorithm>

#include "rows.h"

namespace bafe {

void RowLowering::lower_large() {
  RowPass& pass = passes_[0];
  std::int64_t count = count_of(pass.vars), full = count / kPartialElements;
  std::int64_t rest = count % kPartialElements, chunks = full + (rest != 0 ? 1 : 0);
  choose_lanes(pass);
  lane_ = loop_var(Role::kLane, lanes_);
  std::vector<Accumulator> accs = accumulators(pass, std::min(count, kPartialElements));
  std::vector<int> partials;
  for (const Accumulator& acc : accs) {
    std::int64_t bytes = count_of(outer_) * chunks * lanes_ * dtype_bytes(acc.dtype);
    partials.push_back(draft_.temporary(static_cast<int>(partials.size()), bytes, acc.dtype, true));
  }
  Ex row = pool_.integer(0);
  std::vector<UnitVar> outer;
  for (int v : outer_) {
    row = pool_.add(pool_.scale(row, pool_.extent(v)), pool_.var(v));
    outer.push_back({v, pool_.extent(v)});
  }
  auto part = [&](std::vector<UnitVar> vars, Ex chunk, std::int64_t length) {
    Stmt units;
    units.kind = Stmt::kUnits;
    units.unit_vars = std::move(vars);
    for (const UnitVar& v : units.unit_vars) units.total *= v.extent;
    for (const Accumulator& acc : accs) {
      if (!acc.is_tree) clear(acc, units.body);
    }
    Ex base = pool_.scale(chunk, kPartialElements);
    for (Stmt& s : runs_stmts(pass, accs, {}, base, length)) units.body.push_back(std::move(s));
    for (std::size_t i = 0; i < accs.size(); ++i) {
      const Accumulator& acc = accs[i];
      if (acc.is_tree) {
        Stmt merge = leaf(Stmt::kMerge, acc.stack, {}, {});
        merge.reduce = acc.kind;
        merge.count = lanes_;
        units.body.push_back(merge);
      }
      Ex at = pool_.add(pool_.scale(row, chunks), chunk);
      at = pool_.add(pool_.scale(at, lanes_), pool_.var(lane_));
      Ex lanes = pool_.load(acc.is_tree ? acc.stack : acc.lanes, acc.dtype, pool_.var(lane_));
      Stmt store = leaf(Stmt::kStore, partials[i], at, lanes);
      units.body.push_back(loop_stmt(pool_, lane_, LoopKind::kVector, {store}));
    }
    NestPart result;
    result.pool = d_.pool;
    result.units = units.total;
    result.body.push_back(std::move(units));
    draft_.nest.parts.push_back(std::move(result));
  };
  KernelDraft second = draft_;
  std::vector<UnitVar> whole = outer;
  int chunk = pool_.new_var(full);
  whole.push_back({chunk, full});
  part(whole, pool_.var(chunk), kPartialElements);
  if (rest != 0) part(outer, pool_.integer(full), rest);
  lowered_.kernels.push_back(std::move(draft_));
  lowered_.kernels.push_back(std::move(second));
  combine_stmts(accs, partials, chunks, outer);
}

/// The second kernel: it has the buffers of the first, the partial lanes among them.
void RowLowering::combine_stmts(const std::vector<Accumulator>& accs,
                                const std::vector<int>& partials, std::int64_t chunks,
                                const std::vector<UnitVar>& outer) {
  KernelDraft& second = lowered_.kernels.back();
  Stmt units;
  units.kind = Stmt::kUnits;
  units.unit_vars = outer;
  Ex row = pool_.integer(0);
  for (const UnitVar& v : outer) {
    units.total *= v.extent;
    row = pool_.add(pool_.scale(row, v.extent), pool_.var(v.var));
  }
  int chunk = pool_.new_var(chunks);
  ExprPool::NodeMap done;
  std::vector<Ex> results;
  for (std::size_t i = 0; i < accs.size(); ++i) {
    Accumulator acc = accs[i];
    acc.lanes = second.nest.add_temporary(acc.dtype, lanes_);
    if (acc.is_tree) {
      std::int64_t depth = 2;
      for (std::int64_t c = chunks; c > 0; c /= 2) ++depth;
      acc.stack = second.nest.add_temporary(acc.dtype, depth * lanes_);
    }
    Ex at = pool_.add(pool_.scale(row, chunks), pool_.var(chunk));
    at = pool_.add(pool_.scale(at, lanes_), pool_.var(lane_));
    Stmt take = leaf(acc.is_tree ? Stmt::kStore : Stmt::kCombine, acc.lanes, pool_.var(lane_),
                     pool_.load(partials[i], acc.dtype, at));
    take.reduce = acc.kind;
    std::vector<Stmt> body = {loop_stmt(pool_, lane_, LoopKind::kVector, {take})};
    if (acc.is_tree) {
      Stmt push = leaf(Stmt::kPush, acc.lanes, pool_.var(chunk), {});
      push.buffer2 = acc.stack;
      push.reduce = acc.kind;
      push.count = lanes_;
      body.push_back(push);
    } else {
      clear(acc, units.body);
    }
    units.body.push_back(loop_stmt(pool_, chunk, LoopKind::kSerial, std::move(body)));
    finish(acc, units.body);
    results.push_back(result_of(acc, units.body));
    done[acc.reduce.id] = results.back();
  }
  d_.replace(done);
  if (passes_.size() > 1) {
    RowPass& places = passes_[1];
    for (Ex& e : places.reduces) e = pool_.replace(e, done);
    Ex start = first_chunk(accs, partials, results, row, chunks, units.body);
    for (Stmt& s : search_stmts(places, start)) units.body.push_back(std::move(s));
  }
  for (Stmt& s : final_stores()) units.body.push_back(std::move(s));
  NestPart part;
  part.pool = d_.pool;
  part.units = units.total;
  part.body.push_back(std::move(units));
  second.nest.parts.push_back(std::move(part));
}

}  // namespace bafe
