// In: an element type. Out: what one operation on it may err, relative to its result.

#include "bafe/ir/rounding.h"

namespace bafe {

double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return 0x1p-11;
    case DType::kBF16:
      return 0x1p-8;
    case DType::kF64:
      return 0x1p-53;
    default:
      return 0x1p-24;
  }
}

}  // namespace bafe
