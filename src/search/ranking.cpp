// Plans in order of price. In: candidates of an e-graph. Out: the cheapest programs. Invariant: no
// two have one graph, and the program as written is among them.

#include "ranking.h"

#include <algorithm>

namespace bafe {

Graph candidate_form(const TermGraph& terms, const Candidate& candidate, bool placed) {
  auto node_of = [&](ClassId cls) { return candidate.nodes[cls.index()]; };
  return plan_form(chosen_graph(terms, node_of, placed));
}

Ranking::Ranking(const TermGraph& terms, Program written, SearchContext& context)
    : terms_(terms),
      context_(context),
      seen_{written.graph.hash()},
      written_ns_(written.predicted_ns),
      errors_(written.graph, context.options.max_error_growth) {
  ranked_.push_back({std::move(written), -1});
}

bool Ranking::offer(const Candidate& candidate, const std::function<bool()>& stop) {
  Graph form = candidate_form(terms_, candidate);
  if (!seen_.insert(form.hash()).second || !errors_.admits(form)) return false;
  Program program = plan_groups(std::move(form), context_.cost, context_.structured,
                                {&context_.memo, stop, context_.options.math == Math::kBits});
  double ns = program.predicted_ns;
  if (!(ns < 1e17)) return false;
  auto place = std::upper_bound(ranked_.begin(), ranked_.end(), ns,
                                [](double a, const Ranked& b) { return a < b.price(); });
  bool first = place == ranked_.begin();
  ranked_.insert(place, {std::move(program), static_cast<int>(candidates_.size())});
  candidates_.push_back(candidate);
  return first;
}

const Candidate* Ranking::best() const {
  if (ranked_[0].candidate < 0) return nullptr;
  return &candidates_[static_cast<std::size_t>(ranked_[0].candidate)];
}

std::vector<Program> Ranking::take(std::size_t count) {
  std::vector<Program> result;
  if (const Candidate* chosen = best()) {
    // Built again, so equal ids: places are not carried through every plan.
    Graph placed = candidate_form(terms_, *chosen, true);
    for (ValueId id : placed.live()) {
      if (placed.loc(id).line) ranked_[0].program.graph.set_loc(id, placed.loc(id));
    }
  }
  for (Ranked& r : ranked_) {
    if (result.size() < count) result.push_back(std::move(r.program));
  }
  return result;
}

}  // namespace bafe
