// In: the right side of a rewrite and what its left side lets us assume. Out: generic values of its
// steps, and what is left to show: the steps are well typed and the outputs have equal types.
#include <sstream>

#include "bafe/base/format.h"
#include "bafe/rules/rule_set.h"
#include "rule_context.h"

namespace bafe::generic {
namespace {

/// The right side whose left side holds the parameters of a definition.
const Rewrite& definition_rewrite(const OpSpec& spec, std::size_t parameters) {
  static const char* const left[] = {"neg", "neg", "add", "where"};
  if (parameters == 0 || parameters > 3) throw NotRepresentable(spec.name + " has many operands");
  static thread_local std::map<std::string, Rewrite> rewrites;
  auto it = rewrites.find(spec.name);
  if (it != rewrites.end()) return it->second;
  RuleSet rules;
  rules.add(format("(rule definition ({} {}) => {})", left[parameters], spec.parameters,
                   spec.definition));
  return rewrites.emplace(spec.name, rules.rule(RuleId(0)).rewrites[0]).first->second;
}

/// Number of the parameter that a class variable is; -1: none.
int parameter_of(const std::string& variable, const std::string& parameters) {
  std::istringstream words(parameters);
  std::string word;
  for (int i = 0; words >> word; ++i) {
    if (word == variable) return i;
  }
  return -1;
}

}  // namespace

ExprTerm GenericRule::strict(const AttrExpr& expr) {
  ExprReader reader(source_, dtypes_);
  ExprTerm out = reader.read(expr);
  knowledge_.assume(reader.defined, dtypes_);
  return out;
}

GenericValue GenericRule::expanded(const OpInfo& info, const std::vector<GenericValue>& operands) {
  const OpSpec& spec = tensor_ops().spec(info.id);
  const Rewrite& definition = definition_rewrite(spec, operands.size());
  std::vector<std::optional<GenericValue>> outer = std::move(registers_);
  registers_.assign(definition.left.class_vars, std::nullopt);
  for (std::size_t i = 0; i < registers_.size(); ++i) {
    int parameter = parameter_of(definition.class_names[i], spec.parameters);
    if (parameter >= 0) registers_[i] = operands[static_cast<std::size_t>(parameter)];
  }
  for (const RightStep& step : definition.right.steps) {
    registers_.push_back(step.kind == RightStep::Kind::kNode ? right_node(step)
                                                             : right_splat(step));
  }
  GenericValue out = *registers_[definition.right.outputs[0].value];
  registers_ = std::move(outer);
  return out;
}

GenericValue GenericRule::right_node(const RightStep& step) {
  const OpInfo& info = op_info(op_of(step.op));
  GenericCall call;
  call.info = &info;
  call.dtypes = &dtypes_;
  for (std::uint16_t operand : step.operands) call.operands.push_back(*registers_[operand]);
  if (info.kind == OpKind::kNamed) return expanded(info, call.operands);
  const std::vector<AttrField>& fields = tensor_ops().spec(step.op).fields;
  for (std::size_t i = 0; i < step.fields.size(); ++i) {
    call.fields.push_back(field_of(strict(step.fields[i])));
    if (call.fields.back().kind != fields[i].kind) {
      throw NotRepresentable(format("{} of {} is of another kind", fields[i].name, info.name));
    }
  }
  Claims claims;
  GenericValue out = generic_meaning(call, claims);
  dtypes_fit = goals_of(claims, dtypes_, knowledge_, goals) && dtypes_fit;
  for (const IntFunction& point : claims.points) knowledge_.add_point(point);
  return out;
}

GenericValue GenericRule::right_splat(const RightStep& step) {
  GenericValue out;
  out.type = registers_[step.like]->type;
  ExprTerm value = strict(step.value);
  FormRef form;
  if (value.kind == ExprTerm::kInt) {
    std::int64_t number = 0;
    form = is_number(value.integer, number) ? literal_form(static_cast<double>(number))
                                            : integer_form(value.integer);
  } else if (value.kind == ExprTerm::kScalar) {
    form = value.scalar;
    bool same = value.dtype.variable >= 0 && dtypes_.must_be_same(value.dtype, out.type.dtype);
    if (!same && form->kind != FormKind::kLiteral) has_literals = true;
  } else {
    throw NotRepresentable("a constant that is no number");
  }
  out.element = [form](const AxisIndex&) { return form; };
  return out;
}

void GenericRule::read_right() {
  for (const RightStep& step : rewrite_.right.steps) {
    registers_.push_back(step.kind == RightStep::Kind::kNode ? right_node(step)
                                                             : right_splat(step));
  }
  for (const RightOutput& output : rewrite_.right.outputs) {
    pairs.push_back({*registers_[output.target], *registers_[output.value]});
    const ShapedType &left = pairs.back().left.type, &right = pairs.back().right.type;
    goals.push_back(goal_equal(left.shape, right.shape));
    dtypes_fit = dtypes_.must_be_same(left.dtype, right.dtype) && dtypes_fit;
  }
}

}  // namespace bafe::generic
