#include "bafe/ir/builder.h"

#include <gtest/gtest.h>

#include "golden.h"

namespace bafe {
namespace {

class BuilderTest : public ::testing::Test {
 protected:
  ValueId input(DType dtype, Shape shape, bool weak = false) {
    return graph.add_input({"x", "row", weak, {dtype, std::move(shape)}});
  }
  ValueId f32(Shape shape) { return input(DType::kF32, std::move(shape)); }
  ValueId call(std::string_view name, std::vector<ValueId> operands, Attrs attrs = {}) {
    return b.call(name, operands, std::move(attrs));
  }
  std::string text(ValueId id) {
    const Node& n = graph.node(id);
    std::string out = std::string(op_info(n.op).name);
    if (is_input(n.op)) return std::string("x").append(attr_text(n.attrs[0]));
    for (ValueId v : n.operands) out.append(" ").append(text(v));
    for (const AttrValue& a : n.attrs) out.append(" ").append(attr_text(a));
    return out.insert(0, "(") + ")";
  }

  Graph graph;
  Builder b{graph};
};

TEST_F(BuilderTest, BroadcastsWithExplicitAxes) {
  ValueId out = call("add", {f32({2, 3}), f32({3})});
  EXPECT_EQ(text(out), "(add x0 (broadcast_to (expand_dims x1 (0)) (2 3)))");
  EXPECT_EQ(b.type(out).text(), "f32[2, 3]");
  graph.check();
}

TEST_F(BuilderTest, PromotesWithExplicitCasts) {
  ValueId out = call("mul", {input(DType::kI32, {4}), f32({4})});
  EXPECT_EQ(text(out), "(mul (cast x0 f64) (cast x1 f64))");
  EXPECT_EQ(b.type(out).dtype, DType::kF64);
}

TEST_F(BuilderTest, BendsPythonScalars) {
  EXPECT_EQ(b.type(call("mul", {f32({4}), input(DType::kF64, {}, true)})).dtype, DType::kF32);
  EXPECT_EQ(b.type(call("mul", {input(DType::kI8, {4}), input(DType::kI64, {}, true)})).dtype,
            DType::kI8);
  EXPECT_EQ(b.type(call("mul", {input(DType::kI8, {4}), input(DType::kF64, {}, true)})).dtype,
            DType::kF64);
  EXPECT_EQ(b.type(call("mul", {input(DType::kBool, {4}), input(DType::kI64, {}, true)})).dtype,
            DType::kI64);
  EXPECT_EQ(b.type(call("mul", {f32({4}), input(DType::kF64, {})})).dtype, DType::kF64);
  graph.check();
}

TEST_F(BuilderTest, KeepsAScalarWeakThroughArithmeticOfScalars) {
  ValueId s = input(DType::kF64, {}, true);
  EXPECT_EQ(b.type(call("add", {f32({2}), call("mul", {s, s})})).dtype, DType::kF32);
}

TEST_F(BuilderTest, DividesIntegersAsFloat64) {
  ValueId i = input(DType::kI8, {2});
  EXPECT_EQ(b.type(call("div", {i, i})).dtype, DType::kF64);
  EXPECT_EQ(b.type(call("sqrt", {i})).dtype, DType::kF16);
}

TEST_F(BuilderTest, MultipliesVectorsAsNumPyDoes) {
  ValueId m = f32({3, 4}), v = f32({4}), u = f32({3});
  EXPECT_EQ(b.type(b.matmul(m, v)).text(), "f32[3]");
  EXPECT_EQ(b.type(b.matmul(u, m)).text(), "f32[4]");
  EXPECT_EQ(b.type(b.matmul(v, v)).text(), "f32[]");
  EXPECT_EQ(text(b.matmul(m, v)), "(squeeze (matmul x0 (expand_dims x1 (1))) (1))");
  graph.check();
}

TEST_F(BuilderTest, BroadcastsBatchesOfMatmul) {
  EXPECT_EQ(b.type(b.matmul(f32({5, 1, 2, 3}), f32({4, 3, 7}))).text(), "f32[5, 4, 2, 7]");
  EXPECT_EQ(b.type(b.matmul(f32({5, 2, 3}), f32({3}))).text(), "f32[5, 2]");
  EXPECT_EQ(b.type(b.matmul(f32({0, 3}), f32({3, 2}))).text(), "f32[0, 2]");
  graph.check();
}

TEST_F(BuilderTest, ReducesWithNegativeAxesAndSqueezes) {
  ValueId x = f32({2, 3, 4});
  EXPECT_EQ(text(b.reduce(Op::kReduceSum, x, List{-1, 0}, false)),
            "(squeeze (reduce_sum x0 (0 2)) (0 2))");
  EXPECT_EQ(b.type(b.reduce(Op::kReduceMax, x, std::nullopt, true)).text(), "f32[1, 1, 1]");
  EXPECT_EQ(b.type(b.reduce(Op::kMean, x, List{1}, false)).text(), "f32[2, 4]");
  EXPECT_EQ(b.type(b.reduce(Op::kSoftmax, x, List{-1}, false)).text(), "f32[2, 3, 4]");
  EXPECT_EQ(b.type(b.reduce(Op::kReduceSum, input(DType::kI8, {3}), std::nullopt, false)).text(),
            "i64[]");
  EXPECT_EQ(b.type(b.reduce(Op::kArgmax, x, List{1}, false)).text(), "i64[2, 4]");
  graph.check();
}

TEST_F(BuilderTest, AddsNoNodeForAnIdentity) {
  ValueId x = f32({2, 1, 3});
  std::size_t before = graph.size();
  EXPECT_EQ(b.cast(x, DType::kF32), x);
  EXPECT_EQ(b.reshape(x, {2, 1, -1}), x);
  EXPECT_EQ(b.transpose(x, {0, 1, 2}), x);
  EXPECT_EQ(b.broadcast(x, {2, 1, 3}), x);
  EXPECT_EQ(b.expand_dims(x, {}), x);
  EXPECT_EQ(b.squeeze(x, List{}), x);
  EXPECT_EQ(b.slice(x, {0, 0, 0}, {2, 1, 3}, {1, 1, 1}), x);
  EXPECT_EQ(b.concat(std::vector<ValueId>{x}, 0), x);
  EXPECT_EQ(graph.size(), before);
  EXPECT_NE(b.slice(x, {1, 0, 0}, {2, 1, 3}, {-1, 1, 1}), x);
}

TEST_F(BuilderTest, FreezesItsMessages) {
  b.set_loc({"model.py", 12, 0});
  EXPECT_ERROR(ShapeError, b.matmul(f32({8, 512}), f32({256, 4})), "errors/matmul_inner_sizes.txt");
  EXPECT_ERROR(ShapeError, call("add", {f32({2, 3}), f32({4})}), "errors/broadcast.txt");
  EXPECT_ERROR(ShapeError, b.reshape(f32({2, 3}), {4, -1}), "errors/reshape.txt");
}

}  // namespace
}  // namespace bafe
