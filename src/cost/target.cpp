// Reads CPUID and the cache sizes once. Out goes a Target whose text and flags are equal on equal
// machines: nothing here depends on load, time or the compiler that built BAFE.

#include "bafe/cost/target.h"

#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#endif

#include "bafe/base/format.h"

namespace bafe {
namespace {

#if defined(__x86_64__) || defined(__i386__)
bool bit(unsigned word, int index) { return (word >> index) & 1u; }

unsigned saved_states() {  // XCR0: which register files the kernel saves
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool tiles_granted() {
#if defined(__linux__) && defined(__x86_64__) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

void read_isa(Target& target) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !bit(c, 27)) return;  // no OSXSAVE
  const unsigned states = saved_states();
  const bool avx_saved = (states & 0x6u) == 0x6u, avx512_saved = (states & 0xe6u) == 0xe6u;
  const bool fma = bit(c, 12), f16c = bit(c, 29);
  unsigned b7 = 0, d7 = 0;
  if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d7)) return;
  if (!avx_saved || !fma || !f16c || !bit(b7, 5)) return;
  target.isa = Isa::kAvx2;
  target.fma = true;
  const bool f = bit(b7, 16), dq = bit(b7, 17), bw = bit(b7, 30), vl = bit(b7, 31);
  if (!avx512_saved || !f || !dq || !bw || !vl) return;
  target.isa = Isa::kAvx512;
  unsigned a71 = 0;
  if (__get_cpuid_count(7, 1, &a71, &b, &c, &d)) target.avx512_bf16 = bit(a71, 5);
  target.amx = bit(d7, 22) && bit(d7, 24) && tiles_granted();
}
#else
void read_isa(Target&) {}
#endif

int cache_bytes(int name, int fallback) {
  const long bytes = sysconf(name);
  return bytes > 0 && bytes < (1l << 30) ? static_cast<int>(bytes) : fallback;
}

Target read_host() {
  Target target;
  read_isa(target);
#ifdef _SC_LEVEL1_DCACHE_SIZE
  target.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, target.l1_bytes);
  target.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, target.l2_bytes);
  target.l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE, target.l3_bytes);
#endif
  return target;
}

}  // namespace

std::string Target::flags() const {
  switch (isa) {
    case Isa::kAvx512:
      return "-mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma -mf16c -mbmi2 "
             "-mprefer-vector-width=512";
    case Isa::kAvx2:
      return "-mavx2 -mfma -mf16c -mbmi2";
    case Isa::kPlain:
      return fma ? "-mfma" : "";
  }
  return "";
}

std::string Target::text() const {
  const char* name = isa == Isa::kAvx512 ? "avx512" : isa == Isa::kAvx2 ? "avx2" : "plain";
  return format("{} fma={} bf16={} amx={} l1={} l2={} l3={}", name, fma ? 1 : 0,
                avx512_bf16 ? 1 : 0, amx ? 1 : 0, l1_bytes, l2_bytes, l3_bytes);
}

const Target& host_target() {
  static const Target target = read_host();
  return target;
}

}  // namespace bafe
