#pragma once
/// How exact an element type is.

#include "bafe/ir/dtype.h"

namespace bafe {

/// Half the distance from 1 to the next number of the type; 2^-24 for what is no float.
double unit_roundoff(DType dtype);

}  // namespace bafe
