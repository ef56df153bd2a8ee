// Columns of numbers to polynomials. In: the values of each size in all samples. Out: a polynomial
// for each. The simplest form that fits is taken: a constant, a symbol, a multiple, a sum with a
// constant, a product or a sum of two symbols, a general linear form. Invariant: dims_ gives every
// column its values under the symbols' columns.

#include "express_sizes.h"

#include <algorithm>

#include "bafe/base/format.h"

namespace bafe {
namespace {

constexpr std::size_t kMostDivisors = 8, kSamplesOfALine = 3;

bool all_equal(const std::vector<std::int64_t>& column) {
  return std::all_of(column.begin(), column.end(), [&](auto v) { return v == column[0]; });
}

/// The constant c with column = c * other.
std::optional<std::int64_t> ratio(const std::vector<std::int64_t>& column,
                                  const std::vector<std::int64_t>& other) {
  if (other[0] == 0 || column[0] % other[0] != 0) return std::nullopt;
  const std::int64_t factor = column[0] / other[0];
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (other[i] == 0 || column[i] % other[i] != 0 || column[i] / other[i] != factor)
      return std::nullopt;
  }
  return factor;
}

}  // namespace

std::optional<ExpressedSizes::Column> ExpressedSizes::known(const List& column) {
  Column out;
  for (Dim dim : column) {
    if (!dim.is_const()) return std::nullopt;
    out.push_back(dim.value());
  }
  return out;
}

void ExpressedSizes::add_argument(const List& column) {
  if (auto values = known(column)) arguments_.push_back(std::move(*values));
}

void ExpressedSizes::add_derived(const List& column) {
  if (auto values = known(column)) derived_.push_back(std::move(*values));
}

bool ExpressedSizes::solve() {
  while (!solve_once()) {
    if (divisors_.size() >= kMostDivisors || !divides(unsolved_)) return false;
  }
  return true;
}

/// Is an argument a multiple of `column`? Then `column` becomes the symbol.
bool ExpressedSizes::divides(const Column& column) {
  if (std::find(divisors_.begin(), divisors_.end(), column) != divisors_.end()) return false;
  const bool found = std::any_of(arguments_.begin(), arguments_.end(), [&](const Column& argument) {
    return !all_equal(argument) && ratio(argument, column).has_value();
  });
  if (found) divisors_.push_back(column);
  return found;
}

void ExpressedSizes::add_symbol(const Column& column) {
  const Dim dim = Dim::symbol(format("n{}", symbols_.size()));
  symbols_.push_back({dim, column});
  dims_[column] = dim;
}

bool ExpressedSizes::solve_once() {
  symbols_.clear();
  dims_.clear();
  for (const Column& argument : arguments_) {
    if (all_equal(argument) || dims_.contains(argument)) continue;
    std::optional<Dim> dim = relates_ ? express(argument) : std::nullopt;
    for (const Column& divisor : divisors_) {
      if (dim || !ratio(argument, divisor)) continue;
      if (!dims_.contains(divisor)) add_symbol(divisor);
      dim = dims_[divisor] * Dim(*ratio(argument, divisor));
    }
    if (dim) {
      dims_[argument] = *dim;
    } else {
      add_symbol(argument);
    }
  }
  for (const Column& column : derived_) {
    if (all_equal(column) || dims_.contains(column)) continue;
    const std::optional<Dim> dim = express(column);
    if (!dim) {
      unsolved_ = column;
      return false;
    }
    dims_[column] = *dim;
  }
  return true;
}

std::optional<Dim> ExpressedSizes::multiple(const Column& column) const {
  for (const Symbol& s : symbols_) {
    if (auto factor = ratio(column, s.column)) return s.dim * Dim(*factor);
  }
  for (const Symbol& s : symbols_) {
    Column gap = column;
    for (std::size_t i = 0; i < gap.size(); ++i) gap[i] -= s.column[i];
    if (all_equal(gap)) return s.dim + Dim(gap[0]);
  }
  return std::nullopt;
}

std::optional<Dim> ExpressedSizes::pair(const Column& column) const {
  for (std::size_t a = 0; a < symbols_.size(); ++a) {
    for (std::size_t b = a; b < symbols_.size(); ++b) {
      Column product = symbols_[a].column, sum = product;
      for (std::size_t i = 0; i < product.size(); ++i) {
        sum[i] += symbols_[b].column[i];
        const __int128 wide = static_cast<__int128>(product[i]) * symbols_[b].column[i];
        product[i] = wide < (std::int64_t{1} << 62) ? static_cast<std::int64_t>(wide) : 0;
      }
      if (auto factor = ratio(column, product))
        return symbols_[a].dim * symbols_[b].dim * Dim(*factor);
      if (column == sum) return symbols_[a].dim + symbols_[b].dim;
    }
  }
  return std::nullopt;
}

std::optional<Dim> ExpressedSizes::affine(const Column& column) const {
  if (column.size() < kSamplesOfALine) return std::nullopt;  // two points lie on many lines
  for (const Symbol& s : symbols_) {
    std::size_t other = 1;
    while (other < column.size() && s.column[other] == s.column[0]) ++other;
    if (other == column.size()) continue;
    const std::int64_t run = s.column[other] - s.column[0], rise = column[other] - column[0];
    if (rise % run != 0) continue;
    const std::int64_t slope = rise / run, offset = column[0] - slope * s.column[0];
    bool fits = true;
    for (std::size_t i = 0; i < column.size(); ++i) {
      fits = fits && static_cast<__int128>(slope) * s.column[i] + offset == column[i];
    }
    if (fits) return s.dim * Dim(slope) + Dim(offset);
  }
  return std::nullopt;
}

std::optional<Dim> ExpressedSizes::express(const Column& column) const {
  if (auto dim = multiple(column)) return dim;
  if (auto dim = pair(column)) return dim;
  return affine(column);
}

Dim ExpressedSizes::of(const List& column) const {
  const auto values = known(column);
  if (!values || all_equal(*values)) return column[0];
  return dims_.at(*values);
}

std::vector<std::string> ExpressedSizes::symbols() const {
  std::vector<std::string> out;
  for (const Symbol& s : symbols_) out.push_back(s.dim.text());
  return out;
}

std::string ExpressedSizes::unsolved() const {
  std::string out;
  for (std::int64_t value : unsolved_) out += format("{}{}", out.empty() ? "" : ", ", value);
  return out;
}

}  // namespace bafe
