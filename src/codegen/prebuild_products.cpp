// Kernels that products and transposes are made of: register tiles over packed panels, and squares
// of 4- and 8-byte elements. In: the target. Out: one function a tile. Invariant: a tile adds to
// every element one fused multiply-add a step, in ascending k, so its shape never shows.
//
// A tile's slots: rows of A kPrebuiltPitch apart, a panel of B, C with rows of a whole panel.
// sizes: 0 steps along k, 1 whether C starts at 0. A square's slots: tile, source; sizes: step
// between rows, rows, columns.

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"
#include "prebuild.h"
#include "prebuilt_table.h"

namespace bafe {
namespace {

constexpr const char* kHead =
    "static int {}(void *const *slot, const long long *size, void *scratch, long long begin, long "
    "long end) {{\n  (void)scratch; (void)begin; (void)end;\n";

void add_tile(Prebuild& out, DType dtype, std::int64_t rows, int vectors) {
  GemmTiling t;
  t.spec.name = out.next_symbol();
  t.spec.dtype = dtype;
  t.lanes = vector_lanes(dtype, out.target());
  t.spec.n = t.lanes;
  t.spec.c.row = kPrebuiltVectors * t.lanes;
  t.pack_a = PackA::kRows;
  t.row_pitch = kPrebuiltPitch;
  t.pack_b = true;
  t.k_blocks = 2;
  PrebuildEntry entry;
  entry.symbol = t.spec.name;
  entry.key = format("tile {} {}x{}", dtype_info(dtype).name, rows, vectors);
  std::string text = micro_kernel_c(t, rows, vectors) + format(kHead, t.spec.name);
  text +=
      format("  {0}_t{1}x{2}(slot[0], slot[1], slot[2], size[0], (int)size[1], 1, ({3}M){{0}});\n",
             t.spec.name, rows, vectors, vector_prefix(dtype));
  out.add_text(text + "  return 0;\n}\n", entry);
}

/// y = x B for one row x: four rows of B at a time, so that B is read as it lies and y stays in L1.
/// Slots: x, B, y. sizes: 0 rows of B, 1 step between them, 2 columns, 3 step of x.
void add_row(Prebuild& out, DType dtype) {
  PrebuildEntry entry;
  entry.symbol = out.next_symbol();
  entry.key = format("row {}", dtype_info(dtype).name);
  const std::string p = vector_prefix(dtype), type(dtype_info(dtype).c_text);
  std::string text = format(kHead, entry.symbol);
  text += format(
      "  const {0} *x = slot[0], *b = slot[1];\n  {0} *y = slot[2];\n"
      "  const long long depth = size[0], step = size[1], n = size[2], x_step = size[3];\n"
      "  const long long whole = n / {1} * {1};\n  const {2}M mask = {2}_MASK(n - whole);\n"
      "  memset(y, 0, n * sizeof({0}));\n  long long k = 0;\n",
      type, vector_lanes(dtype, out.target()), p);
  for (int rows : {4, 1}) {
    std::string loads, whole = format("c = {}_LOAD(y + j);", p);
    std::string rest = format("c = {}_MLOAD(y + whole, mask);", p);
    for (int r = 0; r < rows; ++r) {
      loads += format("    const {0} x{1} = {0}_SET(x[(k + {1}) * x_step]);\n", p, r);
      loads += format("    const {0} *b{1} = b + (k + {1}) * step;\n", type, r);
      whole += format(" c = {0}_FMA(x{1}, {0}_LOAD(b{1} + j), c);", p, r);
      rest += format(" c = {0}_FMA(x{1}, {0}_MLOAD(b{1} + whole, mask), c);", p, r);
    }
    text += format(
        "  for (; k + {0} <= depth; k += {0}) {{\n{1}    {2} c;\n"
        "    for (long long j = 0; j < whole; j += {3}) {{ {4} {2}_STORE(y + j, c); }}\n"
        "    if (whole < n) {{ {5} {2}_MSTORE(y + whole, c, mask); }}\n  }}\n",
        rows, loads, p, vector_lanes(dtype, out.target()), whole, rest);
  }
  out.add_text(text + "  return 0;\n}\n", entry);
}

void add_square(Prebuild& out, int bytes) {
  PrebuildEntry entry;
  entry.symbol = out.next_symbol();
  entry.key = format("turn {}", bytes);
  out.add_text(format(kHead, entry.symbol) +
                   format("  bafe_turn{}(slot[0], slot[1], size[0], size[1], size[2]);\n  return "
                          "0;\n}}\n",
                          bytes),
               entry);
}

}  // namespace

void prebuild_products(Prebuild& out) {
  if (out.target().isa == Isa::kPlain) return;
  const std::int64_t most = out.target().isa == Isa::kAvx512 ? 8 : 4;  // as registers allow
  for (DType dtype : {DType::kF32, DType::kF64}) {
    for (std::int64_t rows = most; rows > 0; rows /= 2) {
      for (int vectors = 1; vectors <= kPrebuiltVectors; ++vectors) {
        add_tile(out, dtype, rows, vectors);
      }
    }
    add_row(out, dtype);
  }
  add_square(out, 4);
  add_square(out, 8);
}

}  // namespace bafe
