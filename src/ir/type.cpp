// Types as text and bytes. Invariant: type_bytes is exact or throws; it never wraps.
#include "bafe/ir/type.h"

namespace bafe {

std::string Type::text() const { return std::string(dtype_info(dtype).name) + shape_text(shape); }

std::int64_t type_bytes(const Type& type) {
  return (num_elements(type.shape) * Dim(dtype_bytes(type.dtype))).value();
}

}  // namespace bafe
