// Nests whose extents and strides are read from size[] when the kernel runs.

#include <gtest/gtest.h>

#include <numeric>

#include "bafe/base/error.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/nest.h"
#include "bafe/codegen/plan.h"
#include "codegen/gemm_compile.h"

namespace bafe {
namespace {

constexpr std::int64_t kMany = std::int64_t{1} << 40;

std::string c_of(const Nest& nest) {
  std::set<std::string> functions;
  const std::string body = emit_nest_c(nest, functions);
  return math_functions_c(functions, host_target()) + body;
}

/// out[i, j] = a[i, j] + b[j, i]: both extents, and so all strides, are sizes.
Nest sum_with_transpose() {
  Nest nest;
  nest.symbol = "sized";
  const int a = nest.add_slot(DType::kF32, false, 0), b = nest.add_slot(DType::kF32, false, 1);
  const int out = nest.add_slot(DType::kF32, true, 2);
  NestPart part;
  part.pool = std::make_shared<ExprPool>();
  ExprPool& pool = *part.pool;
  const Ex rows = pool.size(0, 1, kMany), columns = pool.size(1, 1, kMany);
  const int i = pool.new_var(rows), j = pool.new_var(columns);
  const Ex here = pool.add(pool.mul(pool.var(i), columns), pool.var(j));
  const Ex there = pool.add(pool.mul(pool.var(j), rows), pool.var(i));
  Stmt store;
  store.kind = Stmt::kStore;
  store.buffer = out;
  store.index = here;
  store.value = pool.prim(Prim::kAdd, DType::kF32,
                          {pool.load(a, DType::kF32, here), pool.load(b, DType::kF32, there)});
  Stmt loop;
  loop.kind = Stmt::kLoop;
  loop.loop = LoopKind::kVector;
  loop.var = j;
  loop.base = pool.integer(0);
  loop.count = kSized;
  loop.limit = columns;
  loop.body = {store};
  Stmt units;
  units.kind = Stmt::kUnits;
  units.unit_vars = {{i, kSized}};
  units.per = 2;
  units.total = kSized;
  units.limit = rows;
  units.body = {loop};
  part.units = kSized;
  part.sized_units = pool.quotient(pool.add(rows, pool.integer(1)), 2);
  part.body = {units};
  nest.parts.push_back(std::move(part));
  return nest;
}

TEST(SizedNest, ReadsExtentsAndStridesFromSizes) {
  const CompiledC compiled(c_of(sum_with_transpose()), host_target());
  const KernelFn kernel = compiled.get<std::remove_pointer_t<KernelFn>>("sized");
  for (auto [m, n] : {std::pair{1, 1}, {3, 5}, {7, 2}, {16, 33}}) {
    std::vector<float> a(static_cast<std::size_t>(m * n)), b(a.size()), out(a.size(), -1);
    std::iota(a.begin(), a.end(), 0.0f);
    std::iota(b.begin(), b.end(), 100.0f);
    void* slots[] = {a.data(), b.data(), out.data()};
    const std::int64_t sizes[] = {m, n};
    EXPECT_EQ(kernel(slots, sizes, nullptr, 0, (m + 1) / 2), 0);
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        const auto at = static_cast<std::size_t>(i * n + j);
        EXPECT_EQ(out[at], a[at] + b[static_cast<std::size_t>(j * m + i)]);
      }
    }
  }
}

/// Two variables in one unit loop, and a second part after a part of run-time length.
TEST(SizedNest, DecodesUnitsOfSeveralParts) {
  Nest nest;
  nest.symbol = "parts";
  const int out = nest.add_slot(DType::kI64, true, 0);
  for (int p = 0; p < 2; ++p) {
    NestPart part;
    part.pool = std::make_shared<ExprPool>();
    ExprPool& pool = *part.pool;
    const Ex rows = pool.size(0, 1, kMany), columns = pool.size(1, 1, kMany);
    const int i = pool.new_var(rows), j = pool.new_var(columns);
    const Ex flat = pool.add(pool.mul(pool.var(i), columns), pool.var(j));
    Stmt store;
    store.kind = Stmt::kStore;
    store.buffer = out;
    store.index = pool.add(flat, pool.scale(pool.mul(rows, columns), p));
    store.value =
        pool.of_index(pool.add(pool.scale(pool.var(i), 1000 * (p + 1)), pool.var(j)), DType::kI64);
    Stmt units;
    units.kind = Stmt::kUnits;
    units.unit_vars = {{i, kSized}, {j, kSized}};
    units.total = kSized;
    units.limit = pool.mul(rows, columns);
    units.body = {store};
    part.units = kSized;
    part.sized_units = pool.mul(rows, columns);
    part.body = {units};
    nest.parts.push_back(std::move(part));
  }
  const CompiledC compiled(c_of(nest), host_target());
  const KernelFn kernel = compiled.get<std::remove_pointer_t<KernelFn>>("parts");
  std::vector<std::int64_t> got(2 * 3 * 4, -1);
  void* slots[] = {got.data()};
  const std::int64_t sizes[] = {3, 4};
  EXPECT_EQ(kernel(slots, sizes, nullptr, 5, 15), 0);
  for (std::int64_t u = 0; u < 24; ++u) {
    const std::int64_t at = u % 12, expected = at / 4 * 1000 * (u / 12 + 1) + at % 4;
    EXPECT_EQ(got[static_cast<std::size_t>(u)], u >= 5 && u < 15 ? expected : -1);
  }
  EXPECT_THROW(nest.units(), InternalError);
}

TEST(SizedIndex, IsAPolynomialOfSizes) {
  ExprPool pool;
  const Ex n = pool.size(0, 1, kMany), m = pool.size(1, 1, kMany);
  const Ex i = pool.var(pool.new_var(m)), j = pool.var(pool.new_var(n));
  const Ex flat = pool.add(pool.mul(i, n), j);
  EXPECT_EQ(pool.quotient(flat, n), i);
  EXPECT_EQ(pool.modulo(flat, n), j);
  EXPECT_EQ(pool.mul(pool.add(n, m), pool.sub(n, m)), pool.sub(pool.mul(n, n), pool.mul(m, m)));
  EXPECT_EQ(pool.lookup(j, n), j);
  EXPECT_NE(pool.lookup(j, m), j);
  bool hidden = false;
  EXPECT_EQ(pool.coefficient(flat, 0, &hidden), 0);
  EXPECT_TRUE(hidden);
}

TEST(SizedIndex, ComesBackUnchangedFromARewrite) {
  ExprPool pool;
  const Ex n = pool.size(0, 1, kMany);
  const int k = pool.new_var(64);
  const Ex flat = pool.mul(pool.var(k), n);
  const Ex digits = pool.add(pool.quotient(pool.var(k), n), pool.modulo(pool.var(k), n));
  EXPECT_EQ(pool.substitute(flat, {{k, pool.integer(3)}}), pool.scale(n, 3));
  EXPECT_EQ(pool.substitute(digits, {}), digits);
}

}  // namespace
}  // namespace bafe
