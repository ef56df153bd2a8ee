#include "bafe/ir/generalise.h"

#include <gtest/gtest.h>

#include "bafe/base/error.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

Graph program(std::string text, const std::vector<std::pair<std::string, std::string>>& sizes) {
  for (const auto& [name, value] : sizes) {
    for (std::size_t at; (at = text.find(name)) != std::string::npos;) {
      text.replace(at, name.size(), value);
    }
  }
  return parse_program(text).compact();
}

std::vector<Graph> samples(const std::string& text, const std::vector<int>& sizes) {
  std::vector<Graph> out;
  for (int n : sizes)
    out.push_back(program(
        text,
        {{"$2", std::to_string(2 * n)}, {"$q", std::to_string(n / 4)}, {"$", std::to_string(n)}}));
  return out;
}

std::string texts(const Graph& graph) { return print_program(graph); }

constexpr const char* kChain =
    "program main(a: f32[$, 64], b: f32[$, 64]) -> f32[$, 64] { return relu (mul a b) }";

TEST(Generalise, GivesEqualSizesOneSymbol) {
  std::string why;
  auto out = generalise(samples(kChain, {8, 12}), &why);
  ASSERT_TRUE(out) << why;
  EXPECT_EQ(out->symbols, std::vector<std::string>{"n0"});
  EXPECT_EQ(out->graph.inputs()[1].type.text(), "f32[n0, 64]");
}

TEST(Generalise, MatchesWhatTracesToTheSameProgram) {
  auto out = generalise(samples(kChain, {8, 12}), nullptr);
  ASSERT_TRUE(out);
  auto sizes = out->match(samples(kChain, {37})[0]);
  ASSERT_TRUE(sizes);
  EXPECT_EQ(sizes->binding.text(), "n0 = 37");
  EXPECT_EQ(texts(instantiate(out->graph, out->inputs, *sizes)), texts(samples(kChain, {37})[0]));
}

TEST(Generalise, LeavesSizesZeroAndOneAlone) {
  auto out = generalise(samples(kChain, {8, 12}), nullptr);
  ASSERT_TRUE(out);
  EXPECT_FALSE(out->match(samples(kChain, {0})[0]));
  EXPECT_FALSE(out->match(samples(kChain, {1})[0]));
  EXPECT_TRUE(out->match(samples(kChain, {2})[0]));
}

TEST(Generalise, RefusesAnotherProgram) {
  auto out = generalise(samples(kChain, {8, 12}), nullptr);
  ASSERT_TRUE(out);
  const char* other =
      "program main(a: f32[$, 64], b: f32[$, 64]) -> f32[$, 64] { return relu (add a b) }";
  EXPECT_FALSE(out->match(samples(other, {8})[0]));
  EXPECT_FALSE(
      generalise(std::vector<Graph>{samples(kChain, {8})[0], samples(other, {9})[0]}, nullptr));
}

TEST(Generalise, KeepsTwoSizesApartOnceTheyDiffer) {
  const char* text = "program main(x: f32[$a, $b]) -> f32[$a, 1] { return reduce_sum x :axes (1) }";
  std::vector<Graph> same = {program(text, {{"$a", "4"}, {"$b", "4"}}),
                             program(text, {{"$a", "6"}, {"$b", "6"}})};
  auto square = generalise(same, nullptr);
  ASSERT_TRUE(square);
  EXPECT_EQ(square->symbols.size(), 1u);
  Graph oblong = program(text, {{"$a", "5"}, {"$b", "7"}});
  EXPECT_FALSE(square->match(oblong)) << "a wrong guess must not match";
  same.push_back(oblong);
  auto free = generalise(same, nullptr);
  ASSERT_TRUE(free);
  EXPECT_EQ(free->symbols.size(), 2u);
  EXPECT_TRUE(free->match(program(text, {{"$a", "9"}, {"$b", "3"}})));
}

TEST(Generalise, RelatesArgumentsWhereAnOperatorNeedsIt) {
  const char* text =
      "program main(x: f32[$, 8], y: f32[$2, 8]) -> f32[$2, 8] "
      "{ return add (concat x x :axis 0) y }";
  std::string why;
  auto out = generalise(samples(text, {5, 9}), &why);
  ASSERT_TRUE(out) << why;
  EXPECT_EQ(out->graph.inputs()[1].type.text(), "f32[2*n0, 8]");
  EXPECT_TRUE(out->match(samples(text, {77})[0]));
}

