#pragma once
/// Pieces of programs as people write them: what random operators alone would hardly make.

#include "pool.h"

namespace bafe {

/// Adds one and gives its value; an invalid id when the drawn one does not fit here.
ValueId add_idiom(ValuePool& pool);
/// Square, finite and well conditioned, of a float dtype that routines take.
ValueId safe_matrix(ValuePool& pool, bool is_symmetric);

}  // namespace bafe
