// Comes in: construction calls. Goes out: canonical, hash-consed nodes. Between calls: operands
// precede users, every index node carries a range that holds for all values of its variables, and
// no two nodes are equal.

#include "bafe/codegen/expr.h"

#include <algorithm>
#include <numeric>

#include "bafe/base/error.h"
#include "bafe/base/hash.h"

namespace bafe {
namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 61;  // ranges saturate here

std::int64_t clamp_range(__int128 value) {
  return static_cast<std::int64_t>(std::clamp<__int128>(value, -kFar, kFar));
}
std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

std::uint64_t hash_node(const ExNode& n) {
  std::uint64_t h =
      hash_mix(static_cast<std::uint64_t>(n.kind), static_cast<std::uint64_t>(n.prim));
  h = hash_mix(h, static_cast<std::uint64_t>(n.dtype) << 8 | static_cast<std::uint64_t>(n.reduce));
  h = hash_mix(hash_mix(h, static_cast<std::uint64_t>(n.number)), n.bits);
  for (auto [atom, c] : n.terms) h = hash_mix(hash_mix(h, atom.id), static_cast<std::uint64_t>(c));
  for (Ex a : n.args) h = hash_mix(h, a.id);
  for (int v : n.vars) h = hash_mix(h, static_cast<std::uint64_t>(v));
  return h;
}
bool equal_nodes(const ExNode& a, const ExNode& b) {
  return a.kind == b.kind && a.prim == b.prim && a.dtype == b.dtype && a.reduce == b.reduce &&
         a.number == b.number && a.bits == b.bits && a.terms == b.terms && a.args == b.args &&
         a.vars == b.vars;
}

}  // namespace

Ex ExprPool::intern(ExNode node) {
  std::uint64_t hash = hash_node(node);
  auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (equal_nodes(nodes_[it->second], node)) return Ex{it->second};
  }
  for (Ex a : node.args) node.free |= nodes_[a.id].free;
  for (auto& term : node.terms) node.free |= nodes_[term.first.id].free;
  for (Ex a : node.args) node.is_sized |= nodes_[a.id].is_sized;
  for (auto& term : node.terms) node.is_sized |= nodes_[term.first.id].is_sized;
  for (int v : node.vars) node.free &= ~(std::uint64_t{1} << v);
  auto id = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(std::move(node));
  by_hash_.emplace(hash, id);
  return Ex{id};
}

int ExprPool::new_var(Ex extent) {
  BAFE_CHECK(extents_.size() < 64, "a kernel has at most 64 loop variables");
  BAFE_CHECK(node(extent).is_index && node(extent).free == 0, "an extent depends on no variable");
  extents_.push_back(extent);
  return static_cast<int>(extents_.size()) - 1;
}

std::int64_t ExprPool::extent(int var) const {
  BAFE_CHECK(is_constant(extent_of(var)), "the extent is known before the kernel runs");
  return node(extent_of(var)).number;
}

Ex ExprPool::var(int v) {
  const ExNode extent = node(extent_of(v));
  if (extent.lo == 1 && extent.hi == 1) return integer(0);
  ExNode n;
  n.kind = ExKind::kVar;
  n.is_index = true;
  n.is_sized = extent.is_sized;
  n.number = v;
  n.hi = std::max<std::int64_t>(extent.hi - 1, 0);
  n.free = std::uint64_t{1} << v;
  return intern(std::move(n));
}

void ExprPool::as_linear(Ex e, std::int64_t factor, std::int64_t& number,
                         std::vector<std::pair<Ex, std::int64_t>>& terms) const {
  const ExNode& n = node(e);
  BAFE_CHECK(n.is_index, "index arithmetic takes indices");
  if (n.kind != ExKind::kLinear) {
    terms.emplace_back(e, factor);
    return;
  }
  number += factor * n.number;
  for (auto [atom, c] : n.terms) terms.emplace_back(atom, c * factor);
}

