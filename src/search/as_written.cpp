// The program without search, and the names of search efforts. In: a graph and options. Out: the
// decided program that every other candidate has to beat.

#include "bafe/base/error.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/specials_reach.h"
#include "bafe/search/optimize.h"
#include "bafe/search/plan.h"
#include "term_graph.h"

namespace bafe {
namespace {

struct RegimeRow {
  const char* name;
  int beam_width, iters;
};
constexpr RegimeRow kRegimes[] = {
    {"greedy", 1, 1}, {"light", 4, 2}, {"beam", 16, 4}, {"deep", 64, 8}};

const RegimeRow& row_of(Regime regime) { return kRegimes[static_cast<int>(regime)]; }

}  // namespace

Regime regime_of(std::optional<double> time_budget_ms, bool deep) {
  if (deep) return Regime::kDeep;
  if (!time_budget_ms) return Regime::kBeam;
  if (*time_budget_ms == 0) return Regime::kDeep;
  if (*time_budget_ms <= 1) return Regime::kGreedy;
  if (*time_budget_ms <= 10) return Regime::kLight;
  return *time_budget_ms <= 100 ? Regime::kBeam : Regime::kDeep;
}

const char* regime_name(Regime regime) { return row_of(regime).name; }
int regime_beam_width(Regime regime) { return row_of(regime).beam_width; }
int regime_iters(Regime regime) { return row_of(regime).iters; }

bool skips_zeros(const Graph& graph, const SearchOptions& options) {
  return options.structure && options.math != Math::kBits && !sees_specials(graph);
}

Program plan_as_written(const Graph& graph, const SearchOptions& options) {
  RooflineModel reference(Machine::reference(options.target, options.threads));
  const CostModel& cost = options.cost ? *options.cost : reference;
  PlanAid aid;
  aid.keeps_sums = options.math == Math::kBits;
  Program out = plan_groups(plan_form(graph), cost, skips_zeros(graph, options), aid);
  const SpecialsInReach reach(sees_specials(graph));
  decide_bodies_as_written(options, out);
  return out;
}

}  // namespace bafe
