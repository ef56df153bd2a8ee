// In: the left side of a rewrite. Out: generic values of its variables and roots, and everything a
// match may be assumed to satisfy. Invariant: nothing is assumed that a match could lack, so what
// cannot be read is left out.
#include "bafe/base/format.h"
#include "op_meaning.h"
#include "rule_context.h"

namespace bafe::generic {
namespace {

bool mentions_attr(const AttrExpr& expr, int variable) {
  if (expr.kind == AttrExpr::kAttrVar && expr.variable == variable) return true;
  for (const AttrExpr& arg : expr.args) {
    if (mentions_attr(arg, variable)) return true;
  }
  return false;
}

/// The other side of `variable = …` in a condition.
const AttrExpr* other_side(const AttrExpr& condition, int variable) {
  if (!is_call(condition, "=")) return nullptr;
  for (std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const AttrExpr &side = condition.args[i], &other = condition.args[1 - i];
    bool this_variable = side.kind == AttrExpr::kAttrVar && side.variable == variable;
    if (this_variable && !mentions_attr(other, variable)) return &other;
  }
  return nullptr;
}

}  // namespace

GenericRule::GenericRule(const Rewrite& rewrite, Knowledge& knowledge)
    : rewrite_(rewrite),
      knowledge_(knowledge),
      registers_(rewrite.left.class_vars),
      attrs_(rewrite.left.attr_vars),
      templates_(rewrite.left.class_vars),
      is_constant_(rewrite.left.class_vars) {
  next_read_ = rewrite.left.class_vars;
  source_.type = [this](int value) -> const ShapedType* {
    const auto& slot = registers_[static_cast<std::size_t>(value)];
    return slot ? &slot->type : nullptr;
  };
  source_.constant = [this](int value) -> FormRef {
    auto i = static_cast<std::size_t>(value);
    if (i >= is_constant_.size() || !is_constant_[i]) return nullptr;
    return scalar_form(format("const{}", value));
  };
  source_.attr = [this](int variable) -> const GenericField* {
    auto i = static_cast<std::size_t>(variable);
    return i < attrs_.size() && attrs_[i] ? &*attrs_[i] : nullptr;
  };
  read_left();
  read_conditions();
  read_lets();
  read_right();
}

/// (const ?c) has a value only where ?c is a constant: wherever the rule needs it, ?c is one.
void GenericRule::find_constants(const AttrExpr& expr) {
  if (expr.kind != AttrExpr::kCall || function_name(expr) == "or") return;
  bool constant = function_name(expr) == "const" && expr.args[0].kind == AttrExpr::kValueVar &&
                  expr.args[0].variable < static_cast<int>(is_constant_.size());
  if (constant) is_constant_[static_cast<std::size_t>(expr.args[0].variable)] = true;
  for (const AttrExpr& arg : expr.args) find_constants(arg);
}

void GenericRule::make_templates() {
  for (const TypeTemplate& pattern : rewrite_.types) {
    IntList shape = fixed_list({});
    if (pattern.batch != kNoVariable) {
      std::string name = rewrite_.batch_names[pattern.batch];
      IntTerm count = symbol("rank " + name);
      knowledge_.assume(at_most(0, count));
      shape = symbolic_list("size " + name, count);
    }
    std::vector<IntTerm> sizes;
    for (std::size_t i = 0; i < pattern.sizes.size(); ++i) {
      const SizeTemplate& size = pattern.sizes[i];
      switch (size.kind) {
        case SizeTemplate::Kind::kNumber:
          sizes.push_back(size.number);
          break;
        case SizeTemplate::Kind::kName:
          sizes.push_back(symbol("size " + rewrite_.size_names[size.name]));
          break;
        case SizeTemplate::Kind::kAny:
          sizes.push_back(symbol(format("size of {} at {}", pattern.var, i)));
          break;
      }
      knowledge_.assume(at_most(0, sizes.back()));
    }
    IntList named = fixed_list(std::move(sizes));
    shape = pattern.batch == kNoVariable ? named : joined(shape, named);
    IntList plain;  // a shape is no set of axes
    plain.length = shape.length;
    plain.at = shape.at;
    plain.items = shape.items;
    plain.is_fixed = shape.is_fixed;
    knowledge_.assume_for_all(
        [plain](IntTerm t) { return implies(in_range(t, plain.length), at_most(0, plain.at(t))); });
    templates_[pattern.var] = plain;
  }
}

void GenericRule::bind_typed(const Pattern& pattern) {
  bool variable = pattern.kind == Pattern::Kind::kVariable;
  if (variable && templates_[pattern.var]) left_variable(pattern.var, nullptr);
  for (const Pattern& child : pattern.children) bind_typed(child);
}

void GenericRule::read_left() {
  for (const AttrExpr& condition : rewrite_.conditions) find_constants(condition);
  for (const VarEquation& let : rewrite_.lets) find_constants(let.value);
  for (const RightStep& step : rewrite_.right.steps) {
    find_constants(step.value);
    for (const AttrExpr& field : step.fields) find_constants(field);
  }
  make_templates();
  // What :types gives is known from the start: fields may be defined by it.
  for (const RootPattern& root : rewrite_.left.roots) bind_typed(root.pattern);
  for (const RootPattern& root : rewrite_.left.roots) {
    GenericValue value = left_value(root.pattern, nullptr);
    if (root.root_var == kNoVariable) continue;
    auto& slot = registers_[root.root_var];
    if (!slot) slot = value;
  }
  for (std::size_t i = 0; i < templates_.size(); ++i) {
    if (!templates_[i] || !registers_[i]) continue;
    Claims claims;
    claim_same_sizes(registers_[i]->type.shape, *templates_[i], {}, claims);
    knowledge_.assume(claims, dtypes_);
  }
}

GenericValue GenericRule::fresh_value(int number, const IntList& shape) {
  GenericValue out;
  shapes_[number] = shape;
  out.type = {dtypes_.any(), shape};
  FormRef constant =
      number < static_cast<int>(is_constant_.size()) ? source_.constant(number) : nullptr;
  out.element = [number, constant](const AxisIndex& index) {
    return constant ? constant : read_form(number, index);
  };
  return out;
}

GenericValue GenericRule::left_variable(int variable, const IntList* shape) {
  auto& slot = registers_[static_cast<std::size_t>(variable)];
  if (slot) return *slot;
  const std::string& name = rewrite_.class_names[static_cast<std::size_t>(variable)];
  const auto& given = templates_[static_cast<std::size_t>(variable)];
  if (given) {
    slot = fresh_value(variable, *given);
  } else if (shape != nullptr) {
    slot = fresh_value(variable, *shape);
  } else {
    IntTerm rank = symbol("rank " + name);
    IntList sizes;
    sizes.length = rank;
    sizes.at = symbolic_list("size " + name, rank).at;
    knowledge_.assume(at_most(0, rank));
    knowledge_.assume_for_all(
        [sizes](IntTerm t) { return implies(in_range(t, sizes.length), at_most(0, sizes.at(t))); });
    slot = fresh_value(variable, sizes);
  }
  return *slot;
}

/// `shape`: what a neighbour under the same pointwise operator already has.
GenericValue GenericRule::left_value(const Pattern& pattern, const IntList* shape) {
  switch (pattern.kind) {
    case Pattern::Kind::kVariable:
      return left_variable(pattern.var, shape);
    case Pattern::Kind::kOperator:
      return left_operator(pattern, shape);
    case Pattern::Kind::kWildcard:
    case Pattern::Kind::kLiteral:
      break;
  }
  int number = next_read_++;
  std::string name = format("any {}", number);
  IntList sizes = shape != nullptr ? *shape : IntList();
  if (shape == nullptr) {
    sizes.length = symbol("rank " + name);
    sizes.at = symbolic_list("size " + name, sizes.length).at;
    knowledge_.assume(at_most(0, sizes.length));
    knowledge_.assume_for_all(
        [sizes](IntTerm t) { return implies(in_range(t, sizes.length), at_most(0, sizes.at(t))); });
  }
  GenericValue out = fresh_value(number, sizes);
  if (pattern.kind == Pattern::Kind::kLiteral) {
    has_literals = true;
    out.element = [value = pattern.literal](const AxisIndex&) { return literal_form(value); };
  }
  return out;
}

GenericValue GenericRule::left_operator(const Pattern& pattern, const IntList* shape) {
  const OpInfo& info = op_info(op_of(pattern.op));
  bool pointwise = info.kind == OpKind::kPointwise;
  GenericCall call;
  call.info = &info;
  call.dtypes = &dtypes_;
  std::vector<std::optional<GenericValue>> operands(pattern.children.size());
  const IntList* known = pointwise ? shape : nullptr;
  for (bool operators : {true, false}) {  // operators first: they know more of their shapes
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Pattern& child = pattern.children[i];
      if ((child.kind == Pattern::Kind::kOperator) != operators) continue;
      operands[i] = left_value(child, known);
      if (pointwise) known = &operands[i]->type.shape;
    }
  }
  for (auto& operand : operands) call.operands.push_back(*operand);
  const OpSpec& spec = tensor_ops().spec(pattern.op);
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    FieldPattern any;
    call.fields.push_back(
        left_field(spec.fields[i], i < pattern.fields.size() ? pattern.fields[i] : any));
  }
  Claims claims;
  GenericValue out = generic_meaning(call, claims);
  knowledge_.assume(claims, dtypes_);
  learn_fields(claims);
  if (pattern.bind != kNoVariable) registers_[pattern.bind] = out;
  return out;
}

