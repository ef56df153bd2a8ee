#pragma once
/// Which rules hold modulo p, and how two programs over the same inputs compare.

#include <optional>
#include <string>

#include "bafe/fuzz/case.h"
#include "bafe/rules/rule_set.h"

namespace bafe {

/// The built-in rules whose instances all agree modulo p: those that hold in every commutative
/// ring, and those that only move, choose or look up. Found once a process, from the rules alone.
const RuleSet& ring_rules();

/// Empty, or where two programs over the same inputs differ modulo p.
std::string differ_modulo(const Graph& a, const Graph& b, const std::vector<ZpTensor>& inputs);

/// Results of a program and how far rounding may have moved them.
struct TermValues {
  std::vector<Tensor> results;
  bool fails = false, is_settled = false;
};
TermValues term_values(const Graph& graph, const std::vector<Tensor>& inputs,
                       const ConstantTable& constants);

/// Empty, or where they differ by more than rounding allows; in bits, by a bit.
std::string differ_in_floats(const Graph& a, const TermValues& va, const Graph& b,
                             const std::vector<Tensor>& inputs, const ConstantTable& constants,
                             bool bits);

}  // namespace bafe
