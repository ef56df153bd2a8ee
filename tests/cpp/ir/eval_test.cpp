#include "bafe/ir/eval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "bafe/ir/scalar_math.h"
#include "bafe/ir/sum_order.h"
#include "bafe/ir/text.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

std::vector<Tensor> run(const char* text, const std::vector<Tensor>& inputs) {
  return evaluate(parse_program(text), inputs);
}

Tensor tensor_of(DType dtype, Shape shape, const std::vector<double>& values) {
  Tensor out(Type{dtype, std::move(shape)});
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.set(static_cast<std::int64_t>(i), Scalar::of(dtype, values[i]));
  }
  return out;
}

std::vector<double> numbers(const Tensor& x) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < x.count(); ++i) out.push_back(x.at(i).as_double());
  return out;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(type_bytes(a.type()))) == 0;
}

std::string error_of(const char* text, const std::vector<Tensor>& inputs) {
  try {
    run(text, inputs);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(RandomPrograms, AreValidAndEvaluate) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_program(seed);
    std::vector<Tensor> roots = evaluate(graph, random_inputs(graph, seed));
    ASSERT_EQ(roots.size(), graph.roots().size());
    for (std::size_t i = 0; i < roots.size(); ++i) {
      EXPECT_EQ(roots[i].type(), graph.type(graph.roots()[i]));
    }
  }
}

TEST(RandomPrograms, ReachEveryOperatorButConstants) {
  std::set<std::string_view> seen;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Graph graph = random_program(seed);
    for (ValueId id : graph.live()) seen.insert(op_info(graph.node(id).op).name);
  }
  for (const OpInfo& info : all_ops()) {
    const bool is_drawn = info.kind != OpKind::kExpand && info.kind != OpKind::kControl;
    if (!is_drawn || info.name == "constant") continue;
    EXPECT_TRUE(seen.count(info.name)) << info.name;
  }
}

TEST(RandomPrograms, AreEqualForEqualSeedsOnly) {
  EXPECT_EQ(random_program(3).hash(), random_program(3).hash());
  EXPECT_NE(random_program(3).hash(), random_program(4).hash());
}

TEST(Evaluate, KeepsEveryLiveValueWhenAsked) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Graph graph = random_program(seed);
    std::vector<Tensor> inputs = random_inputs(graph, seed);
    std::vector<Tensor> all = evaluate_all(graph, inputs), roots = evaluate(graph, inputs);
    for (ValueId id : graph.live()) EXPECT_EQ(all[id.index()].type(), graph.type(id));
    for (std::size_t i = 0; i < roots.size(); ++i) {
      EXPECT_TRUE(same_bits(all[graph.roots()[i].index()], roots[i]));
    }
  }
}

TEST(Evaluate, NamedCompositesEqualTheirDefinitions) {
  const char* text =
      "program main(a: f32[3, 4], b: f32[4, 5], c: f32[5]) -> f32[3, 5], f32[3, 5] "
      "{ return fused_matmul_bias_relu a b c, relu (bias_add (matmul a b) c) }";
  Graph graph = parse_program(text);
  std::vector<Tensor> out = evaluate(graph, random_inputs(graph, 1));
  EXPECT_TRUE(same_bits(out[0], out[1]));
}

TEST(Evaluate, RefusesOtherInputsThanDeclared) {
  const char* text = "program main(x: f32[3]) -> f32[3] { return relu x }";
  EXPECT_EQ(error_of(text, {}),
            "evaluate: the program has 1 inputs, 0 were given\n"
            "  fix: give one array an input, in order");
  EXPECT_EQ(error_of(text, {tensor_of(DType::kF64, {3}, {})}),
            "evaluate: input 0 (x) has another type\n  declared  f32[3]\n  given     f64[3]\n"
            "  fix: give an array of the declared type");
}

TEST(Evaluate, PlacesErrorsOfValuesAtTheOperator) {
  EXPECT_EQ(error_of("program main(x: f32[3], i: i32[2]) -> f32[2] {\n  return take x i :axis 0 }",
                     {tensor_of(DType::kF32, {3}, {}), tensor_of(DType::kI32, {2}, {2, -4})}),
            "<program>:2:10: take: index -4 is out of range for an axis of size 3\n"
            "  fix: use indices from -3 to 2");
  EXPECT_EQ(error_of("program main(x: i32[1], y: i32[1]) -> i32[1] { return pow x y }",
                     {tensor_of(DType::kI32, {1}, {2}), tensor_of(DType::kI32, {1}, {-1})}),
            "<program>:1:55: pow: integers to negative integer powers are not allowed\n"
            "  an exponent is -1\n  fix: cast the base to a float type first");
}

TEST(Evaluate, ReadsConstantsByDigest) {
  const char* text =
      "program main() -> f32[2] { return relu (constant :digest \"ab\" :dtype f32 :shape (2)) }";
  Graph graph = parse_program(text);
  ConstantTable table = {{"ab", tensor_of(DType::kF32, {2}, {-1, 2})}};
  EXPECT_EQ(numbers(evaluate(graph, {}, table)[0]), (std::vector<double>{0, 2}));
  EXPECT_THROW(evaluate(graph, {}), ShapeError);
}

