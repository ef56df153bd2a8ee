#pragma once
/// What a matrix product costs when parts of its operands are known to be zero or its result is
/// symmetric.

#include <cstdint>
#include <string>
#include <vector>

#include "bafe/cost/cost_model.h"

namespace bafe {

/// One product and what may be skipped of it.
struct ProductShape {
  double batch = 1;
  std::int64_t m = 0, n = 0, k = 0;
  DType dtype = DType::kF32;
  Structure a, b;
  bool mirrored = false;  ///< only the lower half is computed, then copied

  bool is_dense() const { return !mirrored && !a.limits(m, k) && !b.limits(k, n); }
};

/// Do kernels of this dtype skip known zeros and mirrored halves? The others compute every term.
bool skips_terms(DType dtype);

/// The product `id` as its group computes it.
ProductShape product_shape(const Program& program, const Group& group, ValueId id);
/// The same from types alone; the batch is what `result` has beyond two axes.
ProductShape product_shape(const Type& a, const Type& result);

/// 2 a multiply-add that touches no known zero.
double product_flops(const ProductShape& shape);
/// Nanoseconds of the multiplications and packing of an m x k by k x n product, `batch` times, both
/// operands in their fast order. flops = 2·batch·m·n·k.
double matmul_ns(const Machine& machine, DType dtype, double batch, double m, double n, double k);
/// Nanoseconds of multiplications and packing; matmul_ns() of a dense one.
double product_ns(const Machine& machine, const ProductShape& shape);

/// Columns of the panels in which a packed right operand of an m x n product lies; 0 where packing
/// has no use.
int panel_width(const Machine& machine, DType dtype, std::int64_t m, std::int64_t n);

/// The machine as a request of this class may use it: nothing of bf16 under math="bits"; f32
/// products through rounded operands under math="fast", else through six products of three terms on
/// tiles.
Machine machine_of_class(Machine machine, bool bits, bool fast);

/// What pairs of bf16 are made of: operands stored so, f32 rounded, f32 in three exact terms.
enum class PairForm : std::uint8_t { kStored, kRounded, kThreeTerms };
inline PairForm f32_pair_form(bool rounds) {
  return rounds ? PairForm::kRounded : PairForm::kThreeTerms;
}

/// Are sizes large enough for tiles (`tiles`) or vectors of bf16 to gain over f32? What packs the
/// operands and what prices, plans and explains them all ask here.
bool pairs_fit(bool tiles, PairForm form, double m, double n, double k);

/// Does an m x k by k x n product of stored `dtype` go through pairs of bf16?
/// Needs: `machine` by machine_of_class().
bool uses_pairs(const Machine& machine, DType dtype, double m, double n, double k);

/// Nanoseconds of turning the right operands into pairs; 0 for a product without them.
double pair_packing_ns(const Machine& machine, DType dtype, double batch, double m, double n,
                       double k);

/// GFLOP/s of a product's multiplications.
double product_gflops(const Machine& machine, DType dtype, double m, double n, double k);

/// What product_ns() has too much when the right operand, `bytes` large, lies in panels already.
double panel_gain_ns(const Machine& machine, const ProductShape& shape, double bytes);

/// Is the band narrow enough to be walked row by row instead of in register tiles?
bool is_narrow_band(const Structure& structure);

}  // namespace bafe
