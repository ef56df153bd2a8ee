// Sizes. In: integers and symbols. Out: Dims whose bits are equal exactly when their polynomials
// are. Invariant: a row of the polynomial table never changes and never holds a constant; the mutex
// is taken for symbolic Dims only.
#include "bafe/ir/dim.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <unordered_map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/hash.h"
#include "bafe/ir/binding.h"

namespace bafe {
namespace {

constexpr std::int64_t kLimit = std::int64_t{1} << 62;
// Products of sums grow with the power of the rank, and rows are kept for good. 2^8 terms are those
// of eight axes of two terms each.
constexpr std::size_t kMostTerms = 256, kMostFactors = 64;

/// Symbols with repetition, sorted. The longer one comes first, so that the constant term is last.
using Monomial = std::vector<std::string>;
struct LongerFirst {
  bool operator()(const Monomial& a, const Monomial& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};
using Polynomial = std::map<Monomial, std::int64_t, LongerFirst>;

[[noreturn]] void throw_overflow() {
  throw ShapeError({}, "size", "a size leaves the range of 62 bits").fix("use smaller arrays");
}

[[noreturn]] void throw_too_long() {
  throw ShapeError({}, "size",
                   format("a size has over {} terms or {} factors", kMostTerms, kMostFactors))
      .fix("give sums of symbols a symbol of their own");
}

std::int64_t checked(__int128 value) {
  if (value >= kLimit || value <= -kLimit) throw_overflow();
  return static_cast<std::int64_t>(value);
}

std::string monomial_text(const Monomial& symbols) {
  std::string out;
  for (const std::string& s : symbols) out += (out.empty() ? "" : "*") + s;
  return out;
}

std::string polynomial_text(const Polynomial& p) {
  std::string out;
  for (const auto& [symbols, coefficient] : p) {
    bool negative = coefficient < 0;
    std::int64_t magnitude = negative ? -coefficient : coefficient;
    if (out.empty()) {
      out += negative ? "-" : "";
    } else {
      out += negative ? " - " : " + ";
    }
    if (symbols.empty()) {
      out += std::to_string(magnitude);
    } else {
      if (magnitude != 1) out += std::to_string(magnitude) + "*";
      out += monomial_text(symbols);
    }
  }
  return out.empty() ? "0" : out;
}

struct Row {
  Polynomial polynomial;
  std::string text;
};

struct Table {
  std::mutex mutex;
  std::deque<Row> rows;  // a deque keeps references valid while it grows
  std::unordered_map<std::string, std::int64_t> by_text;
};

Table& table() {
  static Table* instance =
      new Table;  // lives as long as the process: Dims may outlive static destructors
  return *instance;
}

std::int64_t intern(Polynomial p) {
  std::string text = polynomial_text(p);
  Table& t = table();
  std::lock_guard lock(t.mutex);
  auto [it, is_new] = t.by_text.emplace(text, static_cast<std::int64_t>(t.rows.size()));
  if (is_new) t.rows.push_back({std::move(p), std::move(text)});
  return it->second;
}

const Row& row_at(std::int64_t bits) {
  Table& t = table();
  std::lock_guard lock(t.mutex);
  return t.rows[static_cast<std::size_t>(bits - std::numeric_limits<std::int64_t>::min())];
}

void add_term(Polynomial& p, const Monomial& symbols, std::int64_t coefficient) {
  auto [it, is_new] = p.emplace(symbols, coefficient);
  if (!is_new) it->second = checked(static_cast<__int128>(it->second) + coefficient);
  if (it->second == 0) p.erase(it);
  if (p.size() > kMostTerms) throw_too_long();
}

Monomial multiply(const Monomial& a, const Monomial& b) {
  Monomial out(a.size() + b.size());
  if (out.size() > kMostFactors) throw_too_long();
  std::merge(a.begin(), a.end(), b.begin(), b.end(), out.begin());
  return out;
}

}  // namespace

/// The door between the private bits of a Dim and the table.
struct DimTable {
  static Polynomial read(Dim d) {
    if (!d.is_const()) return row_at(d.bits_).polynomial;
    Polynomial p;
    if (d.bits_ != 0) p.emplace(Monomial{}, d.bits_);
    return p;
  }
  static Dim make(Polynomial p) {
    if (p.empty()) return Dim(0);
    if (p.size() == 1 && p.begin()->first.empty()) return Dim(checked(p.begin()->second));
    Dim d;
    d.bits_ = std::numeric_limits<std::int64_t>::min() + intern(std::move(p));
    return d;
  }
  static const std::string& text(Dim d) { return row_at(d.bits_).text; }
};

Dim Dim::symbol(std::string_view name) {
  Polynomial p;
  p.emplace(Monomial{std::string(name)}, 1);
  return DimTable::make(std::move(p));
}

std::int64_t Dim::value() const {
  BAFE_CHECK(is_const(), "a size that is asked for its value is a constant");
  return bits_;
}

std::string Dim::text() const { return is_const() ? std::to_string(bits_) : DimTable::text(*this); }

std::uint64_t Dim::hash() const {
  if (is_const()) return hash_mix(0x5a3e, static_cast<std::uint64_t>(bits_));
  return hash_text(DimTable::text(*this));
}

std::optional<std::int64_t> dim_value(Dim dim, const Binding& binding) {
  if (dim.is_const()) return dim.value();
  std::int64_t total = 0;
  for (const auto& [symbols, coefficient] : DimTable::read(dim)) {
    std::int64_t term = coefficient;
    for (const std::string& symbol : symbols) {
      const std::optional<std::int64_t> value = binding.find(symbol);
      if (!value) return std::nullopt;
      term = checked(static_cast<__int128>(term) * *value);
    }
    total = checked(static_cast<__int128>(total) + term);
  }
  return total;
}

std::optional<LinearDim> linear_dim(Dim dim) {
  LinearDim out;
  for (const auto& [symbols, coefficient] : DimTable::read(dim)) {
    if (symbols.empty()) {
      out.offset = coefficient;
    } else if (symbols.size() == 1 && out.symbol.empty()) {
      out.symbol = symbols[0];
      out.factor = coefficient;
    } else {
      return std::nullopt;
    }
  }
  if (out.symbol.empty()) return std::nullopt;
  return out;
}

Dim operator+(Dim a, Dim b) {
  if (a.is_const() && b.is_const()) return checked(static_cast<__int128>(a.bits_) + b.bits_);
  Polynomial sum = DimTable::read(a);
  for (const auto& [symbols, c] : DimTable::read(b)) add_term(sum, symbols, c);
  return DimTable::make(std::move(sum));
}

Dim operator-(Dim a, Dim b) {
  if (a.is_const() && b.is_const()) return checked(static_cast<__int128>(a.bits_) - b.bits_);
  return a + b * Dim(-1);
}

Dim operator*(Dim a, Dim b) {
  if (a.is_const() && b.is_const()) return checked(static_cast<__int128>(a.bits_) * b.bits_);
  Polynomial product;
  Polynomial right = DimTable::read(b);
  for (const auto& [sa, ca] : DimTable::read(a)) {
    for (const auto& [sb, cb] : right) {
      add_term(product, multiply(sa, sb), checked(static_cast<__int128>(ca) * cb));
    }
  }
  return DimTable::make(std::move(product));
}

Dim num_elements(const Shape& shape) {
  for (Dim d : shape) {
    if (d == Dim(0)) return 0;
  }
  Dim count = 1;
  for (Dim d : shape) count = count * d;
  return count;
}

bool is_concrete(const Shape& shape) {
  for (Dim d : shape) {
    if (!d.is_const()) return false;
  }
  return true;
}

std::vector<std::int64_t> concrete(const Shape& shape) {
  std::vector<std::int64_t> out;
  out.reserve(shape.size());
  for (Dim d : shape) out.push_back(d.value());
  return out;
}

std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) {
    strides[i - 1] = checked(static_cast<__int128>(strides[i]) * sizes[i]);
  }
  return strides;
}

std::string shape_text(const Shape& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) out += (i ? ", " : "") + shape[i].text();
  return out + "]";
}

}  // namespace bafe