TEST(Evaluate, AcceptsUnalignedMemory) {
  alignas(8) std::byte room[64] = {};
  float values[] = {1, 2, 3, 4};
  std::memcpy(room + 1, values, sizeof values);
  Tensor x = Tensor::borrow(Type{DType::kF32, {2, 2}}, room + 1);
  Tensor out = run("program main(x: f32[2, 2]) -> f32[2, 2] { return matmul x x }", {x})[0];
  EXPECT_EQ(numbers(out), (std::vector<double>{7, 10, 15, 22}));
}

TEST(Evaluate, MovesBitsOfNans) {
  Tensor x(Type{DType::kF16, {2}});
  x.set(0, Scalar{DType::kF16, 0x7d01});  // a signalling NaN with a payload
  x.set(1, Scalar{DType::kF16, 0xfe55});
  Tensor out =
      run("program main(x: f16[2]) -> f16[4] "
          "{ return where (cast (iota :dtype i32 :shape (4) :axis 0) :dtype bool) "
          "(concat x x :axis 0) (pad x :low (0) :high (2) :value 1:f16) }",
          {x})[0];
  EXPECT_EQ(out.at(0).bits, 0x7d01u);
  EXPECT_EQ(out.at(1).bits, 0xfe55u);
  EXPECT_EQ(out.at(2).bits, 0x7d01u);
}

TEST(Evaluate, RoundsHalfFloatsAfterEveryOperator) {
  // In f16, 2048 + 1 is 2048, so two additions of 1 are lost; in f32 they would not be.
  Tensor x = tensor_of(DType::kF16, {1}, {2048});
  Tensor out =
      run("program main(x: f16[1]) -> f16[1] "
          "{ let one = fill :value 1:f16 :shape (1); return add (add x one) one }",
          {x})[0];
  EXPECT_EQ(out.at(0).as_double(), 2048);
}

TEST(Extremes, PropagateNanAndOrderZeros) {
  double nan = std::nan("");
  EXPECT_TRUE(std::isnan(scalar::max_of(nan, 1.0)) && std::isnan(scalar::max_of(1.0, nan)));
  EXPECT_FALSE(std::signbit(scalar::max_of(-0.0, 0.0)) || std::signbit(scalar::max_of(0.0, -0.0)));
  EXPECT_TRUE(std::signbit(scalar::min_of(-0.0, 0.0)) && std::signbit(scalar::min_of(0.0, -0.0)));
  EXPECT_TRUE(std::signbit(scalar::max_of(-0.0, -0.0)));
  Tensor x = tensor_of(DType::kF32, {2, 3}, {1, nan, 3, 5, 5, 2});
  std::vector<Tensor> out =
      run("program main(x: f32[2, 3]) -> f32[2, 1], i64[2, 1], i64[2, 1] "
          "{ return reduce_max x :axes (1), argmax x :axes (1), argmin x :axes (1) }",
          {x});
  EXPECT_TRUE(std::isnan(out[0].at(0).as_double()));
  EXPECT_EQ(out[0].at(1).as_double(), 5);
  EXPECT_EQ(numbers(out[1]), (std::vector<double>{1, 0}));
  EXPECT_EQ(numbers(out[2]), (std::vector<double>{1, 2}));
}

TEST(FloatToInt, AgreesWithScalarCast) {
  Random random(9);
  for (int i = 0; i < 20000; ++i) {
    double x = std::ldexp(random.uniform(-1, 1), random.below(70));
    if (i % 100 == 0) x = i % 200 == 0 ? INFINITY : std::nan("");
    for (int d = 1; d <= 8; ++d) {
      auto dtype = static_cast<DType>(d);
      const DTypeInfo& info = dtype_info(dtype);
      std::uint64_t wide = scalar::float_to_int(x, info.bits, info.kind == kUIntKind);
      Scalar expected = Scalar::of(DType::kF64, x).cast(dtype);
      EXPECT_EQ(static_cast<std::int64_t>(wide), expected.as_int()) << x << " to " << info.name;
    }
  }
}

// --- the order of sums
// -----------------------------------------------------------------------------------

/// sum_order.h word for word, without its class.
float sum_by_definition(const std::vector<float>& x) {
  std::vector<std::vector<float>> runs;
  for (std::size_t begin = 0; begin < x.size(); begin += 256) {
    std::vector<float> v(16, 0.0f);
    for (std::size_t i = begin; i < std::min(begin + 256, x.size()); ++i) v[i % 16] += x[i];
    runs.push_back(v);
  }
  std::function<std::vector<float>(std::size_t, std::size_t)> tree = [&](std::size_t at,
                                                                         std::size_t c) {
    if (c == 1) return runs[at];
    std::size_t p = 1;
    while (2 * p < c) p *= 2;
    std::vector<float> left = tree(at, p), right = tree(at + p, c - p);
    for (std::size_t l = 0; l < 16; ++l) left[l] += right[l];
    return left;
  };
  if (runs.empty()) return 0;
  std::vector<float> v = tree(0, runs.size());
  for (std::size_t w = 8; w > 0; w /= 2) {
    for (std::size_t l = 0; l < w; ++l) v[l] += v[l + w];
  }
  return v[0];
}

