#include "bafe/ir/graph.h"

#include <gtest/gtest.h>

#include "bafe/ir/builder.h"
#include "bafe/ir/used_inputs.h"

namespace bafe {
namespace {

Type f32(Shape shape) { return {DType::kF32, std::move(shape)}; }

TEST(Graph, MakesEqualNodesOnce) {
  Graph g;
  ValueId x = g.add_input({"x", "row", false, f32({2})}),
          y = g.add_input({"y", "row", false, f32({2})});
  EXPECT_NE(x, y);
  EXPECT_EQ(g.add(Op::kAdd, {x, y}), g.add(Op::kAdd, {x, y}));
  EXPECT_NE(g.add(Op::kAdd, {x, y}), g.add(Op::kAdd, {y, x}));
  EXPECT_NE(g.add_fill(Scalar::of(DType::kF32, 0.0), {2}),
            g.add_fill(Scalar::of(DType::kF32, -0.0), {2}));
  EXPECT_EQ(g.add_fill(Scalar::of(DType::kF32, 1.0), {2}),
            g.add_fill(Scalar::of(DType::kF32, 1.0), {2}));
  g.check();
}

TEST(Graph, LeavesOutInputsThatNoRootNeeds) {
  Graph g;
  g.add_input({"x", "row", false, f32({2})});
  ValueId y = g.add_input({"y", "col", false, f32({3})});
  g.add_input({"z", "row", false, f32({4})});
  g.add_root(g.add(Op::kExp, {y}));
  EXPECT_EQ(used_inputs(g), (std::vector<bool>{false, true, false}));
  Graph small = keep_inputs(g, used_inputs(g));
  small.check();
  ASSERT_EQ(small.inputs().size(), 1u);
  EXPECT_EQ(small.inputs()[0].name, "y");
  EXPECT_EQ(small.inputs()[0].layout, "col");
  EXPECT_EQ(small.size(), 2u);
}

TEST(Graph, KeepsOnlyWhatRootsNeedWhenCompacted) {
  Graph g;
  ValueId x = g.add_input({"x", "row", false, f32({2})}),
          y = g.add_input({"y", "col", false, f32({2})});
  g.add(Op::kExp, {x});
  ValueId log = g.add(Op::kLog, {y});
  g.set_loc(log, {"model.py", 3, 0});
  g.add_root(log);
  EXPECT_EQ(g.live().size(), 2u);
  Graph small = g.compact();
  small.check();
  EXPECT_EQ(small.size(), 3u);
  EXPECT_EQ(small.inputs().size(), 2u);
  EXPECT_EQ(small.inputs()[1].layout, "col");
  EXPECT_EQ(small.loc(small.roots()[0]).line, 3);
  EXPECT_EQ(small.hash(), g.hash());
}

TEST(Graph, NumbersEqualProgramsEqually) {
  auto build = [](bool swapped) {
    Graph g;
    ValueId x = g.add_input({"x", "row", false, f32({2})});
    ValueId first = g.add(swapped ? Op::kLog : Op::kExp, {x}),
            second = g.add(swapped ? Op::kExp : Op::kLog, {x});
    g.add_root(swapped ? g.add(Op::kSub, {second, first}) : g.add(Op::kSub, {first, second}));
    return g.compact();
  };
  Graph a = build(false), b = build(true);
  ASSERT_EQ(a.size(), b.size());
  for (std::uint32_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a.node(ValueId(i)).op, b.node(ValueId(i)).op);
  EXPECT_EQ(a.hash(), b.hash());
}

TEST(GraphHash, IgnoresNamesAndSeesTypes) {
  auto build = [](std::string name, Shape shape, bool weak) {
    Graph g;
    g.add_root(
        g.add(Op::kExp, {g.add_input({std::move(name), "row", weak, f32(std::move(shape))})}));
    return g.hash();
  };
  EXPECT_EQ(build("x", {2}, false), build("y", {2}, false));
  EXPECT_NE(build("x", {2}, false), build("x", {3}, false));
  EXPECT_NE(build("x", {}, false), build("x", {}, true));
}

TEST(GraphUses, CountRootsToo) {
  Graph g;
  ValueId x = g.add_input({"x", "row", false, f32({2})});
  ValueId square = g.add(Op::kMul, {x, x});
  g.set_roots({square, square});
  EXPECT_EQ(g.use_counts(), (std::vector<int>{2, 2}));
}

TEST(GraphCheck, NamesTheClause) {
  Graph g;
  g.add_input({"x", "row", false, f32({2})});
  g.check();
  g.input(0).weak = true;
  try {
    g.check();
    ADD_FAILURE() << "a weak input with axes passes";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("clause 5"), std::string::npos) << error.what();
  }
  g.input(0) = {"x", "row", false, f32({3})};
  EXPECT_THROW(g.check(), InternalError);
}

TEST(Graph, RefusesWhatBreaksTheNormalForm) {
  Graph g;
  ValueId x = g.add_input({"x", "row", false, f32({2})}),
          s = g.add_input({"s", "row", false, f32({})});
  EXPECT_THROW(g.add(Op::kAdd, {x, s}), ShapeError);
  EXPECT_THROW(g.add(Op::kReduceSum, {x}, {List{-1}}), ShapeError);
  EXPECT_THROW(g.add(Op::kExp, {ValueId(99)}), InternalError);
  EXPECT_EQ(g.size(), 2u);
}

TEST(NamedComposites, StayNodesUntilFlattened) {
  Graph g;
  Builder b(g);
  ValueId x = g.add_input({"x", "row", false, f32({4, 3})}),
          w = g.add_input({"w", "row", false, f32({3, 5})});
  ValueId c = g.add_input({"c", "row", false, f32({5})});
  const ValueId operands[] = {x, w, c};
  g.add_root(b.named(Op::kFusedMatmulBiasRelu, operands));
  g.check();
  EXPECT_EQ(g.type(g.roots()[0]).text(), "f32[4, 5]");
  Graph flat = flatten_named(g);
  flat.check();
  EXPECT_EQ(op_info(flat.node(flat.roots()[0]).op).name, "relu");
  for (ValueId v : flat.live()) EXPECT_NE(op_info(flat.node(v).op).kind, OpKind::kNamed);
  EXPECT_EQ(flat.type(flat.roots()[0]), g.type(g.roots()[0]));
  const ValueId wrong[] = {x, x, c};
  EXPECT_THROW(b.named(Op::kFusedMatmulBiasRelu, wrong), ShapeError);
}

}  // namespace
}  // namespace bafe
