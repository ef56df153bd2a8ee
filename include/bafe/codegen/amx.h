#pragma once
/// Products by pairs of bf16: AMX tiles, and vdpbf16ps where there are none. Private to
/// src/codegen/gemm*.cpp and amx*.cpp.
///
/// Three ways in, by what the operands are and the class allows (never under math="bits"):
///   bf16 stored      one product a tile; every product of two bf16 is exact (class `reals`)
///   f32, `rounds`    operands are rounded to bf16 while packed (class `approx`):
///                    |error| <= (2^-7 + 2^-15 + k * 2^-23) * sum over k of |a| * |b|
///   f32              a = h + m + l exactly, three bf16 terms each; the six products hh, hm, mh,
///   mm,
///                    hl, lh leave out terms below 2^-24 * |a| * |b| (class `reals`); AMX only.
/// The units flush subnormals and the split of Inf is NaN. Each packed panel keeps its smallest and
/// largest magnitude; a finished element that is not finite, or so small that what was flushed
/// could show, is computed again as a chain of f32 multiply-adds from the operands themselves.

#include <optional>
#include <string>
#include <vector>

#include "bafe/codegen/gemm_tiling.h"
#include "bafe/codegen/plan.h"

namespace bafe {

/// How `spec` is cut when it goes through pairs; nothing when it must not or would not pay.
/// Needs: spec as emitted (transposed when swapped).
std::optional<PairTiling> tile_pairs(const GemmSpec& spec, const Target& target);

/// Is the operand copied as the bf16 it is?
bool pairs_narrow(const GemmOperand& operand);
/// Bytes from one packed row of A to the next, on vectors.
std::int64_t pairs_row_bytes(const GemmTiling& t);
/// Bytes of slot[packed_slot], and what people read.
std::int64_t pairs_packed_bytes(const GemmTiling& t);
std::string pairs_layout(const GemmTiling& t);
std::string pairs_label(const GemmTiling& t);

/// A line for each step that goes through bf16: what is multiplied, and what it may err.
std::vector<std::string> pair_notes(const Plan& plan);
/// Does a step round f32 operands to bf16?
bool rounds_products(const Plan& plan);

/// The whole product; t.nest is kPairs.
GemmSource emit_pairs(const GemmTiling& t);

/// Shared C text: vector types of words, splits, ranges. Once a translation unit.
std::string pairs_prelude_c();
/// <name>_load_a or <name>_load_b(slot, size, o0, os, k0, ks, to, stride, range, b0 …): a tile of
/// 16 rows of A or columns of B by 32 steps of k, padded with zeros, all its terms `stride` apart.
std::string pair_loader_c(const GemmTiling& t, bool is_a);
/// <name>_micro(a, b, c, pitch, steps, a_stride, b_stride, first, rows): one panel of B by two
/// tiles of rows of A.
std::string pair_micro_c(const GemmTiling& t);
/// Kernels peak_bf16 (a unit is 12 vdpbf16ps, 768 flops) and peak_amx
/// (a unit is 4 tile products, 65,536 flops), each where the target has it.
std::string pair_probes_c(const Target& target);
/// <name>_done(slot, size, tile, pitch, i, rows, j, columns, range of A, range of B, b0 …).
std::string pair_finish_c(const GemmTiling& t);

}  // namespace bafe