/// An expression that gives the variable its value, from a field or a condition.
const AttrExpr* GenericRule::definition_of(int attr_var) const {
  for (const VarEquation& equation : rewrite_.field_equations) {
    if (equation.var == attr_var && !mentions_attr(equation.value, attr_var)) {
      return &equation.value;
    }
  }
  for (const AttrExpr& condition : rewrite_.conditions) {
    if (const AttrExpr* other = other_side(condition, attr_var)) return other;
  }
  return nullptr;
}

/// Number that a condition (= (len ?a) n) gives; -1: none.
int GenericRule::known_length(int attr_var) const {
  for (const AttrExpr& condition : rewrite_.conditions) {
    if (!is_call(condition, "=") || !is_call(condition.args[0], "len")) continue;
    const AttrExpr& list = condition.args[0].args[0];
    const Dim* count = std::get_if<Dim>(&condition.args[1].literal);
    bool fits = list.kind == AttrExpr::kAttrVar && list.variable == attr_var &&
                condition.args[1].kind == AttrExpr::kLiteral && count != nullptr;
    if (fits && count->value() <= 4) return static_cast<int>(count->value());
  }
  return -1;
}

GenericField GenericRule::symbolic_field(const AttrField& field, const std::string& name) {
  GenericField out;
  out.kind = field.kind;
  switch (field.kind) {
    case AttrKind::kInt:
      out.integer = symbol(name);
      break;
    case AttrKind::kList:
      out.list = symbolic_list(name, symbol("len " + name));
      knowledge_.assume(at_most(0, out.list.length));
      break;
    case AttrKind::kDType:
      out.dtype = dtypes_.any();
      break;
    case AttrKind::kScalar:
      out.scalar = scalar_form(name);
      out.scalar_dtype = dtypes_.any();
      break;
    case AttrKind::kText:
      out.text = name;
      break;
    case AttrKind::kGraph:
      throw NotRepresentable("a graph as a field");
  }
  return out;
}

