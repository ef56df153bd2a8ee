#include "bafe/ir/text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/random_program.h"

namespace bafe {
namespace {

constexpr const char* kGolden =
    "program main(x: f32[8, 512], w: f32[64, 512]) -> f32[8, 64] "
    "{ return matmul x (transpose w :perm (1 0)) }";

std::string error_of(std::string_view text) {
  try {
    parse_program(text, "t.bafe");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ProgramText, PrintsTheGoldenExample) {
  EXPECT_EQ(print_program(parse_program(kGolden)), kGolden);
}

TEST(ProgramText, NamesSharedValuesWithLet) {
  Graph graph = parse_program(
      "program main(x: f32[3]) -> f32[3], f32[] { let e = exp x; # shared\n return mul e e, "
      "1.5:f32 }");
  EXPECT_EQ(print_program(graph),
            "program main(x: f32[3]) -> f32[3], f32[] {\n"
            "  let v0 = exp x;\n"
            "  return mul v0 v0, 1.5:f32\n"
            "}");
}

TEST(ProgramText, RoundTripsRandomPrograms) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_program(seed, {.steps = 14});
    std::string text = print_program(graph);
    Graph back = parse_program(text);
    EXPECT_EQ(print_program(back), text);
    EXPECT_EQ(back.compact().hash(), graph.hash()) << text;
    ASSERT_EQ(back.inputs().size(), graph.inputs().size());
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
      EXPECT_EQ(back.inputs()[i].name, graph.inputs()[i].name);
      EXPECT_EQ(back.inputs()[i].type, graph.inputs()[i].type);
      EXPECT_EQ(back.inputs()[i].weak, graph.inputs()[i].weak);
    }
  }
}

TEST(ProgramText, KeepsLayoutsWeaknessAndSymbols) {
  const char* valid =
      "program main(x: f32[n, 2*n + 1] @col, y: f64[] weak, z: i8[0, 3, 2] @order(0 2 1)) -> "
      "f32[1, n, 2*n + 1] { return reshape x :shape (1 n (2*n + 1)) }";
  EXPECT_EQ(print_program(parse_program(valid)), valid);
}

TEST(ProgramText, RenamesInputsThatHideWords) {
  Graph graph;
  ValueId a = graph.add_input({"relu", "row", false, {DType::kF32, {2}}});
  ValueId b = graph.add_input({"my input", "row", false, {DType::kF32, {2}}});
  ValueId c = graph.add_input({"my input", "row", false, {DType::kF32, {2}}});
  Builder builder(graph);
  graph.add_root(builder.call("add", std::vector{builder.call("add", std::vector{a, b}), c}));
  EXPECT_EQ(print_program(graph),
            "program main(relu_2: f32[2], my_input: f32[2], my_input_2: f32[2]) -> f32[2] "
            "{ return add (add relu_2 my_input) my_input_2 }");
}

TEST(ProgramText, NestsDeepChainsInLets) {
  Graph graph;
  Builder builder(graph);
  ValueId x = graph.add_input({"x", "row", false, {DType::kF32, {2}}});
  for (int i = 0; i < 5000; ++i) x = builder.call(i % 2 ? "sin" : "cos", std::vector{x});
  graph.add_root(x);
  EXPECT_EQ(parse_program(print_program(graph)).compact().hash(), graph.hash());
}

TEST(ProgramText, ExpandsCompositesAndKeepsNamedOnes) {
  Graph graph = parse_program(
      "program main(x: f32[2, 3], w: f32[3, 3]) -> f32[2, 3] "
      "{ return softmax (fused_matmul_relu x w) :axes (1) }");
  bool has_named = false;
  for (ValueId id : graph.live()) {
    EXPECT_NE(op_info(graph.node(id).op).kind, OpKind::kExpand);
    has_named |= op_info(graph.node(id).op).kind == OpKind::kNamed;
  }
  EXPECT_TRUE(has_named);
}

