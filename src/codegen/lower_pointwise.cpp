// Comes in: a domain without reductions. Goes out: its loops. Invariant: the innermost loop runs
// along the fastest axis of the output; where an input is contiguous along another axis, both axes
// are tiled so that each cache line is used whole.

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "bafe/base/error.h"
#include "kernel.h"
#include "sizes.h"

namespace bafe {
namespace {

constexpr std::int64_t kTile = kTilePitch;

/// The variable along which some load is contiguous while it jumps along `fast`; -1 when there is
/// none.
int transposed_var(const Domain& d, const std::vector<int>& vars) {
  const ExprPool& pool = *d.pool;
  int fast = vars.back();
  for (Ex e : pool.reachable(d.roots())) {
    const ExNode& n = pool.node(e);
    if (n.kind != ExKind::kLoad || std::abs(pool.coefficient(n.args[0], fast)) <= 1) continue;
    for (int v : vars) {
      if (v != fast && pool.coefficient(n.args[0], v) == 1 && pool.extent(v) >= 4) return v;
    }
  }
  return -1;
}

/// Loads that are contiguous along `across` and jump along `fast`.
std::vector<Ex> transposed_loads(const Domain& d, int fast, int across) {
  std::vector<Ex> loads;
  for (Ex e : d.pool->reachable(d.roots())) {
    const ExNode& n = d.pool->node(e);
    if (n.kind != ExKind::kLoad || std::abs(d.pool->coefficient(n.args[0], fast)) <= 1) continue;
    if (d.pool->coefficient(n.args[0], across) == 1) loads.push_back(e);
  }
  return loads;
}

std::vector<Stmt> stores_of(const Domain& d) {
  std::vector<Stmt> body;
  for (const StoreSite& s : d.stores) body.push_back(store_stmt(s));
  return body;
}

/// A loop over one chunk of `var`, whose chunks are counted by a new variable of the unit loop.
Stmt chunk_loop(ExprPool& pool, int var, std::int64_t chunk, LoopKind kind, int counter,
                std::vector<Stmt> body) {
  Stmt s = loop_stmt(pool, var, kind, std::move(body));
  s.base = pool.scale(pool.var(counter), chunk);
  s.count = std::min(chunk, pool.extent(var));
  if (pool.extent(var) % chunk != 0) s.limit = pool.sub(pool.integer(pool.extent(var)), s.base);
  return s;
}

Stmt units_stmt(NestPart& part, const std::vector<int>& vars, std::int64_t work_each) {
  Stmt s;
  s.kind = Stmt::kUnits;
  for (int v : vars) {
    s.unit_vars.push_back({v, part.pool->extent(v)});
    s.total *= part.pool->extent(v);
  }
  s.per =
      std::clamp<std::int64_t>(kUnitElements / std::max<std::int64_t>(work_each, 1), 1, s.total);
  part.units = ceil_div(s.total, s.per);
  return s;
}

/// A load whose bytes a vector routine can turn into the tile.
std::optional<Stmt> turned(const Domain& d, const Nest& nest, const Target& target, Ex load,
                           int tile, int fast, int across) {
  const ExNode& n = d.pool->node(load);
  int bytes = static_cast<int>(dtype_bytes(n.dtype));
  bool hidden = false;
  std::int64_t step = d.pool->coefficient(n.args[0], fast, &hidden);
  d.pool->coefficient(n.args[0], across, &hidden);
  if (target.isa == Isa::kPlain || (bytes != 4 && bytes != 8) || hidden) return std::nullopt;
  if (nest.buffers[static_cast<std::size_t>(n.number)].kind != Buffer::kSlot) return std::nullopt;
  Stmt s;
  s.kind = Stmt::kTurn;
  s.buffer = tile;
  s.buffer2 = static_cast<int>(n.number);
  s.index = n.args[0];
  s.step = step;
  s.count = kTile;
  return s;
}

/// A tile of both axes: transposed inputs are read along their own rows into a private tile, so
/// that every cache line is used whole at once; then the output is written along its rows.
std::vector<Stmt> tile_stmts(Domain& d, Nest& nest, const Target& target, int fast, int across,
                             int fast_tile, int across_tile) {
  ExprPool& pool = *d.pool;
  int fast_place = pool.new_var(kTile), across_place = pool.new_var(kTile);
  auto both = [&](int outer, int inner, std::vector<Stmt> body) {
    auto one = [&](int v, LoopKind kind, std::vector<Stmt> inside) {
      bool is_fast = v == fast;
      Stmt s =
          chunk_loop(pool, v, kTile, kind, is_fast ? fast_tile : across_tile, std::move(inside));
      s.var2 = is_fast ? fast_place : across_place;
      return s;
    };
    std::vector<Stmt> row = {streamed(pool, nest, one(inner, LoopKind::kVector, std::move(body)))};
    return one(outer, LoopKind::kSerial, std::move(row));
  };
  auto start = [&](int counter) { return pool.scale(pool.var(counter), kTile); };
  std::vector<Stmt> result, fill;
  ExprPool::NodeMap loads;
  Ex place = pool.add(pool.scale(pool.var(across_place), kTile), pool.var(fast_place));
  for (Ex e : transposed_loads(d, fast, across)) {
    DType dtype = pool.node(e).dtype;
    int tile = nest.add_temporary(accumulator_of(dtype), kTile * kTile);
    if (std::optional<Stmt> turn = turned(d, nest, target, e, tile, fast, across)) {
      turn->index =
          pool.substitute(turn->index, {{fast, start(fast_tile)}, {across, start(across_tile)}});
      turn->base = pool.sub(pool.integer(pool.extent(fast)), start(fast_tile));
      turn->limit = pool.sub(pool.integer(pool.extent(across)), start(across_tile));
      result.push_back(std::move(*turn));
    } else {
      fill.push_back(store_stmt({tile, place, e}));
    }
    loads[e.id] = pool.load(tile, dtype, place);
  }
  if (!fill.empty()) result.push_back(both(fast, across, std::move(fill)));
  d.replace(loads);
  result.push_back(both(across, fast, stores_of(d)));
  return result;
}

}  // namespace

void Domain::collapse(std::vector<std::vector<int>>& also) {
  auto merge_in = [&](std::vector<int>& list, int slow, int fast, int merged) {
    for (std::size_t i = 0; i + 1 < list.size(); ++i) {
      if (list[i] == slow && list[i + 1] == fast) {
        list[i] = merged;
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  };
  auto adjacent_or_absent = [](const std::vector<int>& list, int slow, int fast) {
    auto s = std::find(list.begin(), list.end(), slow),
         f = std::find(list.begin(), list.end(), fast);
    if (s == list.end() && f == list.end()) return true;
    return s != list.end() && f != list.end() && s + 1 == f;
  };
  auto drop_single = [&](std::vector<int>& list) {
    std::erase_if(list, [&](int v) { return pool->extent(v) == 1; });
  };
  drop_single(vars);
  for (std::vector<int>& list : also) drop_single(list);
  bool changed = true;
  while (changed) {
    changed = false;
    std::vector<std::vector<int>> lists = also;
    lists.push_back(vars);
    for (const std::vector<int>& list : lists) {
      for (std::size_t i = 0; i + 1 < list.size() && !changed; ++i) {
        int slow = list[i], fast = list[i + 1];
        bool is_legal = adjacent_or_absent(vars, slow, fast) && can_merge(slow, fast);
        for (const std::vector<int>& other : also) {
          is_legal = is_legal && adjacent_or_absent(other, slow, fast);
        }
        if (!is_legal || pool->var_count() > 60) continue;
        std::int64_t f = pool->extent(fast);
        int merged = pool->new_var(pool->extent(slow) * f);
        substitute({{slow, pool->quotient(pool->var(merged), f)},
                    {fast, pool->modulo(pool->var(merged), f)}});
        merge_in(vars, slow, fast, merged);
        for (std::vector<int>& other : also) merge_in(other, slow, fast, merged);
        changed = true;
      }
      if (changed) break;
    }
  }
}

NestPart pointwise_part(Domain d, Nest& nest, const Target& target) {
  NestPart part;
  part.pool = d.pool;
  ExprPool& pool = *d.pool;
  std::vector<int> vars = d.vars;
  std::vector<Stmt> body = stores_of(d);
  if (vars.empty()) {
    part.body = std::move(body);
    return part;
  }
  int fast = vars.back();
  std::vector<int> outer(vars.begin(), vars.end() - 1);
  if (outer.empty() && !nest.streams) {
    Stmt s = units_stmt(part, vars, 1);
    s.loop = LoopKind::kVector;
    s.body = std::move(body);
    part.body.push_back(std::move(s));
    return part;
  }
  std::int64_t work = pool.extent(fast);
  std::vector<Stmt> inner;
  int across = transposed_var(d, vars);
  if (across >= 0) {
    int fast_tile = pool.new_var(ceil_div(pool.extent(fast), kTile));
    int across_tile = pool.new_var(ceil_div(pool.extent(across), kTile));
    inner = tile_stmts(d, nest, target, fast, across, fast_tile, across_tile);
    std::erase(outer, across);
    outer.push_back(fast_tile);
    outer.push_back(across_tile);  // the next tile lies beside this one in the turned input
    work = kTile * kTile;
  } else if (work > 2 * kUnitElements) {
    int chunk = pool.new_var(ceil_div(work, kUnitElements));
    inner.push_back(
        streamed(pool, nest,
                 chunk_loop(pool, fast, kUnitElements, LoopKind::kVector, chunk, std::move(body))));
    outer.push_back(chunk);
    work = kUnitElements;
  } else {
    inner.push_back(
        streamed(pool, nest, loop_stmt(pool, fast, LoopKind::kVector, std::move(body))));
  }
  Stmt units = units_stmt(part, outer, work);
  units.body = std::move(inner);
  part.body.push_back(std::move(units));
  return part;
}

}  // namespace bafe