GenericField GenericRule::left_field(const AttrField& field, const FieldPattern& pattern) {
  if (pattern.kind == FieldPattern::Kind::kAny) {
    return symbolic_field(field, format("field {}", next_read_++));
  }
  if (pattern.kind == FieldPattern::Kind::kLiteral) {
    AttrExpr literal;
    literal.literal = pattern.literal;
    return field_of(ExprReader(source_, dtypes_).read(literal));
  }
  auto& slot = attrs_[pattern.var];
  if (slot) return *slot;
  if (const AttrExpr* value = definition_of(pattern.var)) {
    try {
      ExprReader reader(source_, dtypes_);
      GenericField made = field_of(reader.read(*value));
      if (made.kind == field.kind) {
        knowledge_.assume(reader.defined, dtypes_);
        slot = made;
        return *slot;
      }
    } catch (const NotRepresentable&) {  // read again as a condition, when more is known
    }
  }
  std::string name = rewrite_.attr_names[pattern.var];
  slot = symbolic_field(field, name);
  int length = field.kind == AttrKind::kList ? known_length(pattern.var) : -1;
  if (length >= 0) {
    std::vector<IntTerm> items;
    for (int i = 0; i < length; ++i) items.push_back(applied(name, {i}));
    slot->list = fixed_list(std::move(items));
  }
  return *slot;
}

/// What a claim says of a variable's list is known from now on.
void GenericRule::learn_fields(const Claims& claims) {
  for (auto& attr : attrs_) {
    if (!attr || attr->kind != AttrKind::kList) continue;
    IntList& list = attr->list;
    IntTerm entries = close(list.at);
    for (const auto& axes : claims.axes) {
      if (close(axes.list.at) != entries) continue;
      list.distinct_below = axes.end;
      list.ascending = true;
    }
    for (const auto& p : claims.permutations) {
      if (close(p.list.at) != entries || !list.inverse) continue;
      list.distinct_below = p.length;
      list.permutation = true;
      list.has = [n = p.length](IntTerm t) { return in_range(t, n); };
      list.position = list.inverse;
    }
  }
}

}  // namespace bafe::generic
