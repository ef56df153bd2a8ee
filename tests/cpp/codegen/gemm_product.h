#pragma once
/// A product with all its buffers, its plain triple loop, and the comparison of the two. Several
/// products share one translation unit, because starting a compiler is the slow part.

#include "bafe/codegen/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>

#include "bafe/base/format.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/vector_c.h"
#include "codegen/gemm_compile.h"

namespace bafe::gemm_testing {

using Kernel = int(void* const*, const std::int64_t*, void*, std::int64_t, std::int64_t);

/// 64-byte aligned elements with a guard value behind them.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t count, T value = T(0)) : count_(count), bytes_(round_up(count)) {
    data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes_)));
    for (std::size_t i = 0; i < bytes_ / sizeof(T); ++i) data_[i] = value;
    for (std::size_t i = count_; i < bytes_ / sizeof(T); ++i) data_[i] = T(77);
  }
  T* data() { return data_.get(); }
  T& operator[](std::size_t i) { return data_[i]; }
  std::size_t size() const { return count_; }
  bool guard_intact() const {
    for (std::size_t i = count_; i < bytes_ / sizeof(T); ++i) {
      if (data_[i] != T(77)) return false;
    }
    return true;
  }

 private:
  static std::size_t round_up(std::size_t count) { return (count * sizeof(T) / 64 + 2) * 64; }
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::size_t count_, bytes_;
  std::unique_ptr<T[], Free> data_;
};

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  if constexpr (std::is_same_v<T, double>) return DType::kF64;
  if constexpr (std::is_same_v<T, std::int32_t>) return DType::kI32;
  if constexpr (std::is_same_v<T, std::int16_t>) return DType::kI16;
  if constexpr (std::is_same_v<T, std::uint64_t>) return DType::kU64;
  return DType::kI64;
}

template <class T>
void fill(Buffer<T>& buffer, std::mt19937& random) {
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      buffer[i] = static_cast<T>(std::uniform_real_distribution<double>(-1, 1)(random));
    } else {
      buffer[i] = static_cast<T>(random() * 2654435761u);
    }
  }
}

template <class T>
T step(T a, T b, T acc) {
  if constexpr (std::is_floating_point_v<T>) return std::fma(a, b, acc);
  return static_cast<T>(static_cast<std::uint64_t>(acc) +
                        static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

/// One product with all its buffers. `layout` gives the order of A, B, C: 'r' rows or 'c' columns
/// contiguous.
template <class T>
struct Product {
  GemmSpec spec;
  std::int64_t batches = 1;
  std::unique_ptr<Buffer<T>> a, b, c, d;
  std::function<T(T, std::int64_t, std::int64_t, std::int64_t)> finish = [](T acc, auto, auto,
                                                                            auto) { return acc; };

  Product(std::string name, std::int64_t m, std::int64_t n, std::int64_t k,
          const std::string& layout = "rrr", std::vector<std::int64_t> batch = {},
          bool repeat_b = false) {
    spec.name = std::move(name);
    spec.dtype = dtype_of<T>();
    spec.m = m, spec.n = n, spec.k = k;
    spec.batch = batch;
    spec.a = operand(0, m, k, layout[0], batch, false);
    spec.b = operand(1, k, n, layout[1], batch, repeat_b);
    spec.c = operand(2, m, n, layout[2], batch, false);
    spec.packed_slot = 4;
    for (std::int64_t dim : batch) batches *= dim;
    std::mt19937 random(static_cast<unsigned>(m * 31 + n * 7 + k));
    a = std::make_unique<Buffer<T>>(static_cast<std::size_t>(m * k * batches));
    b = std::make_unique<Buffer<T>>(static_cast<std::size_t>(k * n * (repeat_b ? 1 : batches)));
    c = std::make_unique<Buffer<T>>(static_cast<std::size_t>(m * n * batches), T(55));
    d = std::make_unique<Buffer<T>>(static_cast<std::size_t>(m * n * batches));
    fill(*a, random), fill(*b, random), fill(*d, random);
  }

  static GemmOperand operand(int slot, std::int64_t rows, std::int64_t cols, char order,
                             const std::vector<std::int64_t>& batch, bool repeat) {
    GemmOperand out{slot, order == 'r' ? cols : 1, order == 'r' ? 1 : rows, {}, 0, {}};
    std::int64_t stride = rows * cols;
    out.batch.assign(batch.size(), 0);
    for (std::size_t at = batch.size(); at-- > 0;) {
      out.batch[at] = repeat ? 0 : stride;
      stride *= batch[at];
    }
    return out;
  }
  static std::int64_t at(const GemmOperand& o, std::int64_t batch, std::int64_t size,
                         std::int64_t i, std::int64_t j) {
    const bool repeat = o.batch.empty() || o.batch.back() == 0;
    return (repeat ? 0 : batch * size) + i * o.row + j * o.col;
  }

  void expect(const CompiledC& code, const GemmSource& source, double tolerance = 0) {
    Buffer<T> packed(static_cast<std::size_t>(source.packed_bytes) / sizeof(T), T(9));
    Buffer<char> scratch(static_cast<std::size_t>(source.scratch_bytes), 3);
    void* slots[] = {a->data(), b->data(), c->data(), d->data(), packed.data()};
    if (source.packed_bytes) {
      auto pack = code.get<Kernel>(source.pack_symbol);
      for (std::int64_t u = source.pack_units; u-- > 0;)
        ASSERT_EQ(pack(slots, nullptr, nullptr, u, u + 1), 0);
    }
    auto run = code.get<Kernel>(source.symbol);
    const std::int64_t half = source.units / 2;
    ASSERT_EQ(run(slots, nullptr, scratch.data(), half, source.units), 0);
    ASSERT_EQ(run(slots, nullptr, scratch.data(), 0, half), 0);
    ASSERT_TRUE(packed.guard_intact() && scratch.guard_intact() && c->guard_intact()) << spec.name;
    compare(source, tolerance);
  }

  void compare(const GemmSource& source, double tolerance) {
    const GemmSpec& s = spec;
    for (std::int64_t batch = 0; batch < batches; ++batch) {
      for (std::int64_t i = 0; i < s.m; ++i) {
        for (std::int64_t j = 0; j < s.n; ++j) {
          T acc = 0;
          for (std::int64_t k = 0; k < s.k; ++k) {
            acc = step((*a)[static_cast<std::size_t>(at(s.a, batch, s.m * s.k, i, k))],
                       (*b)[static_cast<std::size_t>(at(s.b, batch, s.k * s.n, k, j))], acc);
          }
          const T want = finish(acc, batch, i, j);
          const T got = (*c)[static_cast<std::size_t>(at(s.c, batch, s.m * s.n, i, j))];
          if (tolerance == 0) {
            ASSERT_EQ(got, want) << s.name << " " << source.label << " at " << batch << "," << i
                                 << "," << j;
          } else {
            ASSERT_NEAR(static_cast<double>(got), static_cast<double>(want), tolerance)
                << s.name << " " << source.label;
          }
        }
      }
    }
  }
};

template <class T>
void expect_all(std::vector<std::unique_ptr<Product<T>>>& products, const Target& target,
                double tolerance = 0) {
  std::string text = vector_prelude_c(target);
  std::vector<GemmSource> sources;
  for (auto& product : products) {
    sources.push_back(emit_gemm(product->spec, target));
    text += sources.back().text;
  }
  const CompiledC code(text, target, "-O1");
  for (std::size_t i = 0; i < products.size(); ++i)
    products[i]->expect(code, sources[i], tolerance);
}

struct Size {
  std::int64_t m, n, k;
};

}  // namespace bafe::gemm_testing
