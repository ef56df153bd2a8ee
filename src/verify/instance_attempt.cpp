// In: the left side of a rewrite, sizes and dice. Out: a graph that the left side matches, or
// nothing. Operator children are built first; then leaves and fields of a node are drawn until the
// operator's own rule accepts them.
#include "instance_attempt.h"

#include <algorithm>
#include <set>

#include "samplers.h"

namespace bafe {
namespace {

constexpr int kTriesPerNode = 24;

/// Which operators refuse which element types, so that a refusal is thrown once and not at every
/// try; only of kinds whose refusals no size and no field decides.
class RefusedDTypes {
 public:
  RefusedDTypes(const OpInfo& info, const std::vector<Type>& types) {
    bool by_types = info.kind == OpKind::kPointwise || info.kind == OpKind::kReduction ||
                    info.kind == OpKind::kContraction;
    if (!by_types) return;
    key_ = std::to_string(static_cast<int>(info.op));
    for (const Type& type : types) key_ += " " + std::to_string(static_cast<int>(type.dtype));
  }
  bool known() const { return !key_.empty() && all().count(key_) > 0; }
  void learn() {
    if (!key_.empty()) all().insert(key_);
  }

 private:
  static std::set<std::string>& all() {
    static thread_local std::set<std::string> keys;
    return keys;
  }
  std::string key_;
};

bool same_shapes(const std::vector<Type>& types) {
  return std::all_of(types.begin(), types.end(),
                     [&](const Type& type) { return type.shape == types[0].shape; });
}

std::optional<Type> infer(const OpInfo& info, const std::vector<Type>& types, const Attrs& attrs) {
  RefusedDTypes refused(info, types);
  if (refused.known()) return std::nullopt;
  if (info.kind == OpKind::kPointwise && !same_shapes(types)) return std::nullopt;
  try {
    return infer_type(info.op, types, attrs);
  } catch (const ShapeError&) {
    return std::nullopt;
  } catch (const DTypeError&) {
    refused.learn();
    return std::nullopt;
  }
}

bool small_enough(const Type& type, const InstanceOptions& options) {
  if (options.symbolic) return true;
  std::int64_t n = 1, limit = options.max_elements;
  for (Dim d : type.shape) {
    if (!d.is_const() || d.value() < 0) return false;
    n *= d.value();
    if (n > limit) return false;
  }
  return type.rank() <= 6;
}

}  // namespace

bool PromisedSink::fact(const std::string& name, TermRef term,
                        const std::vector<AttrValue>& args) const {
  const Node& node = graph_.node(value_of(term));
  if (is_input(node.op)) {
    std::size_t index = static_cast<std::size_t>(attr_int(node.attrs, 0).value());
    for (const FactPromise& promise : promises_[index]) {
      if (promise.name == name && attrs_equal(promise.args, args)) return true;
    }
  }
  return GraphSink::fact(name, term, args);
}

InstanceAttempt::InstanceAttempt(const Rewrite& rewrite, const std::vector<FactPromise>& promises,
                                 const std::vector<bool>& wants_constant,
                                 const std::vector<const AttrExpr*>& definitions,
                                 const InstanceOptions& options, Dice& dice)
    : rewrite_(rewrite),
      promises_(promises),
      wants_constant_(wants_constant),
      definitions_(definitions),
      options_(options),
      dice_(dice),
      classes_(rewrite.left.class_vars),
      attrs_(rewrite.left.attr_vars),
      template_shapes_(rewrite.left.class_vars) {
  rank_ = dice.below(options.max_rank + 1);
}

const Type* InstanceAttempt::type(int value) const {
  ValueId id = classes_[static_cast<std::size_t>(value)];
  return id.valid() ? &graph_.type(id) : nullptr;
}

std::optional<Scalar> InstanceAttempt::constant(int value) const {
  ValueId id = classes_[static_cast<std::size_t>(value)];
  if (!id.valid() || !is_fill(graph_.node(id).op)) return std::nullopt;
  return attr_scalar(graph_.node(id).attrs, 0);
}

bool InstanceAttempt::build_left(RuleInstance& instance) {
  assign_templates();
  for (const RootPattern& root : rewrite_.left.roots) {
    ValueId id = operation(root.pattern, std::nullopt);
    if (!id.valid()) return false;
    ValueId& bound = classes_[root.root_var];
    if (bound.valid() && bound != id) return false;
    bound = id;
  }
  for (ValueId id : classes_) {
    if (!id.valid()) return false;
  }
  instance.attrs.clear();
  for (const auto& value : attrs_) {
    if (!value) return false;
    instance.attrs.push_back(*value);
  }
  instance.graph = std::move(graph_);
  instance.classes = classes_;
  instance.promises = std::move(input_promises_);
  return true;
}

void InstanceAttempt::assign_templates() {
  List sizes;
  for (std::size_t i = 0; i < rewrite_.size_names.size(); ++i) {
    if (options_.symbolic) {
      sizes.push_back(Dim::symbol(rewrite_.size_names[i]));
    } else {
      sizes.push_back(dice_.chance(15) ? 1 : dice_.pick(options_.sizes));
    }
  }
  std::vector<List> batches;
  for (std::size_t i = 0; i < rewrite_.batch_names.size(); ++i) {
    List batch;
    if (i > 0 && dice_.chance(80)) {
      batch = batches[0];
      for (Dim& d : batch) {
        if (dice_.chance(50)) d = 1;
      }
    } else {
      int rank = dice_.chance(60) ? 0 : 1 + dice_.below(2);
      for (int r = 0; r < rank; ++r) {
        std::string name = rewrite_.batch_names[i] + std::to_string(r);
        batch.push_back(options_.symbolic ? Dim::symbol(name) : Dim(dice_.pick(options_.sizes)));
      }
    }
    batches.push_back(std::move(batch));
  }
  for (const TypeTemplate& pattern : rewrite_.types) {
    Shape shape;
    if (pattern.batch != kNoVariable) shape = batches[pattern.batch];
    for (const SizeTemplate& size : pattern.sizes) {
      switch (size.kind) {
        case SizeTemplate::Kind::kNumber:
          shape.push_back(size.number);
          break;
        case SizeTemplate::Kind::kName:
          shape.push_back(sizes[size.name]);
          break;
        case SizeTemplate::Kind::kAny:
          shape.push_back(dice_.pick(options_.sizes));
          break;
      }
    }
    template_shapes_[pattern.var] = std::move(shape);
  }
}

bool InstanceAttempt::ready(const AttrExpr& expr) const {
  auto variable = static_cast<std::size_t>(expr.variable);
  if (expr.kind == AttrExpr::kAttrVar)
    return variable < attrs_.size() && attrs_[variable].has_value();
  if (expr.kind == AttrExpr::kValueVar) {
    return variable < classes_.size() && classes_[variable].valid();
  }
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [this](const AttrExpr& arg) { return ready(arg); });
}

