// The inner loops over packed tiles. In comes a tiling, out go C functions that multiply one panel
// of B with two tiles of rows of A, and the look at a finished tile. Invariant: along k an
// element's sum is cut by steps and blocks alone, so it depends neither on units nor on threads.

#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/gemm_text.h"

namespace bafe {
namespace {

constexpr int kSumSteps = 8;  // products of split operands are summed apart for so many steps

std::string head_c(const GemmTiling& t) {
  return format(
      "static __attribute__((noinline)) void {}_micro(const char *g_a, const char *g_b, float "
      "*g_c, long long g_pitch, long long g_steps, long long g_as, long long g_bs, int g_first, "
      "long long g_rows) {{\n  (void)g_as; (void)g_bs; (void)g_rows;\n",
      t.spec.name);
}

/// Tiles 0 to 3 are the results, 4 and 5 rows of A, 6 and 7 columns of B.
std::string amx_macros_c() {
  return R"c(#ifndef BAFE_TILES
#define BAFE_TILES
static const struct { unsigned char palette, start, zero[14]; unsigned short bytes[16];
                      unsigned char rows[16]; }
bafe_tiles __attribute__((aligned(64))) = {
  1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
#define BAFE_TILE(name, p, pitch) \
  __asm__ volatile(name : : "r"(p), "r"((long long)(pitch)) : "memory")
#define BAFE_ROWS(p) \
  BAFE_TILE("tileloadd (%0,%1,1), %%tmm4", (p), 64); \
  BAFE_TILE("tileloadd (%0,%1,1), %%tmm5", (p) + 1024, 64)
#define BAFE_COLUMNS(p) \
  BAFE_TILE("tileloadd (%0,%1,1), %%tmm6", (p), 64); \
  BAFE_TILE("tileloadd (%0,%1,1), %%tmm7", (p) + 1024, 64)
#define BAFE_PRODUCTS() \
  __asm__ volatile("tdpbf16ps %%tmm6, %%tmm4, %%tmm0\n\ttdpbf16ps %%tmm7, %%tmm4, %%tmm1\n\t" \
                   "tdpbf16ps %%tmm6, %%tmm5, %%tmm2\n\ttdpbf16ps %%tmm7, %%tmm5, %%tmm3" \
                   : : : "memory")
#define BAFE_ZERO() \
  __asm__ volatile("tilezero %%tmm0\n\ttilezero %%tmm1\n\t" \
                   "tilezero %%tmm2\n\ttilezero %%tmm3" : : : "memory")
#define BAFE_RESULTS(p, pitch) \
  BAFE_TILE("tilestored %%tmm0, (%0,%1,1)", (p), 4 * (pitch)); \
  BAFE_TILE("tilestored %%tmm1, (%0,%1,1)", (p) + 16, 4 * (pitch)); \
  BAFE_TILE("tilestored %%tmm2, (%0,%1,1)", (p) + 16 * (pitch), 4 * (pitch)); \
  BAFE_TILE("tilestored %%tmm3, (%0,%1,1)", (p) + 16 * (pitch) + 16, 4 * (pitch))
#endif
)c";
}

/// The five small products of a step, one operand changing at a time.
constexpr const char* kSmallProductsC =
    R"c(    for (long long g_x = 0; g_x < g_n; g_x++, a += 2048, b += 2048) {
      BAFE_ROWS(a + 2 * g_as);
      BAFE_COLUMNS(b);
      BAFE_PRODUCTS();
      BAFE_ROWS(a + g_as);
      BAFE_PRODUCTS();
      BAFE_COLUMNS(b + g_bs);
      BAFE_PRODUCTS();
      BAFE_ROWS(a);
      BAFE_PRODUCTS();
      BAFE_COLUMNS(b + 2 * g_bs);
      BAFE_PRODUCTS();
    }
    a = g_a + g_s * 2048;
    b = g_b + g_s * 2048;
)c";

