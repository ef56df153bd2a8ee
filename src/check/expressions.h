#pragma once
/// Expressions of rules, evaluated on what a match has bound.

#include <map>
#include <optional>
#include <string>
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
  std::map<std::string, ValueId> terms;
  std::map<std::string, AttrValue> values;
  const ValueId* term(const std::string& name) const { return found(terms, name); }
  const AttrValue* value(const std::string& name) const { return found(values, name); }

 private:
  template <class T>
  static const T* found(const std::map<std::string, T>& table, const std::string& name) {
    auto it = table.find(name);
    return it == table.end() ? nullptr : &it->second;
  }
};

/// Truths are values too: an int that is 0 or 1, told apart by `is_truth`.
struct ExpressionValue {
  AttrValue value;
  bool is_truth = false;
};

class ExpressionWalk {
 public:
  ExpressionWalk(const MatchBindings& bound, KnownFacts& facts) : bound_(bound), facts_(facts) {}
  std::optional<AttrValue> value(const Sexpr& form);  ///< nothing: undefined, or a truth
  bool condition(const Sexpr& form);                  ///< undefined counts as false

 private:
  ExpressionValue walk(const Sexpr& form);
  ExpressionValue of_term(const Sexpr& form, ValueId term);
  ExpressionValue call(const Sexpr& form);
  AttrValue argument(const Sexpr& form);
  bool truth(const Sexpr& form);
  bool logic(const Sexpr& form);

  const MatchBindings& bound_;
  KnownFacts& facts_;
};

/// Nothing can be said: an index outside, a symbol where an integer is needed.
struct UndefinedExpression {};
std::int64_t integer_of(const AttrValue& value);
const List& list_of_value(const AttrValue& value);
/// A function of lists or on sizes, by its name. Errors: UndefinedExpression.
AttrValue list_function(const std::string& name, const std::vector<AttrValue>& args);

}  // namespace bafe
