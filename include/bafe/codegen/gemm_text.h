#pragma once
/// The pieces of a product's C text, shared by the nests. Private to src/codegen/gemm*.cpp and
/// pack.cpp.

#include <string>

#include "bafe/codegen/gemm_tiling.h"

namespace bafe {

GemmSource emit_tiled(const GemmTiling& t, const Target& target);

/// C type of the elements, e.g. "float".
std::string element_c(const GemmTiling& t);
/// "(const float *)slot[2] + 16 + b0 * 64": start of an operand's matrix for the current b0, b1, …
std::string matrix_c(const GemmTiling& t, const GemmOperand& operand, bool writable = false);
/// Declares b0, b1, … from the C expression `index` of the flat batch index.
std::string batch_indices_c(const GemmTiling& t, const std::string& index);
/// ", b0, b1" and ", long long b0, long long b1": batch indices as arguments and parameters.
std::string batch_arguments_c(const GemmTiling& t);
std::string batch_parameters_c(const GemmTiling& t);
/// One element of an input by load callback or strides; `base` is the C name of its matrix start.
std::string load_c(const GemmOperand& operand, const std::string& base, const std::string& row,
                   const std::string& col);
/// "(i) * 8 + (j)" without needless terms.
std::string offset_c(const std::string& row, std::int64_t row_stride, const std::string& col,
                     std::int64_t col_stride);
/// "p + e", or "p" when e is "0".
std::string plus_c(const std::string& pointer, const std::string& offset);

/// Fast operations can run in registers: their operands have columns of stride 0 or 1.
bool fast_in_registers(const GemmTiling& t);
/// Register tile `rows` x `vectors`, symbol <name>_t<rows>x<vectors>.
std::string micro_kernel_c(const GemmTiling& t, std::int64_t rows, std::int64_t vectors);
/// <name>_out(slot, size, tile, pitch, i0, rows, j0, columns, b0 …): fast operations not yet
/// applied, then the caller's epilogue or a store to C, over a finished tile in memory.
std::string finish_c(const GemmTiling& t, bool apply_fast);
/// The pack step of B as a kernel of its own, symbol <name>_pack.
std::string pack_kernel_c(const GemmTiling& t);
std::int64_t pack_units(const GemmTiling& t);
/// Loads `lanes` vectors that lie `stride` elements apart and transposes them: log2(lanes) rounds
/// that interleave the two halves of the rows. Vector i of the result is called `row`i.
std::string transposed_rows_c(const GemmTiling& t, const std::string& pointer, std::int64_t stride,
                              std::string& row);
/// <name>_copy_a(slot, size, to, i0, rows, k0, depth, b0 …): one block of A into scratch.
std::string copy_a_c(const GemmTiling& t);

/// "const long long g_lo = …, g_hi = …;": the k that rows [i, i + rows) of A and columns [j, j +
/// columns) of B have in common; C expressions. Empty ranges have g_hi == g_lo.
std::string band_range_c(const GemmTiling& t, const std::string& prefix, const std::string& i,
                         const std::string& rows, const std::string& j, const std::string& columns);
/// First and one past the last element of line `at` of an operand that may be non-zero, clamped to
/// [low, high): along a row (`along_row`: columns of row `at`) or a column.
std::string band_low_c(const Structure& band, bool along_row, const std::string& at,
                       const std::string& low);
std::string band_high_c(const Structure& band, bool along_row, const std::string& at,
                        const std::string& high);
/// The mirror step, symbol <name>_mirror: the lower half of C to the upper.
std::string mirror_kernel_c(const GemmTiling& t);
std::int64_t mirror_units(const GemmTiling& t);

std::string tiles_nest_c(const GemmTiling& t);
std::string band_nest_c(const GemmTiling& t);
/// <name>_row of a vector times a banded matrix, as one_row_nest_c() calls it.
std::string banded_row_c(const GemmTiling& t);
std::string one_row_nest_c(const GemmTiling& t, const Target& target);
/// <name>_row of few rows times contiguous columns, sums in lanes.
std::string lanes_row_c(const GemmTiling& t, const Target& target);
/// Scratch of a row nest before copied rows.
std::int64_t row_result_bytes(const GemmTiling& t);
std::string plain_nest_c(const GemmTiling& t, const Target& target);
std::int64_t nest_scratch_bytes(const GemmTiling& t);

/// "int name(void *const *slot, …) {" and the prelude.
std::string kernel_head_c(const GemmTiling& t, const std::string& symbol);

}  // namespace bafe
