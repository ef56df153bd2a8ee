#pragma once
/// The type of a value: element type and shape. Layout is never part of it.

#include <string>

#include "bafe/ir/dim.h"
#include "bafe/ir/dtype.h"

namespace bafe {

struct Type {
  DType dtype = DType::kF32;
  Shape shape;
  int rank() const { return static_cast<int>(shape.size()); }
  std::string text() const;  ///< "f32[8, 512]", "f64[]"
  friend bool operator==(const Type&, const Type&) = default;
};

/// Bytes of the dense value; CHECKs concrete sizes.
std::int64_t type_bytes(const Type& type);

}  // namespace bafe
