#pragma once
/// Expressions of rules, evaluated on what a match has bound.

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bafe/ir/graph.h"
#include "bafe/ir/sexpr.h"

namespace bafe {

/// What is known of terms where a rule is applied.
class KnownFacts {
 public:
  virtual ~KnownFacts() = default;
  virtual const Type& type_of(ValueId term) const = 0;
  virtual std::optional<Scalar> constant_of(ValueId term) = 0;
  virtual bool holds(const std::string& fact, ValueId term, const std::vector<double>& args) = 0;
  virtual bool same(ValueId a, ValueId b) const = 0;  ///< proven equal so far
};

/// Names bound by a match: to terms, and to attribute values.
struct MatchBindings {
  std::vector<std::pair<std::string, ValueId>> terms;
  std::vector<std::pair<std::string, AttrValue>> values;
  const ValueId* term(const std::string& name) const;
  const AttrValue* value(const std::string& name) const;
};

using ExprOutcome = std::optional<std::variant<AttrValue, bool>>;  ///< nothing: undefined

class ExpressionWalk {
 public:
  ExpressionWalk(const MatchBindings& bound, KnownFacts& facts) : bound_(bound), facts_(facts) {}
  std::optional<AttrValue> value(const Sexpr& form);
  bool condition(const Sexpr& form);  ///< undefined counts as false

 private:
  ExprOutcome walk(const Sexpr& form);
  ExprOutcome of_term(const Sexpr& form, ValueId term);
  ExprOutcome call(const Sexpr& form);
  ExprOutcome logic(const Sexpr& form);
  ExprOutcome lists(const Sexpr& form);
  ExprOutcome more_lists(const Sexpr& form);
  ExprOutcome put(const Sexpr& form);
  ExprOutcome arithmetic(const Sexpr& form);
  ExprOutcome compare(const Sexpr& form);
  ExprOutcome equal(const Sexpr& form);
  std::optional<bool> truth(const Sexpr& form);
  std::optional<std::int64_t> integer(const Sexpr& form);
  std::optional<double> number(const Sexpr& form);
  std::optional<List> list(const Sexpr& form);
  std::optional<std::vector<std::int64_t>> integers(const Sexpr& form);

  const MatchBindings& bound_;
  KnownFacts& facts_;
};

}  // namespace bafe
