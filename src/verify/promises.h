#pragma once
/// Facts that an instance promises about its inputs, brought about in values.

#include "bafe/verify/instance.h"

namespace bafe {

/// Changes as few elements as the fact needs.
void keep_promise(Tensor& tensor, const FactPromise& promise);

/// The number that an argument of a fact gives.
double promised_number(const AttrValue& value);

}  // namespace bafe
