// In: a structural match (classes and attribute values by variable number). Out: whether the rule
// admits it, and the nodes of its right side in a sink. Registers are the matched classes followed
// by one ref a step, so an expression may ask for the type of a term that the right side has just
// built.
#include "bafe/rules/rule_program.h"

#include <cmath>

#include "bafe/base/format.h"
#include "bafe/rules/rule.h"

namespace bafe {
namespace {

class RegisterFacts : public FactSource {
 public:
  RegisterFacts(std::span<const TermRef> registers, const TermFacts& facts)
      : registers_(registers), facts_(facts) {}
  const Type* type(int value) const override { return facts_.type(ref(value)); }
  std::optional<Scalar> constant(int value) const override { return facts_.constant(ref(value)); }
  bool fact(const std::string& name, int value, const std::vector<AttrValue>& args) const override {
    return facts_.fact(name, ref(value), args);
  }

 private:
  TermRef ref(int value) const { return registers_[static_cast<std::size_t>(value)]; }
  std::span<const TermRef> registers_;
  const TermFacts& facts_;
};

struct TemplateBindings {
  std::vector<std::optional<Dim>> sizes;
  std::vector<std::optional<List>> batches;
};

template <class T>
bool bind_or_equal(std::optional<T>& slot, const T& value) {
  if (!slot) slot = value;
  return *slot == value;
}

bool fits(const TypeTemplate& pattern, const Shape& shape, TemplateBindings& bound) {
  std::size_t named = pattern.sizes.size();
  if (shape.size() < named) return false;
  std::size_t lead = shape.size() - named;
  if (pattern.batch == kNoVariable) {
    if (lead != 0) return false;
  } else {
    List batch(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(lead));
    if (!bind_or_equal(bound.batches[pattern.batch], batch)) return false;
  }
  for (std::size_t i = 0; i < named; ++i) {
    const SizeTemplate& size = pattern.sizes[i];
    Dim dim = shape[lead + i];
    if (size.kind == SizeTemplate::Kind::kNumber && dim != Dim(size.number)) return false;
    if (size.kind == SizeTemplate::Kind::kName && !bind_or_equal(bound.sizes[size.name], dim)) {
      return false;
    }
  }
  return true;
}

bool types_fit(const Rewrite& rewrite, std::span<const TermRef> classes, const TermFacts& facts) {
  if (rewrite.types.empty()) return true;
  TemplateBindings bound{std::vector<std::optional<Dim>>(rewrite.size_names.size()),
                         std::vector<std::optional<List>>(rewrite.batch_names.size())};
  for (const TypeTemplate& pattern : rewrite.types) {
    const Type* type = facts.type(classes[pattern.var]);
    if (type == nullptr || !fits(pattern, type->shape, bound)) return false;
  }
  return true;
}

/// An int or a scalar as an element of `dtype`; integers exactly or not at all, and no new
/// infinity.
std::optional<Scalar> as_element(const std::optional<AttrValue>& value, DType dtype) {
  if (!value) return std::nullopt;
  std::int64_t integer = 0;
  if (const Dim* dim = std::get_if<Dim>(&*value)) {
    if (!dim->is_const()) return std::nullopt;
    integer = dim->value();
  } else if (const Scalar* scalar = std::get_if<Scalar>(&*value)) {
    if (scalar->dtype == dtype) return *scalar;
    if (is_float(scalar->dtype)) return splat_scalar(scalar->as_double(), dtype);
    integer = scalar->as_int();
  } else {
    return std::nullopt;
  }
  Scalar element = Scalar::of_int(dtype, integer);
  bool holds = is_float(dtype) ? std::isfinite(element.as_double()) : element.as_int() == integer;
  return holds ? std::optional<Scalar>(element) : std::nullopt;
}

bool same_element(const Scalar& a, const Scalar& b) {
  return a == b || (a.is_zero() && b.is_zero());
}

std::string describe_term(const TermSink& sink, TermRef term) {
  const Type* type = sink.type(term);
  return type == nullptr ? format("term {}", term) : type->text();
}

RuleError match_error(const Rewrite& rewrite, std::string fact, std::span<const TermRef> classes,
                      const std::vector<AttrValue>& attrs, const TermSink& sink) {
  RuleError error(rewrite.loc, "rule " + rewrite.name, std::move(fact));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    error.detail(format("{}  {}", rewrite.class_names[i], describe_term(sink, classes[i])));
  }
  for (std::size_t i = 0; i < attrs.size(); ++i) {
    error.detail(format("{}  {}", rewrite.attr_names[i], attr_text(attrs[i])));
  }
  error.fix("exclude this match with :when or :types, or correct the right side");
  return error;
}

}  // namespace

