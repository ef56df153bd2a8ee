// Random programs through the C compiler against the interpreter, bit for bit.

#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/text.h"
#include "codegen/plan_run.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

bool same_element(Scalar a, Scalar b) {
  if (a == b) return true;
  return is_float(a.dtype) && std::isnan(a.as_double()) && std::isnan(b.as_double());
}

/// Errors of the interpreter and of the kernels must come together.
void compare(const Graph& graph, const Program& program, std::uint64_t seed, bool is_strict) {
  std::vector<Tensor> inputs = random_inputs(graph, seed);
  Plan plan;
  try {
    plan = build_plan(program, host_target(), {true, false});
  } catch (const std::exception& error) {
    FAIL() << "seed " << seed << ": " << error.what() << "\n" << print_program(graph);
  }
  std::vector<Tensor> expected;
  bool fails = false;
  try {
    expected = evaluate(graph, inputs);
  } catch (const Error&) {
    fails = true;
  }
  PlanRunner runner(plan, host_target());
  std::vector<Tensor> got = runner.run(inputs, 1 + static_cast<std::int64_t>(seed % 5));
  if (fails) {
    EXPECT_NE(runner.status(), 0) << print_program(graph);
    return;
  }
  ASSERT_EQ(runner.status(), 0) << print_program(graph) << plan.c_text;
  int wrong = 0;
  for (std::size_t k = 0; k < got.size(); ++k) {
    for (std::int64_t i = 0; i < got[k].count() && wrong < 3; ++i) {
      Scalar a = got[k].at(i), b = expected[k].at(i);
      bool is_close =
          !is_strict && is_float(a.dtype) &&
          std::abs(a.as_double() - b.as_double()) <= 1e-2 * std::abs(b.as_double()) + 1e-3;
      if (same_element(a, b) || is_close) continue;
      ++wrong;
      ADD_FAILURE() << "seed " << seed << " root " << k << " element " << i << ": " << a.as_double()
                    << " instead of " << b.as_double() << "\n"
                    << print_program(graph) << plan.c_text;
    }
  }
}

bool has_exact_meaning(const OpInfo& info) {
  static const char* kApproximate[] = {
      "exp",  "expm1", "log",  "log1p", "sin",     "cos",       "tanh", "sigmoid",    "erf",
      "erfc", "pow",   "gelu", "silu",  "softmax", "logsumexp", "norm", "layer_norm", "mean"};
  for (const char* name : kApproximate) {
    if (info.name == name) return false;
  }
  return info.kind != OpKind::kContraction;
}

int count_of_runs() {
  const char* text = std::getenv("BAFE_TEST_PROGRAMS");
  return text ? std::atoi(text) : 40;
}

TEST(PlanRandom, OneKernelANodeEqualsTheInterpreter) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(i);
    RandomProgramOptions options;
    options.allow = has_exact_meaning;
    options.linear_algebra = false;
    Graph graph = flatten_named(random_program(seed, options));
    compare(graph, one_group_a_node(graph), seed, true);
    if (HasFailure()) return;
  }
}

TEST(PlanRandom, OneFusedGroupEqualsTheInterpreter) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(1000 + i);
    RandomProgramOptions options;
    options.allow = has_exact_meaning;
    options.linear_algebra = false;
    Graph graph = flatten_named(random_program(seed, options));
    compare(graph, one_group(graph), seed, true);
    if (HasFailure()) return;
  }
}

/// Every buffer in a random axis order; matrix products and nests must follow.
void shuffle_orders(Program& program, std::uint64_t seed) {
  Random random(seed);
  for (Layout& layout : program.layouts) {
    for (std::size_t i = layout.order.size(); i > 1; --i) {
      std::swap(layout.order[i - 1],
                layout.order[static_cast<std::size_t>(random.below(static_cast<int>(i)))]);
    }
  }
}

TEST(PlanRandom, BuffersOfAnyAxisOrderGiveTheSameBits) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(2000 + i);
    RandomProgramOptions options;
    options.allow = [](const OpInfo& info) {
      return has_exact_meaning(info) || info.kind == OpKind::kContraction;
    };
    options.linear_algebra = false;
    Graph graph = flatten_named(random_program(seed, options));
    Program program = i % 2 == 0 ? one_group_a_node(graph) : one_group(graph);
    shuffle_orders(program, seed);
    compare(graph, program, seed, true);
    if (HasFailure()) return;
  }
}

/// f32 kept inside a group, functions within a few ulps: close is enough, and no crash.
TEST(PlanRandom, EveryOperatorIsCloseWhenFused) {
  for (int i = 0; i < count_of_runs(); ++i) {
    auto seed = static_cast<std::uint64_t>(3000 + i);
    RandomProgramOptions options;
    options.allow = [](const OpInfo& info) { return info.kind != OpKind::kLibrary; };
    options.linear_algebra = false;
    Graph graph = flatten_named(random_program(seed, options));
    compare(graph, one_group(graph), seed, false);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace bafe
