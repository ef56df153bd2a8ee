#pragma once
/// An integer divided by zero. A kind of ShapeError here, as other errors of values are, so that
/// what gives up a constant or a check because of a value gives up for this one too; in Python it
/// is a ZeroDivisionError.

#include "bafe/base/error.h"

namespace bafe {

class DivisionError : public ShapeError {
 public:
  explicit DivisionError(std::string subject)
      : ShapeError({}, std::move(subject), "integer division by zero") {
    set_fix("keep zeros out of the divisor, as in np.where(b == 0, 1, b), or divide floats");
  }
};

}  // namespace bafe
