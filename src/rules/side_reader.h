#pragma once
/// The two sides of one direction: left terms become patterns, the right term becomes bytecode.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bafe/rules/rule.h"
#include "term_form.h"

namespace bafe {

/// Variables of one direction while it is read. A let name is a second name of the class it stands
/// for.
struct SideNames {
  std::map<std::string, std::uint16_t> classes, attrs;
  std::vector<std::string> class_names, attr_names;
  std::uint16_t new_class(const std::string& name);
  std::uint16_t new_attr(const std::string& name);
  ExprScope scope() const;
};

/// Expression positions of the left side; parsed once all variables are known.
struct PendingEquation {
  std::uint16_t var;
  Sexpr value;
};

class LeftReader {
 public:
  LeftReader(const RuleContext& context, SideNames& names) : context_(context), names_(names) {}
  /// RuleError unless the term, abbreviations replaced, is an operator term.
  Pattern root(const Sexpr& term);
  std::vector<PendingEquation> field_equations, constant_equations;

 private:
  Pattern term(const Sexpr& form);
  Pattern variable(const Sexpr& form);
  Pattern operation(const Sexpr& form);
  FieldPattern field(const Sexpr& form, const AttrField& spec);

  const RuleContext& context_;
  SideNames& names_;
  std::map<std::string, Sexpr> lets_;  ///< not yet met in a term position
};

class RightReader {
 public:
  /// `names` holds the variables of the left side; registers of the right side are added to it.
  RightReader(const RuleContext& context, SideNames& names, RuleProgram& program)
      : context_(context),
        names_(names),
        program_(program),
        registers_(static_cast<std::uint16_t>(names.class_names.size())) {}
  /// Appends the steps of `term`, to be made equal to class variable `target`.
  void output(std::uint16_t target, const Sexpr& term);

 private:
  std::uint16_t term(const Sexpr& form, std::uint16_t like);
  std::uint16_t variable(const Sexpr& form);
  std::uint16_t operation(const Sexpr& form, std::uint16_t like);
  std::uint16_t splat(AttrExpr value, std::uint16_t like);
  std::uint16_t push(RightStep step);

  const RuleContext& context_;
  SideNames& names_;
  RuleProgram& program_;
  std::uint16_t registers_;
};

/// parse_attr_expr with the rule's name and the names that are known.
AttrExpr read_expression(const Sexpr& form, const SideNames& names, const RuleContext& context);

}  // namespace bafe
