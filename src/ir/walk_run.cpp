// Steps over columns. In: operands and leaf columns. Out: the root's column. Invariant: each step
// writes its own register only; integers wrap modulo 2^64 and are narrowed when stored.
#include <cmath>

#include "bafe/base/division_error.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/scalar_math.h"
#include "bafe/ir/walk.h"

namespace bafe {
namespace {

template <class T, class F>
void map1(const WalkStep& step, std::vector<Column>& columns, int n, F f) {
  const T* a = columns[static_cast<std::size_t>(step.a)].template get<T>();
  using R = decltype(f(a[0]));
  R* out = columns[static_cast<std::size_t>(step.dst)].template fill<R>();
  for (int i = 0; i < n; ++i) out[i] = f(a[i]);
}

/// Whether an integer that is chosen is divided by zero.
template <class T>
bool divides_by_zero(const WalkStep& step, std::vector<Column>& columns, int n) {
  if constexpr (std::is_integral_v<T>) {
    const T* divisor = columns[static_cast<std::size_t>(step.b)].template get<T>();
    const std::uint8_t* mask =
        step.mask < 0 ? nullptr
                      : columns[static_cast<std::size_t>(step.mask)].template get<std::uint8_t>();
    for (int i = 0; i < n; ++i) {
      if (divisor[i] == 0 && (mask == nullptr || mask[i] != 0)) return true;
    }
  }
  return false;
}

template <class T, class F>
void map2(const WalkStep& step, std::vector<Column>& columns, int n, F f) {
  const T* a = columns[static_cast<std::size_t>(step.a)].template get<T>();
  const T* b = columns[static_cast<std::size_t>(step.b)].template get<T>();
  using R = decltype(f(a[0], b[0]));
  R* out = columns[static_cast<std::size_t>(step.dst)].template fill<R>();
  for (int i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
}

template <class T>
T neg_of(T a) {
  if constexpr (std::is_floating_point_v<T>)
    return -a;
  else
    return scalar::sub_of(T{0}, a);
}
template <class T>
T abs_of(T a) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fabs(a);
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return a < 0 ? neg_of(a) : a;
  else
    return a;
}

}  // namespace

const Column& Walker::run(std::span<const Tensor> operands, std::int64_t offset, int n) {
  for (const WalkStep& step : steps_) run_step(step, operands, offset, n);
  return columns_[static_cast<std::size_t>(root_)];
}

void Walker::run_step(const WalkStep& step, std::span<const Tensor> operands, std::int64_t offset,
                      int n) {
  switch (step.prim) {
    case Prim::kArg:
    case Prim::kLiteral:
    case Prim::kInteger:
    case Prim::kRead:
      return run_leaf(step, operands, offset, n);
    case Prim::kSelect:
      return run_select(step, n);
    case Prim::kLookup:
      return run_lookup(step, n);
    case Prim::kOfIndex:
      return run_of_index(step, n);
    case Prim::kCast:
      return convert_column(step.lane, columns_[static_cast<std::size_t>(step.a)], step.dtype, n,
                            columns_[static_cast<std::size_t>(step.dst)]);
    case Prim::kToIndex:
      return convert_column(step.lane, columns_[static_cast<std::size_t>(step.a)], DType::kI64, n,
                            columns_[static_cast<std::size_t>(step.dst)]);
    case Prim::kAnd:
    case Prim::kOr:
    case Prim::kXor:
    case Prim::kNot:
      return run_truth(step, n);
    default:
      break;
  }
  switch (step.lane) {
    case Lane::kF32:
      return run_arithmetic<float>(step, n);
    case Lane::kF64:
      return run_arithmetic<double>(step, n);
    case Lane::kI64:
      return run_arithmetic<std::int64_t>(step, n);
    case Lane::kU64:
      return run_arithmetic<std::uint64_t>(step, n);
    case Lane::kBool:
      return run_arithmetic<std::uint8_t>(step, n);
    case Lane::kRaw:
      break;
  }
  BAFE_CHECK(step.lane != Lane::kRaw, "stored bits are not computed with");
}

void Walker::run_leaf(const WalkStep& step, std::span<const Tensor> operands, std::int64_t offset,
                      int n) {
  Column& out = columns_[static_cast<std::size_t>(step.dst)];
  if (step.prim == Prim::kArg) {
    const Tensor& x = operands[static_cast<std::size_t>(step.number)];
    return load_strided(step.dtype, step.lane, x.data(), offset, 1, n, out);
  }
  if (step.prim == Prim::kRead) {
    return run_read(step, operands[static_cast<std::size_t>(step.number)], n);
  }
  if (step.prim == Prim::kInteger) {
    return static_cast<void>(std::fill_n(out.fill<std::int64_t>(), n, step.number));
  }
  auto fill = [&](auto value) { std::fill_n(out.fill<decltype(value)>(), n, value); };
  switch (step.lane) {
    case Lane::kF32:
      return fill(static_cast<float>(step.literal));
    case Lane::kF64:
      return fill(step.literal);
    case Lane::kI64:
      return fill(static_cast<std::int64_t>(step.literal));
    case Lane::kU64:
      return fill(static_cast<std::uint64_t>(step.literal));
    case Lane::kBool:
      return fill(static_cast<std::uint8_t>(step.literal != 0));
    case Lane::kRaw:
      return fill(Scalar::of(step.dtype, step.literal).bits);
  }
}

void Walker::run_read(const WalkStep& step, const Tensor& operand, int n) {
  std::int64_t flat[kWalkBlock] = {};
  for (std::size_t axis = 0; axis < step.indices.size(); ++axis) {
    const auto* index = columns_[static_cast<std::size_t>(step.indices[axis])].get<std::int64_t>();
    std::int64_t size = step.sizes[axis], stride = step.strides[axis];
    for (int i = 0; i < n; ++i) {
      bool is_inside = flat[i] >= 0 && index[i] >= 0 && index[i] < size;
      flat[i] = is_inside ? flat[i] + index[i] * stride : -1;
    }
  }
  load_at(step.dtype, step.lane, operand.data(), flat, n,
          columns_[static_cast<std::size_t>(step.dst)]);
}

void Walker::run_lookup(const WalkStep& step, int n) {
  const auto* index = columns_[static_cast<std::size_t>(step.a)].get<std::int64_t>();
  const auto* extent = columns_[static_cast<std::size_t>(step.b)].get<std::int64_t>();
  const std::uint8_t* mask =
      step.mask < 0 ? nullptr : columns_[static_cast<std::size_t>(step.mask)].get<std::uint8_t>();
  auto* out = columns_[static_cast<std::size_t>(step.dst)].fill<std::int64_t>();
  for (int i = 0; i < n; ++i) {
    out[i] = index[i] < 0 ? index[i] + extent[i] : index[i];
    if (out[i] >= 0 && out[i] < extent[i]) continue;
    if (mask != nullptr && mask[i] == 0) continue;
    throw ShapeError({}, subject_,
                     format("index {} is out of range for an axis of size {}", index[i], extent[i]))
        .fix(format("use indices from {} to {}", -extent[i], extent[i] - 1));
  }
}

void Walker::run_select(const WalkStep& step, int n) {
  const auto* condition = columns_[static_cast<std::size_t>(step.a)].get<std::uint8_t>();
  Column& out = columns_[static_cast<std::size_t>(step.dst)];
  auto select = [&](auto zero) {
    using T = decltype(zero);
    const T* then_side = columns_[static_cast<std::size_t>(step.b)].template get<T>();
    const T* else_side = columns_[static_cast<std::size_t>(step.c)].template get<T>();
    T* room = out.template fill<T>();
    for (int i = 0; i < n; ++i) room[i] = condition[i] != 0 ? then_side[i] : else_side[i];
  };
  switch (step.lane) {
    case Lane::kF32:
      return select(std::uint32_t{});
    case Lane::kBool:
      return select(std::uint8_t{});
    default:
      return select(std::uint64_t{});
  }
}

void Walker::run_of_index(const WalkStep& step, int n) {
  const Column& in = columns_[static_cast<std::size_t>(step.a)];
  Column& out = columns_[static_cast<std::size_t>(step.dst)];
  if (step.lane != Lane::kRaw) return convert_column(Lane::kI64, in, step.dtype, n, out);
  auto* room = out.fill<std::uint64_t>();
  for (int i = 0; i < n; ++i) room[i] = Scalar::of_int(step.dtype, in.get<std::int64_t>()[i]).bits;
}

void Walker::run_truth(const WalkStep& step, int n) {
  using B = std::uint8_t;
  switch (step.prim) {
    case Prim::kAnd:
      return map2<B>(step, columns_, n, [](B a, B b) { return B(a & b); });
    case Prim::kOr:
      return map2<B>(step, columns_, n, [](B a, B b) { return B(a | b); });
    case Prim::kXor:
      return map2<B>(step, columns_, n, [](B a, B b) { return B(a ^ b); });
    default:
      return map1<B>(step, columns_, n, [](B a) { return B(a == 0); });
  }
}

template <class T>
void Walker::run_arithmetic(const WalkStep& step, int n) {
  using B = std::uint8_t;
  auto& c = columns_;
  switch (step.prim) {
    case Prim::kNeg:
      return map1<T>(step, c, n, [](T a) { return neg_of(a); });
    case Prim::kAbs:
      return map1<T>(step, c, n, [](T a) { return abs_of(a); });
    case Prim::kAdd:
      return map2<T>(step, c, n, [](T a, T b) { return scalar::add_of(a, b); });
    case Prim::kSub:
      return map2<T>(step, c, n, [](T a, T b) { return scalar::sub_of(a, b); });
    case Prim::kMul:
      return map2<T>(step, c, n, [](T a, T b) { return scalar::mul_of(a, b); });
    case Prim::kMin:
      return map2<T>(step, c, n, [](T a, T b) { return scalar::min_of(a, b); });
    case Prim::kMax:
      return map2<T>(step, c, n, [](T a, T b) { return scalar::max_of(a, b); });
    case Prim::kMod:
      if (divides_by_zero<T>(step, c, n)) throw DivisionError(subject_);
      return map2<T>(step, c, n, [](T a, T b) { return scalar::mod_of(a, b); });
    case Prim::kFloorDiv:
      if (divides_by_zero<T>(step, c, n)) throw DivisionError(subject_);
      return map2<T>(step, c, n, [](T a, T b) { return scalar::floor_div_of(a, b); });
    case Prim::kLt:
      return map2<T>(step, c, n, [](T a, T b) { return B(a < b); });
    case Prim::kLe:
      return map2<T>(step, c, n, [](T a, T b) { return B(a <= b); });
    case Prim::kEq:
      return map2<T>(step, c, n, [](T a, T b) { return B(a == b); });
    case Prim::kIsNan:
      return map1<T>(step, c, n, [](T a) { return B(a != a); });
    case Prim::kIsFinite:
      return map1<T>(step, c, n, [](T a) { return B(std::isfinite(double(a))); });
    default:
      break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    run_float<T>(step, n);
  } else {
    run_integer<T>(step, n);
  }
}

template <class T>
void Walker::run_float(const WalkStep& step, int n) {
  auto& c = columns_;
  // f32 functions are computed in double and rounded once.
  auto through = [&](auto f) { map1<T>(step, c, n, [&](T a) { return T(f(double(a))); }); };
  switch (step.prim) {
    case Prim::kDiv:
      return map2<T>(step, c, n, [](T a, T b) { return a / b; });
    case Prim::kPow:
      return map2<T>(step, c, n, [](T a, T b) { return T(std::pow(double(a), double(b))); });
    case Prim::kSqrt:
      return map1<T>(step, c, n, [](T a) { return std::sqrt(a); });
    case Prim::kFloor:
      return map1<T>(step, c, n, [](T a) { return std::floor(a); });
    case Prim::kCeil:
      return map1<T>(step, c, n, [](T a) { return std::ceil(a); });
    case Prim::kRint:
      return map1<T>(step, c, n, [](T a) { return std::nearbyint(a); });
    case Prim::kExp:
      return through([](double x) { return std::exp(x); });
    case Prim::kExpm1:
      return through([](double x) { return std::expm1(x); });
    case Prim::kLog:
      return through([](double x) { return std::log(x); });
    case Prim::kLog1p:
      return through([](double x) { return std::log1p(x); });
    case Prim::kSin:
      return through([](double x) { return std::sin(x); });
    case Prim::kCos:
      return through([](double x) { return std::cos(x); });
    case Prim::kTanh:
      return through([](double x) { return std::tanh(x); });
    case Prim::kSigmoid:
      return through([](double x) { return scalar::sigmoid(x); });
    case Prim::kErf:
      return through([](double x) { return std::erf(x); });
    case Prim::kErfc:
      return through([](double x) { return std::erfc(x); });
    case Prim::kGelu:
      return through([](double x) { return scalar::gelu(x); });
    case Prim::kSilu:
      return through([](double x) { return scalar::silu(x); });
    default:
      break;
  }
  BAFE_CHECK(false, "the primitive is one of floats");
}

template <class T>
void Walker::run_integer(const WalkStep& step, int n) {
  auto& c = columns_;
  constexpr bool kIsBool = std::is_same_v<T, std::uint8_t>;
  switch (step.prim) {
    case Prim::kBitAnd:
      return map2<T>(step, c, n, [](T a, T b) { return T(a & b); });
    case Prim::kBitOr:
      return map2<T>(step, c, n, [](T a, T b) { return T(a | b); });
    case Prim::kBitXor:
      return map2<T>(step, c, n, [](T a, T b) { return T(a ^ b); });
    case Prim::kBitNot:
      return map1<T>(step, c, n, [](T a) { return kIsBool ? T(a == 0) : T(~a); });
    case Prim::kFloor:
    case Prim::kCeil:
    case Prim::kRint:
      return map1<T>(step, c, n, [](T a) { return a; });
    default:
      break;
  }
  if constexpr (!kIsBool) {
    switch (step.prim) {
      case Prim::kShl:
        return map2<T>(step, c, n, [](T a, T b) { return scalar::shift_left(a, b); });
      case Prim::kShr:
        return map2<T>(step, c, n, [](T a, T b) { return scalar::shift_right(a, b); });
      case Prim::kPow:
        break;
      default:
        BAFE_CHECK(false, "the primitive is one of integers");
    }
    const std::uint8_t* mask =
        step.mask < 0 ? nullptr
                      : c[static_cast<std::size_t>(step.mask)].template get<std::uint8_t>();
    const T* exponent = c[static_cast<std::size_t>(step.b)].template get<T>();
    for (int i = 0; i < n; ++i) {
      if (!(exponent[i] < T{0}) || (mask != nullptr && mask[i] == 0)) continue;
      throw ShapeError({}, subject_, "integers to negative integer powers are not allowed")
          .detail(format("an exponent is {}", exponent[i]))
          .fix("cast the base to a float type first");
    }
    return map2<T>(step, c, n, [](T a, T b) {
      return static_cast<T>(scalar::int_power(std::uint64_t(a), std::uint64_t(b)));
    });
  }
  BAFE_CHECK(!kIsBool, "the primitive is one of bools");
}

}  // namespace bafe
