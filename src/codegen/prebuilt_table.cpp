// The generated tables by ISA level. In: a key. Out: a position. Invariant: tables never change, so
// a position is as good as a key for as long as the process lives.

#include "prebuilt_table.h"

#include <mutex>
#include <unordered_map>

#include "bafe/base/error.h"
#include "bafe/codegen/prebuilt.h"

#define BAFE_TABLE(level)                                        \
  extern "C" const bafe::PrebuiltKernel bafe_prebuilt_##level[]; \
  extern "C" const long long bafe_prebuilt_##level##_count;
BAFE_TABLE(plain)
#if defined(__x86_64__)
BAFE_TABLE(avx2)
BAFE_TABLE(avx512)
#endif
#undef BAFE_TABLE

namespace bafe {
namespace {

using Positions = std::unordered_map<std::string_view, int>;

Positions positions_of(Isa isa) {
  Positions out;
  out.reserve(prebuilt_table(isa).size());
  int i = 0;
  for (const PrebuiltKernel& kernel : prebuilt_table(isa)) out.emplace(kernel.key, i++);
  return out;
}

/// The level after the "@" of a symbol.
Isa level_of(std::string_view text) {
  for (Isa isa : {Isa::kAvx512, Isa::kAvx2}) {
    if (text == level_text(isa)) return isa;
  }
  return Isa::kPlain;
}

}  // namespace

std::span<const PrebuiltKernel> prebuilt_table(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512)
    return {bafe_prebuilt_avx512, static_cast<std::size_t>(bafe_prebuilt_avx512_count)};
  if (isa == Isa::kAvx2)
    return {bafe_prebuilt_avx2, static_cast<std::size_t>(bafe_prebuilt_avx2_count)};
#endif
  BAFE_CHECK(isa == Isa::kPlain, "an ISA level has a table");
  return {bafe_prebuilt_plain, static_cast<std::size_t>(bafe_prebuilt_plain_count)};
}

int find_prebuilt(Isa isa, std::string_view key) {
  static std::once_flag made[3];
  // Never destroyed: the background thread may use it to the end.
  static Positions* const tables = new Positions[3];
  const auto level = static_cast<std::size_t>(isa);
  std::call_once(made[level], [&] { tables[level] = positions_of(isa); });
  auto found = tables[level].find(key);
  return found == tables[level].end() ? -1 : found->second;
}

std::string_view level_text(Isa isa) {
  return isa == Isa::kAvx512 ? "avx512" : isa == Isa::kAvx2 ? "avx2" : "plain";
}

KernelFn prebuilt_kernel(std::string_view symbol) {
  const std::size_t mark = symbol.rfind('@');
  if (mark == std::string_view::npos) return nullptr;
  const std::string_view key = symbol.substr(0, mark);
  const Isa isa = level_of(symbol.substr(mark + 1));
  if (key == "pointwise") return pointwise_driver(isa);
  if (key == "copy") return copy_driver(isa);
  if (key == "product") return product_driver(isa);
  const int at = find_prebuilt(isa, key);
  return at < 0 ? nullptr : prebuilt_table(isa)[static_cast<std::size_t>(at)].kernel;
}

}  // namespace bafe
