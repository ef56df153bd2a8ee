// In: two results of one type. Out: the first element that breaks the promise of a numeric class,
// with numbers.
#include "compare.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/format.h"
#include "bafe/ir/rounding.h"

namespace bafe {
namespace {

std::string number(const Scalar& s) {
  return is_float(s.dtype) ? format("{:.9g}", s.as_double()) : format("{}", s.as_int());
}

/// The smallest positive number: errors below it are underflow, not instability.
double tiny(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return 0x1p-24;
    case DType::kF64:
      return 0x1p-1022;
    default:
      return 0x1p-126;
  }
}

}  // namespace

std::optional<Difference> exact_difference(const Tensor& left, const Tensor& right,
                                           NumericClass numeric) {
  bool floats = is_float(left.type().dtype);
  for (std::int64_t i = 0; i < left.count(); ++i) {
    Scalar l = left.at(i), r = right.at(i);
    if (l == r) continue;
    if (floats) {
      double a = l.as_double(), b = r.as_double();
      if (std::isnan(a) && std::isnan(b)) continue;
      if (numeric >= NumericClass::kSigns && a == 0 && b == 0) continue;
      if (numeric >= NumericClass::kFinite && !std::isfinite(a)) continue;
    }
    return Difference{
        i, format("element {}: the left side is {}, the right side {}", i, number(l), number(r))};
  }
  return std::nullopt;
}

void ErrorBudget::learn(const Tensor& left, const Tensor& reference) {
  for (std::int64_t i = 0; i < left.count(); ++i) {
    double l = left.at(i).as_double(), exact = reference.at(i).as_double();
    if (!std::isfinite(l) || !std::isfinite(exact)) continue;
    worst_left_ = std::max(worst_left_, std::fabs(l - exact));
    largest_ = std::max(largest_, std::fabs(exact));
  }
}

double ErrorBudget::allowed() const {
  return 16 * worst_left_ + 16 * unit_roundoff(dtype_) * largest_ + 16 * tiny(dtype_);
}

std::optional<Difference> ErrorBudget::excess(const Tensor& left, const Tensor& right,
                                              const Tensor& reference) const {
  for (std::int64_t i = 0; i < left.count(); ++i) {
    double l = left.at(i).as_double(), r = right.at(i).as_double();
    double exact = reference.at(i).as_double();
    if (!std::isfinite(l) || !std::isfinite(exact)) continue;
    if (std::isfinite(r) && std::fabs(r - exact) <= allowed()) continue;
    return Difference{
        i, format("element {}: exact {:.9g}, the left side is {:.9g}, the right side {:.9g}; "
                  "allowed error {:.3g}",
                  i, exact, l, r, allowed())};
  }
  return std::nullopt;
}

}  // namespace bafe
