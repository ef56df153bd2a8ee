// Plans of prebuilt steps against the interpreter, at every ISA level that this machine runs.

#include "bafe/codegen/prebuilt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "bafe/base/error.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/executor.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

std::vector<Target> levels() {
  std::vector<Target> out(1);
  for (Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
    if (isa > host_target().isa) break;
    out.emplace_back();
    out.back().isa = isa;
    out.back().fma = true;
  }
  return out;
}

/// Element i of a dense buffer in `order`, for row-major i.
std::vector<std::int64_t> places_in(const Type& type, const std::vector<int>& order) {
  const std::vector<std::int64_t> sizes = concrete(type.shape);
  std::vector<std::int64_t> strides(sizes.size()), out;
  std::int64_t stride = 1;
  for (std::size_t i = order.size(); i-- > 0; stride *= sizes[static_cast<std::size_t>(order[i])])
    strides[static_cast<std::size_t>(order[i])] = stride;
  for (std::int64_t flat = 0; flat < stride; ++flat) {
    std::int64_t rest = flat, at = 0;
    for (std::size_t a = sizes.size(); a-- > 0; rest /= sizes[a])
      at += rest % sizes[a] * strides[a];
    out.push_back(at);
  }
  return out;
}

Tensor moved(const Tensor& x, const std::vector<int>& order, bool into) {
  Tensor out(x.type());
  const std::vector<std::int64_t> places = places_in(x.type(), order);
  for (std::int64_t i = 0; i < x.count(); ++i) {
    const std::int64_t at = places[static_cast<std::size_t>(i)];
    out.set(into ? at : i, x.at(into ? i : at));
  }
  return out;
}

/// Runs the plan on row-major tensors, with `threads` threads.
std::vector<Tensor> run_plan(const Plan& plan, const Graph& graph,
                             const std::vector<Tensor>& inputs, int threads) {
  std::vector<Tensor> outputs, arguments = inputs;
  std::vector<std::vector<int>> orders(graph.roots().size());
  for (ValueId root : graph.roots()) outputs.emplace_back(graph.type(root));
  for (const Slot& slot : plan.slots) {
    const auto at = static_cast<std::size_t>(slot.index);
    if (slot.kind == SlotKind::kInput) arguments[at] = moved(inputs[at], slot.order, true);
    if (slot.kind == SlotKind::kOutput) orders[at] = slot.order;
  }
  std::vector<void*> in, out;
  for (Tensor& t : arguments) in.push_back(t.data());
  for (Tensor& t : outputs) {
    std::memset(t.data(), 0xa5, static_cast<std::size_t>(type_bytes(t.type())));
    out.push_back(t.data());
  }
  const Executor executor(plan, nullptr, cpu_backend(), {}, 1.0);
  executor.run(in.data(), out.data(), threads);
  for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k] = moved(outputs[k], orders[k], false);
  return outputs;
}

bool same_element(Scalar a, Scalar b) {
  return a == b || (is_float(a.dtype) && std::isnan(a.as_double()) && std::isnan(b.as_double()));
}

/// Functions that kernels compute by polynomials differ from the interpreter in the last bits.
bool is_exact(const OpInfo& info) {
  static const char* kNear[] = {"exp", "expm1", "log", "log1p",     "sin",  "cos",  "tanh",
                                "erf", "erfc",  "pow", "logaddexp", "gelu", "silu", "sigmoid"};
  for (const char* name : kNear) {
    if (info.name == name) return false;
  }
  return true;
}

bool is_exact(const Graph& graph) {
  const Graph flat = flatten_named(graph);
  const std::vector<ValueId> live = flat.live();
  return std::all_of(live.begin(), live.end(),
                     [&](ValueId id) { return is_exact(op_info(flat.node(id).op)); });
}

void compare(const Graph& graph, std::uint64_t seed, const Target& target) {
  const bool is_strict = is_exact(graph);
  const std::vector<Tensor> inputs = random_inputs(graph, seed);
  std::vector<Tensor> expected;
  bool fails = false;
  try {
    expected = evaluate(graph, inputs);
  } catch (const std::exception&) {
    fails = true;
  }
  const Plan plan = prebuilt_plan(graph, {true, false}, target);
  const int threads = 1 + static_cast<int>(seed % 3);
  if (fails) {
    EXPECT_ANY_THROW(run_plan(plan, graph, inputs, threads)) << print_program(graph);
    return;
  }
  const std::vector<Tensor> got = run_plan(plan, graph, inputs, threads);
  int wrong = 0;
  for (std::size_t k = 0; k < got.size(); ++k) {
    for (std::int64_t i = 0; i < got[k].count() && wrong < 3; ++i) {
      const Scalar a = got[k].at(i), b = expected[k].at(i);
      const bool is_close =
          !is_strict && is_float(a.dtype) &&
          std::abs(a.as_double() - b.as_double()) <= 1e-2 * std::abs(b.as_double()) + 1e-3;
      if (same_element(a, b) || is_close) continue;
      ++wrong;
      ADD_FAILURE() << "seed " << seed << " " << target.text() << " root " << k << " element " << i
                    << ": " << a.as_double() << " instead of " << b.as_double() << "\n"
                    << print_program(graph);
    }
  }
}

int count_of_runs() {
  const char* text = std::getenv("BAFE_TEST_PROGRAMS");
  return text ? std::atoi(text) : 150;
}

TEST(PrebuiltPlan, EqualsTheInterpreterInBits) {
  for (const Target& target : levels()) {
    for (int i = 0; i < count_of_runs(); ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      RandomProgramOptions options;
      options.allow = [](const OpInfo& info) { return is_exact(info); };
      options.linear_algebra = i % 4 == 0;  // brings tanh with it
      compare(random_program(seed, options), seed, target);
    }
  }
}

TEST(PrebuiltPlan, IsCloseToTheInterpreterWithElementaryFunctions) {
  for (const Target& target : levels()) {
    for (int i = 0; i < count_of_runs(); ++i) {
      const auto seed = static_cast<std::uint64_t>(i) + 1000;
      compare(random_program(seed, {}), seed, target);
    }
  }
}

}  // namespace
}  // namespace bafe
