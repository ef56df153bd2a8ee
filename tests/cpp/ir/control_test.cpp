#include "bafe/ir/control.h"

#include <gtest/gtest.h>

#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/interrupted.h"
#include "bafe/ir/specials.h"
#include "bafe/ir/specials_reach.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

const Type kVector{DType::kF64, {3}}, kIndex{DType::kI64, {}}, kFlag{DType::kBool, {}};

Attrs loop_fields(const Graph& body, std::int64_t states, std::int64_t sequences,
                  std::int64_t length, bool tests, std::int64_t result) {
  return {std::make_shared<const Graph>(body),
          Dim(states),
          Dim(sequences),
          Dim(length),
          Dim(tests ? 1 : 0),
          Dim(result)};
}

/// s = s * c + row, which is also the row that is stacked.
Graph body_of_scan() {
  return parse_program(
      "program body(i: i64[], s: f64[3], row: f64[3], c: f64[3]) -> f64[3], f64[3]\n"
      "{ let t = add (mul s c) row; return t, t }");
}

/// Two results of one scan over five rows.
Graph scan_program() {
  Graph graph;
  const ValueId s = graph.add_input({"s", "row", false, kVector});
  const ValueId xs = graph.add_input({"xs", "row", false, {DType::kF64, {5, 3}}});
  const ValueId c = graph.add_input({"c", "row", false, kVector});
  const ValueId first = graph.add_fill(Scalar::of_int(DType::kI64, 0), {});
  const ValueId last = graph.add_fill(Scalar::of_int(DType::kI64, 5), {});
  for (int k : {0, 1})
    graph.add_root(graph.add(Op::kLoop, {first, last, s, xs, c},
                             loop_fields(body_of_scan(), 1, 1, 5, false, k)));
  return graph;
}

Tensor numbers(Type type, double begin) {
  Tensor out(std::move(type));
  for (std::int64_t i = 0; i < out.count(); ++i)
    out.as<double>()[i] = begin + static_cast<double>(i);
  return out;
}

TEST(Loop, CarriesAStateAndStacksRows) {
  const Graph graph = scan_program();
  graph.check();
  const std::vector<Tensor> inputs{numbers(kVector, 1), numbers({DType::kF64, {5, 3}}, 0),
                                   numbers(kVector, 0.5)};
  const std::vector<Tensor> results = evaluate(graph, inputs);
  double state[3] = {1, 2, 3};
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < 3; ++k) {
      state[k] = state[k] * (0.5 + k) + (3 * i + k);
      EXPECT_EQ(results[1].as<double>()[3 * i + k], state[k]);
    }
  }
  for (int k = 0; k < 3; ++k) EXPECT_EQ(results[0].as<double>()[k], state[k]);
}

TEST(Loop, SurvivesTextAndJson) {
  const Graph graph = scan_program();
  const std::string text = print_program(graph);
  EXPECT_EQ(canonical_text(parse_program(text)), canonical_text(graph)) << text;
  EXPECT_EQ(canonical_text(program_from_json(program_to_json(graph))), canonical_text(graph));
}

TEST(Loop, IsAnotherNodeWithAnotherBody) {
  Graph graph = scan_program();
  const Node node = graph.node(graph.roots()[0]);
  Attrs attrs = node.attrs;
  attrs[0] = std::make_shared<const Graph>(body_of_scan());  // equal, elsewhere in memory
  EXPECT_EQ(graph.add(node.op, node.operands, attrs), graph.roots()[0]);
  const std::string before = canonical_text(graph);
  attrs[0] = std::make_shared<const Graph>(
      parse_program("program body(i: i64[], s: f64[3], row: f64[3], c: f64[3]) -> f64[3], f64[3]\n"
                    "{ let t = sub (mul s c) row; return t, t }"));
  const ValueId other = graph.add(node.op, node.operands, attrs);
  EXPECT_NE(other, graph.roots()[0]);
  graph.set_roots({other, graph.roots()[1]});
  EXPECT_NE(canonical_text(graph), before);
}

TEST(Loop, RefusesAStateThatChangesItsType) {
  Graph graph;
  const ValueId s = graph.add_input({"s", "row", false, {DType::kF32, {3}}});
  const ValueId zero = graph.add_fill(Scalar::of_int(DType::kI64, 0), {});
  const Graph body = parse_program("program b(i: i64[], s: f64[3]) -> f64[3] { return neg s }");
  EXPECT_THROW(graph.add(Op::kLoop, {zero, zero, s}, loop_fields(body, 1, 0, 0, false, 0)),
               ShapeError);
  EXPECT_THROW(graph.add(Op::kLoop, {zero, zero}, loop_fields(body, 1, 0, 0, false, 0)),
               ShapeError);
}

