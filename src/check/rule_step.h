#pragma once
/// One application of a rule, replayed on terms.

#include <map>
#include <set>

#include "bafe/check/check.h"
#include "expressions.h"

namespace bafe {

class RuleReplay {
 public:
  RuleReplay(Graph& terms, KnownFacts& facts)
      : terms_(terms), facts_(facts), walk_(bound_, facts) {}

  /// Are `left` (one term a root) an instance of the rule's left side in this direction, do its
  /// conditions hold, and is `right` what the rule makes of root `root`? Empty: yes.
  std::string refusal(const RuleForm& rule, bool forward, std::size_t root,
                      const std::vector<ValueId>& left, ValueId right);
  const std::vector<ValueId>& matched() const { return matched_; }  ///< terms of its operators
  /// Does some matched term take no part in the right side?
  bool drops_term() const;
  /// Terms that stand for variables: what lies below them is not of the rule.
  std::set<ValueId> variables() const;

 private:
  bool match(const Sexpr& form, ValueId term);
  bool match_variable(const std::string& name, ValueId term);
  bool match_operator(const Sexpr& form, ValueId term);
  bool types_fit(const Sexpr& form);
  bool constants_fit();
  std::string conditions(const RuleForm& rule);
  ValueId build(const Sexpr& form, ValueId like);
  ValueId build_operator(const Sexpr& form, ValueId like);
  ValueId fill(const std::optional<AttrValue>& value, ValueId like);

  Graph& terms_;
  KnownFacts& facts_;
  MatchBindings bound_;
  ExpressionWalk walk_;
  std::map<std::string, Sexpr> lets_;  ///< of the left side, not met yet
  std::vector<std::pair<Sexpr, AttrValue>> fields_;
  std::vector<std::pair<Sexpr, ValueId>> constants_;
  std::map<std::string, Dim> sizes_;
  std::map<std::string, List> batches_;
  std::vector<ValueId> matched_;
  std::set<std::string> used_;
};

/// Operator and operands of `form`, its fields in the table's order; false when they do not fit.
struct OperatorForm {
  OpId op;
  std::vector<const Sexpr*> operands, fields;
  bool read(const Sexpr& form);
};

}  // namespace bafe