TEST(Generalise, LeavesUnrelatedArgumentsFree) {
  const char* text =
      "program main(x: f32[$, 8], y: f32[$2, 8]) -> f32[$, 8], f32[$2, 8] "
      "{ return neg x, neg y }";
  auto out = generalise(samples(text, {5, 9}), nullptr);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->symbols.size(), 2u);
}

TEST(Generalise, SplitsASymbolByAConstant) {
  const char* text = "program main(x: f32[$]) -> f32[$q, 4] { return reshape x :shape ($q 4) }";
  std::string why;
  auto out = generalise(samples(text, {8, 20}), &why);
  ASSERT_TRUE(out) << why;
  EXPECT_EQ(out->graph.inputs()[0].type.text(), "f32[4*n0]");
  EXPECT_TRUE(out->match(samples(text, {36})[0]));
  EXPECT_FALSE(out->match(samples(text, {4})[0])) << "one part only";
}

TEST(Generalise, SlicesUpToTheEndOfASymbol) {
  const char* text =
      "program main(x: f32[$a, 3]) -> f32[$b, 3], f32[$b, 3], f32[$a, 3] { return "
      "slice x :start (0 0) :size ($b 3) :step (1 1), slice x :start (1 0) :size ($b 3) :step (1 "
      "1), slice x :start ($b 0) :size ($a 3) :step (-1 1) }";
  auto at = [&](int n) {
    return program(text, {{"$a", std::to_string(n)}, {"$b", std::to_string(n - 1)}});
  };
  std::string why;
  auto out = generalise(std::vector<Graph>{at(5), at(9)}, &why);
  ASSERT_TRUE(out) << why;
  EXPECT_TRUE(out->match(at(30)));
  EXPECT_FALSE(out->match(at(2))) << "a slice of one row";
}

TEST(Generalise, MergesSymbolsIntoTheirProduct) {
  const char* text = "program main(x: f32[$a, $b]) -> f32[$c] { return reshape x :shape ($c) }";
  auto at = [&](int a, int b) {
    return program(
        text,
        {{"$a", std::to_string(a)}, {"$b", std::to_string(b)}, {"$c", std::to_string(a * b)}});
  };
  std::string why;
  auto out = generalise(std::vector<Graph>{at(3, 5), at(4, 7)}, &why);
  ASSERT_TRUE(out) << why;
  EXPECT_TRUE(out->match(at(11, 13)));
}

TEST(Generalise, CarriesNumbersThatDependOnSizes) {
  const char* text =
      "program main(x: f32[$, 4]) -> f32[1, 4] "
      "{ return div (reduce_sum x :axes (0)) (broadcast_to (expand_dims $.0:f32 :axes (0 1)) "
      ":shape (1 4)) }";
  std::string why;
  auto out = generalise(samples(text, {5, 9}), &why);
  ASSERT_TRUE(out) << why;
  auto sizes = out->match(samples(text, {12})[0]);
  ASSERT_TRUE(sizes);
  ASSERT_EQ(sizes->numbers.size(), 1u);
  EXPECT_EQ(sizes->numbers[0].as_double(), 12);
  Graph made = instantiate(out->graph, out->inputs, *sizes);
  EXPECT_EQ(made.inputs().size(), 1u);
}

TEST(Generalise, SaysWhyItCannot) {
  const char* text =
      "program main(x: f32[$a]) -> f32[$b] { return slice x :start (0) :size ($b) :step (1) }";
  std::string why;
  std::vector<Graph> odd = {program(text, {{"$a", "8"}, {"$b", "3"}}),
                            program(text, {{"$a", "9"}, {"$b", "7"}}),
                            program(text, {{"$a", "11"}, {"$b", "2"}})};
  EXPECT_FALSE(generalise(odd, &why));
  EXPECT_NE(why.find("3, 7, 2"), std::string::npos) << why;
}

TEST(DimValue, EvaluatesPolynomials) {
  Binding binding;
  binding.set("n", 5);
  binding.set("m", 3);
  Dim n = Dim::symbol("n"), m = Dim::symbol("m");
  EXPECT_EQ(dim_value(n * n * Dim(2) - m + Dim(1), binding), 48);
  EXPECT_EQ(dim_value(Dim::symbol("k"), binding), std::nullopt);
  EXPECT_EQ(linear_dim(n * Dim(4) - Dim(2))->factor, 4);
  EXPECT_FALSE(linear_dim(n * m));
}

}  // namespace
}  // namespace bafe
