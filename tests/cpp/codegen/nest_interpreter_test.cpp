// Nests in the interpreter against the interpreter of the IR, over the integers modulo p.

#include "bafe/codegen/nest_interpreter.h"

#include <gtest/gtest.h>

#include "bafe/codegen/nest_replay.h"
#include "bafe/ir/text.h"
#include "codegen/plan_run.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

/// Empty where the plan's nests and the IR agree, else what differs.
std::string difference(const Graph& graph, const NestPlan& plan, std::uint64_t seed,
                       std::int64_t unit_step, int* nests = nullptr) {
  const std::vector<ZpTensor> inputs = random_zp_inputs(graph, seed);
  std::vector<ZpTensor> wanted;
  bool fails = false;
  try {
    wanted = evaluate_zp(graph, inputs);
  } catch (const Error&) {
    fails = true;
  }
  if (fails) return {};
  const NestReplay got = replay_nests(graph, plan, inputs, unit_step);
  if (nests) *nests += got.nests;
  if (got.fault) return got.fault->text();
  if (got.status != 0) return format("status {}", got.status);
  for (std::size_t o = 0; o < wanted.size(); ++o) {
    for (std::size_t i = 0; i < wanted[o].values.size(); ++i) {
      if (got.outputs[o].values[i] != wanted[o].values[i])
        return format("output {} element {}: {} for {}", o, i, got.outputs[o].values[i],
                      wanted[o].values[i]);
    }
  }
  return {};
}

int count_of_runs() {
  const char* text = std::getenv("BAFE_TEST_PROGRAMS");
  return text ? std::atoi(text) : 150;
}

void compare_random(std::uint64_t first, Program (*grouped)(const Graph&), bool bits) {
  int nests = 0;
  for (int i = 0; i < count_of_runs(); ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    RandomProgramOptions options;
    options.linear_algebra = false;
    const Graph graph = flatten_named(random_program(seed, options));
    if (!replay_obstacle(graph).empty()) continue;
    const NestPlan plan = nest_plan(grouped(graph), host_target(), {bits, false});
    for (std::int64_t step : {std::int64_t{1}, std::int64_t{1} << 40}) {
      ASSERT_EQ(difference(graph, plan, seed, step, &nests), "") << "seed " << seed << "\n"
                                                                 << print_program(graph);
    }
  }
  EXPECT_GT(nests, count_of_runs());
}

TEST(NestInterpreter, AgreesWithTheIrWhereEveryNodeIsAKernel) {
  compare_random(5000, one_group_a_node, true);
}
TEST(NestInterpreter, AgreesWithTheIrOnFusedPrograms) { compare_random(6000, one_group, true); }
TEST(NestInterpreter, AgreesWithTheIrWhereSumsMayBeRegrouped) {
  compare_random(7000, one_group, false);
}

struct Sample {
  const char* name;
  const char* text;
  bool shows_mistakes = true;  ///< no mistake below leaves all residues as they are
};

/// Each leaves a tail: sizes are no multiples of vectors, runs, tiles or units.
const Sample kSamples[] = {
    {"pointwise",
     "program main(x: f32[37, 19], y: f32[37, 19]) -> f32[37, 19] { return mul (exp x) y }"},
    {"broadcast",
     "program main(x: f32[37, 19], y: f32[37, 1]) -> f32[37, 19] { return add x "
     "(broadcast_to y :shape (37 19)) }"},
    {"transpose",
     "program main(x: f32[45, 39]) -> f32[39, 45] { return exp (transpose x :perm (1 0)) }"},
    {"row sum", "program main(x: f32[5, 701]) -> f32[5, 1] { return reduce_sum x :axes (1) }"},
    {"column sum", "program main(x: f32[601, 37]) -> f32[1, 37] { return reduce_sum x :axes (0) }"},
    {"large sum", "program main(x: f32[140001]) -> f32[1] { return reduce_sum x :axes (0) }",
     false},
    {"row maximum",
     "program main(x: f32[300, 61]) -> f32[300, 1] { return reduce_max x :axes (1) }"},
    {"first place", "program main(x: f32[3, 301]) -> i64[3, 1] { return argmax x :axes (1) }",
     false},
    {"place in short rows",
     "program main(x: f32[300, 61]) -> i64[300, 1] { return argmax x :axes (1) }"},
    {"softmax",
     "program main(x: f32[300, 61]) -> f32[300, 61] { let e = exp (sub x (broadcast_to "
     "(reduce_max x :axes (1)) :shape (300 61))); return div e (broadcast_to (reduce_sum e "
     ":axes (1)) :shape (300 61)) }"},
    {"sums of one element",
     "program main(x: f32[17, 5]) -> f32[1, 1] { let a = reduce_max x :axes (0 1); let e = exp "
     "(sub a "
     "(reduce_max a :axes (0 1))); return div e (reduce_sum e :axes (0 1)) }",
     false},
    {"two results",
     "program main(x: f32[37, 19]) -> f32[37, 19], f32[37, 19] { return tanh x, neg x }"},
    {"slice",
     "program main(x: f32[41, 23]) -> f32[13, 11] { return exp (slice x :start (1 2) :size (13 "
     "11) "
     ":step (3 1)) }"},
    {"concat",
     "program main(x: f32[13, 7], y: f32[13, 9]) -> f32[13, 16] { return concat x y :axis 1 }"},
    {"pad",
     "program main(x: f32[13, 7]) -> f32[16, 12] { return pad x :low (1 2) :high (2 3) :value "
     "1.5:f32 }"},
    {"prefix sum", "program main(x: f32[37, 19]) -> f32[37, 19] { return cumsum x :axis 0 }"},
};

