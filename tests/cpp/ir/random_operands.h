#pragma once
/// Where the operands of random programs come from: a pool of values, inputs and fills made as they
/// are needed.

#include <functional>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "ir/random_inputs.h"

namespace bafe {

struct RandomProgramOptions {
  int steps = 10;  ///< operators called; each may leave several nodes
  int max_rank = 4;
  std::int64_t max_elements = 2048;
  std::vector<std::int64_t> sizes = {0, 1, 2, 3, 5, 8, 17};
  std::vector<DType> dtypes = {};  ///< empty: all
  int max_roots = 2;
  bool linear_algebra = true;  ///< solve, cholesky, inv
  bool named = true;           ///< fused_* nodes
  bool weak_scalars = true;
  /// Operators to draw from; empty: all.
  std::function<bool(const OpInfo&)> allow = {};
};

class RandomOperands {
 protected:
  RandomOperands(std::uint64_t seed, RandomProgramOptions options)
      : random_(seed), options_(std::move(options)), builder_(graph_) {
    if (options_.dtypes.empty()) {
      for (int i = 0; i < kDTypeCount; ++i) options_.dtypes.push_back(static_cast<DType>(i));
    }
  }

  void keep(ValueId v) { pool_.push_back(v); }
  const Type& type(ValueId v) const { return graph_.type(v); }
  std::int64_t count(ValueId v) const { return num_elements(type(v).shape).value(); }
  std::int64_t size(ValueId v, int axis) const {
    return type(v).shape[static_cast<std::size_t>(axis)].value();
  }
  DType random_dtype() { return random_.pick(options_.dtypes); }

  Shape random_shape(int rank) {
    Shape shape;
    std::int64_t elements = 1;
    for (int i = 0; i < rank; ++i) {
      std::int64_t n = random_.pick(options_.sizes);
      // Empty arrays are worth a few programs, not most of them.
      if (n == 0 && !random_.chance(25)) n = 2;
      if (elements * n > options_.max_elements) n = 1;
      elements *= std::max<std::int64_t>(n, 1);
      shape.push_back(n);
    }
    return shape;
  }
  Type random_type() {
    return {random_dtype(), random_shape(random_.below(options_.max_rank + 1))};
  }

  ValueId input(Type t, bool weak = false) {
    return graph_.add_input({format("x{}", graph_.inputs().size()), "row", weak, std::move(t)});
  }

  /// A value of the pool that passes; else a new input made to pass. Recent values are likelier.
  ValueId operand(const std::function<bool(const Type&)>& passes,
                  const std::function<Type()>& fresh) {
    std::vector<ValueId> fit;
    for (std::size_t i = 0; i < pool_.size(); ++i) {
      if (!passes(type(pool_[i]))) continue;
      fit.push_back(pool_[i]);
      if (i + 3 >= pool_.size()) fit.insert(fit.end(), 3, pool_[i]);
    }
    if (fit.empty() || random_.chance(10)) {
      ValueId made = input(fresh());
      keep(made);
      return made;
    }
    return random_.pick(fit);
  }
  ValueId any() {
    return operand([](const Type&) { return true; }, [&] { return random_type(); });
  }
  ValueId of_rank(int low, const std::function<bool(DType)>& fits = {}) {
    auto passes = [&](const Type& t) { return t.rank() >= low && (!fits || fits(t.dtype)); };
    return operand(passes, [&] {
      Type t = {random_dtype(), random_shape(std::max(low, random_.below(options_.max_rank + 1)))};
      if (fits && !fits(t.dtype)) t.dtype = first_fit(fits);
      return t;
    });
  }
  DType first_fit(const std::function<bool(DType)>& fits) const {
    for (int i = kDTypeCount; i-- > 0;) {
      if (fits(static_cast<DType>(i))) return static_cast<DType>(i);
    }
    return DType::kF32;
  }
  ValueId floats(int low = 0) { return of_rank(low, is_float); }

  /// Another operand for a pointwise operator beside x: same shape, or one that stretches to it.
  ValueId beside(ValueId x) {
    if (random_.chance(20)) return x;
    if (random_.chance(25))
      return graph_.add_fill(Scalar::of(type(x).dtype, random_.below(7) - 3), type(x).shape);
    if (options_.weak_scalars && random_.chance(10)) {
      bool is_real = is_float(type(x).dtype) || random_.chance(30);
      return input({is_real ? DType::kF64 : DType::kI64, {}}, true);
    }
    if (random_.chance(40)) {
      Shape shape = type(x).shape;
      for (Dim& n : shape) {
        if (random_.chance(30)) n = 1;
      }
      if (!shape.empty() && random_.chance(30)) shape.erase(shape.begin());
      return input({random_.chance(70) ? type(x).dtype : random_dtype(), shape});
    }
    return operand([&](const Type& t) { return t.shape == type(x).shape; },
                   [&] {
                     return Type{type(x).dtype, type(x).shape};
                   });
  }

  /// Integer divisors must not be zero.
  ValueId odd(ValueId x) {
    DType dtype = type(x).dtype;
    if (is_float(dtype)) return x;
    return builder_.call("bitwise_or", std::vector{x, builder_.literal(Scalar::of(dtype, 1), x)});
  }

  /// Integer powers must not be negative.
  ValueId small_power(ValueId base, ValueId exponent) {
    if (is_float(type(base).dtype) || is_float(type(exponent).dtype)) return exponent;
    ValueId plain = builder_.cast(exponent, type(base).dtype);
    return builder_.call(
        "bitwise_and",
        std::vector{plain, builder_.literal(Scalar::of(type(plain).dtype, 3), plain)});
  }

  Random random_;
  RandomProgramOptions options_;
  Graph graph_;
  Builder builder_;
  std::vector<ValueId> pool_;
};

}  // namespace bafe
