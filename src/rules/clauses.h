#pragma once
/// The keyword clauses of a rule or move, taken apart but not yet interpreted.

#include <string>
#include <vector>

#include "bafe/rules/rule.h"
#include "term_form.h"

namespace bafe {

struct Clauses {
  std::vector<Sexpr> types, lets, conditions, matches, equals, distinct;
  NumericClass forward = NumericClass::kReals, backward = NumericClass::kReals;
  RuleStage stage = RuleStage::kStructural;
  std::string why;
  const Sexpr* from = nullptr;  ///< moves only
  const Sexpr* to = nullptr;
};

/// Reads `form.items[begin…]`. RuleError: unknown or repeated clause, wrong value.
Clauses read_clauses(const Sexpr& form, std::size_t begin, bool is_move,
                     const RuleContext& context);

/// `(?a [B.. m k])` against the names of one direction; adds size and batch names to `rewrite`.
TypeTemplate read_type_template(const Sexpr& form, std::uint16_t var, Rewrite& rewrite,
                                const RuleContext& context);

}  // namespace bafe
