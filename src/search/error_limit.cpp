// In: the program as written and a multiple. Out: whether an equal program's error factor, root by
// root, is at most that multiple. Invariant: the program as written is within every limit.

#include "error_limit.h"

#include <algorithm>

#include "bafe/ir/error_factor.h"

namespace bafe {
namespace {

constexpr double kSlack = 1 + 1e-12;  // sums of bounds are rounded too

}  // namespace

std::vector<double> root_errors(const Graph& graph) {
  std::map<ValueId, double> known;
  std::vector<double> out;
  for (ValueId root : graph.roots()) out.push_back(term_error(graph, root, known));
  return out;
}

double largest_growth(const Graph& written, const Graph& chosen) {
  const std::vector<double> from = root_errors(written), to = root_errors(chosen);
  double most = from.empty() ? 1 : 0;
  for (std::size_t i = 0; i < from.size(); ++i) most = std::max(most, error_growth(from[i], to[i]));
  return most;
}

ErrorLimit::ErrorLimit(const Graph& written, std::optional<double> most_growth)
    : growth_(most_growth) {
  if (!growth_) return;
  written_ = root_errors(written);
  for (ValueId id : written.live())
    is_decided_ = is_decided_ && is_concrete(written.type(id).shape);
}

bool ErrorLimit::is_within(std::size_t root, double error) const {
  return error <= *growth_ * written_[root] * kSlack;
}

bool ErrorLimit::admits(const Graph& program) const {
  if (!growth_) return true;
  const std::vector<double> errors = root_errors(program);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (!is_decided_ || !is_within(i, errors[i])) return false;
  }
  return true;
}

bool ErrorLimit::admits(const TermGraph& terms, const std::vector<NodeId>& choice,
                        const std::vector<ClassId>& reached) const {
  if (!growth_) return true;
  if (!is_decided_) return false;
  const EGraph& egraph = terms.egraph;
  std::vector<double> of_class(egraph.class_bound(), 0), errors;
  std::vector<Type> types;
  for (ClassId cls : reached) {
    const NodeId node = choice[cls.index()];
    types.clear();
    errors.clear();
    for (NodeId child : egraph.children(node)) {
      const ClassId from = egraph.class_of(child);
      types.push_back(terms.analysis.facts(from).type);
      errors.push_back(of_class[from.index()]);
    }
    of_class[cls.index()] =
        operator_error(op_of(egraph.op(node)), egraph.attrs().record(egraph.attr(node)), types,
                       terms.analysis.facts(cls).type, errors);
  }
  for (std::size_t i = 0; i < terms.roots.size(); ++i) {
    if (!is_within(i, of_class[terms.root_class(i).index()])) return false;
  }
  return true;
}

}  // namespace bafe
