#include <gtest/gtest.h>

#include "bafe/ir/builder.h"
#include "golden.h"

namespace bafe {
namespace {

class CompositeTest : public ::testing::Test {
 protected:
  ValueId input(DType dtype, Shape shape) {
    return graph.add_input({"x", "row", false, {dtype, std::move(shape)}});
  }
  ValueId call(std::string_view name, std::vector<ValueId> operands, Attrs attrs = {}) {
    return b.call(name, operands, std::move(attrs));
  }
  std::string text(ValueId id) {
    const Node& n = graph.node(id);
    if (is_input(n.op)) return std::string("x").append(attr_text(n.attrs[0]));
    if (is_fill(n.op)) return attr_text(n.attrs[0]);
    std::string out = "(" + std::string(op_info(n.op).name);
    for (ValueId v : n.operands) out.append(" ").append(text(v));
    for (const AttrValue& a : n.attrs) out.append(" ").append(attr_text(a));
    return out + ")";
  }

  Graph graph;
  Builder b{graph};
};

TEST_F(CompositeTest, ExpandToTheirDefinitions) {
  ValueId x = input(DType::kF32, {2, 4});
  EXPECT_EQ(text(call("mean", {x}, {List{-1}})), "(div (reduce_sum x0 (1)) 0x1p+2:f32)");
  EXPECT_EQ(text(call("clip", {x, x, x})), "(minimum (maximum x0 x0) x0)");
  EXPECT_EQ(text(call("norm", {x}, {List{0}})), "(sqrt (reduce_sum (square x0) (0)))");
  EXPECT_EQ(
      text(call("softmax", {x}, {List{1}})),
      "(div (exp (sub x0 (broadcast_to (reduce_max x0 (1)) (2 4)))) (broadcast_to (reduce_sum "
      "(exp (sub x0 (broadcast_to (reduce_max x0 (1)) (2 4)))) (1)) (2 4)))");
  graph.check();
}

TEST_F(CompositeTest, ShareWhatTheyBind) {
  ValueId x = input(DType::kF32, {2, 4});
  std::size_t before = graph.size();
  call("softmax", {x}, {List{1}});
  EXPECT_EQ(graph.size() - before, 7u);
}

TEST_F(CompositeTest, BroadcastBiasAndScale) {
  ValueId x = input(DType::kF32, {2, 4}), bias = input(DType::kF32, {4}),
          s = input(DType::kF32, {});
  EXPECT_EQ(text(call("bias_add", {x, bias})),
            "(add x0 (broadcast_to (expand_dims x1 (0)) (2 4)))");
  EXPECT_EQ(text(call("scale", {x, s})), "(mul x0 (broadcast_to (expand_dims x2 (0 1)) (2 4)))");
  EXPECT_ERROR(ShapeError, call("bias_add", {x, input(DType::kF32, {5})}), "errors/bias_add.txt");
}

TEST_F(CompositeTest, TypeLiteralsByTheirSibling) {
  EXPECT_EQ(b.type(call("mean", {input(DType::kU8, {2})}, {List{0}})).dtype, DType::kF64);
  ValueId x = input(DType::kF64, {3});
  EXPECT_EQ(b.type(call("layer_norm", {x}, {List{0}, Scalar::of(DType::kF64, 1e-5)})).dtype,
            DType::kF64);
  EXPECT_EQ(b.type(call("logsumexp", {x}, {List{0}})).text(), "f64[1]");
}

TEST_F(CompositeTest, KeepF32InsideForHalfFloats) {
  ValueId x = input(DType::kF16, {3});
  EXPECT_EQ(text(call("mean", {x}, {List{0}})),
            "(cast (div (reduce_sum (cast x0 f32) (0)) 0x1.8p+1:f32) f16)");
}

TEST_F(CompositeTest, ClipBroadcastsItsBounds) {
  ValueId x = input(DType::kF32, {3}), low = input(DType::kF32, {}),
          high = input(DType::kF32, {2, 1});
  EXPECT_EQ(b.type(call("clip", {x, low, high})).text(), "f32[2, 3]");
  graph.check();
}

TEST_F(CompositeTest, WantKnownSizesWhereTheyCount) {
  ValueId x = input(DType::kF32, {Dim::symbol("n")});
  EXPECT_ERROR(ShapeError, call("mean", {x}, {List{0}}), "errors/mean_symbolic.txt");
  EXPECT_EQ(b.type(call("softmax", {x}, {List{0}})).text(), "f32[n]");
}

TEST_F(CompositeTest, RefuseWrongAxesAndCounts) {
  ValueId x = input(DType::kF32, {3});
  EXPECT_THROW(call("mean", {x}, {List{1}}), ShapeError);
  EXPECT_THROW(call("mean", {x}, {}), Error);
  EXPECT_THROW(call("mean", {x}, {Dim(0)}), Error);
  EXPECT_THROW(call("clip", {x}), ShapeError);
  EXPECT_THROW(call("meen", {x}), ParseError);
}

}  // namespace
}  // namespace bafe
