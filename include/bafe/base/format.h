#pragma once
/// The one door to {fmt}: `format("{} of {}", a, b)`.

#include <fmt/core.h>
#include <fmt/format.h>

namespace bafe {
using fmt::format;
}  // namespace bafe
