// Comes in: indices that hold sizes known when the kernel runs. Goes out: canonical polynomials of
// atoms. Invariant: a product is one atom over sorted factors, so equal polynomials are equal
// nodes; a quotient takes out whatever the divisor divides for every value of the sizes.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/codegen/expr.h"

namespace bafe {
namespace {

constexpr __int128 kMost = std::int64_t{1} << 61;  // ranges saturate here

std::int64_t saturated(__int128 value) {
  return static_cast<std::int64_t>(std::clamp<__int128>(value, -kMost, kMost));
}

std::int64_t floor_of(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}

using Terms = std::vector<std::pair<Ex, std::int64_t>>;

}  // namespace

Ex ExprPool::size(int k, std::int64_t lo, std::int64_t hi) {
  BAFE_CHECK(k >= 0 && lo <= hi && lo >= -kMost && hi <= kMost, "a size has a range");
  if (lo == hi) return integer(lo);
  ExNode n;
  n.kind = ExKind::kSize;
  n.is_index = true;
  n.is_sized = true;
  n.number = k;
  n.lo = lo;
  n.hi = hi;
  const Ex found = intern(n);
  BAFE_CHECK(node(found).lo == lo && node(found).hi == hi, "a size has one range");
  return found;
}

Ex ExprPool::product_of_atoms(Ex a, Ex b) {
  ExNode n;
  n.kind = ExKind::kProduct;
  n.is_index = true;
  __int128 lo = 1, hi = 1;
  for (Ex side : {a, b}) {
    const ExNode& s = node(side);
    if (s.kind == ExKind::kProduct)
      n.args.insert(n.args.end(), s.args.begin(), s.args.end());
    else
      n.args.push_back(side);
    const __int128 ends[4] = {lo * s.lo, lo * s.hi, hi * s.lo, hi * s.hi};
    lo = saturated(*std::min_element(ends, ends + 4));
    hi = saturated(*std::max_element(ends, ends + 4));
  }
  std::sort(n.args.begin(), n.args.end());
  n.lo = saturated(lo);
  n.hi = saturated(hi);
  return intern(std::move(n));
}

Ex ExprPool::mul(Ex a, Ex b) {
  if (is_constant(a)) return scale(b, node(a).number);
  if (is_constant(b)) return scale(a, node(b).number);
  Terms left, right;
  std::int64_t left_number = 0, right_number = 0;
  as_linear(a, 1, left_number, left);
  as_linear(b, 1, right_number, right);
  Ex sum = add(scale(a, right_number), scale(sub(b, integer(right_number)), left_number));
  for (auto& [x, c] : left) {
    for (auto& [y, d] : right) sum = add(sum, scale(product_of_atoms(x, y), c * d));
  }
  return sum;
}

/// a = divisor * first + second, where `divisor` is an atom and divides no term of the second.
std::pair<Ex, Ex> ExprPool::divided(Ex a, Ex divisor) {
  Terms terms;
  std::int64_t number = 0;
  as_linear(a, 1, number, terms);
  Ex whole = integer(0), rest = integer(number);
  for (auto& [atom, c] : terms) {
    std::vector<Ex> factors;
    if (node(atom).kind == ExKind::kProduct) factors = node(atom).args;
    auto at = std::find(factors.begin(), factors.end(), divisor);
    if (atom == divisor) {
      whole = add(whole, integer(c));
    } else if (at != factors.end()) {
      factors.erase(at);
      Ex other = factors[0];
      for (std::size_t i = 1; i < factors.size(); ++i) other = mul(other, factors[i]);
      whole = add(whole, scale(other, c));
    } else {
      rest = add(rest, scale(atom, c));
    }
  }
  const ExNode& r = node(rest);  // a digit of this base is below it, whatever the base is
  const bool is_digit = r.kind == ExKind::kVar && extent_of(static_cast<int>(r.number)) == divisor;
  const bool is_modulo = r.kind == ExKind::kModulo && r.number == 0 && r.args[1] == divisor;
  const bool is_small = r.lo >= 0 && r.hi < node(divisor).lo;
  if (is_digit || is_modulo || is_small) return {whole, Ex{}};
  return {whole, rest};
}

Ex ExprPool::quotient(Ex a, Ex divisor) {
  const ExNode by = node(divisor);
  if (is_constant(divisor)) return quotient(a, by.number);
  BAFE_CHECK(by.lo > 0, "a divisor read when the kernel runs is above 0");
  if (is_constant(a) && node(a).number == 0) return a;
  auto [whole, rest] = divided(a, divisor);
  if (!rest.valid()) return whole;
  const ExNode r = node(rest);
  ExNode n;
  n.kind = ExKind::kQuotient;
  n.is_index = true;
  n.args = {rest, divisor};
  n.lo = std::min(floor_of(r.lo, by.lo), floor_of(r.lo, by.hi));
  n.hi = std::max(floor_of(r.hi, by.lo), floor_of(r.hi, by.hi));
  return add(whole, intern(std::move(n)));
}

Ex ExprPool::modulo(Ex a, Ex divisor) {
  const ExNode by = node(divisor);
  if (is_constant(divisor)) return modulo(a, by.number);
  BAFE_CHECK(by.lo > 0, "a divisor read when the kernel runs is above 0");
  auto [whole, rest] = divided(a, divisor);
  if (!rest.valid()) return sub(a, mul(whole, divisor));
  const ExNode r = node(rest);
  ExNode n;
  n.kind = ExKind::kModulo;
  n.is_index = true;
  n.args = {rest, divisor};
  n.hi = r.lo >= 0 ? std::min(r.hi, by.hi - 1) : by.hi - 1;
  return intern(std::move(n));
}

Ex ExprPool::lookup(Ex index, Ex extent) {
  const ExNode i = node(index), most = node(extent);
  if (is_constant(extent)) return lookup(index, most.number);
  const bool is_own = i.kind == ExKind::kVar && extent_of(static_cast<int>(i.number)) == extent;
  if (is_own || (i.lo >= 0 && i.hi < most.lo)) return index;
  ExNode n;
  n.kind = ExKind::kLookup;
  n.is_index = true;
  n.number = -1;
  n.args = {index, extent};
  n.hi = std::max<std::int64_t>(most.hi - 1, 0);
  return intern(std::move(n));
}

}  // namespace bafe