std::string tile_micro_c(const GemmTiling& t) {
  // The small products first: what they add up to is 2^-8 of the result, so that their roundings do
  // not show, and the large ones are rounded once a step.
  std::string out = head_c(t);
  out += format(
      "  for (long long g_s = 0; g_s < g_steps; g_s += {0}) {{\n"
      "    const long long g_n = g_steps - g_s < {0} ? g_steps - g_s : {0};\n"
      "    const char *a = g_a + g_s * 2048, *b = g_b + g_s * 2048;\n    BAFE_ZERO();\n",
      t.pairs.terms > 1 ? kSumSteps : 4 * kSumSteps);
  if (t.pairs.terms > 1) out += kSmallProductsC;
  return out + R"c(    for (long long g_x = 0; g_x < g_n; g_x++, a += 2048, b += 2048) {
      BAFE_ROWS(a);
      BAFE_COLUMNS(b);
      BAFE_PRODUCTS();
    }
    if (g_first && g_s == 0) {
      BAFE_RESULTS(g_c, g_pitch);
    } else {
      float g_part[1024] __attribute__((aligned(64)));
      BAFE_RESULTS(g_part, 32);
      for (int g_r = 0; g_r < 32; g_r++) {
        float *g_to = g_c + g_r * g_pitch;
        VF_STORE(g_to, VF_LOAD(g_to) + VF_LOAD(g_part + 32 * g_r));
        VF_STORE(g_to + 16, VF_LOAD(g_to + 16) + VF_LOAD(g_part + 32 * g_r + 16));
      }
    }
  }
}
)c";
}

constexpr const char* kDotC =
    "#ifndef BAFE_DOT\n#define BAFE_DOT(c, x, y) __asm__(\"vdpbf16ps %2, %1, %0\" : \"+v\"(c) : "
    "\"v\"(x), \"v\"(y))\n#endif\n";

/// Eight rows by one panel; an accumulator takes a pair of k a step.
std::string vector_micro_c(const GemmTiling& t) {
  const int wide = t.pairs.wide, tall = 8;
  const std::int64_t row = pairs_row_bytes(t);
  std::string declare, zero, reload, step, store;
  for (int r = 0; r < tall; ++r) {
    step += format("    x = VF_SET(*(const float *)(a + {}));", r * row);
    for (int v = 0; v < wide; ++v) {
      declare += format("{}c{}_{}", r + v ? ", " : "", r, v);
      zero += format("c{}_{} = ", r, v);
      reload += format("    c{0}_{1} = VF_LOAD(c + {0} * g_pitch + {2});\n", r, v, 16 * v);
      step += format(" BAFE_DOT(c{}_{}, x, b{});", r, v, v);
      store += format("  VF_STORE(c + {0} * g_pitch + {2}, c{0}_{1});\n", r, v, 16 * v);
    }
    step += "\n";
  }
  std::string loads;
  for (int v = 0; v < wide; ++v)
    loads += format("    const VF b{0} = VF_LOAD((const float *)(b + {1}));\n", v, 64 * v);
  std::string out = kDotC;
  out += format(
      "static __attribute__((noinline)) void {0}_eight(const char *a, const char *b, float *c, "
      "long "
      "long g_pitch, long long g_pairs, int g_first) {{\n  VF {1};\n"
      "  if (g_first) {{\n    {2}(VF){{0}};\n  }} else {{\n{3}  }}\n"
      "#pragma GCC unroll 2\n  for (long long g_k = 0; g_k < g_pairs; g_k++) {{\n    VF x;\n"
      "{4}{5}    a += 4;\n    b += {6};\n  }}\n{7}}}\n",
      t.spec.name, declare, zero, reload, loads, step, 64 * wide, store);
  return out + head_c(t) +
         format(
             "  for (long long g_i = 0; g_i < g_rows; g_i += {0})\n"
             "    {1}_eight(g_a + g_i * {2}, g_b, g_c + g_i * g_pitch, g_pitch, 16 * g_steps, "
             "g_first);\n}}\n",
             tall, t.spec.name, row);
}

/// One row of a tile again, in f32, as the plain meaning of the product.
std::string again_c(const GemmTiling& t) {
  const GemmSpec& s = t.spec;
  std::string out = format(
      "static __attribute__((noinline, cold)) void {}_again(void *const *slot, const long long "
      "*size, float *g_row, long long i, long long g_j0, long long g_columns{}) {{\n  (void)slot; "
      "(void)size;\n",
      s.name, batch_parameters_c(t));
  for (std::size_t d = 0; d < s.batch.size(); ++d) out += format("  (void)b{};\n", d);
  out += s.prelude;
  if (!s.a.load) out += format("  const float *g_am = {};\n", matrix_c(t, s.a));
  if (!s.b.load) out += format("  const float *g_bm = {};\n", matrix_c(t, s.b));
  out += format("  float g_acc[{0}];\n  memset(g_acc, 0, sizeof g_acc);\n", 16 * t.pairs.wide);
  out += format("  for (long long k = 0; k < {}; k++) {{\n    const float g_x = {};\n", s.k,
                load_c(s.a, "g_am", "i", "k"));
  out += "    for (long long g_c = 0; g_c < g_columns; g_c++) { const long long j = g_j0 + g_c; ";
  out += format("g_acc[g_c] = __builtin_fmaf(g_x, {}, g_acc[g_c]); }}\n  }}\n",
                load_c(s.b, "g_bm", "k", "j"));
  return out + "  memcpy(g_row, g_acc, g_columns * 4);\n}\n";
}

}  // namespace

