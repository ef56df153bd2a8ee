// Matrix products. In: two dense stacks of matrices. Out: their products. Invariant: each float
// element is one chain acc = fma(a, b, acc) in ascending k from +0; integers wrap; bool is "or" of
// "and".
#include <algorithm>
#include <cmath>

#include "bafe/ir/walk.h"
#include "eval_parts.h"

namespace bafe {
namespace {

template <class T>
struct Matrices {
  std::int64_t m, n, k;
  const T *a, *b;
  T* c;
};

template <class T>
[[gnu::always_inline]] inline T multiply_add(T a, T b, T c) {
  if constexpr (std::is_same_v<T, float>)
    return __builtin_fmaf(a, b, c);
  else if constexpr (std::is_same_v<T, double>)
    return __builtin_fma(a, b, c);
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return static_cast<T>(c | (a & b));
  else
    return a * b + c;
}

constexpr std::int64_t kRows = 4, kColumns = 1024;

/// c is zeroed. Rows in fours, so that a row of b is read once for four rows of c; columns in
/// pieces that stay in the first-level cache.
template <class T>
[[gnu::always_inline]] inline void multiply_body(const Matrices<T>& x) {
  for (std::int64_t j0 = 0; j0 < x.n; j0 += kColumns) {
    std::int64_t width = std::min(kColumns, x.n - j0);
    for (std::int64_t i0 = 0; i0 < x.m; i0 += kRows) {
      std::int64_t rows = std::min(kRows, x.m - i0);
      for (std::int64_t p = 0; p < x.k; ++p) {
        const T* __restrict b = x.b + p * x.n + j0;
        for (std::int64_t i = i0; i < i0 + rows; ++i) {
          T a = x.a[i * x.k + p];
          T* __restrict c = x.c + i * x.n + j0;
          for (std::int64_t j = 0; j < width; ++j) c[j] = multiply_add(a, b[j], c[j]);
        }
      }
    }
  }
}

// One function a level of instructions: without them fma is a call, right but slow.
#if defined(__x86_64__)
template <class T>
[[gnu::target("avx512f,avx512dq,avx512vl,avx512bw,fma")]] void multiply_avx512(
    const Matrices<T>& x) {
  multiply_body(x);
}
template <class T>
[[gnu::target("avx2,fma")]] void multiply_avx2(const Matrices<T>& x) {
  multiply_body(x);
}
#endif

template <class T>
void multiply(const Matrices<T>& x) {
#if defined(__x86_64__)
  static const bool has_avx512 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("fma");
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx512) return multiply_avx512(x);
  if (has_avx2) return multiply_avx2(x);
#endif
  multiply_body(x);
}

/// Elements in the lane's type; the tensor's own memory when that is how they are stored.
template <class T>
const T* widened(const Tensor& x, Lane lane, std::vector<T>& room) {
  DType dtype = x.type().dtype;
  if (sizeof(T) == static_cast<std::size_t>(dtype_bytes(dtype))) return x.as<T>();
  room.resize(static_cast<std::size_t>(x.count()));
  Column column;
  for (std::int64_t at = 0; at < x.count(); at += kWalkBlock) {
    int n = static_cast<int>(std::min<std::int64_t>(kWalkBlock, x.count() - at));
    load_strided(dtype, lane, x.data(), at, 1, n, column);
    std::copy_n(column.get<T>(), n, room.data() + at);
  }
  return room.data();
}

template <class T>
void contract(const Tensor& a, const Tensor& b, Lane lane, Tensor& out) {
  std::vector<std::int64_t> left = concrete(a.type().shape), right = concrete(b.type().shape);
  std::int64_t m = left[left.size() - 2], k = left.back(), n = right.back();
  std::vector<T> room_a, room_b, room_c;
  const T* pa = widened(a, lane, room_a);
  const T* pb = widened(b, lane, room_b);
  DType dtype = out.type().dtype;
  bool is_direct = sizeof(T) == static_cast<std::size_t>(dtype_bytes(dtype));
  if (!is_direct) room_c.resize(static_cast<std::size_t>(out.count()));
  T* pc = is_direct ? out.as<T>() : room_c.data();
  std::int64_t batches = out.count() / (m * n);
  for (std::int64_t i = 0; i < batches; ++i) {
    multiply(Matrices<T>{m, n, k, pa + i * m * k, pb + i * k * n, pc + i * m * n});
  }
  if (is_direct) return;
  for (std::int64_t at = 0; at < out.count(); at += kWalkBlock) {
    int width = static_cast<int>(std::min<std::int64_t>(kWalkBlock, out.count() - at));
    Column column;
    column.at = pc + at;
    store_dense(dtype, lane, column, width, out.data(), at);
  }
}

}  // namespace

void eval_contraction(const Tensor& a, const Tensor& b, Tensor& out) {
  Lane lane = lane_of(out.type().dtype);
  switch (lane) {
    case Lane::kF32:
      return contract<float>(a, b, lane, out);
    case Lane::kF64:
      return contract<double>(a, b, lane, out);
    case Lane::kBool:
      return contract<std::uint8_t>(a, b, lane, out);
    default:
      return contract<std::uint64_t>(a, b, lane, out);  // two's complement: signs do not matter
  }
}

}  // namespace bafe
