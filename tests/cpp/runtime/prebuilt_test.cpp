// Plans of prebuilt steps against the interpreter, at every ISA level that this machine runs.

#include "bafe/codegen/prebuilt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "bafe/base/division_error.h"
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

void compare_text(const std::string& text) {
  const Graph graph = parse_program(text);
  for (const Target& target : levels()) {
    for (std::uint64_t seed : {0u, 2u}) compare(graph, seed, target);  // one and three threads
  }
}

std::string number(std::int64_t n) { return std::to_string(n); }

TEST(PrebuiltPointwise, IsRightAroundEveryBlockLength) {
  for (int n : {1, 3, 63, 64, 65, 511, 512, 513, 1000, 1024, 1025, 16384, 16385, 50001}) {
    const std::string f32 = "f32[" + number(n) + "]", f64 = "f64[" + number(n) + "]";
    compare_text("program main(a: " + f32 + ", b: " + f32 + ") -> " + f32 +
                 " { return relu (sub (mul a b) a) }");
    compare_text("program main(a: " + f32 + ", b: " + f64 + ") -> " + f64 +
                 " { return add (cast a :dtype f64) b }");
  }
}

/// The operator on operands of one dtype, where it takes them.
std::optional<Graph> graph_of(const OpInfo& info, DType d, const Attrs& attrs) {
  Graph graph;
  std::vector<ValueId> operands;
  for (int i = 0; i < info.arity; ++i) {
    const bool is_condition = info.dtype_rule == DTypeRule::kWhere && i == 0;
    const Type type{is_condition ? DType::kBool : d, {Dim(7), Dim(30)}};
    operands.push_back(graph.add_input({"x", "row", false, type}));
  }
  try {
    graph.add_root(graph.add(info.op, operands, attrs));
    return graph;
  } catch (const Error&) {
    return std::nullopt;
  }
}

TEST(PrebuiltPointwise, ComputesEveryOperatorOnEveryDType) {
  const DType all[] = {DType::kBool, DType::kI8,  DType::kI16, DType::kI32, DType::kI64,
                       DType::kU8,   DType::kU16, DType::kU32, DType::kU64, DType::kF16,
                       DType::kBF16, DType::kF32, DType::kF64};
  for (const OpInfo& info : all_ops()) {
    if (info.kind != OpKind::kPointwise) continue;
    for (DType d : all) {
      for (DType to : all) {
        const bool is_cast = info.dtype_rule == DTypeRule::kCast;
        if (!is_cast && to != d) continue;
        const std::optional<Graph> graph = graph_of(info, d, is_cast ? Attrs{to} : Attrs{});
        if (!graph) continue;
        for (const Target& target : levels()) {
          for (std::uint64_t seed : {0u, 1u}) compare(*graph, seed, target);
          const bool is_main =
              dtype_bytes(d) >= 4 && is_float(d) && !(is_cast && (to == d || !is_float(to)));
          if (is_main) {
            EXPECT_TRUE(prebuilt_plan(*graph, {}, target).bodies.empty()) << info.name;
          }
        }
      }
    }
  }
}

TEST(PrebuiltPointwise, ReadsBroadcastAndMovedOperands) {
  for (int n : {1, 3, 64, 200}) {
    const std::string size = number(n), shape = "[" + size + " 70]";
    const std::string type = "f32[" + size + ", 70]";
    compare_text("program main(x: " + type + ", r: f32[70], c: f32[" + size +
                 ", 1], s: f32[]) -> " + type +
                 " { return add (mul x (broadcast_to (expand_dims r :axes (0)) :shape (" + size +
                 " 70))) (sub (broadcast_to c :shape (" + size +
                 " 70)) (broadcast_to (expand_dims s :axes (0 1)) :shape (" + size + " 70))) }");
    compare_text("program main(x: " + type + ", y: f32[70, " + size + "]) -> " + type +
                 " { return add x (transpose y :perm (1 0)) }");
    compare_text("program main(x: f32[" + size + ", 140]) -> " + type +
                 " { return neg (slice x :start (0 1) :size (" + size + " 70) :step (1 2)) }");
  }
}

