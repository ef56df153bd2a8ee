// In: a pool of values. Out: a value made of several operators in a usual arrangement.

#include "idioms.h"

#include <array>

#include "bafe/ir/convolution.h"
#include "bafe/ir/einsum.h"
#include "bafe/ir/impose.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

ValueId call(ValuePool& pool, std::string_view name, std::vector<ValueId> operands,
             Attrs attrs = {}) {
  return pool.builder.call(name, operands, std::move(attrs));
}

ValueId splat(ValuePool& pool, double value, ValueId like) {
  return pool.builder.literal(Scalar::of(pool.type(like).dtype, value), like);
}

List swapped_last(int rank) {
  List out;
  for (int i = 0; i < rank; ++i) out.push_back(i);
  std::swap(out[out.size() - 1], out[out.size() - 2]);
  return out;
}

std::int64_t some(ValuePool& pool) {
  return 1 + pool.chance.below(pool.chance.percent(30) ? 33 : 8);
}

ValueId attention(ValuePool& pool) {
  const DType dtype = pool.float_dtype();
  const std::int64_t rows = some(pool), keys = some(pool), width = 1 + pool.chance.below(16);
  Shape batch;
  if (pool.chance.percent(50)) batch = {1 + pool.chance.below(3)};
  auto typed = [&](std::int64_t a, std::int64_t b) {
    Type out{dtype, batch};
    out.shape.push_back(a);
    out.shape.push_back(b);
    return out;
  };
  const ValueId q = pool.input(typed(rows, width)), k = pool.input(typed(keys, width)),
                v = pool.input(typed(keys, width));
  ValueId scores = pool.builder.matmul(
      q, pool.builder.transpose(k, swapped_last(static_cast<int>(batch.size()) + 2)));
  scores = call(pool, "mul", {scores, splat(pool, 0.25, scores)});
  if (rows == keys && pool.chance.percent(30)) {
    const ValueId seen = call(pool, "tril", {splat(pool, 1, scores)}, {Dim(0)});
    const ValueId is_seen = call(pool, "equal", {seen, splat(pool, 1, seen)});
    scores = call(pool, "where", {is_seen, scores, splat(pool, -30000, scores)});
  }
  const Dim last(static_cast<std::int64_t>(batch.size()) + 1);
  return pool.builder.matmul(call(pool, "softmax", {scores}, {List{last}}), v);
}

ValueId layer(ValuePool& pool) {
  ValueId x = pool.floats(2);
  const Type type = pool.type(x);
  const std::int64_t width = some(pool);
  x = pool.builder.matmul(x, pool.input({type.dtype, {type.shape.back(), width}}));
  x = call(pool, "add", {x, pool.input({type.dtype, {width}})});
  static const std::vector<std::string> kActivations = {"relu", "gelu", "silu", "tanh", "sigmoid"};
  return call(pool, pool.chance.of(kActivations), {x});
}

ValueId normed(ValuePool& pool) {
  const ValueId x = pool.floats(1);
  const List axes = {Dim(pool.rank(x) - 1)};
  if (pool.count(x) == 0) return {};
  const Shape shape = pool.type(x).shape;  // a copy: types move as nodes are added
  const ValueId mean = pool.builder.broadcast(call(pool, "mean", {x}, {axes}), shape);
  const ValueId d = call(pool, "sub", {x, mean});
  const ValueId variance = call(pool, "mean", {call(pool, "square", {d})}, {axes});
  const ValueId scale =
      call(pool, "rsqrt", {call(pool, "add", {variance, splat(pool, 0.01, variance)})});
  return call(pool, "mul", {d, pool.builder.broadcast(scale, shape)});
}

ValueId chain(ValuePool& pool) {
  const DType dtype = pool.chance.percent(80) ? pool.float_dtype() : pool.dtype();
  std::int64_t rows = some(pool), inner = some(pool);
  ValueId out = pool.input({dtype, {rows, inner}});
  for (int more = 2 + pool.chance.below(2); more-- > 0;) {
    const std::int64_t next = pool.chance.percent(25) ? 1 : some(pool);
    out = pool.builder.matmul(out, pool.input({dtype, {inner, next}}));
    inner = next;
  }
  return out;
}

ValueId structured(ValuePool& pool) {
  static const std::vector<std::string> kNames = {
      "lower",    "upper",     "diagonal", "tridiagonal",      "banded(1,2)",
      "identity", "symmetric", "zero",     "block_diagonal(2)"};
  const std::int64_t n = 2 * (1 + pool.chance.below(9));
  const DType dtype = pool.float_dtype();
  const ValueId a =
      impose_structure(pool.builder, pool.input({dtype, {n, n}}), pool.chance.of(kNames));
  const ValueId b =
      pool.chance.percent(50)
          ? pool.input({dtype, {n, some(pool)}})
          : impose_structure(pool.builder, pool.input({dtype, {n, n}}), pool.chance.of(kNames));
  return pool.builder.matmul(a, b);
}

