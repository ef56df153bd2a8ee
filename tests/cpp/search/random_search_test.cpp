// Search over random programs of all operators: in `bits` the chosen program gives the same bits,
// in every mode the plan keeps its promises and the search gives no error of its own.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "bafe/ir/text.h"
#include "bafe/search/optimize.h"
#include "ir/random_program.h"
#include "programs.h"

namespace bafe {
namespace {

int count_of_runs() {
  const char* text = std::getenv("BAFE_TEST_PROGRAMS");
  return text ? std::atoi(text) : 60;
}

bool same_element(Scalar a, Scalar b) {
  if (a == b) return true;
  return is_float(a.dtype) && std::isnan(a.as_double()) && std::isnan(b.as_double());
}

/// The values of the roots, or nothing where the program fails (a singular matrix, an index out of
/// range).
std::vector<Tensor> values_of(const Graph& graph, std::span<const Tensor> inputs) {
  try {
    return evaluate(graph, inputs);
  } catch (const Error&) {
    return {};
  }
}

SearchResult search_seed(const Graph& graph, std::uint64_t seed, SearchOptions options) {
  try {
    SearchResult result = optimize(graph, options);
    for (const Program& candidate : result.candidates) check_program(candidate);
    return result;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "seed " << seed << ": " << error.what() << "\n" << print_program(graph);
    return {};
  }
}

void expect_same_bits(const Graph& graph, const SearchResult& result, std::uint64_t seed) {
  std::vector<Tensor> inputs = random_inputs(graph, seed);
  std::vector<Tensor> expected = values_of(graph, inputs),
                      got = values_of(result.program.graph, inputs);
  ASSERT_EQ(expected.size(), got.size()) << "seed " << seed << "\n" << print_program(graph);
  int wrong = 0;
  for (std::size_t r = 0; r < got.size(); ++r) {
    ASSERT_EQ(got[r].type().text(), expected[r].type().text());
    for (std::int64_t i = 0; i < got[r].count() && wrong < 2; ++i) {
      if (same_element(got[r].at(i), expected[r].at(i))) continue;
      ++wrong;
      ADD_FAILURE() << "seed " << seed << " root " << r << " element " << i << ": "
                    << got[r].at(i).as_double() << " instead of " << expected[r].at(i).as_double()
                    << "\n"
                    << print_program(graph) << print_program(result.program.graph);
    }
  }
}

TEST(RandomSearch, KeepsTheBitsWhenBitsMustStay) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(i);
    Graph graph = random_program(seed);
    SearchOptions options;
    options.math = Math::kBits;
    expect_same_bits(graph, search_seed(graph, seed, options), seed);
  }
}

TEST(RandomSearch, KeepsItsPromisesInEveryMode) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(i) + 5000;
    Graph graph = random_program(seed);
    SearchOptions options;
    options.math = i % 2 ? Math::kReals : Math::kFast;
    if (i % 3 == 0) options.budget = SearchBudget{3, 300, 64, 0, 2.0, seed, true};
    SearchResult result = search_seed(graph, seed, options);
    ASSERT_EQ(result.program.graph.roots().size(), graph.roots().size());
    for (std::size_t r = 0; r < graph.roots().size(); ++r) {
      EXPECT_EQ(result.program.graph.type(result.program.graph.roots()[r]),
                graph.type(graph.roots()[r]));
    }
    EXPECT_LE(result.program.predicted_ns, result.predicted_ns_as_written);
  }
}

TEST(RandomSearch, WritesTheProgramAsItIsWithoutSearch) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(i) + 9000;
    Graph graph = random_program(seed);
    SearchResult result;
    result.program = plan_as_written(graph, {});
    check_program(result.program);
    expect_same_bits(graph, result, seed);
  }
}

}  // namespace
}  // namespace bafe
