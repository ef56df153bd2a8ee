#pragma once
/// A program's saturated e-graph as a source of equal programs, each with the equalities that make
/// it equal: for fuzzers and tests.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bafe/search/optimize.h"

namespace bafe {

/// One instance of a reason: both sides are programs over the inputs of the source, with one root.
struct Equality {
  std::string reason;  ///< the rule's name, or "compute", "ac", "define", "instance"
  bool is_rule = false;
  Graph left, right;
};

class Equivalents {
 public:
  /// Saturates as optimize() does for one piece. Errors: RuleError of a contradicting rule.
  Equivalents(const Graph& graph, const SearchOptions& options);
  ~Equivalents();
  Equivalents(const Equivalents&) = delete;
  Equivalents& operator=(const Equivalents&) = delete;

  /// The program without named composites and inner layouts.
  const Graph& as_written() const;
  /// Each of these is remembered for why(). dearest: no promise but to be far from the cheapest.
  Graph cheapest();
  Graph dearest();
  /// A random acyclic choice; equal seeds give equal terms.
  Graph draw(std::uint64_t seed);
  /// What leads from the program as written to the last term, each reason once.
  std::vector<Equality> why() const;
  /// Names of the rules that merged classes.
  std::vector<std::string> rules_fired() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bafe