TEST(ProgramText, SaysWhereAndHowToFix) {
  EXPECT_EQ(error_of("program main(x: f32[3]) -> f32[3] {\n  return relo x\n}"),
            "t.bafe:2:10: program: 'relo' is neither a value nor an operator\n  fix: did you mean "
            "'relu'?");
  EXPECT_EQ(error_of("program main(x: f33[3]) -> f32[3] { return x }"),
            "t.bafe:1:17: program: 'f33' is not a dtype\n"
            "  fix: use bool, i8 to i64, u8 to u64, f16, bf16, f32 or f64");
  EXPECT_EQ(error_of("program main(x: f32[3]) -> f32[4] { return x }"),
            "t.bafe:1:44: program: result 0 has type f32[3], but f32[4] is declared\n  fix: "
            "declare f32[3]");
  EXPECT_EQ(error_of("program main(x: f32[3, 2]) -> f32[2, 3] { return transpose x :prem (1 0) }"),
            "t.bafe:1:62: program: transpose has no field 'prem'\n  fix: write transpose ... :perm "
            "value");
  EXPECT_EQ(error_of("program main(x: f32[3]) -> f32[3] { return add x 1 }"),
            "t.bafe:1:50: program: '1' is not a number with its dtype\n  fix: write 1.5:f32");
  EXPECT_EQ(error_of("program main(x: f32[3]) -> f32[3] { return add relu x x }"),
            "t.bafe:1:48: program: operator 'relu' stands where a value is expected\n  fix: write "
            "(relu ...)");
  EXPECT_EQ(error_of("program main(x: f32[3]) -> f32[3] { return x } x"),
            "t.bafe:1:48: program: expected the end of the text, found 'x'\n  fix: give one "
            "program a text");
  EXPECT_EQ(error_of("program main(x: f32[3], x: f32[3]) -> f32[3] { return x }"),
            "t.bafe:1:25: program: 'x' is defined twice\n  fix: choose another name");
  EXPECT_EQ(error_of("program main(s: f32[1] weak) -> f32[1] { return s }"),
            "t.bafe:1:14: program: 's' is weak but not 0-d\n  fix: only Python scalars are weak");
}

TEST(ProgramText, PlacesShapeErrorsAtTheOperator) {
  std::string message =
      error_of("program main(x: f32[3], y: f32[4]) -> f32[3] {\n return add x y }");
  EXPECT_EQ(message.substr(0, 20), "t.bafe:2:9: add: sha") << message;
  EXPECT_THROW(parse_program("program main(x: f32[3], y: f64[3]) -> f32[3] { return add x y }"),
               DTypeError);
}

TEST(ProgramText, SurvivesTruncationAndDeepNesting) {
  std::string text = print_program(random_program(7, {.steps = 14}));
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_THROW(parse_program(text.substr(0, n)), Error) << n;
  }
  std::string deep = "program main(x: f32[3]) -> f32[3] { return ";
  for (int i = 0; i < 100000; ++i) deep += "(relu ";
  EXPECT_THROW(parse_program(deep), ParseError);
}

TEST(ProgramText, SurvivesDamage) {
  Random random(3);
  std::string text = print_program(random_program(11, {.steps = 14}));
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = text;
    for (int k = 1 + random.below(3); k-- > 0;) {
      damaged[static_cast<std::size_t>(random.below(static_cast<int>(text.size())))] =
          text[static_cast<std::size_t>(random.below(static_cast<int>(text.size())))];
    }
    try {
      parse_program(damaged);
    } catch (const Error& error) {
      EXPECT_EQ(dynamic_cast<const InternalError*>(&error), nullptr) << error.what() << "\n"
                                                                     << damaged;
    }
  }
}

TEST(ScalarText, ReadsBackAsTheSameBits) {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    auto dtype = static_cast<DType>(random.below(kDTypeCount));
    std::uint64_t bits = random.next() >> (64 - dtype_info(dtype).bits);
    Scalar value{dtype, dtype == DType::kBool ? bits & 1 : bits};
    EXPECT_EQ(scalar_from_text(scalar_text(value)), value) << scalar_text(value);
  }
  EXPECT_EQ(scalar_text(Scalar::of(DType::kF32, 0.1f)), "0.1:f32");
  EXPECT_EQ(scalar_text(Scalar::of(DType::kF64, -0.0)), "-0:f64");
  EXPECT_EQ(scalar_from_text("0x1.8p+0:f32"), Scalar::of(DType::kF32, 1.5));
  EXPECT_EQ(scalar_from_text("300:u8"), std::nullopt);
  EXPECT_EQ(scalar_from_text("-1:u8"), std::nullopt);
  EXPECT_EQ(scalar_from_text("1.5:i32"), std::nullopt);
}

TEST(ProgramBrief, ReadsLikeNumpy) {
  auto brief = [](const char* text) { return print_brief(parse_program(text)); };
  EXPECT_EQ(brief("program main(x: f32[2, 3], w: f32[3, 4], b: f32[4]) -> f32[2, 4] "
                  "{ return relu (bias_add (matmul x w) b) }"),
            "relu(x @ w + b)");
  EXPECT_EQ(brief(kGolden), "x @ w.T");
  EXPECT_EQ(
      brief("program main(x: f32[2], y: f32[2]) -> f32[2] { return mul x (sub y (sub x y)) }"),
      "x * (y - (x - y))");
  EXPECT_EQ(brief("program main(x: f32[2, 3]) -> f32[1, 3] { return reduce_sum x :axes (0) }"),
            "sum(x, axes=(0))");
}

TEST(ProgramBrief, StaysShortWhenValuesAreShared) {
  Graph graph;
  Builder builder(graph);
  ValueId x = graph.add_input({"x", "row", false, {DType::kF32, {2}}});
  for (int i = 0; i < 60; ++i) x = builder.call("add", std::vector{x, x});
  graph.add_root(x);
  EXPECT_LE(print_brief(graph).size(), 2000u);
}

}  // namespace
}  // namespace bafe
