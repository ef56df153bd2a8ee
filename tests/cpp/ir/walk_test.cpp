#include "bafe/ir/walk.h"

#include <gtest/gtest.h>

#include "bafe/ir/walk_affine.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

Element tree_of(const char* op, const Type& operand, const Attrs& attrs, Type& result) {
  Op code = *op_from_text(op);
  result = infer_type(code, std::vector{operand}, attrs);
  return op_element(code, std::vector{operand}, attrs, result);
}

TEST(AffineRead, SeesThroughTransposeAndSlice) {
  Type x{DType::kF32, {4, 5, 6}}, result;
  Element t = tree_of("transpose", x, {List{2, 0, 1}}, result);
  std::optional<AffineRead> read = affine_read(t, concrete(x.shape), concrete(result.shape), {});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->index, (std::vector<std::int64_t>{1, 30, 6}));
  Element s = tree_of("slice", x, {List{3, 0, 1}, List{2, 5, 2}, List{-2, 1, 3}}, result);
  read = affine_read(s, concrete(x.shape), concrete(result.shape), {});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->base, 3 * 30 + 1);
  EXPECT_EQ(read->index, (std::vector<std::int64_t>{-60, 6, 3}));
}

TEST(AffineRead, CancelsTheDivisionsOfReshape) {
  for (const Shape& shape :
       {Shape{120}, Shape{6, 20}, Shape{2, 5, 12}, Shape{8, 15}, Shape{1, 24, 1, 5}}) {
    Type x{DType::kF32, {4, 5, 6}}, result;
    Element t = tree_of("reshape", x, {shape}, result);
    std::optional<AffineRead> read = affine_read(t, concrete(x.shape), concrete(result.shape), {});
    ASSERT_TRUE(read) << shape_text(shape);
    std::vector<std::int64_t> strides = row_major_strides(concrete(shape));
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == Dim(1)) continue;
      EXPECT_EQ(read->index[i], strides[i]) << shape_text(shape);
    }
  }
}

TEST(AffineRead, RefusesWhatIsNotAffine) {
  using namespace element;
  std::vector<std::int64_t> sizes = {6};
  Element half = read(0, {make(Prim::kFloorDiv, {index(0), integer(2)})});
  EXPECT_FALSE(affine_read(half, {3}, sizes, {}));
  Element wrapped = read(0, {make(Prim::kMod, {index(0), integer(4)})});
  EXPECT_FALSE(affine_read(wrapped, {4}, sizes, {}));
  EXPECT_TRUE(affine_read(read(0, {make(Prim::kMod, {index(0), integer(6)})}), {6}, sizes, {}));
}

/// The strided copy and the step-by-step walk are two readings of one tree.
TEST(AffineRead, AgreesWithTheWalkOnRandomMovements) {
  int affine = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    RandomProgramOptions options;
    options.steps = 5;
    options.dtypes = {DType::kI64};
    options.allow = [](const OpInfo& info) {
      return info.kind == OpKind::kMovement && info.arity == 1;
    };
    Graph graph = random_program(seed, options);
    std::vector<Tensor> values = evaluate_all(graph, random_inputs(graph, seed));
    for (ValueId id : graph.live()) {
      const Node& node = graph.node(id);
      if (op_info(node.op).kind != OpKind::kMovement || node.operands.size() != 1) continue;
      const Tensor &x = values[node.operands[0].index()], &y = values[id.index()];
      Element tree = op_element(node.op, std::vector{x.type()}, node.attrs, node.type);
      if (y.count() == 0) continue;
      std::vector<std::int64_t> sizes = concrete(node.type.shape),
                                strides = row_major_strides(sizes);
      affine += tree->prim == Prim::kRead &&
                affine_read(tree, concrete(x.type().shape), sizes, {}).has_value();
      Walker walker(tree, std::vector{x.type()}, node.type.dtype, "test");
      int n = static_cast<int>(std::min<std::int64_t>(y.count(), kWalkBlock));
      for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
        std::int64_t* column = walker.index_column(static_cast<int>(axis));
        if (column != nullptr) fill_coordinate(0, strides[axis], sizes[axis], n, column);
      }
      const Column& out = walker.run(std::vector{x}, 0, n);
      for (int i = 0; i < n; ++i)
        ASSERT_EQ(out.get<std::int64_t>()[i], y.as<std::int64_t>()[i]) << seed;
    }
  }
  EXPECT_GT(affine, 200);
}

TEST(Walker, KeepsErrorsOfTheOtherSideSilent) {
  using namespace element;
  // select(i < 2, x[lookup(i, 2)], 7): the look-up fails for i >= 2, where it is not chosen.
  Element guarded =
      make(Prim::kSelect, {make(Prim::kLt, {index(0), integer(2)}),
                           read(0, {make(Prim::kLookup, {index(0), integer(2)})}), literal(7)});
  Tensor x(Type{DType::kF32, {2}});
  x.as<float>()[1] = 5;
  Walker walker(guarded, std::vector{x.type()}, DType::kF32, "test");
  fill_coordinate(0, 1, 4, 4, walker.index_column(0));
  const Column& out = walker.run(std::vector{x}, 0, 4);
  ASSERT_EQ(walker.lane(), Lane::kRaw);
  EXPECT_EQ(out.get<std::uint64_t>()[1], Scalar::of(DType::kF32, 5).bits);
  EXPECT_EQ(out.get<std::uint64_t>()[3], Scalar::of(DType::kF32, 7).bits);
}

TEST(FillCoordinate, CountsWithinAnAxis) {
  std::int64_t column[8];
  fill_coordinate(5, 2, 3, 8, column);  // elements 5 … 12 of an axis of size 3 and stride 2
  EXPECT_EQ(std::vector<std::int64_t>(column, column + 8),
            (std::vector<std::int64_t>{2, 0, 0, 1, 1, 2, 2, 0}));
}

}  // namespace
}  // namespace bafe