NestPlan sample_plan(const Graph& graph, bool bits) {
  return nest_plan(one_group(graph), host_target(), {bits, false});
}

TEST(NestInterpreter, AgreesWithTheIrOnEverySampleAndSplitOfUnits) {
  for (const Sample& sample : kSamples) {
    const Graph graph = flatten_named(parse_program(sample.text));
    for (bool bits : {true, false}) {
      const NestPlan plan = sample_plan(graph, bits);
      int nests = 0;
      for (std::int64_t step : {1, 2, 3, 1 << 30})
        EXPECT_EQ(difference(graph, plan, 3, step, &nests), "") << sample.name;
      EXPECT_GT(nests, 0) << sample.name;
    }
  }
}

TEST(NestInterpreter, RunsFromAnyUnitToAnyOther) {
  const Graph graph = parse_program("program main(x: f32[40000]) -> f32[40000] { return mul x x }");
  const NestPlan plan = sample_plan(graph, true);
  const Nest& nest = *plan.steps.at(0).nest;
  std::vector<std::uint64_t> values(40000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i + 2;
  const std::int64_t units = nest.units();
  for (std::int64_t begin = 0; begin < units; ++begin) {
    for (std::int64_t end = begin + 1; end <= units; ++end) {
      NestArray<std::uint64_t> x = NestArray<std::uint64_t>::given(values), out(40000);
      NestArray<std::uint64_t>* slots[] = {&x, &out};
      ASSERT_FALSE(run_nest_zp(nest, slots, {}, begin, end).fault);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& cell = out.cells[i];
        const bool is_inside = cell.writer >= begin && cell.writer < end;
        ASSERT_TRUE(is_inside ? cell.value == values[i] * values[i] : cell.writer < 0);
      }
    }
  }
}

TEST(NestInterpreter, ComputesInDoublesToo) {
  const Graph graph = parse_program(
      "program main(x: f64[3, 50]) -> f64[3, 1] { return reduce_sum (sqrt x) :axes (1) }");
  const NestPlan plan = sample_plan(graph, true);
  std::vector<double> values(150);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<double>((i % 50) * (i % 50));
  NestArray<double> x = NestArray<double>::given(values), out(3);
  NestArray<double>* slots[] = {&x, &out};
  const NestRun run = run_nest_f64(*plan.steps.at(0).nest, slots, {}, 0, plan.plan.steps[0].units);
  ASSERT_FALSE(run.fault) << run.fault->text();
  for (const auto& cell : out.cells) EXPECT_EQ(cell.value, 1225);
}

// --- mistakes

/// Walks the statements of a nest and changes the `which`-th place where `Change` says it can.
template <class Change>
bool change_statement(std::vector<Stmt>& body, ExprPool& pool, int& which, Change change) {
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (change(body, i, pool, which)) return true;
    if (change_statement(body[i].body, pool, which, change)) return true;
  }
  return false;
}

using Body = std::vector<Stmt>;
/// True when the change was made: the place was the one, and the count of places reached zero.
struct Mistake {
  const char* name;
  bool (*can)(const Stmt&, const ExprPool&);
  void (*make)(Body&, std::size_t, ExprPool&);
};

