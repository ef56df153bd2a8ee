#pragma once
/// Terms as written: an operator form taken apart, and composites replaced by their definitions.

#include <string>
#include <string_view>
#include <vector>

#include "bafe/base/error.h"
#include "bafe/ir/op_table.h"
#include "bafe/ir/sexpr.h"

namespace bafe {

/// Where a message belongs: the rule being read.
struct RuleContext {
  std::string rule;
  const OpTable& table;
  RuleError error(const Sexpr& at, std::string fact) const;
};

/// `(op arg… :field value)`.
struct TermForm {
  OpId op;
  std::vector<const Sexpr*> operands;
  std::vector<const Sexpr*> fields;  ///< in the order of the operator's row
};

/// Takes an operator form apart. RuleError: unknown operator, wrong arity, unknown, repeated or
/// missing field.
TermForm parse_term_form(const Sexpr& form, const RuleContext& context);

/// Replaces every abbreviation by its definition. An argument that the definition uses more than
/// once becomes (let ?x~n argument body); `fresh` numbers these names.
Sexpr expand_composites(const Sexpr& term, const RuleContext& context, int& fresh);

/// The candidate with the fewest edits, or "" when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace bafe
