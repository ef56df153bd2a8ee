// The emulator itself: what it decodes and what a tile product means, subnormals and order
// included.

#include "codegen/amx_emulator.h"

#include <gtest/gtest.h>
#include <immintrin.h>
#include <signal.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "bafe/cost/target.h"

namespace bafe {
namespace {

struct Tiles {
  alignas(64) std::uint32_t words[8][16][16];
  int rows[8], bytes[8];
  bool configured = false;
  long count = 0;
};
thread_local Tiles tiles;

/// A VEX instruction of the map 0F 38 with its memory operand.
struct Decoded {
  int prefix = 0, opcode = 0, reg = 0, rm = 0, source = 0;
  bool is_memory = false;
  std::uint64_t address = 0, step = 0;  // of a row
  int length = 0;
};

std::uint64_t general(const greg_t* g, int number) {
  static const int kOrder[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                 REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                 REG_R12, REG_R13, REG_R14, REG_R15};
  return static_cast<std::uint64_t>(g[kOrder[number]]);
}

bool decode(const greg_t* g, Decoded& d) {
  const auto* code = reinterpret_cast<const unsigned char*>(g[REG_RIP]);
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2) return false;
  const int high_reg = code[1] & 0x80 ? 0 : 8, high_index = code[1] & 0x40 ? 0 : 8,
            high_base = code[1] & 0x20 ? 0 : 8;
  d.prefix = code[2] & 3;  // 0 none, 1 66, 2 F3, 3 F2
  d.source = ~(code[2] >> 3) & 15;
  d.opcode = code[3];
  const int modrm = code[4], mod = modrm >> 6;
  d.reg = (modrm >> 3 & 7) | high_reg;
  d.rm = modrm & 7;
  d.length = 5;
  if (d.opcode != 0x49 && d.opcode != 0x4b && d.opcode != 0x5c) return false;
  d.is_memory = mod != 3;
  if (!d.is_memory) return true;
  bool no_base = mod == 0 && d.rm == 5;
  if (d.rm == 4) {
    const int sib = code[d.length++], index = (sib >> 3 & 7) | high_index, base = sib & 7;
    if (index != 4) d.step = general(g, index) << (sib >> 6);
    no_base = mod == 0 && base == 5;
    if (!no_base) d.address = general(g, base | high_base);
  } else if (!no_base) {
    d.address = general(g, d.rm | high_base);
  }
  if (mod == 1) {
    d.address += static_cast<std::uint64_t>(static_cast<signed char>(code[d.length++]));
  } else if (mod == 2 || no_base) {
    std::int32_t far = 0;
    std::memcpy(&far, code + d.length, 4);
    d.length += 4;
    d.address += static_cast<std::uint64_t>(static_cast<std::int64_t>(far));
    if (no_base && d.rm == 5) d.address += static_cast<std::uint64_t>(g[REG_RIP] + d.length);
  }
  return true;
}

void configure(const unsigned char* from) {
  for (int t = 0; t < 8; ++t) {
    std::uint16_t bytes = 0;
    std::memcpy(&bytes, from + 16 + 2 * t, 2);
    tiles.bytes[t] = bytes;
    tiles.rows[t] = from[48 + t];
  }
  std::memset(tiles.words, 0, sizeof tiles.words);
  tiles.configured = from[0] == 1;
}

__attribute__((target("avx512f"))) void multiply(int to, int a, int b) {
  const unsigned saved = _mm_getcsr();
  _mm_setcsr((saved & ~0x6000u) | 0x8040u);  // flush results and operands, round to nearest
  for (int m = 0; m < tiles.rows[to]; ++m) {
    __m512 even = _mm512_setzero_ps(), odd = even;
    for (int k = 0; k < tiles.bytes[a] / 4; ++k) {
      const std::uint32_t pair = tiles.words[a][m][k];
      const __m512i row = _mm512_load_si512(tiles.words[b][k]);
      const __m512 x = _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(pair << 16)));
      const __m512 y = _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(pair & ~0xffffu)));
      even = _mm512_fmadd_ps(x, _mm512_castsi512_ps(_mm512_slli_epi32(row, 16)), even);
      odd = _mm512_fmadd_ps(
          y, _mm512_castsi512_ps(_mm512_and_si512(row, _mm512_set1_epi32(~0xffff))), odd);
    }
    float* out = reinterpret_cast<float*>(tiles.words[to][m]);
    const __m512 sum = _mm512_add_ps(_mm512_load_ps(out), _mm512_add_ps(even, odd));
    const auto used = static_cast<__mmask16>((1u << (tiles.bytes[to] / 4)) - 1u);
    _mm512_store_ps(out, _mm512_maskz_mov_ps(used, sum));
  }
  _mm_setcsr(saved);
}

/// False: an instruction that is none of AMX's, or one that must trap.
bool execute(const Decoded& d) {
  if (d.opcode == 0x49 && d.is_memory && d.prefix == 0) {
    configure(reinterpret_cast<const unsigned char*>(d.address));
    return true;
  }
  if (d.opcode == 0x49 && !d.is_memory && d.prefix == 0) {
    tiles.configured = false;
    return true;
  }
  if (!tiles.configured || d.reg > 7) return false;
  if (d.opcode == 0x49 && !d.is_memory && d.prefix == 3) {
    std::memset(tiles.words[d.reg], 0, sizeof tiles.words[d.reg]);
    return true;
  }
  if (d.opcode == 0x4b && d.is_memory) {
    auto* at = reinterpret_cast<unsigned char*>(d.address);
    const auto bytes = static_cast<std::size_t>(tiles.bytes[d.reg]);
    if (d.prefix != 2) std::memset(tiles.words[d.reg], 0, sizeof tiles.words[d.reg]);
    for (int r = 0; r < tiles.rows[d.reg]; ++r, at += d.step) {
      if (d.prefix == 2) std::memcpy(at, tiles.words[d.reg][r], bytes);
      if (d.prefix != 2) std::memcpy(tiles.words[d.reg][r], at, bytes);
    }
    return true;
  }
  if (d.opcode == 0x5c && !d.is_memory && d.prefix == 2 && d.source < 8) {
    multiply(d.reg, d.rm, d.source);
    return true;
  }
  return false;
}