TEST(Loop, EndsWhereItsTestFailsOrItsCapIs) {
  Graph graph;
  const ValueId zero = graph.add_fill(Scalar::of_int(DType::kI64, 0), {});
  const ValueId last =
      graph.add_fill(Scalar::of_int(DType::kI64, std::numeric_limits<std::int64_t>::max()), {});
  const Graph body = parse_program(
      "program b(i: i64[], s: i64[]) -> i64[], bool[] { let t = add s 1:i64; return t, less t "
      "9:i64 "
      "}");
  graph.add_root(graph.add(Op::kLoop, {zero, last, zero}, loop_fields(body, 1, 0, 0, true, 0)));
  EXPECT_EQ(evaluate(graph, {})[0].at(0).as_int(), 9);
  const LoopCap cap(4);
  EXPECT_EQ(evaluate(graph, {})[0].at(0).as_int(), 4);
}

TEST(Loop, StopsWhenItsHostAsks) {
  Graph graph;
  const ValueId zero = graph.add_fill(Scalar::of_int(DType::kI64, 0), {});
  const ValueId last =
      graph.add_fill(Scalar::of_int(DType::kI64, std::numeric_limits<std::int64_t>::max()), {});
  const Graph body = parse_program("program b(i: i64[], s: i64[]) -> i64[] { return add s i }");
  graph.add_root(graph.add(Op::kLoop, {zero, last, zero}, loop_fields(body, 1, 0, 0, false, 0)));
  set_loop_poll([] { return true; });
  EXPECT_THROW(evaluate(graph, {}), Interrupted);
  set_loop_poll(nullptr);
}

TEST(Loop, RefusesIterationsBesideItsSequences) {
  Graph graph = scan_program();
  Node node = graph.node(graph.roots()[0]);
  node.operands[1] = graph.add_fill(Scalar::of_int(DType::kI64, 6), {});
  graph.set_roots({graph.add(node.op, node.operands, node.attrs)});
  const std::vector<Tensor> inputs{numbers(kVector, 1), numbers({DType::kF64, {5, 3}}, 0),
                                   numbers(kVector, 0.5)};
  EXPECT_THROW(evaluate(graph, inputs), ShapeError);
}

TEST(Loop, TellsNanApartWhereItsBodyDoes) {
  Graph graph;
  const ValueId x = graph.add_input({"x", "row", false, kVector});
  const ValueId zero = graph.add_fill(Scalar::of_int(DType::kI64, 0), {});
  const Graph body = parse_program(
      "program b(i: i64[], x: f64[3]) -> f64[3] { return where (isnan x) (neg x) x }");
  graph.add_root(graph.add(Op::kLoop, {zero, zero, x}, loop_fields(body, 1, 0, 0, false, 0)));
  EXPECT_TRUE(sees_specials(graph));
  const Graph plain = parse_program("program p(x: f64[3]) -> f64[3] { return neg x }");
  EXPECT_FALSE(sees_specials(plain));
  const SpecialsInReach reach(true);
  EXPECT_TRUE(sees_specials(plain));
}

TEST(Cond, EvaluatesOneBranchAlone) {
  Graph graph;
  const ValueId flag = graph.add_input({"flag", "row", false, kFlag});
  const ValueId x = graph.add_input({"x", "row", false, kVector});
  const ValueId at = graph.add_input({"at", "row", false, kIndex});
  const auto taken = std::make_shared<const Graph>(
      parse_program("program t(x: f64[3], at: i64[]) -> f64[] { return take x at :axis 0 }"));
  const auto other = std::make_shared<const Graph>(
      parse_program("program e(x: f64[3], at: i64[]) -> f64[] { return 7.0:f64 }"));
  graph.add_root(graph.add(Op::kCond, {flag, x, at}, {taken, other, Dim(0)}));
  graph.check();
  const Tensor far = Tensor::scalar(Scalar::of_int(DType::kI64, 99));
  const Tensor yes = Tensor::scalar(Scalar::of_int(DType::kBool, 1));
  const Tensor no = Tensor::scalar(Scalar::of_int(DType::kBool, 0));
  EXPECT_EQ(evaluate(graph, std::vector<Tensor>{no, numbers(kVector, 0), far})[0].at(0).as_double(),
            7.0);
  EXPECT_THROW(evaluate(graph, std::vector<Tensor>{yes, numbers(kVector, 0), far}), ShapeError);
}

}  // namespace
}  // namespace bafe
