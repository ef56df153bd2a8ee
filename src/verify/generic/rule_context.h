#pragma once
/// One direction of a rule at generic sizes and rank: its variables, what its left side lets us
/// assume, what is left to show, and both sides as elements.

#include <optional>

#include "bafe/rules/rule.h"
#include "expr_reader.h"

namespace bafe::generic {

class GenericRule {
 public:
  /// Reads types, fields, lets, conditions and both sides. NotRepresentable when a part of either
  /// side has no generic meaning; a condition without one is dropped (it only assumes less).
  GenericRule(const Rewrite& rewrite, Knowledge& knowledge);
  GenericRule(const GenericRule&) = delete;

  struct Pair {
    GenericValue left, right;
  };
  std::vector<Pair> pairs;    ///< outputs: types and elements that have to be equal
  std::vector<Truth> goals;   ///< the right side is well typed and has the left side's types
  bool dtypes_fit = true;     ///< so far as element types go
  bool has_literals = false;  ///< a literal 0 matches both zeros: not the same bits

  const Rewrite& rewrite() const { return rewrite_; }
  Knowledge& knowledge() { return knowledge_; }
  DTypeFacts& dtypes() { return dtypes_; }
  /// Shape of what a read names: a class variable, or a wildcard (numbered after them).
  const IntList& shape_of_read(int number) const { return shapes_.at(number); }

 private:
  // rule_left.cpp
  void read_left();
  void find_constants(const AttrExpr& expr);
  void make_templates();
  void bind_typed(const Pattern& pattern);
  GenericValue left_value(const Pattern& pattern, const IntList* shape);
  GenericValue left_operator(const Pattern& pattern, const IntList* shape);
  GenericValue left_variable(int variable, const IntList* shape);
  GenericValue fresh_value(int number, const IntList& shape);
  GenericField left_field(const AttrField& field, const FieldPattern& pattern);
  GenericField symbolic_field(const AttrField& field, const std::string& name);
  const AttrExpr* definition_of(int attr_var) const;
  int known_length(int attr_var) const;
  void learn_fields(const Claims& claims);
  void read_conditions();
  void assume_condition(const AttrExpr& condition);
  bool assume_dtypes(const AttrExpr& condition, bool holds);
  void assume_equal(const GenericField& field, const ExprTerm& value);
  void read_lets();
  // rule_right.cpp
  void read_right();
  GenericValue right_node(const RightStep& step);
  GenericValue right_splat(const RightStep& step);
  /// A composite that stays a node, as what it stands for.
  GenericValue expanded(const OpInfo& info, const std::vector<GenericValue>& operands);
  /// Where the expression has no value there is no match, so that it has one may be assumed.
  ExprTerm strict(const AttrExpr& expr);

  const Rewrite& rewrite_;
  Knowledge& knowledge_;
  DTypeFacts dtypes_;
  ExprSource source_;
  std::vector<std::optional<GenericValue>> registers_;
  std::vector<std::optional<GenericField>> attrs_;
  std::vector<std::optional<IntList>> templates_;  ///< shapes that :types gives, by class variable
  std::vector<bool> is_constant_;                  ///< by class variable
  std::map<int, IntList> shapes_;                  ///< by number of a read
  int next_read_ = 0;
};

/// All sizes and ranks at once.
struct GenericProof {
  bool proven = false;
  bool exact = false;  ///< the same operators on the same elements: every dtype, every bit
  std::string detail;  ///< what was shown, or what could not be
  int queries = 0;
};
/// Are both sides equal, types included, for all sizes and ranks? Never throws.
GenericProof prove_generic(const Rewrite& rewrite, const std::string& smt_program,
                           const ProofOptions& options);

/// Are two elements the same operators on the same elements?
class FormMatcher {
 public:
  FormMatcher(const GenericRule& context, Knowledge& knowledge)
      : context_(context), knowledge_(knowledge) {}
  /// A condition that, if it follows from the knowledge, says so. New symbols stand for axes and
  /// indices: it is to be proven, not assumed. What must hold of them joins the knowledge.
  Truth same(const FormRef& a, const FormRef& b);

 private:
  Truth same_reads(const Form& a, const Form& b);
  Truth same_folds(const Form& a, const Form& b);
  const GenericRule& context_;
  Knowledge& knowledge_;
};

}  // namespace bafe::generic
