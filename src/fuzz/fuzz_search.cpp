// In: a case. Out: its program as the search leaves it. Time has no say: equal cases are searched
// equally in every process.

#include "fuzz_search.h"

#include "bafe/cost/product_cost.h"
#include "bafe/cost/roofline.h"
#include "bafe/search/plan.h"

namespace bafe {

Target fuzz_target(const FuzzSettings& settings) {
  Target out = host_target();
  if (out.isa <= settings.isa) return out;
  out.isa = settings.isa;
  out.avx512_bf16 = out.amx = false;
  // The bits of a product are those of fused steps, which a machine without them does not give.
  if (out.isa == Isa::kPlain && settings.math != Math::kBits) out.fma = false;
  return out;
}

SearchOptions fuzz_search_options(const FuzzCase& one) {
  const FuzzSettings& s = one.settings;
  SearchOptions out;
  out.math = s.math;
  out.structure = s.structure;
  out.target = fuzz_target(s);
  if (s.effort == FuzzEffort::kGreedy) out.time_budget_ms = 0.5;
  if (s.effort == FuzzEffort::kLight) out.time_budget_ms = 5;
  if (s.effort == FuzzEffort::kStochastic)
    out.budget = SearchBudget{3, 300, 64, 0, 2.0, s.data, true};
  return out;
}

Machine fuzz_machine(const FuzzCase& one) {
  const FuzzSettings& s = one.settings;
  return machine_of_class(Machine::reference(fuzz_target(s), 1), s.math == Math::kBits,
                          s.math == Math::kFast);
}

Program fuzz_program(const FuzzCase& one, const FuzzCoverage& coverage) {
  SearchOptions options = fuzz_search_options(one);
  const RooflineModel cost(fuzz_machine(one));
  options.cost = &cost;
  if (one.settings.effort == FuzzEffort::kAsWritten) return plan_as_written(one.graph, options);
  SearchResult found = optimize(one.graph, options);
  for (const ExplainStep& step : found.steps) coverage.rule(step.rule);
  return std::move(found.program);
}

}  // namespace bafe
