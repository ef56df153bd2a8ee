// In: calls of reductions at a generic rank. Out: their types and elements. Invariant: a bound
// index is asked only on the axes that are reduced; axes stay, as size 1.
#include "op_meaning.h"

namespace bafe::generic {
namespace {

const IntList& axes_of(const GenericCall& call) {
  const IntList& axes = call.fields[0].list;
  if (!axes.has) throw NotRepresentable("reduced axes that are no set");
  return axes;
}

ShapedType reduced(const GenericCall& call, Claims& claims) {
  const IntList& axes = axes_of(call);
  claims.axes.push_back({axes, rank_of(call, 0)});
  const ShapedType type = call.operands[0].type;
  return {type.dtype, shape_of(rank_of(call, 0), [has = axes.has, type](IntTerm t) {
            return choose(has(t), 1, type.shape.at(t));
          })};
}

/// An extreme of nothing is an error.
void claim_elements(const GenericCall& call, Claims& claims) {
  claims.for_all.push_back([has = axes_of(call).has, type = call.operands[0].type](IntTerm t) {
    return implies(both(in_range(t, type.shape.length), has(t)), at_most(1, type.shape.at(t)));
  });
}

ElementAt over_axes(ReduceKind kind, const GenericCall& call) {
  const GenericValue x = call.operands[0];
  const IntPredicate has = axes_of(call).has;
  return [kind, x, has](const AxisIndex& at) {
    return fold_form(kind, x.type.shape.length, has, x.type.shape.at, [&](const AxisIndex& bound) {
      return x.element([&](IntTerm t) { return choose(has(t), bound(t), at(t)); });
    });
  };
}

[[noreturn]] void refuse(const GenericCall& call) {
  throw NotRepresentable(std::string(call.info->name) + " has no generic meaning");
}

}  // namespace

BAFE_GENERIC_SHAPE(reduce_shape) {
  std::uint32_t numbers = dtypes_where([](DType d) { return d != DType::kBool; });
  claims.dtypes.push_back({call.operands[0].type.dtype, {}, numbers});
  return reduced(call, claims);
}

BAFE_GENERIC_SHAPE(reduce_extreme_shape) {
  ShapedType type = reduced(call, claims);
  claim_elements(call, claims);
  return type;
}

BAFE_GENERIC_SHAPE(arg_shape) {
  ShapedType type = reduced(call, claims);
  claim_elements(call, claims);
  claims.facts.push_back(at_most(1, axes_of(call).length));
  type.dtype = call.dtypes->exactly(DType::kI64);
  return type;
}

BAFE_GENERIC_SHAPE(cumsum_shape) {
  (void)claims;
  refuse(call);
}

#define BAFE_FOLD(name, kind)     \
  BAFE_GENERIC_ELEMENT(name) {    \
    (void)result;                 \
    return over_axes(kind, call); \
  }
BAFE_FOLD(reduce_sum_element, ReduceKind::kSum)
BAFE_FOLD(reduce_prod_element, ReduceKind::kProd)
BAFE_FOLD(reduce_max_element, ReduceKind::kMax)
BAFE_FOLD(reduce_min_element, ReduceKind::kMin)
BAFE_FOLD(argmax_element, ReduceKind::kArgMax)
BAFE_FOLD(argmin_element, ReduceKind::kArgMin)
#undef BAFE_FOLD

}  // namespace bafe::generic