std::string pair_micro_c(const GemmTiling& t) {
  return t.pairs.tiles ? amx_macros_c() + tile_micro_c(t) : vector_micro_c(t);
}

std::string pair_finish_c(const GemmTiling& t) {
  std::string out = finish_c(t, true) + again_c(t);
  out += format(
      "static __attribute__((noinline)) void {}_done(void *const *slot, const long long *size, "
      "float *g_tile, long long g_pitch, long long g_i, long long g_rows, long long g_j, long long "
      "g_columns, const bafe_word *g_ra, const bafe_word *g_rb{}) {{\n"
      "  const unsigned g_least = bafe_least({}, g_ra, g_rb);\n  BafeW g_any = {{0}};\n",
      t.spec.name, batch_parameters_c(t), t.spec.k);
  out += format(
      "  for (long long g_r = 0; g_r < g_rows; g_r++) {{\n"
      "    for (int g_v = 0; g_v < {}; g_v++) {{\n"
      "      const BafeW g_size = BAFE_WORDS(g_tile + g_r * g_pitch + 16 * g_v) & 0x7fffffffu;\n"
      "      g_any |= (BafeW)(g_size < g_least) | (BafeW)(g_size >= 0x7f800000u);\n    }}\n  }}\n",
      t.pairs.wide);
  out +=
      "  unsigned g_word = 0;\n  for (int g_v = 0; g_v < 16; g_v++) g_word |= g_any[g_v];\n"
      "  for (long long g_r = 0; g_word && g_r < g_rows; g_r++) {\n"
      "    const bafe_word *g_bits = (const bafe_word *)(g_tile + g_r * g_pitch);\n"
      "    unsigned g_bad = 0;\n"
      "    for (long long g_c = 0; g_c < g_columns; g_c++) g_bad |= (g_bits[g_c] & 0x7fffffffu) < "
      "g_least || (g_bits[g_c] & 0x7fffffffu) >= 0x7f800000u;\n";
  out += format(
      "    if (g_bad) {0}_again(slot, size, g_tile + g_r * g_pitch, g_i + g_r, g_j, "
      "g_columns{1});\n  }}\n"
      "  {0}_out(slot, size, g_tile, g_pitch, g_i, g_rows, g_j, g_columns{1});\n}}\n",
      t.spec.name, batch_arguments_c(t));
  return out;
}

std::string pair_probes_c(const Target& target) {
  const std::string head =
      "(void *const *slot, const long long *size, void *scratch, long long begin, long long end) "
      "{\n  (void)size; (void)scratch;\n";
  std::string out;
  if (target.avx512_bf16) {
    out += kDotC + ("int peak_bf16" + head) + "  VF x = VF_SET(*(const float *)slot[0])";
    for (int i = 0; i < 12; ++i) out += format(", c{} = x", i);
    out += ";\n  for (long long i = begin; i < end; i++) {\n   ";
    for (int i = 0; i < 12; ++i) out += format(" BAFE_DOT(c{}, x, x);", i);
    out += "\n  }\n  *(float *)slot[0] = (c0";
    for (int i = 1; i < 12; ++i) out += format(" + c{}", i);
    out += ")[0];\n  return 0;\n}\n";
  }
  if (!target.amx) return out;
  return out + amx_macros_c() + "int peak_amx" + head +
         "  __asm__ volatile(\"ldtilecfg %0\" : : \"m\"(bafe_tiles));\n  BAFE_ZERO();\n"
         "  BAFE_ROWS((const char *)slot[0]);\n  BAFE_COLUMNS((const char *)slot[0]);\n"
         "  for (long long i = begin; i < end; i++) { BAFE_PRODUCTS(); }\n"
         "  __asm__ volatile(\"tilerelease\" : : : \"memory\");\n  return 0;\n}\n";
}

}  // namespace bafe