ImageWindows windows_of(ValuePool& pool) {
  ImageWindows out;
  if (pool.chance.percent(40)) out.layout = ImageLayout::kNhwc;
  for (std::size_t i = 0; i < 2; ++i) {
    out.stride[i] = 1 + pool.chance.below(2);
    out.dilation[i] = 1 + pool.chance.below(2);
    out.low[i] = pool.chance.below(2);
    out.high[i] = pool.chance.below(2);
  }
  out.same = pool.chance.percent(30);
  return out;
}

ValueId image(ValuePool& pool) {
  const ImageWindows windows = windows_of(pool);
  const bool is_nchw = windows.layout == ImageLayout::kNchw;
  const std::int64_t n = 1 + pool.chance.below(2), c = 1 + pool.chance.below(4),
                     h = 4 + pool.chance.below(5), w = 4 + pool.chance.below(5);
  const DType dtype = pool.chance.percent(80) ? pool.float_dtype() : pool.dtype();
  const ValueId x = pool.input({dtype, is_nchw ? Shape{n, c, h, w} : Shape{n, h, w, c}});
  const std::int64_t kh = 1 + pool.chance.below(2), kw = 1 + pool.chance.below(2);
  if (pool.chance.percent(50)) {
    std::optional<std::array<std::int64_t, 2>> size = std::array<std::int64_t, 2>{kh + 1, kw + 1};
    if (pool.chance.percent(15)) size.reset();
    return pool.chance.percent(50)
               ? max_pool2d(pool.builder, x, size, windows, {})
               : avg_pool2d(pool.builder, x, size, windows, pool.chance.percent(50), {});
  }
  const std::int64_t groups = pool.chance.percent(25) ? c : 1,
                     out = groups * (1 + pool.chance.below(3));
  const ValueId weights = pool.input(
      {dtype, is_nchw ? Shape{out, c / groups, kh, kw} : Shape{kh, kw, c / groups, out}});
  std::optional<ValueId> bias;
  if (pool.chance.percent(40)) bias = pool.input({dtype, {out}});
  return conv2d(pool.builder, x, weights, bias, windows, groups, {});
}

ValueId summed(ValuePool& pool) {
  struct Form {
    const char* equation;
    std::vector<std::string> operands;
  };
  static const std::vector<Form> kForms = {{"ij,jk->ik", {"ij", "jk"}},
                                           {"ij,kj->ki", {"ij", "kj"}},
                                           {"bij,bjk->bik", {"bij", "bjk"}},
                                           {"ij,ij->", {"ij", "ij"}},
                                           {"ii->i", {"ii"}},
                                           {"ij->j", {"ij"}},
                                           {"i,j->ij", {"i", "j"}},
                                           {"ij,jk,kl->il", {"ij", "jk", "kl"}},
                                           {"bhqd,bhkd->bhqk", {"bhqd", "bhkd"}},
                                           {"ij,i->j", {"ij", "i"}}};
  const Form& form = pool.chance.of(kForms);
  const DType dtype = pool.chance.percent(70) ? pool.float_dtype() : pool.dtype();
  std::array<std::int64_t, 128> sizes;
  for (std::int64_t& n : sizes) n = 1 + pool.chance.below(7);
  std::vector<ValueId> operands;
  for (const std::string& letters : form.operands) {
    Shape shape;
    for (char c : letters) shape.push_back(sizes[static_cast<std::size_t>(c)]);
    operands.push_back(pool.input({dtype, shape}));
  }
  return einsum(pool.builder, form.equation, operands, {});
}

/// (a + b) c, a c + b c, sums of products with common factors.
ValueId factored(ValuePool& pool) {
  const DType dtype = pool.float_dtype();
  const std::int64_t m = some(pool), k = some(pool), n = some(pool);
  const ValueId a = pool.input({dtype, {m, k}}), b = pool.input({dtype, {m, k}}),
                c = pool.input({dtype, {k, n}});
  const ValueId left = pool.builder.matmul(a, c), right = pool.builder.matmul(b, c);
  return call(pool, pool.chance.percent(50) ? "add" : "sub", {left, right});
}

}  // namespace

ValueId safe_matrix(ValuePool& pool, bool is_symmetric) {
  const std::int64_t n = 1 + pool.chance.below(6);
  const Shape shape = pool.chance.percent(30) ? Shape{2, n, n} : Shape{n, n};
  const DType dtype = pool.chance.percent(50) ? DType::kF32 : DType::kF64;
  ValueId tame = call(pool, "tanh", {pool.input({dtype, shape})});
  if (is_symmetric)
    tame = pool.builder.matmul(
        tame, pool.builder.transpose(tame, swapped_last(static_cast<int>(shape.size()))));
  const ValueId ones =
      pool.graph.add_fill(Scalar::of(dtype, 2.0 * static_cast<double>(n) + 1), {n});
  return call(pool, "add", {tame, call(pool, "diag", {ones}, {Dim(0)})});
}

ValueId add_idiom(ValuePool& pool) {
  using Maker = ValueId (*)(ValuePool&);
  static const std::vector<Maker> kMakers = {attention, layer, normed, chain,   structured,
                                             image,     image, summed, factored};
  return pool.chance.of(kMakers)(pool);
}

}  // namespace bafe
