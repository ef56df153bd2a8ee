// Parts of random programs have the elements of the whole, bit by bit.

#include "bafe/runtime/part_program.h"

#include <gtest/gtest.h>

#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "ir/random_inputs.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

Picks some_of(const Type& type, Random& random) {
  Picks out;
  for (std::int64_t size : concrete(type.shape)) {
    out.emplace_back();
    for (std::int64_t i = 0; i < size; ++i) {
      if (i + 1 == size || random.chance(40)) out.back().push_back(i);
    }
  }
  return out;
}

bool same_bits(const Tensor& part, std::int64_t i, const Tensor& whole, std::int64_t j) {
  const Scalar a = part.at(i), b = whole.at(j);
  if (is_float(a.dtype) && std::isnan(a.as_double())) return std::isnan(b.as_double());
  return a.bits == b.bits;
}

void expect_agrees(const Graph& graph, const std::vector<Tensor>& inputs, Random& random,
                   int& compared) {
  std::vector<Picks> picks;
  for (ValueId root : graph.roots()) picks.push_back(some_of(graph.type(root), random));
  const auto part = part_of(graph, picks, {1e8, 1e7});
  ASSERT_TRUE(part.has_value());
  part->graph.check();
  const std::vector<Tensor> whole = evaluate(graph, inputs);
  const std::vector<Tensor> few = evaluate(part->graph, part->arguments(inputs, {}));
  for (std::size_t o = 0; o < whole.size(); ++o) {
    for (std::size_t i = 0; i < part->wanted[o].size(); ++i) {
      ASSERT_TRUE(same_bits(few[o], static_cast<std::int64_t>(i), whole[o], part->wanted[o][i]))
          << print_program(graph) << "output " << o << " element " << part->wanted[o][i];
      ++compared;
    }
  }
}

TEST(PartProgram, HasTheElementsOfTheWholeInRandomPrograms) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    RandomProgramOptions options;
    options.max_roots = 2;
    const Graph graph = flatten_named(random_program(seed, options));
    Random random(seed);
    try {
      evaluate(graph, random_inputs(graph, seed));
    } catch (const Error&) {
      continue;  // the program refuses these arguments
    }
    expect_agrees(graph, random_inputs(graph, seed), random, compared);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(compared, 5'000);
}

TEST(PartProgram, ReadsOnlyTheRowsAndColumnsThatAProductNeeds) {
  const Graph graph = parse_program(
      "program main(a: f32[4000, 100], b: f32[100, 5000]) -> f32[4000, 5000] { "
      "return relu (matmul a b) }");
  const auto part = part_of(graph, std::vector<Picks>{{{0, 17, 3999}, {4998, 4999}}});
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->sources[0].flat.size() + part->sources[1].flat.size(), 500u);
  EXPECT_EQ(part->wanted[0].back(), 4000 * 5000 - 1);
}

TEST(PartProgram, IsNotMadeBeyondItsLimits) {
  const Graph graph = parse_program(
      "program main(a: f32[4000, 5000]) -> f32[1, 1] { return reduce_sum a :axes (0 1) }");
  EXPECT_FALSE(part_of(graph, std::vector<Picks>{{{0}, {0}}}).has_value());
}

}  // namespace
}  // namespace bafe