TEST(PrebuiltPointwise, KeepsManyValuesApart) {
  std::string body = "x";
  for (int i = 0; i < 60; ++i) body = "(sub (mul " + body + " y) x)";
  compare_text("program main(x: i64[1500], y: i64[1500]) -> i64[1500] { return " +
               body.substr(1, body.size() - 2) + " }");
}

TEST(PrebuiltPointwise, ChecksDivisorsOfElementsThatExistOnly) {
  const Graph graph = parse_program(
      "program main(x: i32[70], y: i32[70]) -> i32[70], i32[70] "
      "{ return floor_divide x y, remainder x y }");
  for (const Target& target : levels()) {
    const Plan plan = prebuilt_plan(graph, {}, target);
    Tensor x(graph.inputs()[0].type), y(x.type());
    for (int i = 0; i < 70; ++i) x.as<std::int32_t>()[i] = 7 * i - 100;
    for (int i = 0; i < 70; ++i) y.as<std::int32_t>()[i] = i % 2 ? i : -i - 1;
    const std::vector<Tensor> expected = evaluate(graph, std::vector<Tensor>{x, y});
    const std::vector<Tensor> got = run_plan(plan, graph, {x, y}, 1);
    for (int k = 0; k < 2; ++k) {
      for (std::int64_t i = 0; i < 70; ++i) EXPECT_EQ(got[k].at(i), expected[k].at(i));
    }
    y.as<std::int32_t>()[69] = 0;
    EXPECT_THROW(run_plan(plan, graph, {x, y}, 1), DivisionError);
  }
}

TEST(PrebuiltReduction, AddsInTheOrderOfTheInterpreter) {
  for (const char* name : {"reduce_sum", "reduce_prod", "reduce_max", "reduce_min"}) {
    for (int n : {1, 2, 15, 16, 17, 255, 256, 257, 600, 4096, 5000, 70000}) {
      const std::string op = std::string(" { return ") + name, size = number(n);
      for (const char* dtype : {"f32", "f64", "f16", "i32"}) {
        const std::string d = dtype;
        compare_text("program main(x: " + d + "[3, " + size + "]) -> " + d + "[3, 1]" + op +
                     " x :axes (1) }");
        if (n > 600) continue;
        compare_text("program main(x: " + d + "[2, " + size + ", 5]) -> " + d + "[2, 1, 5]" + op +
                     " x :axes (1) }");
        compare_text("program main(x: " + d + "[5, " + size + "]) -> " + d + "[1, " + size + "]" +
                     op + " x :axes (0) }");
        compare_text("program main(x: " + d + "[2, 3, " + size + "]) -> " + d + "[1, 3, 1]" + op +
                     " x :axes (0 2) }");
      }
    }
  }
}

TEST(PrebuiltReduction, ReadsTransposedOperands) {
  compare_text(
      "program main(x: f32[300, 70]) -> f32[70, 1] "
      "{ return reduce_sum (transpose x :perm (1 0)) :axes (1) }");
  compare_text(
      "program main(x: f32[30, 7, 40]) -> f32[1, 40, 1] "
      "{ return reduce_sum (transpose x :perm (1 2 0)) :axes (0 2) }");
}

TEST(PrebuiltProduct, IsOneChainAnElement) {
  struct Case {
    int m, n, k;
  };
  for (const Case& c : {Case{1, 1, 1},
                        {1, 50, 7},
                        {8, 48, 256},
                        {7, 49, 257},
                        {5, 1, 600},
                        {1, 1100, 37},
                        {2, 31, 6},
                        {13, 33, 0},
                        {70, 1011, 9},
                        {515, 17, 300}}) {
    const std::string m = number(c.m), n = number(c.n), k = number(c.k);
    for (const char* dtype : {"f32", "f64"}) {
      const std::string d = dtype, out = " -> " + d + "[" + m + ", " + n + "] { return matmul ";
      compare_text("program main(a: " + d + "[" + m + ", " + k + "], b: " + d + "[" + k + ", " + n +
                   "])" + out + "a b }");
      compare_text("program main(a: " + d + "[" + k + ", " + m + "], b: " + d + "[" + n + ", " + k +
                   "])" + out + "(transpose a :perm (1 0)) (transpose b :perm (1 0)) }");
    }
  }
}