std::optional<Scalar> splat_scalar(double value, DType dtype) {
  Scalar scalar = Scalar::of(dtype, value);
  if (!is_float(dtype) && scalar.as_double() != value) return std::nullopt;
  return scalar;
}

bool literal_matches(double value, const Scalar& constant) {
  std::optional<Scalar> wanted = splat_scalar(value, constant.dtype);
  if (!wanted) return false;
  return same_element(*wanted, constant);
}

bool RhsInterpreter::admits(const Rewrite& rewrite, std::span<const TermRef> classes,
                            std::vector<AttrValue>& attrs, const TermFacts& facts) {
  attrs.resize(rewrite.left.attr_vars);
  if (!types_fit(rewrite, classes, facts)) return false;
  RegisterFacts source(classes, facts);
  for (const VarEquation& equation : rewrite.field_equations) {
    std::optional<AttrValue> value = eval_attr(equation.value, attrs, source);
    if (!value || !attrs_equal({*value}, {attrs[equation.var]})) return false;
  }
  for (const VarEquation& equation : rewrite.constant_equations) {
    std::optional<Scalar> constant = source.constant(equation.var);
    if (!constant) return false;
    auto value = as_element(eval_attr(equation.value, attrs, source), constant->dtype);
    if (!value || !same_element(*value, *constant)) return false;
  }
  for (const VarEquation& let : rewrite.lets) {
    std::optional<AttrValue> value = eval_attr(let.value, attrs, source);
    if (!value) return false;
    attrs.push_back(std::move(*value));
  }
  for (const AttrExpr& condition : rewrite.conditions) {
    if (!eval_condition(condition, attrs, source)) return false;
  }
  return true;
}

bool RhsInterpreter::run_step(const Rewrite& rewrite, const RightStep& step,
                              const std::vector<AttrValue>& attrs, TermSink& sink) {
  RegisterFacts source(registers_, sink);
  if (step.kind == RightStep::Kind::kSplat) {
    const Type* like = sink.type(registers_[step.like]);
    DType dtype = like == nullptr ? DType::kF64 : like->dtype;
    std::optional<Scalar> scalar = as_element(eval_attr(step.value, attrs, source), dtype);
    if (!scalar) return false;
    registers_.push_back(sink.splat(*scalar, registers_[step.like]));
    return true;
  }
  Attrs fields;
  fields.reserve(step.fields.size());
  for (const AttrExpr& field : step.fields) {
    std::optional<AttrValue> value = eval_attr(field, attrs, source);
    if (!value) return false;
    fields.push_back(std::move(*value));
  }
  operands_.clear();
  for (std::uint16_t operand : step.operands) operands_.push_back(registers_[operand]);
  try {
    registers_.push_back(sink.node(step.op, operands_, std::move(fields)));
  } catch (const ShapeError& e) {
    std::span<const TermRef> classes(registers_.data(), rewrite.left.class_vars);
    throw match_error(rewrite, "the right side is ill-typed: " + e.fact(), classes, attrs, sink);
  } catch (const DTypeError& e) {
    std::span<const TermRef> classes(registers_.data(), rewrite.left.class_vars);
    throw match_error(rewrite, "the right side is ill-typed: " + e.fact(), classes, attrs, sink);
  }
  return true;
}

bool RhsInterpreter::build(const Rewrite& rewrite, std::span<const TermRef> classes,
                           const std::vector<AttrValue>& attrs, TermSink& sink,
                           std::vector<TermPair>& pairs) {
  registers_.assign(classes.begin(), classes.end());
  for (const RightStep& step : rewrite.right.steps) {
    if (!run_step(rewrite, step, attrs, sink)) return false;
  }
  for (const RightOutput& output : rewrite.right.outputs) {
    TermRef left = registers_[output.target], right = registers_[output.value];
    const Type* left_type = sink.type(left);
    const Type* right_type = sink.type(right);
    if (left_type != nullptr && right_type != nullptr && !(*left_type == *right_type)) {
      std::string fact = format("the right side has type {}, the left side {}", right_type->text(),
                                left_type->text());
      throw match_error(rewrite, std::move(fact), classes, attrs, sink);
    }
  }
  for (const RightOutput& output : rewrite.right.outputs) {
    pairs.push_back({registers_[output.target], registers_[output.value]});
  }
  return true;
}

}  // namespace bafe
