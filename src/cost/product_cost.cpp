// Prices of products with structure. In: sizes and bands. Out: exact operation counts, and
// nanoseconds of what the kernels compute: whole register tiles, so bands count as wider than they
// are. Invariant: a dense product costs what matmul_ns() says.

#include "bafe/cost/product_cost.h"

#include <algorithm>

#include "bafe/cost/access.h"
#include "bafe/cost/roofline.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

constexpr std::int32_t kTileRows = 8, kTileColumns = 48, kNarrow = 16;
constexpr std::int64_t kSmallestHalf = 96;  // below, a half is not worth the copy

Structure widened(Structure structure, std::int32_t by) {
  if (structure.zero()) return structure;
  structure.below = std::min(Structure::kUnbounded, structure.below + by);
  structure.above = std::min(Structure::kUnbounded, structure.above + by);
  return structure;
}

/// Is only half of the product computed? The kernel then stores every value twice.
bool is_halved(const Program& program, const Group& group, ValueId id) {
  if (!program.structure(id).symmetric || group.outputs.size() != 1) return false;
  const Type &product = program.graph.type(id), &output = program.graph.type(group.outputs[0]);
  return product.shape == output.shape && skips_terms(product.dtype) &&
         product.dtype == output.dtype && program.structure(group.outputs[0]).symmetric &&
         size_of(product.shape.back()) >= kSmallestHalf;
}

}  // namespace

bool skips_terms(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF64; }

ProductShape product_shape(const Type& a, const Type& result) {
  ProductShape shape;
  std::size_t rank = result.shape.size();
  for (std::size_t i = 0; i + 2 < rank; ++i)
    shape.batch *= static_cast<double>(size_of(result.shape[i]));
  shape.m = size_of(result.shape[rank - 2]);
  shape.n = size_of(result.shape[rank - 1]);
  shape.k = size_of(a.shape.back());
  shape.dtype = result.dtype;
  return shape;
}

ProductShape product_shape(const Program& program, const Group& group, ValueId id) {
  const Node& node = program.graph.node(id);
  ProductShape shape = product_shape(program.graph.type(node.operands[0]), node.type);
  if (!skips_terms(shape.dtype)) return shape;
  shape.a = program.structure(node.operands[0]);
  shape.b = program.structure(node.operands[1]);
  shape.mirrored = is_halved(program, group, id);
  return shape;
}

double product_flops(const ProductShape& s) {
  return 2 * s.batch * product_terms(s.m, s.n, s.k, s.a, s.b, s.mirrored);
}

int panel_width(const Machine& machine, DType dtype, std::int64_t m, std::int64_t n) {
  if (dtype != DType::kF32 && dtype != DType::kF64) return 0;
  std::int64_t lanes = machine.vector_bytes / dtype_bytes(dtype);
  if (m < 2 || n < lanes || machine.vector_bytes < 32) return 0;
  // Few rows leave registers for wider tiles.
  std::int64_t most = machine.vector_bytes < 64 ? (m <= 4 ? 3 : 2) : m <= 4 ? 4 : 3;
  std::int64_t vectors = (n + lanes - 1) / lanes, panels = (vectors + most - 1) / most;
  return static_cast<int>((vectors + panels - 1) / panels * lanes);
}

namespace {

// What the kernels keep of the peaks, packing included; multiply-adds keep nearly all.
constexpr double kOfTiles = 0.5, kOfVectors = 0.8;

double pairs_gflops(const Machine& machine) {
  return std::max(kOfTiles * machine.amx_gflops, kOfVectors * machine.bf16_gflops);
}

}  // namespace

Machine machine_of_class(Machine machine, bool bits, bool fast) {
  machine.f32_pairs_gflops = 0;
  if (bits) machine.bf16_gflops = machine.amx_gflops = 0;
  const double way = fast ? pairs_gflops(machine) : kOfTiles * machine.amx_gflops / 6;
  if (way > machine.fma_gflops_f32) machine.f32_pairs_gflops = way;
  return machine;
}

bool pairs_fit(bool tiles, PairForm form, double m, double n, double k) {
  if (form == PairForm::kThreeTerms) return std::min({m, n, k}) >= 192;
  if (tiles) return std::min({m, n, k}) >= 64;
  if (form == PairForm::kStored) return m >= 8 && n >= 16 && k >= 16;
  // Measured: rounding and weaving B costs more than few rows gain, and panels are 48 wide.
  return m >= 32 && n >= 96 && k >= 64;
}