void on_illegal(int, siginfo_t*, void* context) {
  greg_t* g = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  Decoded d;
  if (decode(g, d) && execute(d)) {
    ++tiles.count;
    g[REG_RIP] += d.length;
    return;
  }
  signal(SIGILL, SIG_DFL);  // the instruction is met again, and ends the process
}

bool install() {
  if (host_target().amx) return true;
  if (host_target().isa != Isa::kAvx512) return false;
  struct sigaction action = {};
  action.sa_sigaction = on_illegal;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr) == 0;
}

}  // namespace

bool enable_amx() {
  static const bool enabled = install();
  return enabled;
}
long emulated_amx_instructions() { return tiles.count; }
bool amx_tiles_configured() { return tiles.configured; }

namespace {

struct Config {
  unsigned char palette = 1, start = 0, zero[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  unsigned char rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// c += a * b with one instruction of each kind.
void tile_product(const Config& config, const void* a, const void* b, float* c) {
  __asm__ volatile(
      "ldtilecfg %0\n\ttilezero %%tmm0\n\t"
      "tileloadd (%1,%4,1), %%tmm1\n\ttileloadd (%2,%4,1), %%tmm2\n\t"
      "tileloadd (%3,%4,1), %%tmm0\n\ttdpbf16ps %%tmm2, %%tmm1, %%tmm0\n\t"
      "tilestored %%tmm0, (%3,%4,1)\n\ttilerelease"
      :
      : "m"(config), "r"(a), "r"(b), "r"(c), "r"(64ll)
      : "memory");
}

std::uint16_t high_half(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, 4);
  return static_cast<std::uint16_t>(bits >> 16);
}

struct Operands {
  alignas(64) std::uint16_t a[16][32] = {}, b[16][32] = {};
  alignas(64) float c[16][16] = {};
};

TEST(AmxEmulator, AddsProductsOfPairsToTheTile) {
  if (!enable_amx()) GTEST_SKIP() << "needs AVX-512";
  Operands o;
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < 32; ++k) {
      o.a[i][k] = high_half(static_cast<float>(i - k));
      o.b[k / 2][2 * i + k % 2] = high_half(static_cast<float>(k + 3 * i));
    }
    o.c[i][i] = 0.5f;
  }
  tile_product(Config{}, o.a, o.b, &o.c[0][0]);
  EXPECT_FALSE(amx_tiles_configured());
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      float want = i == j ? 0.5f : 0.0f;
      for (int k = 0; k < 32; ++k) want += static_cast<float>((i - k) * (k + 3 * j));
      EXPECT_EQ(o.c[i][j], want) << i << " " << j;
    }
  }
}

TEST(AmxEmulator, SumsEvenAndOddPairsApartAndFlushesSubnormals) {
  if (!enable_amx()) GTEST_SKIP() << "needs AVX-512";
  Operands o;
  // Row 0: 2^24 at k = 0, then ones at k = 2, 4: each is lost against the even sum; ones at odd k
  // meet in the odd sum.
  o.a[0][0] = high_half(16777216.0f);
  for (int k = 1; k < 6; ++k) o.a[0][k] = high_half(1.0f);
  // Row 1: a subnormal operand; row 2: a product below 2^-126.
  o.a[1][0] = high_half(0x1p-127f);
  o.a[2][0] = high_half(0x1p-100f);
  for (int k = 0; k < 32; ++k) o.b[k / 2][k % 2] = high_half(1.0f);
  o.b[0][2] = high_half(0x1p127f);
  o.b[0][4] = high_half(0x1p-27f);
  o.c[3][0] = 0x1p-127f;  // a subnormal result is taken as zero too
  tile_product(Config{}, o.a, o.b, &o.c[0][0]);
  EXPECT_EQ(o.c[0][0], 16777216.0f + 4.0f);
  EXPECT_EQ(o.c[1][1], 0.0f);
  EXPECT_EQ(o.c[2][2], 0.0f);
  EXPECT_EQ(o.c[2][0], 0x1p-100f);
  EXPECT_EQ(o.c[3][0], 0.0f);
}

TEST(AmxEmulator, ObeysRowsAndBytesOfTheConfiguration) {
  if (!enable_amx()) GTEST_SKIP() << "needs AVX-512";
  Operands o;
  for (auto& row : o.a)
    for (auto& x : row) x = high_half(1.0f);
  for (auto& row : o.b)
    for (auto& x : row) x = high_half(2.0f);
  for (auto& row : o.c)
    for (float& x : row) x = 7;
  Config config;
  config.rows[0] = 3;
  config.bytes[0] = 20;
  config.rows[1] = 3;
  config.bytes[1] = 8;
  config.rows[2] = 2;
  config.bytes[2] = 20;
  tile_product(config, o.a, o.b, &o.c[0][0]);
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) EXPECT_EQ(o.c[i][j], i < 3 && j < 5 ? 15.0f : 7.0f);
  }
}

}  // namespace
}  // namespace bafe
