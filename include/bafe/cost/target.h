#pragma once
/// The machine that code is generated for: what the compiler may assume, never how fast it is.

#include <string>
#include <string_view>

namespace bafe {

enum class Isa : unsigned char { kPlain, kAvx2, kAvx512 };

struct Target {
  Isa isa = Isa::kPlain;
  bool fma = false;  ///< hardware fused multiply-add
  bool avx512_bf16 = false;
  bool amx = false;  ///< CPUID has AMX-BF16 and the kernel granted tiles
  int l1_bytes = 32 << 10, l2_bytes = 1 << 20, l3_bytes = 32 << 20;  ///< per core for l1 and l2

  int vector_bytes() const { return isa == Isa::kAvx512 ? 64 : isa == Isa::kAvx2 ? 32 : 16; }
  /// Compiler flags for this target, e.g. "-mavx512f -mavx512vl … -mfma -mprefer-vector-width=512".
  std::string flags() const;
  /// Stable text of everything above; part of every cache key.
  std::string text() const;
};

/// The machine this process runs on (CPUID, cached).
const Target& host_target();

}  // namespace bafe
