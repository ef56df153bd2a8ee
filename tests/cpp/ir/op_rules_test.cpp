#include <gtest/gtest.h>

#include <set>

#include "bafe/base/error.h"
#include "bafe/ir/op.h"
#include "golden.h"

namespace bafe {
namespace {

const Dim n = Dim::symbol("n"), m = Dim::symbol("m");

Type f32(Shape shape) { return {DType::kF32, std::move(shape)}; }
Type i64(Shape shape) { return {DType::kI64, std::move(shape)}; }

std::string typed(std::string_view op, std::vector<Type> operands, Attrs attrs = {}) {
  return infer_type(op_from_text(op).value(), operands, attrs).text();
}
std::string tree(std::string_view name, std::vector<Type> operands, Attrs attrs = {}) {
  Op op = op_from_text(name).value();
  return element_text(op_element(op, operands, attrs, infer_type(op, operands, attrs)));
}
#define EXPECT_REJECTS(Class, ...) EXPECT_THROW(typed(__VA_ARGS__), Class)

TEST(TransposeShape, TakesPermutationsOnly) {
  EXPECT_EQ(typed("transpose", {f32({2, 3, n})}, {List{2, 0, 1}}), "f32[n, 2, 3]");
  EXPECT_EQ(typed("transpose", {f32({})}, {List{}}), "f32[]");
  EXPECT_REJECTS(ShapeError, "transpose", {f32({2, 3})}, {List{0, 0}});
  EXPECT_REJECTS(ShapeError, "transpose", {f32({2, 3})}, {List{0, 2}});
  EXPECT_REJECTS(ShapeError, "transpose", {f32({2, 3})}, {List{-1, 0}});
  EXPECT_REJECTS(ShapeError, "transpose", {f32({2, 3})}, {List{0}});
}

TEST(ReshapeShape, KeepsTheCount) {
  EXPECT_EQ(typed("reshape", {f32({2, 3, 4})}, {List{6, 4}}), "f32[6, 4]");
  EXPECT_EQ(typed("reshape", {f32({n, 4})}, {List{n * 4}}), "f32[4*n]");
  EXPECT_EQ(typed("reshape", {f32({0, 5})}, {List{7, 0}}), "f32[7, 0]");
  EXPECT_EQ(typed("reshape", {f32({})}, {List{1, 1}}), "f32[1, 1]");
  EXPECT_REJECTS(ShapeError, "reshape", {f32({2, 3})}, {List{5}});
  EXPECT_REJECTS(ShapeError, "reshape", {f32({2, 3})}, {List{-2, -3}});
  EXPECT_REJECTS(ShapeError, "reshape", {f32({n})}, {List{m}});
}

TEST(BroadcastShape, StretchesOnesOnly) {
  EXPECT_EQ(typed("broadcast_to", {f32({1, 3})}, {List{n, 3}}), "f32[n, 3]");
  EXPECT_EQ(typed("broadcast_to", {f32({1})}, {List{0}}), "f32[0]");
  EXPECT_REJECTS(ShapeError, "broadcast_to", {f32({3})}, {List{2, 3}});
  EXPECT_REJECTS(ShapeError, "broadcast_to", {f32({3})}, {List{4}});
  EXPECT_REJECTS(ShapeError, "broadcast_to", {f32({0})}, {List{1}});
}

TEST(AxesShapes, AddAndDropOnes) {
  EXPECT_EQ(typed("expand_dims", {f32({2, 3})}, {List{0, 3}}), "f32[1, 2, 3, 1]");
  EXPECT_EQ(typed("squeeze", {f32({1, 2, 1})}, {List{0, 2}}), "f32[2]");
  EXPECT_REJECTS(ShapeError, "expand_dims", {f32({2})}, {List{2, 0}});
  EXPECT_REJECTS(ShapeError, "expand_dims", {f32({2})}, {List{2}});
  EXPECT_REJECTS(ShapeError, "squeeze", {f32({1, 2})}, {List{1}});
  EXPECT_REJECTS(ShapeError, "squeeze", {f32({1, 2})}, {List{2}});
  EXPECT_REJECTS(ShapeError, "squeeze", {f32({n})}, {List{0}});
}

TEST(SliceShape, KeepsEveryIndexInside) {
  EXPECT_EQ(typed("slice", {f32({10, n})}, {List{8, 0}, List{3, n}, List{-4, 1}}), "f32[3, n]");
  EXPECT_EQ(typed("slice", {f32({10})}, {List{99}, List{0}, List{1}}), "f32[0]");
  EXPECT_REJECTS(ShapeError, "slice", {f32({10})}, {List{8}, List{3}, List{1}});
  EXPECT_REJECTS(ShapeError, "slice", {f32({10})}, {List{1}, List{2}, List{-2}});
  EXPECT_REJECTS(ShapeError, "slice", {f32({10})}, {List{-1}, List{1}, List{1}});
  EXPECT_REJECTS(ShapeError, "slice", {f32({10})}, {List{0}, List{2}, List{0}});
  EXPECT_REJECTS(ShapeError, "slice", {f32({10})}, {List{0}, List{-1}, List{1}});
  EXPECT_REJECTS(ShapeError, "slice", {f32({n})}, {List{0}, List{1}, List{1}});
  EXPECT_REJECTS(ShapeError, "slice", {f32({4, 4})}, {List{0}, List{1}, List{1}});
  std::int64_t huge = (std::int64_t{1} << 61);
  EXPECT_REJECTS(ShapeError, "slice", {f32({10})}, {List{0}, List{9}, List{huge}});
}

TEST(ConcatShape, AddsSizesOfOneAxis) {
  EXPECT_EQ(typed("concat", {f32({2, 3}), f32({0, 3}), f32({n, 3})}, {Dim(0)}), "f32[n + 2, 3]");
  EXPECT_REJECTS(ShapeError, "concat", {f32({2, 3}), f32({2, 4})}, {Dim(0)});
  EXPECT_REJECTS(ShapeError, "concat", {f32({2}), f32({2, 4})}, {Dim(0)});
  EXPECT_REJECTS(DTypeError, "concat", {f32({2}), i64({2})}, {Dim(0)});
  EXPECT_REJECTS(ShapeError, "concat", {f32({}), f32({})}, {Dim(0)});
  EXPECT_REJECTS(ShapeError, "concat", {}, {Dim(0)});
}

TEST(PadShape, GrowsAxes) {
  Scalar zero = Scalar::of(DType::kF32, 0);
  EXPECT_EQ(typed("pad", {f32({2, n})}, {List{1, 0}, List{2, 3}, zero}), "f32[5, n + 3]");
  EXPECT_REJECTS(ShapeError, "pad", {f32({2})}, {List{-1}, List{2}, zero});
  EXPECT_REJECTS(ShapeError, "pad", {f32({2})}, {List{1, 1}, List{2}, zero});
  EXPECT_REJECTS(DTypeError, "pad", {f32({2})}, {List{1}, List{2}, Scalar::of(DType::kF64, 0)});
}

TEST(TakeShape, ReplacesTheAxisByTheIndexShape) {
  EXPECT_EQ(typed("take", {f32({4, 5}), i64({2, 3})}, {Dim(1)}), "f32[4, 2, 3]");
  EXPECT_EQ(typed("take", {f32({4, 5}), i64({})}, {Dim(0)}), "f32[5]");
  EXPECT_EQ(typed("take", {f32({0, 5}), i64({0})}, {Dim(0)}), "f32[0, 5]");
  EXPECT_REJECTS(ShapeError, "take", {f32({0, 5}), i64({1})}, {Dim(0)});
  EXPECT_REJECTS(DTypeError, "take", {f32({4}), f32({2})}, {Dim(0)});
  EXPECT_REJECTS(ShapeError, "take", {f32({4}), i64({2})}, {Dim(1)});
}

TEST(GatherShape, HasTheIndexShape) {
  EXPECT_EQ(typed("gather", {f32({4, 5}), i64({4, 2})}, {Dim(1)}), "f32[4, 2]");
  EXPECT_REJECTS(ShapeError, "gather", {f32({4, 5}), i64({3, 2})}, {Dim(1)});
  EXPECT_REJECTS(ShapeError, "gather", {f32({4, 5}), i64({2})}, {Dim(1)});
  EXPECT_REJECTS(DTypeError, "gather", {f32({4}), {DType::kBool, {4}}}, {Dim(0)});
  EXPECT_REJECTS(ShapeError, "gather", {f32({0}), i64({1})}, {Dim(0)});
}

TEST(MatrixShapes, TakeAndMakeDiagonals) {
  EXPECT_EQ(typed("tril", {f32({5, 2, n})}, {Dim(-1)}), "f32[5, 2, n]");
  EXPECT_REJECTS(ShapeError, "triu", {f32({5})}, {Dim(0)});
  EXPECT_EQ(typed("diag", {f32({3})}, {Dim(-2)}), "f32[5, 5]");
  EXPECT_REJECTS(ShapeError, "diag", {f32({3, 3})}, {Dim(0)});
  EXPECT_EQ(typed("diagonal", {f32({7, 3, 5})}, {Dim(3)}), "f32[7, 2]");
  EXPECT_EQ(typed("diagonal", {f32({3, 5})}, {Dim(-1)}), "f32[2]");
  EXPECT_EQ(typed("diagonal", {f32({3, 5})}, {Dim(9)}), "f32[0]");
  EXPECT_REJECTS(ShapeError, "diagonal", {f32({3})}, {Dim(0)});
}

TEST(MatmulShape, WantsEqualInnerAndBatchSizes) {
  EXPECT_EQ(typed("matmul", {f32({n, 3, 4}), f32({n, 4, 0})}), "f32[n, 3, 0]");
  EXPECT_REJECTS(ShapeError, "matmul", {f32({3, 4}), f32({3, 4})});
  EXPECT_REJECTS(ShapeError, "matmul", {f32({2, 3, 4}), f32({1, 4, 5})});
  EXPECT_REJECTS(ShapeError, "matmul", {f32({3, 4}), f32({4})});
  EXPECT_REJECTS(ShapeError, "matmul", {f32({2, 3, 4}), f32({4, 5})});
  EXPECT_REJECTS(DTypeError, "matmul", {f32({3, 4}), i64({4, 3})});
  EXPECT_REJECTS(ShapeError, "matmul", {f32({3, n}), f32({m, 3})});
}

TEST(ReduceShape, KeepsReducedAxesAsOnes) {
  EXPECT_EQ(typed("reduce_sum", {f32({2, n, 4})}, {List{0, 1}}), "f32[1, 1, 4]");
  EXPECT_EQ(typed("reduce_sum", {f32({0, 3})}, {List{0}}), "f32[1, 3]");
  EXPECT_EQ(typed("reduce_max", {f32({0, 3})}, {List{1}}), "f32[0, 1]");
  EXPECT_EQ(typed("argmin", {f32({2, 3})}, {List{1}}), "i64[2, 1]");
  EXPECT_REJECTS(ShapeError, "reduce_max", {f32({0, 3})}, {List{0}});
  EXPECT_REJECTS(ShapeError, "reduce_min", {f32({0, 0})}, {List{0}});
  EXPECT_REJECTS(ShapeError, "argmax", {f32({0})}, {List{0}});
  EXPECT_REJECTS(ShapeError, "argmax", {f32({2})}, {List{}});
  EXPECT_REJECTS(ShapeError, "reduce_sum", {f32({2, 3})}, {List{1, 0}});
  EXPECT_REJECTS(ShapeError, "reduce_sum", {f32({2, 3})}, {List{2}});
  EXPECT_REJECTS(DTypeError, "reduce_prod", {{DType::kBool, {2}}}, {List{0}});
  EXPECT_EQ(typed("cumsum", {f32({2, 3})}, {Dim(1)}), "f32[2, 3]");
  EXPECT_REJECTS(ShapeError, "cumsum", {f32({})}, {Dim(0)});
}

TEST(LinearAlgebraShapes, WantSquareFloats) {
  EXPECT_EQ(typed("solve", {f32({2, 3, 3}), f32({2, 3, 1})}), "f32[2, 3, 1]");
  EXPECT_EQ(typed("inv", {f32({0, 0})}), "f32[0, 0]");
  EXPECT_REJECTS(ShapeError, "inv", {f32({2, 3})});
  EXPECT_REJECTS(DTypeError, "cholesky", {i64({2, 2})});
  EXPECT_REJECTS(DTypeError, "inv", {{DType::kF16, {2, 2}}});
  EXPECT_REJECTS(ShapeError, "solve", {f32({3, 3}), f32({2, 1})});
}

TEST(LeafShapes, RefuseNegativeSizesAndUnknownLayouts) {
  EXPECT_EQ(typed("iota", {}, {DType::kI32, List{2, 3}, Dim(1)}), "i32[2, 3]");
  EXPECT_REJECTS(ShapeError, "iota", {}, {DType::kI32, List{2}, Dim(1)});
  EXPECT_REJECTS(ShapeError, "fill", {}, {Scalar::of(DType::kF32, 1), List{-1}});
  for (const char* good : {"row", "col", "tc", "blocked", "blocked(48)", "order(1 0)"}) {
    EXPECT_EQ(typed("layout_transform", {f32({2, 3})}, {std::string(good)}), "f32[2, 3]");
  }
  for (const char* bad :
       {"", "column", "order(0)", "order(1 1)", "order(1 0", "blocked(0)", "x(1 0)"}) {
    EXPECT_REJECTS(ShapeError, "layout_transform", {f32({2, 3})}, {std::string(bad)});
  }
}

TEST(PointwiseTypes, FollowTheDTypeRule) {
  Type b{DType::kBool, {2}}, h{DType::kBF16, {2}};
  EXPECT_EQ(typed("add", {b, b}), "bool[2]");
  EXPECT_EQ(typed("less", {h, h}), "bool[2]");
  EXPECT_EQ(typed("where", {b, h, h}), "bf16[2]");
  EXPECT_EQ(typed("cast", {h}, {DType::kI8}), "i8[2]");
  EXPECT_EQ(typed("isnan", {h}), "bool[2]");
  EXPECT_REJECTS(DTypeError, "sub", {b, b});
  EXPECT_REJECTS(DTypeError, "exp", {i64({2})});
  EXPECT_REJECTS(DTypeError, "bitwise_and", {h, h});
  EXPECT_REJECTS(DTypeError, "left_shift", {b, b});
  EXPECT_REJECTS(DTypeError, "logical_not", {h});
  EXPECT_REJECTS(DTypeError, "where", {h, h, h});
  EXPECT_REJECTS(DTypeError, "add", {h, f32({2})});
  EXPECT_REJECTS(ShapeError, "add", {f32({2}), f32({1})});
  EXPECT_REJECTS(ShapeError, "add", {f32({2})});
  EXPECT_REJECTS(ShapeError, "cast", {h}, {Dim(3)});
  EXPECT_REJECTS(ShapeError, "cast", {h}, {});
}

TEST(ElementTrees, MoveWithTheCheapestIndices) {
  EXPECT_EQ(tree("transpose", {f32({2, 3, 4})}, {List{2, 0, 1}}), "(read x0 i1 i2 i0)");
  EXPECT_EQ(tree("broadcast_to", {f32({1, 3})}, {List{2, 3}}), "(read x0 0 i1)");
  EXPECT_EQ(tree("slice", {f32({9, 4})}, {List{8, 0}, List{3, 4}, List{-2, 1}}),
            "(read x0 (add (mul i0 -2) 8) i1)");
  EXPECT_EQ(tree("concat", {f32({2}), f32({0}), f32({3})}, {Dim(0)}),
            "(select (lt i0 2) (read x0 i0) (read x2 (sub i0 2)))");
  EXPECT_EQ(tree("pad", {f32({2})}, {List{1}, List{2}, Scalar::of(DType::kF32, 0.5)}),
            "(select (and (le 1 i0) (lt i0 3)) (read x0 (sub i0 1)) 0.5)");
  EXPECT_EQ(tree("take", {f32({4, 5}), i64({2})}, {Dim(1)}),
            "(read x0 i0 (lookup (toindex (read x1 i1)) 5))");
  EXPECT_EQ(tree("diagonal", {f32({3, 5})}, {Dim(1)}), "(read x0 i0 (add i0 1))");
  EXPECT_EQ(tree("tril", {f32({3, 5})}, {Dim(0)}), "(select (le i1 i0) (read x0 i0 i1) 0)");
}

TEST(ElementTrees, ReshapeByGroupsOfAxes) {
  EXPECT_EQ(tree("reshape", {f32({2, 1, n})}, {List{2, n, 1}}), "(read x0 i0 0 i1)");
  EXPECT_EQ(tree("reshape", {f32({n, 6})}, {List{n, 2, 3}}), "(read x0 i0 (add (mul i1 3) i2))");
  EXPECT_EQ(tree("reshape", {f32({5, 2, 3})}, {List{5, 6}}),
            "(read x0 i0 (floordiv i1 3) (mod i1 3))");
  EXPECT_EQ(tree("reshape", {f32({1, 1})}, {List{}}), "(read x0 0 0)");
  EXPECT_EQ(tree("reshape", {f32({n, 2})}, {List{2, n}}), "?");
}

TEST(ElementTrees, Reduce) {
  EXPECT_EQ(tree("reduce_max", {f32({2, 3, 4})}, {List{0, 2}}),
            "(max [b0<2 b1<4] (read x0 b0 i1 b1))");
  EXPECT_EQ(tree("matmul", {f32({7, 2, 3}), f32({7, 3, 4})}),
            "(sum [b0<3] (mul (read x0 i0 i1 b0) (read x1 i0 b0 i2)))");
  EXPECT_EQ(op_info(Op::kArgmin).reduce, ReduceKind::kArgMin);
  EXPECT_EQ(op_info(Op::kReduceProd).reduce, ReduceKind::kProd);
}

TEST(OperatorTable, AgreesWithTheLanguageTable) {
  std::set<std::string_view> names;
  for (const OpInfo& info : all_ops()) {
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_EQ(tensor_ops().spec(info.id).name, info.name);
    EXPECT_EQ(tensor_ops().spec(info.id).arity, info.arity);
    EXPECT_EQ(op_from_text(info.name), info.op);
    EXPECT_EQ(info.kind == OpKind::kPointwise, static_cast<bool>(info.value));
    bool composite = info.kind == OpKind::kExpand || info.kind == OpKind::kNamed;
    EXPECT_EQ(composite, !tensor_ops().spec(info.id).definition.empty());
  }
  EXPECT_EQ(op_from_text("matmull"), std::nullopt);
  EXPECT_EQ(tensor_ops().spec(id_of(Op::kLayerNorm)).fields.size(), 2u);
}

TEST(ShapeRuleErrors, NameTheirOperator) {
  EXPECT_ERROR(ShapeError, typed("triu", {f32({3})}, {Dim(0)}), "errors/triu_rank.txt");
  EXPECT_ERROR(ShapeError, typed("reduce_max", {f32({0, 3})}, {List{0}}),
               "errors/reduce_empty.txt");
  EXPECT_ERROR(ShapeError, typed("concat", {f32({2, 3}), f32({2, 4})}, {Dim(0)}),
               "errors/concat.txt");
  EXPECT_ERROR(DTypeError, typed("inv", {i64({2, 2})}), "errors/inv_dtype.txt");
  EXPECT_ERROR(ShapeError, typed("transpose", {f32({2, 3})}, {List{0, 0}}), "errors/transpose.txt");
  EXPECT_ERROR(ShapeError, typed("layout_transform", {f32({2})}, {std::string("rows")}),
               "errors/layout.txt");
}

}  // namespace
}  // namespace bafe
