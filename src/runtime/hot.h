#pragma once
/// Signatures that are called often get a kernel of their own. Private to src/runtime.

#include <functional>
#include <memory>

#include "bafe/runtime/tiered.h"

namespace bafe {

/// Calls after which a signature is hot: what a search and a compile cost is then small against
/// what was computed, or the calls are so short that nobody waits for it.
inline constexpr std::int64_t kHotCalls = 400;

/// `sized` with a counter: after kHotCalls runs `bring` is called on the worker, with the
/// executable that it may give something better. It settles it.
std::shared_ptr<const Executable> replaced_when_hot(
    std::shared_ptr<const Executable> sized, std::function<void(TieredExecutable&, Job&)> bring);

}  // namespace bafe
