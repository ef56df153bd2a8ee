// Comes in: a tile of a stored array that is contiguous along the other axis. Goes out: C text of
// the routine that turns it into a private tile, in squares of vector registers, and asks for the
// tile beside it, which comes next. Invariant: bytes are moved, never interpreted, so NaN payloads
// survive.

#include "bafe/base/format.h"
#include "bafe/codegen/stream_c.h"

namespace bafe {
namespace {

/// Pairs of 32-byte vectors by 4-byte parts; each mask is one instruction on AVX2.
constexpr const char* kMasks[][2] = {
    {"EVEN4", "0, 8, 1, 9, 4, 12, 5, 13"}, {"ODD4", "2, 10, 3, 11, 6, 14, 7, 15"},
    {"EVEN8", "0, 1, 8, 9, 4, 5, 12, 13"}, {"ODD8", "2, 3, 10, 11, 6, 7, 14, 15"},
    {"LOW", "0, 1, 2, 3, 8, 9, 10, 11"},   {"HIGH", "4, 5, 6, 7, 12, 13, 14, 15"},
};

constexpr const char* kSquares = R"(
static inline __attribute__((always_inline)) void bafe_square4(
    unsigned *to, const unsigned *from, long long step) {
  bafe_part r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = *(const bafe_part_any *)(from + i * step);
  for (int i = 0; i < 8; i += 2) {
    t[i] = BAFE_EVEN4(r[i], r[i + 1]);
    t[i + 1] = BAFE_ODD4(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = BAFE_EVEN8(t[i], t[i + 2]);
    r[i + 1] = BAFE_ODD8(t[i], t[i + 2]);
    r[i + 2] = BAFE_EVEN8(t[i + 1], t[i + 3]);
    r[i + 3] = BAFE_ODD8(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    *(bafe_part_any *)(to + i * PITCH) = BAFE_LOW(r[i], r[i + 4]);
    *(bafe_part_any *)(to + (i + 4) * PITCH) = BAFE_HIGH(r[i], r[i + 4]);
  }
}
static inline __attribute__((always_inline)) void bafe_square8(
    unsigned long long *to, const unsigned long long *from, long long step) {
  bafe_part r[4], t[4];
  for (int i = 0; i < 4; ++i) r[i] = *(const bafe_part_any *)(from + i * step);
  for (int i = 0; i < 4; i += 2) {
    t[i] = BAFE_EVEN8(r[i], r[i + 1]);
    t[i + 1] = BAFE_ODD8(r[i], r[i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    *(bafe_part_any *)(to + i * PITCH) = BAFE_LOW(t[i], t[i + 2]);
    *(bafe_part_any *)(to + (i + 2) * PITCH) = BAFE_HIGH(t[i], t[i + 2]);
  }
}
)";

constexpr const char* kTurn = R"(static void bafe_turn$W(
    void *target, const void *source, long long step, long long rows, long long columns) {
  $T *restrict to = ($T *)target;
  const $T *restrict from = (const $T *)source;
  const long long whole_rows = rows / $S * $S, whole_columns = columns / $S * $S;
  for (long long r = 0; r < whole_rows; r += $S) {
    for (int i = 0; i < $S; ++i)
      for (int line = 0; line < PITCH; line += 64 / $W)
        __builtin_prefetch(from + (r + i) * step + PITCH + line);
    for (long long c = 0; c < whole_columns; c += $S)
      bafe_square$W(to + c * PITCH + r, from + r * step + c, step);
  }
  for (long long r = whole_rows; r < rows; ++r)
    for (long long c = 0; c < whole_columns; ++c) to[c * PITCH + r] = from[r * step + c];
  for (long long c = whole_columns; c < columns; ++c)
    for (long long r = 0; r < rows; ++r) to[c * PITCH + r] = from[r * step + c];
}
)";

std::string filled(std::string text, const std::string& name, const std::string& value) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size()) {
    text.replace(at, name.size(), value);
  }
  return text;
}

}  // namespace

std::string turn_c(int pitch) {
  std::string out =
      "typedef unsigned bafe_part __attribute__((vector_size(32)));\n"
      "typedef unsigned bafe_part_any __attribute__((vector_size(32), aligned(4), may_alias));\n";
  for (const auto& mask : kMasks) {
    out += format(
        "#ifdef __clang__\n#define BAFE_{0}(a, b) __builtin_shufflevector((a), (b), {1})\n#else\n"
        "#define BAFE_{0}(a, b) __builtin_shuffle((a), (b), (bafe_part){{{1}}})\n#endif\n",
        mask[0], mask[1]);
  }
  out += kSquares;
  constexpr const char* kWidths[][3] = {{"4", "unsigned", "8"}, {"8", "unsigned long long", "4"}};
  for (const auto& w : kWidths) {
    out += filled(filled(filled(kTurn, "$W", w[0]), "$T", w[1]), "$S", w[2]);
  }
  return filled(out, "PITCH", std::to_string(pitch));
}

}  // namespace bafe
