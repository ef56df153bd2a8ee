// Operands into tiles of 16 by 32 bf16. In comes a tiling, out goes C text that reads a matrix by
// strides or by a callback and writes, for each term, 1 KB: A as 16 rows of 32, B as 16 pairs of k
// of 16 columns. Invariant: the terms of a finite value add up to it, but for what is below 2^-126
// or rounded away with one term alone.

#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/gemm_text.h"

namespace bafe {
namespace {

/// How 16 x 32 elements are read: k runs fastest, or rows of A (columns of B) do.
struct Source {
  bool by_k = true;     // element (o, k) at o * pitch + k, else at k * pitch + o
  bool direct = false;  // no copy of whole tiles
  bool narrow = false;  // bf16 in memory
  std::int64_t outer = 0, inner = 0;

  std::string element() const { return narrow ? "unsigned short" : "float"; }
  std::int64_t pitch() const { return by_k ? outer : inner; }
};

Source source_of(const GemmOperand& operand, bool is_a) {
  Source s;
  const std::int64_t o = is_a ? operand.row : operand.col, k = is_a ? operand.col : operand.row;
  const bool plain = !operand.load || operand.stored == DType::kBF16;
  s.narrow = operand.stored == DType::kBF16 && (o == 1 || k == 1);
  s.direct = plain && (o == 1 || k == 1);
  s.by_k = !s.direct || k == 1;
  s.outer = s.direct ? o : 32;
  s.inner = s.direct ? k : 1;
  return s;
}

/// Bytes between the rows of a tile in its packed place: tiles are dense; vectors read whole panels
/// along k and whole rows of A.
std::int64_t row_bytes(const GemmTiling& t, bool is_a) {
  if (t.pairs.tiles) return 64;
  return is_a ? pairs_row_bytes(t) : 64 * t.pairs.wide;
}

/// Rounds to bf16 `terms` times; word w holds the pair of every lane.
std::string split_c(int terms, bool keep_words, std::int64_t row) {
  std::string out;
  for (int t = 0; t < terms; ++t) {
    const bool last = t + 1 == terms;
    out += "    { const BafeW p = bafe_narrow(x1, x0);";
    if (keep_words || !last) out += " const BafeW w = bafe_weave(p);";
    out +=
        format(" BAFE_STORE(g_to + {} * g_stride + g_r * {}, {});", t, row, keep_words ? "w" : "p");
    if (!last) out += " x0 = x0 - (VF)(w << 16); x1 = x1 - (VF)(w & 0xffff0000u);";
    out += " }\n";
  }
  return out;
}

std::string body_c(const Source& s, int terms, std::int64_t row) {
  std::string out = "  for (int g_r = 0; g_r < 16; g_r++) {\n";
  if (s.narrow && s.by_k) {
    out += format(
        "    const BafeW w = BAFE_WORDS(g_from + g_r * g_pitch);\n    bafe_note_halves(g_range, "
        "w);\n    BAFE_STORE(g_to + g_r * {}, w);\n",
        row);
  } else if (s.narrow) {
    out += format(
        "    const BafeW w = bafe_widen(g_from + 2 * g_r * g_pitch) | bafe_widen(g_from + (2 * g_r "
        "+ 1) * g_pitch) << 16;\n    bafe_note_halves(g_range, w);\n    BAFE_STORE(g_to + g_r * "
        "{}, w);\n",
        row);
  } else {
    out += s.by_k ? "    VF x0 = VF_LOAD(g_from + g_r * g_pitch), x1 = VF_LOAD(g_from + g_r * "
                    "g_pitch + 16);\n"
                  : "    VF x0 = VF_LOAD(g_from + 2 * g_r * g_pitch), x1 = VF_LOAD(g_from + (2 * "
                    "g_r + 1) * g_pitch);\n";
    out += "    bafe_note(g_range, (BafeW)x0); bafe_note(g_range, (BafeW)x1);\n";
    out += split_c(terms, !s.by_k, row);
  }
  return out + "  }\n";
}

/// A's tiles have rows of k, B's have rows of 16 columns: the other order of reading is turned.
std::string turn_c(const GemmTiling& t, std::int64_t bytes) {
  std::string row, out = format("  for (int g_t = 0; g_t < {}; g_t++) {{\n", t.pairs.terms);
  out += "        const float *g_read = (const float *)(g_to + g_t * g_stride);\n";
  out += transposed_rows_c(t, "g_read", 16, row);
  for (int r = 0; r < 16; ++r)
    out += format("        VF_STORE((float *)(g_out + g_t * g_out_stride) + {}, {}{});\n",
                  bytes / 4 * r, row, r);
  return out + "  }\n";
}

std::string tile_function_c(const GemmTiling& t, const Source& s, bool is_a) {
  const bool turned = s.by_k != is_a;
  std::string out = format(
      "static __attribute__((noinline)) void {}_tile_{}(const {} *g_from, long long g_pitch, char "
      "*{}, long long {}, BafeRange *g_range) {{\n",
      t.spec.name, is_a ? "a" : "b", s.element(), turned ? "g_out" : "g_to",
      turned ? "g_out_stride" : "g_stride");
  if (turned) {
    out += format(
        "  char g_to[{}] __attribute__((aligned(64)));\n  const long long g_stride = 1024;\n",
        1024 * t.pairs.terms);
  }
  out += body_c(s, t.pairs.terms, turned ? 64 : row_bytes(t, is_a));
  if (turned) out += turn_c(t, row_bytes(t, is_a));
  return out + "}\n";
}

/// A partial tile, or one whose elements are computed: into a buffer with zeros around them.
std::string buffered_c(const GemmTiling& t, const Source& s, const GemmOperand& operand,
                       bool is_a) {
  std::string out = format("  {} g_buffer[512] __attribute__((aligned(64)));\n", s.element());
  out += "  memset(g_buffer, 0, sizeof g_buffer);\n";
  const std::int64_t bytes = s.narrow ? 2 : 4;
  if (s.direct && s.by_k) {
    out += format(
        "  for (long long g_o = 0; g_o < g_os; g_o++) memcpy(g_buffer + g_o * 32, g_start + g_o * "
        "{}ll, g_ks * {});\n",
        s.outer, bytes);
  } else if (s.direct) {
    out += format(
        "  for (long long g_k = 0; g_k < g_ks; g_k++) memcpy(g_buffer + g_k * 16, g_start + g_k * "
        "{}ll, g_os * {});\n",
        s.inner, bytes);
  } else {
    const std::string value =
        is_a ? load_c(operand, "g_matrix", "i", "k") : load_c(operand, "g_matrix", "k", "j");
    out += format(
        "  for (long long g_o = 0; g_o < g_os; g_o++) {{ const long long {} = g_o0 + g_o;\n"
        "    for (long long g_k = 0; g_k < g_ks; g_k++) {{ const long long k = g_k0 + g_k; "
        "g_buffer[g_o * 32 + g_k] = {}; }} }}\n",
        is_a ? "i" : "j", value);
  }
  return out + format("  {}_tile_{}(g_buffer, {}, g_to, g_stride, g_range);\n", t.spec.name,
                      is_a ? "a" : "b", s.direct && !s.by_k ? 16 : 32);
}

}  // namespace

std::string pairs_prelude_c() {
  return R"(#ifndef BAFE_PAIRS
#define BAFE_PAIRS
typedef unsigned BafeW __attribute__((vector_size(64), may_alias));
typedef unsigned BafeWU __attribute__((vector_size(64), aligned(1), may_alias));
typedef unsigned short BafeH __attribute__((vector_size(64)));
typedef unsigned short BafeQ __attribute__((vector_size(32), aligned(1), may_alias));
typedef unsigned bafe_word __attribute__((may_alias));
#define BAFE_WORDS(p) ((BafeW)*(const BafeWU *)(p))
#define BAFE_STORE(p, x) (*(BafeWU *)(p) = (BafeWU)(x))
typedef struct { BafeW least, most; } BafeRange; /* smallest non-zero magnitude - 1, largest */
static inline BafeW bafe_narrow(VF high, VF low) {
  BafeW r;
  __asm__("vcvtne2ps2bf16 %2, %1, %0" : "=v"(r) : "v"(high), "v"(low));
  return r;
}
#ifdef __clang__
#define BAFE_WEAVE(a, ...) __builtin_shufflevector((a), (a), __VA_ARGS__)
#else
#define BAFE_WEAVE(a, ...) __builtin_shuffle((a), (BafeH){__VA_ARGS__})
#endif
static inline BafeW bafe_weave(BafeW p) {
  return (BafeW)BAFE_WEAVE((BafeH)p, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24,
                           9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
static inline BafeW bafe_widen(const unsigned short *p) {
  return __builtin_convertvector(*(const BafeQ *)p, BafeW);
}
static inline void bafe_note(BafeRange *g, BafeW bits) {
  const BafeW size = bits & 0x7fffffffu, below = size - 1u;
  __asm__("vpmaxud %1, %0, %0" : "+v"(g->most) : "v"(size));
  __asm__("vpminud %1, %0, %0" : "+v"(g->least) : "v"(below));
}
static inline void bafe_note_halves(BafeRange *g, BafeW bits) {
  const BafeH size = (BafeH)(bits & 0x7fff7fffu), below = size - (unsigned short)1;
  __asm__("vpmaxuw %1, %0, %0" : "+v"(g->most) : "v"(size));
  __asm__("vpminuw %1, %0, %0" : "+v"(g->least) : "v"(below));
}
/* Called once a panel: unrolled it would be a fifth of the compile time. */
static __attribute__((noinline, optimize("O1"))) void bafe_keep(const BafeRange *g, int halves,
                                                               bafe_word *range) {
  unsigned least[16], most[16];
  memcpy(least, &g->least, 64);
  memcpy(most, &g->most, 64);
  for (int i = 0; i < 16; i++) {
    unsigned low = least[i], high = most[i];
    if (halves) {
      const unsigned a = low & 0xffffu, b = low >> 16, c = high & 0xffffu, d = high >> 16;
      low = a < b ? a : b;
      low = low == 0xffffu ? 0xffffffffu : ((low + 1) << 16) - 1;
      high = (c > d ? c : d) << 16;
    }
    if (low < range[0]) range[0] = low;
    if (high > range[1]) range[1] = high;
  }
}
static inline double bafe_real(unsigned bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}
/* Bits of the magnitude above which nothing that was flushed can show in a sum of k terms. */
static inline unsigned bafe_least(double k, const bafe_word *a, const bafe_word *b) {
  if (a[0] == 0xffffffffu || b[0] == 0xffffffffu) return 0;
  const double x = bafe_real(a[0] + 1), y = bafe_real(b[0] + 1), small = 0x1p-102;
  if (x >= small && y >= small && x * y >= small) return 0;
  double lost = 0x1p-123;
  if (x < small) lost += 0x1p-124 * bafe_real(b[1]);
  if (y < small) lost += 0x1p-124 * bafe_real(a[1]);
  lost *= k * 0x1p24;
  const float least = lost < 0x1p127 ? (float)lost : 0x1p127f;
  unsigned bits;
  memcpy(&bits, &least, 4);
  return bits;
}
#endif
)";
}

std::string pair_loader_c(const GemmTiling& t, bool is_a) {
  const GemmOperand& operand = is_a ? t.spec.a : t.spec.b;
  const Source s = source_of(operand, is_a);
  std::string out = tile_function_c(t, s, is_a);
  out += format(
      "static __attribute__((noinline)) void {}_load_{}(void *const *slot, const long long *size, "
      "long long g_o0, long long g_os, long long g_k0, long long g_ks, char *g_to, long long "
      "g_stride, BafeRange *g_range{}) {{\n  (void)slot; (void)size;\n",
      t.spec.name, is_a ? "a" : "b", batch_parameters_c(t));
  for (std::size_t d = 0; d < t.spec.batch.size(); ++d) out += format("  (void)b{};\n", d);
  out += t.spec.prelude;
  if (s.direct) {
    std::string matrix = matrix_c(t, operand);
    if (s.narrow) matrix = "(const unsigned short *)" + matrix.substr(matrix.find("slot["));
    out += format("  const {} *g_start = {} + g_o0 * {}ll + g_k0 * {}ll;\n", s.element(), matrix,
                  s.outer, s.inner);
    out += format(
        "  if (g_os == 16 && g_ks == 32) {{ {}_tile_{}(g_start, {}ll, g_to, g_stride, g_range); "
        "return; }}\n",
        t.spec.name, is_a ? "a" : "b", s.pitch());
  } else if (!operand.load) {
    out += format("  const float *g_matrix = {};\n", matrix_c(t, operand));
  }
  return out + buffered_c(t, s, operand, is_a) + "}\n";
}

}  // namespace bafe
