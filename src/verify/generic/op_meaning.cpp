// In: a call of one operator with generic operands and fields. Out: the generic value of its
// result. The rows come from ops.def; a pointwise operator needs no more than its element tree.
#include "op_meaning.h"

#include "bafe/base/format.h"

namespace bafe::generic {
namespace {

struct MeaningRow {
  GenericShapeRule shape = nullptr;
  GenericElementRule element = nullptr;
};

// No rule writes a body, so loops and branches are opaque to proofs.
constexpr GenericShapeRule generic_loop_shape = nullptr, generic_cond_shape = nullptr;
constexpr GenericElementRule generic_nullptr = nullptr;  // the column of a row without an element

const std::vector<MeaningRow>& meaning_rows() {
  static const auto& rows = *new const std::vector<MeaningRow>{
#define BAFE_POINTWISE(name, ...) {},
#define BAFE_SHAPED(name, text, arity, kind, fields, shape, element, algebra) \
  {generic_##shape, generic_##element},
#define BAFE_COMPOSITE(name, ...) {},
#include "bafe/ir/ops.def"
#undef BAFE_POINTWISE
#undef BAFE_SHAPED
#undef BAFE_COMPOSITE
  };
  return rows;
}

DTypeTerm pointwise_dtype(const GenericCall& call, Claims& claims) {
  DTypeRule rule = call.info->dtype_rule;
  DTypeTerm d = call.operands.back().type.dtype;
  std::size_t first = rule == DTypeRule::kWhere ? 1 : 0;
  for (std::size_t i = first; i + 1 < call.operands.size(); ++i) {
    claims.dtypes.push_back({call.operands[i].type.dtype, d});
  }
  auto need = [&](DTypeTerm what, const std::function<bool(DType)>& test) {
    claims.dtypes.push_back({what, {}, dtypes_where(test)});
  };
  auto is_bool = [](DType t) { return t == DType::kBool; };
  switch (rule) {
    case DTypeRule::kSame:
      return d;
    case DTypeRule::kNoBool:
    case DTypeRule::kNumber:
      need(d, [&](DType t) { return !is_bool(t); });
      return d;
    case DTypeRule::kFloat:
    case DTypeRule::kDivide:
    case DTypeRule::kRounding:
      need(d, [](DType t) { return is_float(t); });
      return d;
    case DTypeRule::kTest:
      need(d, [](DType t) { return is_float(t); });
      return call.dtypes->exactly(DType::kBool);
    case DTypeRule::kCompare:
      return call.dtypes->exactly(DType::kBool);
    case DTypeRule::kLogical:
      need(d, is_bool);
      return d;
    case DTypeRule::kBits:
      need(d, [](DType t) { return !is_float(t); });
      return d;
    case DTypeRule::kShift:
      need(d, [](DType t) { return is_integer(t); });
      return d;
    case DTypeRule::kWhere:
      need(call.operands[0].type.dtype, is_bool);
      return d;
    case DTypeRule::kCast:
      return call.fields[0].dtype;
  }
  return d;
}

FormRef tree_form(const Element& tree, const std::vector<FormRef>& operands,
                  const std::string& cast) {
  const ElementNode& n = *tree;
  if (n.prim == Prim::kArg) return operands[static_cast<std::size_t>(n.number)];
  if (n.prim == Prim::kLiteral) return literal_form(n.literal);
  std::vector<FormRef> args;
  for (const Element& arg : n.args) args.push_back(tree_form(arg, operands, cast));
  return apply_form(n.prim, std::move(args), n.prim == Prim::kCast ? cast : "");
}

GenericValue pointwise_meaning(const GenericCall& call, Claims& claims) {
  GenericValue out;
  out.type = {pointwise_dtype(call, claims), call.operands[0].type.shape};
  for (std::size_t i = 1; i < call.operands.size(); ++i) {
    claim_same_sizes(call.operands[i].type.shape, out.type.shape, {}, claims);
  }
  std::vector<ElementAt> elements;
  for (const GenericValue& operand : call.operands) elements.push_back(operand.element);
  // The name of a cast is read when the element is asked: later facts may have joined dtypes.
  auto cast = [dtypes = call.dtypes, from = call.operands[0].type.dtype, to = out.type.dtype] {
    return dtypes->text(from) + "->" + dtypes->text(to);
  };
  out.element = [elements, cast, tree = call.info->value](const AxisIndex& index) {
    std::vector<FormRef> operands;
    for (const ElementAt& element : elements) operands.push_back(element(index));
    return tree_form(tree, operands, cast());
  };
  return out;
}

}  // namespace

IntTerm size_of(const GenericCall& call, std::size_t k, IntTerm axis) {
  return call.operands[k].type.shape.at(axis);
}

IntTerm rank_of(const GenericCall& call, std::size_t k) {
  return call.operands[k].type.shape.length;
}

IntList shape_of(IntTerm rank, IntFunction size) {
  IntList out;
  out.length = rank;
  out.at = std::move(size);
  return out;
}

void claim_same_sizes(const IntList& a, const IntList& b, const IntPredicate& where,
                      Claims& claims) {
  claims.facts.push_back(equal(a.length, b.length));
  claims.for_all.push_back([a, b, where](IntTerm t) {
    Truth asked = in_range(t, b.length);
    if (where) asked = both(asked, where(t));
    return implies(asked, equal(a.at(t), b.at(t)));
  });
}

GenericValue generic_meaning(const GenericCall& call, Claims& claims) {
  const OpInfo& info = *call.info;
  if (info.kind == OpKind::kPointwise) return pointwise_meaning(call, claims);
  const MeaningRow& meaning = meaning_rows()[static_cast<std::size_t>(info.op)];
  bool makes = is_fill(info.op) || info.kind == OpKind::kLibrary;
  if (meaning.shape == nullptr || (meaning.element == nullptr && !makes)) {
    throw NotRepresentable(format("{} has no generic meaning", info.name));
  }
  GenericValue out;
  out.type = meaning.shape(call, claims);
  if (is_fill(info.op)) {
    out.element = [value = call.fields[0].scalar](const AxisIndex&) { return value; };
  } else if (info.kind == OpKind::kLibrary) {
    out.element = library_element(call);
  } else {
    out.element = meaning.element(call, out.type);
  }
  return out;
}

}  // namespace bafe::generic