std::optional<AttrValue> InstanceAttempt::value_of_definition(const AttrExpr& expr) const {
  if (!ready(expr)) return std::nullopt;
  std::vector<AttrValue> known;
  for (const auto& value : attrs_) known.push_back(value.value_or(AttrValue(Dim(0))));
  return eval_attr(expr, known, *this);
}

const AttrExpr* InstanceAttempt::constant_definition(std::uint16_t class_var) const {
  for (const VarEquation& equation : rewrite_.constant_equations) {
    if (equation.var == class_var) return &equation.value;
  }
  return nullptr;
}

ValueId InstanceAttempt::operation(const Pattern& pattern, const std::optional<Type>& wanted) {
  const OpInfo& info = op_info(op_of(pattern.op));
  bool pointwise = info.kind == OpKind::kPointwise;
  Operands fixed;
  fixed.ids.resize(pattern.children.size());
  fixed.types.resize(pattern.children.size());
  fixed.has_type.resize(pattern.children.size());
  std::optional<Type> sibling = pointwise ? wanted : std::nullopt;
  for (std::size_t i = 0; i < pattern.children.size(); ++i) {
    if (pattern.children[i].kind != Pattern::Kind::kOperator) continue;
    fixed.ids[i] = operation(pattern.children[i], sibling);
    if (!fixed.ids[i].valid()) return {};
    if (pointwise) sibling = graph_.type(fixed.ids[i]);
  }
  for (std::size_t i = 0; i < pattern.children.size(); ++i) {
    const Pattern& child = pattern.children[i];
    if (child.kind == Pattern::Kind::kVariable) fixed.ids[i] = classes_[child.var];
    if (!fixed.ids[i].valid()) continue;
    fixed.types[i] = graph_.type(fixed.ids[i]);
    fixed.has_type[i] = true;
  }
  for (int attempt = 0; attempt < kTriesPerNode; ++attempt) {
    Operands operands = fixed;
    choose_types(pattern, wanted, operands);
    Attrs attrs;
    if (!choose_fields(pattern, operands, wanted, attrs)) continue;
    std::optional<Type> result = infer(info, operands.types, attrs);
    if (!result || !small_enough(*result, options_)) continue;
    if (wanted && result->shape != wanted->shape) continue;
    if (!make_operands(pattern, operands)) return {};  // variables are half bound
    for (std::size_t i = 0; i < pattern.fields.size(); ++i) {
      if (pattern.fields[i].kind == FieldPattern::Kind::kVariable)
        attrs_[pattern.fields[i].var] = attrs[i];
    }
    ValueId id = graph_.add(info.op, operands.ids, attrs);
    if (pattern.bind != kNoVariable) classes_[pattern.bind] = id;
    return id;
  }
  return {};
}

void InstanceAttempt::choose_types(const Pattern& pattern, const std::optional<Type>& wanted,
                                   Operands& operands) {
  bool pointwise = op_info(op_of(pattern.op)).kind == OpKind::kPointwise;
  std::vector<Type> known;
  for (std::size_t i = 0; i < operands.types.size(); ++i) {
    if (operands.has_type[i]) known.push_back(operands.types[i]);
  }
  for (std::size_t i = 0; i < operands.types.size(); ++i) {
    if (operands.has_type[i]) continue;
    const Pattern& child = pattern.children[i];
    for (std::size_t j = 0; j < i; ++j) {  // the same variable twice
      bool same = child.kind == Pattern::Kind::kVariable &&
                  pattern.children[j].kind == child.kind && pattern.children[j].var == child.var;
      if (same) {
        operands.types[i] = operands.types[j];
        operands.has_type[i] = true;
      }
    }
    if (operands.has_type[i]) continue;
    operands.types[i] = choose_type(child, pointwise, known, wanted);
    operands.has_type[i] = true;
    known.push_back(operands.types[i]);
  }
}