/// Sorts, adds equal atoms, and joins q*d*(x/d) + q*(x mod d) to q*x.
Ex ExprPool::linear(std::int64_t number, std::vector<std::pair<Ex, std::int64_t>> terms) {
  std::sort(terms.begin(), terms.end());
  std::vector<std::pair<Ex, std::int64_t>> sum;
  for (auto& term : terms) {
    if (!sum.empty() && sum.back().first == term.first)
      sum.back().second += term.second;
    else
      sum.push_back(term);
  }
  std::erase_if(sum, [](auto& t) { return t.second == 0; });
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const ExNode& m = node(sum[i].first);
    if (m.kind != ExKind::kModulo) continue;
    for (std::size_t j = 0; j < sum.size(); ++j) {
      std::int64_t factor = sum[i].second;
      if (sum[j].second != factor * m.number) continue;
      Ex whole = joined_digits(sum[i].first, sum[j].first);
      if (!whole.valid()) continue;
      sum.erase(sum.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
      sum.erase(sum.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
      as_linear(whole, factor, number, sum);
      return linear(number, std::move(sum));
    }
  }
  if (sum.size() == 1 && number == 0 && sum[0].second == 1) return sum[0].first;
  ExNode n;
  n.kind = ExKind::kLinear;
  n.is_index = true;
  n.number = number;
  __int128 lo = number, hi = number;
  for (auto [atom, c] : sum) {
    __int128 a = static_cast<__int128>(node(atom).lo) * c;
    __int128 b = static_cast<__int128>(node(atom).hi) * c;
    lo += std::min(a, b);
    hi += std::max(a, b);
  }
  n.lo = clamp_range(lo);
  n.hi = clamp_range(hi);
  n.terms = std::move(sum);
  return intern(std::move(n));
}

/// x where low = x mod d and high = x / d; x mod (d e) where high = (x / d) mod e.
Ex ExprPool::joined_digits(Ex low, Ex high) {
  const ExNode m = node(low), h = node(high);
  const bool is_digit = h.kind == ExKind::kModulo;
  const ExNode& q = is_digit ? node(h.args[0]) : h;
  if (q.kind != ExKind::kQuotient || q.number != m.number || q.args != m.args) return {};
  return is_digit ? modulo(m.args[0], m.number * h.number) : m.args[0];
}

Ex ExprPool::integer(std::int64_t value) { return linear(value, {}); }

Ex ExprPool::add(Ex a, Ex b) {
  std::int64_t number = 0;
  std::vector<std::pair<Ex, std::int64_t>> terms;
  as_linear(a, 1, number, terms);
  as_linear(b, 1, number, terms);
  return linear(number, std::move(terms));
}
Ex ExprPool::sub(Ex a, Ex b) { return add(a, scale(b, -1)); }

Ex ExprPool::scale(Ex a, std::int64_t factor) {
  std::int64_t number = 0;
  std::vector<std::pair<Ex, std::int64_t>> terms;
  as_linear(a, factor, number, terms);
  return linear(number, std::move(terms));
}

/// A factor g of d such that index = g * x + small with small in [0, g); 1 when there is none.
std::pair<std::int64_t, Ex> ExprPool::split_factor(Ex index, std::int64_t d) {
  std::vector<std::pair<Ex, std::int64_t>> terms;
  std::int64_t number = 0;
  as_linear(index, 1, number, terms);
  for (auto& candidate : terms) {
    std::int64_t g = std::gcd(candidate.second, d);
    if (g <= 1 || g >= d) continue;
    std::vector<std::pair<Ex, std::int64_t>> rest;
    for (auto& term : terms) {
      if (term.second % g != 0) rest.push_back(term);
    }
    Ex small = linear(number - floor_div(number, g) * g, std::move(rest));
    if (node(small).lo >= 0 && node(small).hi < g) return {g, small};
  }
  return {1, index};
}

/// index / factor where every part is a multiple of it.
Ex ExprPool::exact(Ex index, std::int64_t factor) {
  std::vector<std::pair<Ex, std::int64_t>> terms;
  std::int64_t number = 0;
  as_linear(index, 1, number, terms);
  for (auto& term : terms) term.second /= factor;
  return linear(number / factor, std::move(terms));
}

/// a = d * whole + rest with coefficients of rest in [0, d).
Ex ExprPool::quotient(Ex a, std::int64_t d) {
  if (d <= 0) return integer(0);  // only sizes of 0 ask, and nothing is then read
  if (d == 1) return a;
  std::int64_t number = 0;
  std::vector<std::pair<Ex, std::int64_t>> terms, whole, rest;
  as_linear(a, 1, number, terms);
  std::int64_t common = d;
  for (auto [atom, c] : terms) {
    std::int64_t q = floor_div(c, d);
    if (q != 0) whole.emplace_back(atom, q);
    if (c - q * d != 0) {
      rest.emplace_back(atom, c - q * d);
      common = std::gcd(common, c - q * d);
    }
  }
  std::int64_t q = floor_div(number, d);
  Ex multiple = linear(q, std::move(whole));
  Ex remainder = linear(number - q * d, std::move(rest));
  if (node(remainder).lo >= 0 && node(remainder).hi < d) return multiple;
  if (common > 1) {  // floor((g x + k) / (g e)) = floor((x + floor(k / g)) / e)
    std::vector<std::pair<Ex, std::int64_t>> reduced;
    std::int64_t k = 0;
    as_linear(remainder, 1, k, reduced);
    for (auto& term : reduced) term.second /= common;
    return add(multiple, quotient(linear(floor_div(k, common), std::move(reduced)), d / common));
  }
  if (auto [factor, small] = split_factor(remainder, d); factor > 1) {
    return add(multiple, quotient(exact(sub(remainder, small), factor), d / factor));
  }
  ExNode r = node(remainder);
  if (r.kind == ExKind::kQuotient) return add(multiple, quotient(r.args[0], r.number * d));
  if (r.kind == ExKind::kModulo && r.number % d == 0) {
    return add(multiple, modulo(quotient(r.args[0], d), r.number / d));
  }
  if (floor_div(r.lo, d) == floor_div(r.hi, d)) return add(multiple, integer(floor_div(r.lo, d)));
  ExNode n;
  n.kind = ExKind::kQuotient;
  n.is_index = true;
  n.number = d;
  n.args = {remainder};
  n.lo = floor_div(r.lo, d);
  n.hi = floor_div(r.hi, d);
  return add(multiple, intern(std::move(n)));
}

Ex ExprPool::modulo(Ex a, std::int64_t d) {
  if (d <= 1) return integer(0);
  std::int64_t number = 0;
  std::vector<std::pair<Ex, std::int64_t>> terms, rest;
  as_linear(a, 1, number, terms);
  for (auto [atom, c] : terms) {
    std::int64_t r = c - floor_div(c, d) * d;
    if (r != 0) rest.emplace_back(atom, r);
  }
  Ex remainder = linear(number - floor_div(number, d) * d, std::move(rest));
  ExNode r = node(remainder);
  if (r.lo >= 0 && r.hi < d) return remainder;
  if (floor_div(r.lo, d) == floor_div(r.hi, d)) {
    return sub(remainder, integer(floor_div(r.lo, d) * d));
  }
  if (auto [factor, small] = split_factor(remainder, d); factor > 1) {
    return add(scale(modulo(exact(sub(remainder, small), factor), d / factor), factor), small);
  }
  if (r.kind == ExKind::kModulo && r.number % d == 0) return modulo(r.args[0], d);
  ExNode n;
  n.kind = ExKind::kModulo;
  n.is_index = true;
  n.number = d;
  n.args = {remainder};
  n.hi = d - 1;
  return intern(std::move(n));
}

Ex ExprPool::to_index(Ex value) {
  const ExNode& v = node(value);
  if (v.kind == ExKind::kOfIndex && dtype_info(v.dtype).bits == 64) return v.args[0];
  if (v.kind == ExKind::kConst) return integer(Scalar{v.dtype, v.bits}.as_int());
  ExNode n;
  n.kind = ExKind::kToIndex;
  n.is_index = true;
  n.args = {value};
  n.lo = -kFar;
  n.hi = kFar;
  return intern(std::move(n));
}

Ex ExprPool::lookup(Ex index, std::int64_t extent) {
  const ExNode& i = node(index);
  if (i.lo >= 0 && i.hi < extent) return index;
  if (i.hi < 0 && i.lo >= -extent) return add(index, integer(extent));
  ExNode n;
  n.kind = ExKind::kLookup;
  n.is_index = true;
  n.number = extent;
  n.args = {index};
  n.hi = std::max<std::int64_t>(extent - 1, 0);
  return intern(std::move(n));
}

Ex ExprPool::pick(Ex cond, Ex a, Ex b) {
  if (a == b) return a;
  if (is_constant(cond)) return node(cond).bits != 0 ? a : b;
  ExNode n;
  n.kind = ExKind::kPick;
  n.is_index = true;
  n.args = {cond, a, b};
  n.lo = std::min(node(a).lo, node(b).lo);
  n.hi = std::max(node(a).hi, node(b).hi);
  return intern(std::move(n));
}

Ex ExprPool::less(Ex a, Ex b) {
  const ExNode& gap = node(sub(b, a));
  if (gap.lo > 0) return truth(true);
  if (gap.hi <= 0) return truth(false);
  ExNode n;
  n.kind = ExKind::kLess;
  n.dtype = DType::kBool;
  n.args = {a, b};
  return intern(std::move(n));
}

Ex ExprPool::same(Ex a, Ex b) {
  const ExNode& gap = node(sub(b, a));
  if (gap.lo > 0 || gap.hi < 0) return truth(false);
  if (gap.lo == 0 && gap.hi == 0) return truth(true);
  ExNode n;
  n.kind = ExKind::kSame;
  n.dtype = DType::kBool;
  n.args = {a, b};
  return intern(std::move(n));
}

bool ExprPool::is_constant(Ex e) const {
  const ExNode& n = node(e);
  return (n.kind == ExKind::kLinear && n.terms.empty()) || n.kind == ExKind::kConst;
}

std::int64_t ExprPool::coefficient(Ex index, int var, bool* hidden) const {
  const ExNode& n = node(index);
  if (n.kind == ExKind::kVar) return n.number == var ? 1 : 0;
  std::int64_t result = 0;
  if (n.kind == ExKind::kLinear) {
    for (auto [atom, c] : n.terms) {
      if (node(atom).kind == ExKind::kVar && node(atom).number == var)
        result = c;
      else if (depends(atom, var) && hidden)
        *hidden = true;
    }
  } else if (depends(index, var) && hidden) {
    *hidden = true;
  }
  return result;
}

}  // namespace bafe
