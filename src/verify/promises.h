#pragma once
/// Facts that an instance promises about its inputs, brought about in values.

#include "bafe/verify/instance.h"

namespace bafe {

/// Changes as few elements as the fact needs.
void keep_promise(Tensor& tensor, const FactPromise& promise);

}  // namespace bafe