TEST(PrebuiltProduct, TakesStacksOfMatrices) {
  compare_text(
      "program main(a: f32[3, 4, 9, 20], b: f32[4, 20, 11]) -> f32[3, 4, 9, 11] "
      "{ return matmul a (broadcast_to (expand_dims b :axes (0)) :shape (3 4 20 11)) }");
}

TEST(PrebuiltCopy, TurnsAnyAxes) {
  for (const char* dtype : {"bool", "i16", "f32", "f64"}) {
    const std::string d = dtype;
    compare_text("program main(x: " + d + "[70, 45]) -> " + d +
                 "[45, 70] "
                 "{ return transpose x :perm (1 0) }");
    compare_text("program main(x: " + d + "[5, 40, 33]) -> " + d +
                 "[33, 5, 40] "
                 "{ return transpose x :perm (2 0 1) }");
    compare_text("program main(x: " + d + "[5, 40, 3]) -> " + d + "[200, 3], " + d +
                 "[3, 200] "
                 "{ return reshape x :shape (200 3), reshape (transpose x :perm (2 0 1)) :shape (3 "
                 "200) }");
  }
}

TEST(PrebuiltCopy, PutsOperandsSideBySideAndInFrames) {
  const std::string joined =
      "program main(a: f32[3, 40], b: f32[5, 40], c: f32[1, 40]) -> f32[9, 40] "
      "{ return concat a b c :axis 0 }";
  const std::string framed =
      "program main(a: f32[3, 40]) -> f32[6, 43] "
      "{ return pad a :low (1 0) :high (2 3) :value 1.5:f32 }";
  for (const std::string& text : {joined, framed}) {
    compare_text(text);
    EXPECT_TRUE(prebuilt_plan(parse_program(text)).bodies.empty());
  }
  compare_text(
      "program main(a: f64[4, 3], b: f64[4, 70]) -> f64[4, 74] "
      "{ return neg (concat (slice a :start (0 0) :size (4 2) :step (1 1)) b "
      "(fill :value 2:f64 :shape (4 2)) :axis 1) }");
}

/// Roots that are inputs, numbers, empty, or the same twice.
TEST(PrebuiltPlan, StoresRootsThatNothingComputes) {
  compare_text(
      "program main(x: f32[5], e: f32[0, 3]) -> f32[5], f32[2, 3], f32[0, 3], f32[5] "
      "{ return x, fill :value 7:f32 :shape (2 3), neg e, x }");
  compare_text(
      "program main(x: f32[5]) -> f32[5], f32[5], f32[5] "
      "{ let y = neg x; return y, y, abs y }");
}

TEST(PrebuiltPlan, KeepsTheOrderOfColumnMajorArguments) {
  const Graph traced = parse_program(
      "program main(x: f32[6, 9], y: f32[6, 9]) -> f32[6, 9] { return add (mul x y) x }");
  Graph graph = traced;
  for (int i = 0; i < 2; ++i) graph.input(i).layout = "col";
  for (const Target& target : levels()) {
    compare(graph, 1, target);
    for (const Slot& slot : prebuilt_plan(graph, {}, target).slots) {
      if (slot.kind == SlotKind::kOutput) {
        EXPECT_EQ(slot.order, (std::vector<int>{1, 0}));
      }
    }
  }
}

TEST(PrebuiltPlan, NeedsNoCompilerAndKeepsArenaSmall) {
  const Graph graph = parse_program(
      "program main(x: f32[64, 1000]) -> f32[64, 1000] "
      "{ return softmax (softmax (softmax x :axes (1)) :axes (1)) :axes (1) }");
  const Plan plan = prebuilt_plan(graph);
  EXPECT_TRUE(plan.c_text.empty());
  EXPECT_TRUE(plan.bodies.empty());
  EXPECT_LE(plan.arena_bytes, 4 * 64 * 1000 * 4);
}

}  // namespace
}  // namespace bafe
