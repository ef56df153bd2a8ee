// In: values of all nodes of a program. Out: a bound on what another order of its arithmetic may
// change, by their sizes alone.

#include "coarse_tolerance.h"

#include <algorithm>
#include <cmath>

#include "bafe/ir/op.h"
#include "bafe/ir/rounding.h"

namespace bafe {
namespace {

/// The largest Euclidean length of a row of `value` along its `axis`-th axis from the end.
double longest(const Tensor& value, std::size_t axis) {
  const std::vector<std::int64_t> sizes = concrete(value.type().shape);
  std::int64_t count = sizes[sizes.size() - axis], apart = axis == 1 ? 1 : sizes.back();
  double most = 0;
  for (std::int64_t i = 0; i < value.count(); ++i) {
    if (i / apart % count != 0) continue;
    double sum = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      const double x = value.at(i + k * apart).as_double();
      if (std::isfinite(x)) sum += x * x;
    }
    most = std::max(most, std::sqrt(sum));
  }
  return most;
}

/// What products of operands rounded to bf16 may err: the bound of amx.h, with sum |a||b| no larger
/// than the longest row by the longest column.
double rounding_of(const Graph& traced, const std::vector<Tensor>& values, double largest) {
  double error = 0;
  for (std::uint32_t i = 0; i < traced.size(); ++i) {
    const Node& node = traced.node(ValueId(i));
    if (op_info(node.op).kind != OpKind::kContraction || node.type.dtype != DType::kF32) continue;
    const Tensor &a = values[node.operands[0].index()], &b = values[node.operands[1].index()];
    if (!a.data() || !b.data() || a.count() == 0 || b.count() == 0) continue;
    const double k = static_cast<double>(concrete(a.type().shape).back());
    const double relative = 0x1p-7 + 0x1p-15 + k * 0x1p-23;
    error = std::max(error, relative * std::max(longest(a, 1) * longest(b, 2), largest));
  }
  return error;
}

}  // namespace

Tolerance tolerance_of(const Graph& traced, const std::vector<Tensor>& values, bool rounds) {
  Tolerance out;
  double largest = 0, coarsest = 0;
  for (const Tensor& value : values) {
    if (!value.data() || !is_float(value.type().dtype)) continue;
    out.is_exact = false;
    coarsest = std::max(coarsest, unit_roundoff(value.type().dtype));
    for (std::int64_t i = 0; i < value.count(); ++i) {
      double size = std::fabs(value.at(i).as_double());
      if (std::isfinite(size)) largest = std::max(largest, size);
    }
  }
  out.absolute = std::max(64 * coarsest, std::min(4096 * coarsest, 1e-3)) * largest;
  if (rounds) out.absolute = std::max(out.absolute, rounding_of(traced, values, largest));
  return out;
}

}  // namespace bafe
