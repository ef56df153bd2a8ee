// In: the right side of a rewrite and what its left side lets us assume. Out: generic values of its
// steps, and what is left to show: the steps are well typed and the outputs have equal types.
#include "bafe/base/format.h"
#include "bafe/rules/rule_set.h"
#include "rule_context.h"

namespace bafe::generic {
namespace {

/// The program that a definition compiles to, over class variables 0, 1, … for its parameters.
const RuleProgram& definition_program(const OpSpec& spec, std::size_t parameters) {
  static const char* const left[] = {"neg", "neg", "add", "where"};
  if (parameters == 0 || parameters > 3) throw NotRepresentable(spec.name + " has many operands");
  static thread_local std::map<std::string, RuleProgram> programs;
  auto it = programs.find(spec.name);
  if (it != programs.end()) return it->second;
  RuleSet rules;
  rules.add(format("(rule definition ({} {}) => {})", left[parameters], spec.parameters,
                   spec.definition));
  const Rewrite& rewrite = rules.rule(RuleId(0)).rewrites[0];
  return programs.emplace(spec.name, rewrite.right).first->second;
}

}  // namespace

ExprTerm RuleContext::strict(const AttrExpr& expr) {
  ExprReader reader(source_, dtypes_);
  ExprTerm out = reader.read(expr);
  knowledge_.assume(reader.defined, dtypes_);
  return out;
}

GenericValue RuleContext::expanded(const OpInfo& info, const std::vector<GenericValue>& operands) {
  const RuleProgram& program = definition_program(tensor_ops().spec(info.id), operands.size());
  std::vector<std::optional<GenericValue>> outer = std::move(registers_);
  registers_.assign(operands.begin(), operands.end());
  // The left term of the definition's rule has a register of its own.
  registers_.resize(operands.size() + 1);
  for (const RightStep& step : program.steps) {
    registers_.push_back(step.kind == RightStep::Kind::kNode ? right_node(step)
                                                             : right_splat(step));
  }
  GenericValue out = *registers_[program.outputs[0].value];
  registers_ = std::move(outer);
  return out;
}

GenericValue RuleContext::right_node(const RightStep& step) {
  const OpInfo& info = op_info(op_of(step.op));
  GenericCall call;
  call.info = &info;
  call.dtypes = &dtypes_;
  for (std::uint16_t operand : step.operands) call.operands.push_back(*registers_[operand]);
  if (info.kind == OpKind::kNamed) return expanded(info, call.operands);
  for (const AttrExpr& field : step.fields) call.fields.push_back(field_of(strict(field)));
  Claims claims;
  GenericValue out = generic_meaning(call, claims);
  dtypes_fit = goals_of(claims, dtypes_, goals) && dtypes_fit;
  for (const IntFunction& point : claims.points) knowledge_.add_point(point);
  return out;
}

GenericValue RuleContext::right_splat(const RightStep& step) {
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

void RuleContext::read_right() {
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
