// In: calls of matrix operators at a generic rank. Out: their types and elements.
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
BAFE_NO_SHAPE(take_shape)
BAFE_NO_SHAPE(gather_shape)
BAFE_NO_SHAPE(same_matrix_shape)
BAFE_NO_SHAPE(diag_shape)
BAFE_NO_SHAPE(diagonal_shape)
BAFE_NO_SHAPE(matmul_shape)
BAFE_NO_SHAPE(solve_shape)
BAFE_NO_SHAPE(square_float_shape)
BAFE_NO_ELEMENT(take_element)
BAFE_NO_ELEMENT(gather_element)
BAFE_NO_ELEMENT(tril_element)
BAFE_NO_ELEMENT(triu_element)
BAFE_NO_ELEMENT(diag_element)
BAFE_NO_ELEMENT(diagonal_element)
BAFE_NO_ELEMENT(matmul_element)

}  // namespace bafe::generic