TEST(SumOrder, IsTheOneWrittenDown) {
  Random random(4);
  for (std::int64_t n :
       {0, 1, 5, 15, 16, 17, 255, 256, 257, 511, 513, 768, 1000, 4096, 4097, 12345}) {
    std::vector<float> x;
    for (std::int64_t i = 0; i < n; ++i) x.push_back(static_cast<float>(random.uniform(-1, 2)));
    Tensor whole(Type{DType::kF32, {n, 2}});
    for (std::int64_t i = 0; i < n; ++i) {
      whole.as<float>()[2 * i] = x[static_cast<std::size_t>(i)];
      whole.as<float>()[2 * i + 1] = 1;
    }
    Graph graph;
    Builder builder(graph);
    ValueId in = graph.add_input({"x", "row", false, whole.type()});
    graph.add_root(graph.add(*op_from_text("reduce_sum"), {in}, {List{0}}));
    graph.add_root(
        graph.add(*op_from_text("reduce_sum"), {builder.transpose(in, {1, 0})}, {List{1}}));
    std::vector<Tensor> out = evaluate(graph, std::vector{whole});
    EXPECT_EQ(out[0].as<float>()[0], sum_by_definition(x)) << n;
    EXPECT_EQ(out[1].as<float>()[0], sum_by_definition(x)) << n;
    EXPECT_EQ(out[0].as<float>()[1], static_cast<float>(n));
  }
}

TEST(SumOrder, IsAccurateForManySmallNumbers) {
  std::int64_t n = 1 << 20;
  Tensor x(Type{DType::kF32, {n}});
  for (std::int64_t i = 0; i < n; ++i) x.as<float>()[i] = 0.1f;
  Graph graph;
  ValueId in = graph.add_input({"x", "row", false, x.type()});
  graph.add_root(graph.add(*op_from_text("reduce_sum"), {in}, {List{0}}));
  double exact = static_cast<double>(n) * static_cast<double>(0.1f);
  EXPECT_NEAR(evaluate(graph, std::vector{x})[0].as<float>()[0], exact, 4e-7 * exact);
}

TEST(Products, AreOneChainOfFusedMultiplyAdds) {
  Random random(8);
  std::int64_t m = 5, k = 37, n = 1100;
  Tensor a(Type{DType::kF32, {m, k}}), b(Type{DType::kF32, {k, n}});
  for (std::int64_t i = 0; i < m * k; ++i)
    a.as<float>()[i] = static_cast<float>(random.uniform(-1, 1));
  for (std::int64_t i = 0; i < k * n; ++i)
    b.as<float>()[i] = static_cast<float>(random.uniform(-1, 1));
  Tensor c =
      run("program main(a: f32[5, 37], b: f32[37, 1100]) -> f32[5, 1100] { return matmul a b }",
          {a, b})[0];
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (std::int64_t p = 0; p < k; ++p) {
        sum = std::fma(a.as<float>()[i * k + p], b.as<float>()[p * n + j], sum);
      }
      ASSERT_EQ(c.as<float>()[i * n + j], sum);
    }
  }
}

TEST(Products, OfIntegersWrapAndOfBoolsAreOrOfAnd) {
  Tensor a = tensor_of(DType::kI8, {1, 2}, {100, 27}), b = tensor_of(DType::kI8, {2, 1}, {2, 3});
  Tensor c =
      run("program main(a: i8[1, 2], b: i8[2, 1]) -> i8[1, 1] { return matmul a b }", {a, b})[0];
  EXPECT_EQ(c.at(0).as_int(), 281 - 256);
  Tensor p = tensor_of(DType::kBool, {1, 2}, {1, 1}),
         q = tensor_of(DType::kBool, {2, 2}, {0, 1, 0, 1});
  Tensor r = run("program main(p: bool[1, 2], q: bool[2, 2]) -> bool[1, 2] { return matmul p q }",
                 {p, q})[0];
  EXPECT_EQ(numbers(r), (std::vector<double>{0, 1}));
}

TEST(Products, OverAnEmptyAxisAreZero) {
  Tensor a(Type{DType::kF32, {2, 0}}), b(Type{DType::kF32, {0, 3}});
  Tensor c =
      run("program main(a: f32[2, 0], b: f32[0, 3]) -> f32[2, 3] { return matmul a b }", {a, b})[0];
  EXPECT_EQ(numbers(c), std::vector<double>(6, 0.0));
}

}  // namespace
}  // namespace bafe