Type InstanceAttempt::choose_type(const Pattern& child, bool pointwise,
                                  const std::vector<Type>& known,
                                  const std::optional<Type>& wanted) {
  if (pointwise && (!known.empty() || wanted)) {
    Type type = known.empty()
                    ? *wanted
                    : known[static_cast<std::size_t>(dice_.below(static_cast<int>(known.size())))];
    int choice = dice_.below(20);
    if (choice >= 14) type.dtype = choice < 17 ? options_.dtype : DType::kBool;
    return type;
  }
  std::vector<Type> models = known;
  if (known.empty() && graph_.size() > 0 && dice_.chance(50)) {  // sizes met elsewhere in the term
    auto any = static_cast<std::uint32_t>(dice_.below(static_cast<int>(graph_.size())));
    models.push_back(graph_.type(ValueId(any)));
  }
  Type type = sample_type(options_, rank_, models, wanted, dice_);
  if (child.kind == Pattern::Kind::kVariable && template_shapes_[child.var]) {
    type.shape = *template_shapes_[child.var];
  }
  return type;
}

bool InstanceAttempt::choose_fields(const Pattern& pattern, const Operands& operands,
                                    const std::optional<Type>& wanted, Attrs& attrs) {
  const OpSpec& spec = tensor_ops().spec(pattern.op);
  std::map<std::string, AttrValue> scratch;
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    std::optional<AttrValue> value;
    if (i < pattern.fields.size() && pattern.fields[i].kind == FieldPattern::Kind::kLiteral) {
      value = pattern.fields[i].literal;
    } else if (i < pattern.fields.size() &&
               pattern.fields[i].kind == FieldPattern::Kind::kVariable) {
      std::uint16_t var = pattern.fields[i].var;
      value = attrs_[var];
      if (!value && definitions_[var] != nullptr && dice_.chance(95)) {
        value = value_of_definition(*definitions_[var]);
      }
    }
    if (!value && options_.symbolic) return false;
    if (!value) {
      value = sample_field(spec.fields[i], operands.types, wanted, options_, scratch, dice_);
    }
    if (!value || attr_kind(*value) != spec.fields[i].kind) return false;
    attrs.push_back(std::move(*value));
  }
  return true;
}

bool InstanceAttempt::make_operands(const Pattern& pattern, Operands& operands) {
  for (std::size_t i = 0; i < pattern.children.size(); ++i) {
    if (operands.ids[i].valid()) continue;
    const Pattern& child = pattern.children[i];
    bool bound = child.kind == Pattern::Kind::kVariable && classes_[child.var].valid();
    operands.ids[i] = bound ? classes_[child.var] : make_leaf(child, operands.types[i]);
    if (!operands.ids[i].valid()) return false;
    if (child.kind == Pattern::Kind::kVariable) classes_[child.var] = operands.ids[i];
  }
  return true;
}

ValueId InstanceAttempt::make_leaf(const Pattern& child, const Type& type) {
  bool fixed = child.kind == Pattern::Kind::kVariable && template_shapes_[child.var].has_value();
  if (options_.symbolic && !fixed) return {};
  static const std::vector<double> constants = {0, 1, 2, 3, -1, -2, 0.5, -0.75, 5};
  if (!small_enough(type, options_)) return {};
  std::optional<Scalar> value;
  bool variable = child.kind == Pattern::Kind::kVariable;
  const AttrExpr* definition = variable ? constant_definition(child.var) : nullptr;
  if (child.kind == Pattern::Kind::kLiteral) {
    value = splat_scalar(child.literal, type.dtype);
    if (!value) return {};
  } else if (definition != nullptr) {
    std::optional<AttrValue> known = value_of_definition(*definition);
    if (!known) return {};
    const Dim* dim = std::get_if<Dim>(&*known);
    const Scalar* scalar = std::get_if<Scalar>(&*known);
    if (dim != nullptr && dim->is_const()) value = Scalar::of_int(type.dtype, dim->value());
    if (scalar != nullptr) value = scalar->cast(type.dtype);
    if (!value) return {};
  } else if (variable && wants_constant_[child.var]) {
    value = splat_scalar(dice_.pick(constants), type.dtype);
    if (!value) return {};
  }
  if (value) return graph_.add_fill(*value, type.shape);
  InputInfo info;
  info.name = variable ? rewrite_.class_names[child.var] : "_";
  info.type = type;
  std::vector<FactPromise> kept;
  for (const FactPromise& promise : promises_) {
    if (variable && promise.class_var == child.var) kept.push_back(promise);
  }
  input_promises_.push_back(std::move(kept));
  return graph_.add_input(std::move(info));
}

}  // namespace bafe
