#pragma once
/// Candidate programs of an e-graph, by the additive surrogate.

#include <cstdint>
#include <functional>
#include <vector>

#include "error_limit.h"
#include "state_table.h"

namespace bafe {

struct ExtractLimits {
  int candidates = 16;
  int evaluations = 2000;              ///< programs that the local search may price
  std::function<bool()> interrupted;   ///< polled; true: the candidates found so far are the answer
  const ErrorLimit* errors = nullptr;  ///< candidates outside are left out; nullptr: none is
};

/// One choice of nodes. `nodes` is indexed by class; valid for the classes that the roots need,
/// acyclic.
struct Candidate {
  std::vector<NodeId> nodes;
  double surrogate_ns = 0;
};

struct Extraction {
  std::vector<Candidate> candidates;  ///< distinct, cheapest first, at least one
  std::int64_t outside = 0;           ///< programs outside the limit on errors
  double lower_bound_ns = 0;          ///< no program of the e-graph has a smaller surrogate
  std::int64_t evaluations = 0;
};

/// Greedy choices along the state table and along classes alone, then a beam over single exchanges,
/// then branch and bound while evaluations last. A value used twice is paid once. Under a limit on
/// errors the search begins at the program as written, which is a candidate of its own.
/// Deterministic: ties go to the smaller node id.
Extraction extract_candidates(const TermGraph& terms, const NodeCosts& costs,
                              const ExtractLimits& limits);

/// Candidates that differ from `center` in the node of one class, cheapest first, at most `count`.
std::vector<Candidate> neighbours(const TermGraph& terms, const NodeCosts& costs,
                                  const Candidate& center, int count,
                                  const ErrorLimit* errors = nullptr);

/// A node for every class, cheapest as a tree; acyclic as a whole. Uses of a class marked in `paid`
/// cost nothing; the choice may then have cycles.
std::vector<NodeId> cheapest_nodes(const TermGraph& terms, const NodeCosts& costs,
                                   const std::vector<bool>& paid = {});
/// At most `count` classes of contractions, routines and reductions that several classes could
/// read, those with most readers first.
std::vector<ClassId> shareable_classes(const TermGraph& terms, const NodeCosts& costs,
                                       std::size_t count);

}  // namespace bafe