bool uses_pairs(const Machine& machine, DType dtype, double m, double n, double k) {
  const bool tiles = machine.amx_gflops > 0;
  const double way = pairs_gflops(machine);
  if (dtype == DType::kBF16) return way > 0 && pairs_fit(tiles, PairForm::kStored, m, n, k);
  if (dtype != DType::kF32 || machine.f32_pairs_gflops <= 0) return false;
  // Three terms are priced at a sixth of what one term reaches.
  return pairs_fit(tiles, f32_pair_form(machine.f32_pairs_gflops >= way), m, n, k);
}

double product_gflops(const Machine& machine, DType dtype, double m, double n, double k) {
  if (dtype == DType::kF64) return machine.fma_gflops_f64;
  if (!is_float(dtype)) return machine.scalar_gops * 2;
  if (!uses_pairs(machine, dtype, m, n, k)) return machine.fma_gflops_f32;
  return dtype == DType::kF32 ? machine.f32_pairs_gflops : pairs_gflops(machine);
}

double pair_packing_ns(const Machine& machine, DType dtype, double batch, double m, double n,
                       double k) {
  if (!uses_pairs(machine, dtype, m, n, k)) return 0;
  constexpr double kGbs = 10;  // rounding and weaving, measured
  return batch * n * k * dtype_bytes(dtype) / kGbs;
}

double panel_gain_ns(const Machine& machine, const ProductShape& s, double bytes) {
  const double packing = pair_packing_ns(machine, s.dtype, s.batch, static_cast<double>(s.m),
                                         static_cast<double>(s.n), static_cast<double>(s.k));
  if (packing > 0) return packing;
  bool repacks = std::min(s.m, s.n) >= 8 && 2 * bytes > static_cast<double>(machine.l2_bytes);
  if (repacks) return bytes / machine.l2_gbs;
  return 0.25 * bytes / bandwidth_gbs(machine, bytes);  // panels are read from end to end
}

bool is_narrow_band(const Structure& structure) {
  return structure.zero() || std::int64_t{structure.below} + structure.above < kNarrow;
}

double matmul_ns(const Machine& machine, DType dtype, double batch, double m, double n, double k) {
  double peak = product_gflops(machine, dtype, m, n, k);
  double bytes = dtype_bytes(dtype);
  // The narrow side decides: a product with one row or column streams the matrix once and fills few
  // registers.
  double narrow = std::min(m, n);
  double fill = narrow < 8 ? std::max(0.12, narrow / 10) : 1;
  double compute = 2 * batch * m * n * k / (peak * fill);
  double footprint = bytes * (m * k + k * n + m * n);
  double packing = narrow >= 8 && footprint > 0.5 * static_cast<double>(machine.l2_bytes)
                       ? batch * bytes * (m * k + k * n) / machine.l2_gbs
                       : 0;
  packing += pair_packing_ns(machine, dtype, batch, m, n, k);
  double traffic = batch * footprint / bandwidth_gbs(machine, batch * footprint);
  return std::max(compute, traffic) + packing;
}

double product_ns(const Machine& machine, const ProductShape& s) {
  auto m = static_cast<double>(s.m), n = static_cast<double>(s.n), k = static_cast<double>(s.k);
  double dense = matmul_ns(machine, s.dtype, s.batch, m, n, k);
  if (s.is_dense() || !skips_terms(s.dtype)) return dense;
  double bytes = dtype_bytes(s.dtype);
  double result = s.batch * m * n * bytes;
  double peak = s.dtype == DType::kF32 ? machine.fma_gflops_f32 : machine.fma_gflops_f64;
  if (is_narrow_band(s.a) || is_narrow_band(s.b)) {
    double other = s.batch * bytes * (is_narrow_band(s.a) ? k * n : m * k);
    double traffic = (result + other) / bandwidth_gbs(machine, result + other);
    return std::min(dense, std::max(2 * product_flops(s) / peak, traffic));
  }
  double computed = s.batch * product_terms(s.m, s.n, s.k, widened(s.a, kTileRows),
                                            widened(s.b, kTileColumns), s.mirrored);
  double all = s.batch * m * n * k;
  // Loop ends, partial tiles and the copy of the other half.
  double ns = dense * std::min(1.0, 0.05 + 0.95 * computed / std::max(all, 1.0));
  if (s.mirrored) ns += result / bandwidth_gbs(machine, result);
  return std::min(ns, dense);
}

}  // namespace bafe
