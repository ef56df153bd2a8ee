#pragma once
/// Lengths in whole parts. Private to src/codegen.

#include <cstdint>

namespace bafe {

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
/// Bytes up to the end of a cache line.
inline std::int64_t whole_lines(std::int64_t bytes) { return ceil_div(bytes, 64) * 64; }

}  // namespace bafe
