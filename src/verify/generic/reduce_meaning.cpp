// In: calls of reductions at a generic rank. Out: their types and elements.
#include "op_meaning.h"

namespace bafe::generic {
namespace {

[[noreturn]] void refuse(const GenericCall& call) {
  throw NotRepresentable(std::string(call.info->name) + " has no generic meaning");
}

}  // namespace

#define BAFE_NO_SHAPE(name)  \
  BAFE_GENERIC_SHAPE(name) { \
    (void)claims;            \
    refuse(call);            \
  }
#define BAFE_NO_ELEMENT(name)  \
  BAFE_GENERIC_ELEMENT(name) { \
    (void)result;              \
    refuse(call);              \
  }
BAFE_NO_SHAPE(reduce_shape)
BAFE_NO_SHAPE(reduce_extreme_shape)
BAFE_NO_SHAPE(arg_shape)
BAFE_NO_SHAPE(cumsum_shape)
BAFE_NO_ELEMENT(reduce_sum_element)
BAFE_NO_ELEMENT(reduce_prod_element)
BAFE_NO_ELEMENT(reduce_max_element)
BAFE_NO_ELEMENT(reduce_min_element)
BAFE_NO_ELEMENT(argmax_element)
BAFE_NO_ELEMENT(argmin_element)

}  // namespace bafe::generic