bool stores(const Stmt& s, const ExprPool&) { return s.kind == Stmt::kStore; }
bool combines(const Stmt& s, const ExprPool&) { return s.kind == Stmt::kCombine; }
/// A load of a buffer at a place that varies.
Ex load_of(const Stmt& s, const ExprPool& pool) {
  if (s.kind != Stmt::kStore && s.kind != Stmt::kCombine) return {};
  for (Ex e : pool.reachable({s.value})) {
    const ExNode& n = pool.node(e);
    if (n.kind == ExKind::kLoad && !pool.is_constant(n.args[0])) return e;
  }
  return {};
}
/// An extent that differs from 1 is needed for a stride to matter.
const Mistake kMistakes[] = {
    {"index off by one", stores,
     [](Body& b, std::size_t i, ExprPool& pool) {
       b[i].index = pool.add(b[i].index, pool.integer(1));
     }},
    {"wrong place of an accumulator", combines,
     [](Body& b, std::size_t i, ExprPool& pool) { b[i].index = pool.scale(b[i].index, 2); }},
    {"operand off by one",
     [](const Stmt& s, const ExprPool& pool) { return load_of(s, pool).valid(); },
     [](Body& b, std::size_t i, ExprPool& pool) {
       const Ex load = load_of(b[i], pool);
       const ExNode n = pool.node(load);
       const Ex next = pool.add(n.args[0], pool.integer(1));
       const Ex other = pool.load(static_cast<int>(n.number), n.dtype, next);
       b[i].value = pool.replace(b[i].value, {{load.id, other}});
     }},
    {"wrong stride",
     [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kLoop && s.count > 2; },
     [](Body& b, std::size_t i, ExprPool&) { b[i].step += 1; }},
    {"dropped tail",
     [](const Stmt& s, const ExprPool&) {
       return s.kind == Stmt::kLoop && s.count > 1 && !s.limit.valid();
     },
     [](Body& b, std::size_t i, ExprPool&) { b[i].count -= 1; }},
    {"tail not cut",
     [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kLoop && s.limit.valid(); },
     [](Body& b, std::size_t i, ExprPool&) { b[i].limit = Ex{}; }},
    {"last unit short",
     [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kUnits && s.per > 1; },
     [](Body& b, std::size_t i, ExprPool&) { b[i].total -= 1; }},
    {"not accumulated", [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kCombine; },
     [](Body& b, std::size_t i, ExprPool&) { b[i].kind = Stmt::kStore; }},
    {"not cleared", [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kClear; },
     [](Body& b, std::size_t i, ExprPool&) {
       b.erase(b.begin() + static_cast<std::ptrdiff_t>(i));
     }},
    {"lanes not folded",
     [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kFold && s.step > 1; },
     [](Body& b, std::size_t i, ExprPool&) { b[i].step /= 2; }},
    {"run not pushed", [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kPush; },
     [](Body& b, std::size_t i, ExprPool&) {
       b.erase(b.begin() + static_cast<std::ptrdiff_t>(i));
     }},
    {"stack not merged", [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kMerge; },
     [](Body& b, std::size_t i, ExprPool&) {
       b.erase(b.begin() + static_cast<std::ptrdiff_t>(i));
     }},
    {"wrong operator", [](const Stmt& s, const ExprPool&) { return s.kind == Stmt::kCombine; },
     [](Body& b, std::size_t i, ExprPool&) {
       b[i].reduce = b[i].reduce == ReduceKind::kSum ? ReduceKind::kProd : ReduceKind::kSum;
     }},
};

/// The plan with the mistake at its `which`-th place; nothing when there are fewer places.
std::optional<NestPlan> with_mistake(const NestPlan& plan, const Mistake& mistake, int which) {
  for (std::size_t step = 0; step < plan.steps.size(); ++step) {
    if (!plan.steps[step].nest) continue;
    Nest nest = *plan.steps[step].nest;
    for (NestPart& part : nest.parts) {
      auto change = [&](Body& body, std::size_t i, ExprPool& pool, int& left) {
        if (!mistake.can(body[i], pool) || left-- > 0) return false;
        mistake.make(body, i, pool);
        return true;
      };
      if (!change_statement(part.body, *part.pool, which, change)) continue;
      NestPlan out = plan;
      out.steps[step].nest = std::make_shared<const Nest>(std::move(nest));
      return out;
    }
  }
  return std::nullopt;
}

TEST(NestInterpreter, SeesEveryMistakeInASample) {
  int mistakes = 0;
  for (const Sample& sample : kSamples) {
    if (!sample.shows_mistakes) continue;
    const Graph graph = flatten_named(parse_program(sample.text));
    for (const Mistake& mistake : kMistakes) {
      for (int which = 0;; ++which) {
        // A plan of its own each time: changes add expressions to its pools.
        const auto wrong = with_mistake(sample_plan(graph, true), mistake, which);
        if (!wrong) break;
        ++mistakes;
        EXPECT_NE(difference(graph, *wrong, 3, 1), "")
            << sample.name << ", " << mistake.name << " at place " << which;
      }
    }
  }
  EXPECT_GT(mistakes, 100);
}

}  // namespace
}  // namespace bafe
