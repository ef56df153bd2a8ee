#pragma once
/// Comparing two results under a numeric class.

#include <optional>
#include <string>

#include "bafe/ir/tensor.h"
#include "bafe/rules/rule.h"

namespace bafe {

/// Where two tensors differ.
struct Difference {
  std::int64_t element = 0;
  std::string detail;
};

/// Exact comparison for `bits`, `signs` and `finite`, and for integers under any class. NaN equals
/// NaN. Under `finite`, elements of the left that are not finite are skipped.
std::optional<Difference> exact_difference(const Tensor& left, const Tensor& right,
                                           NumericClass numeric);

/// The error that a right side may make, learnt from many results of the left side on one kind of
/// data: one result can be exact by luck.
class ErrorBudget {
 public:
  explicit ErrorBudget(DType dtype) : dtype_(dtype) {}
  /// `reference` is the left side in f64.
  void learn(const Tensor& left, const Tensor& reference);
  /// 16 max|left - reference| + 16 u max|left|.
  double allowed() const;
  /// The first element whose error is larger, or that is not finite where the left is.
  std::optional<Difference> excess(const Tensor& left, const Tensor& right,
                                   const Tensor& reference) const;

 private:
  DType dtype_;
  double worst_left_ = 0, largest_ = 0;
};

}  // namespace bafe
