#pragma once
/// One try at filling in the left side of a rewrite.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bafe/rules/graph_sink.h"
#include "bafe/verify/instance.h"

namespace bafe {

/// A graph whose inputs keep promised facts.
class PromisedSink : public GraphSink {
 public:
  PromisedSink(Graph& graph, const std::vector<std::vector<FactPromise>>& promises)
      : GraphSink(graph), promises_(promises) {}
  bool fact(const std::string& name, TermRef term,
            const std::vector<AttrValue>& args) const override;

 private:
  const std::vector<std::vector<FactPromise>>& promises_;
};

class InstanceAttempt : public FactSource {
 public:
  InstanceAttempt(const Rewrite& rewrite, const std::vector<FactPromise>& promises,
                  const std::vector<bool>& wants_constant,
                  const std::vector<const AttrExpr*>& definitions, const InstanceOptions& options,
                  Dice& dice);
  /// Fills `instance` with the left side; false when the choices do not fit.
  bool build_left(RuleInstance& instance);

  const Type* type(int value) const override;
  std::optional<Scalar> constant(int value) const override;
  bool fact(const std::string&, int, const std::vector<AttrValue>&) const override { return false; }

 private:
  struct Operands {
    std::vector<ValueId> ids;  ///< invalid: to be made
    std::vector<Type> types;
    std::vector<bool> has_type;
  };
  ValueId operation(const Pattern& pattern, const std::optional<Type>& wanted);
  void choose_types(const Pattern& pattern, const std::optional<Type>& wanted, Operands& operands);
  Type choose_type(const Pattern& child, bool pointwise, const std::vector<Type>& known,
                   const std::optional<Type>& wanted);
  bool choose_fields(const Pattern& pattern, const Operands& operands,
                     const std::optional<Type>& wanted, Attrs& attrs);
  bool make_operands(const Pattern& pattern, Operands& operands);
  ValueId make_leaf(const Pattern& child, const Type& type);
  void assign_templates();
  bool ready(const AttrExpr& expr) const;
  std::optional<AttrValue> value_of_definition(const AttrExpr& expr) const;
  const AttrExpr* constant_definition(std::uint16_t class_var) const;

  const Rewrite& rewrite_;
  const std::vector<FactPromise>& promises_;
  const std::vector<bool>& wants_constant_;
  const std::vector<const AttrExpr*>& definitions_;
  const InstanceOptions& options_;
  Dice& dice_;
  int rank_ = 0;
  Graph graph_;
  std::vector<ValueId> classes_;  ///< invalid: not bound yet
  std::vector<std::optional<AttrValue>> attrs_;
  std::vector<std::optional<Shape>> template_shapes_;  ///< by class variable
  std::vector<std::vector<FactPromise>> input_promises_;
};

}  // namespace bafe
