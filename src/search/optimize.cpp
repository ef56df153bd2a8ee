// The door of search. In: a graph and options. Out: the decided program with its rivals, the
// rewrites between, and counts. Invariant: the chosen program's price is never above that of the
// program as written.

#include "bafe/search/optimize.h"

#include <algorithm>

#include "bafe/cost/roofline.h"
#include "bafe/ir/specials_reach.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/certify.h"
#include "error_limit.h"
#include "explain_steps.h"
#include "search_one.h"

namespace bafe {

SearchResult optimize(const Graph& graph, const SearchOptions& options) {
  // Reading the built-in rules happens once a process and is not part of a budget.
  const RuleSet& rules = options.rules ? *options.rules : RuleSet::builtin();
  auto begin = std::chrono::steady_clock::now();
  Deadline deadline(options);
  RooflineModel reference(Machine::reference(options.target, options.threads));
  const CostModel& cost = options.cost ? *options.cost : reference;
  bool structured = skips_zeros(graph, options), specials = sees_specials(graph);
  SearchContext context{options,
                        rules,
                        cost,
                        deadline,
                        structured,
                        specials,
                        CertificateText(options.math, specials, structured),
                        {}};
  SearchResult result = search_program(graph, context);
  result.certificate = context.proof.text();
  result.error_growth = largest_growth(graph, result.program.graph);
  {
    const SpecialsInReach reach(specials);
    decide_bodies(options, result);
  }
  std::vector<ExplainStep> moves = explain_moves(result.program, rules);
  result.steps.insert(result.steps.end(), moves.begin(), moves.end());
  for (const BodySearch& body : result.bodies)
    result.steps.insert(result.steps.end(), body.result.steps.begin(), body.result.steps.end());
  if (deadline.was_met()) {
    std::string& reason = result.stats.stop_reason;
    reason = "time" + reason.substr(std::min(reason.size(), reason.find(", without")));
  }
  result.stats.regime = regime_name(regime_of(options.time_budget_ms, options.deep));
  result.stats.ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

std::string certificate_of_candidate(const Graph& graph, const Graph& program,
                                     const SearchOptions& options) {
  const RuleSet& rules = options.rules ? *options.rules : RuleSet::builtin();
  Deadline deadline(options);
  RooflineModel reference(Machine::reference(options.target, options.threads));
  bool structured = skips_zeros(graph, options), specials = sees_specials(graph);
  SearchContext context{options,
                        rules,
                        options.cost ? *options.cost : reference,
                        deadline,
                        structured,
                        specials,
                        CertificateText(options.math, specials, structured),
                        {}};
  return prove_program(graph, program, context) ? context.proof.text() : std::string();
}

}  // namespace bafe
