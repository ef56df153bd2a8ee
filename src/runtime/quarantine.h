#pragma once
/// Programs whose kernel was found wrong. Private to src/runtime.

#include <optional>
#include <string>

#include "bafe/base/digest.h"

namespace bafe {

/// The kernel of that key is not made again in this process.
void quarantine_kernel(const Digest& key, std::string fact);
/// What was found.
std::optional<std::string> quarantined_kernel(const Digest& key);

}  // namespace bafe
