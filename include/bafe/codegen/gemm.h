#pragma once
/// Matrix products as C text: C[b, i, j] = epilogue(sum over k of A[b, i, k] * B[b, k, j]).
///
/// Kernels follow the ABI of plan.h. Sizes and strides are constants of the text. Unless
/// GemmSource::order says otherwise every element is one chain acc = fma(a, b, acc) in ascending k
/// that starts at +0, so its bits depend neither on tiles nor on threads; on a target without FMA a
/// step is acc + a * b. Integers wrap modulo 2^bits; a bool product is "or" of "and".

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bafe/cost/target.h"
#include "bafe/ir/dtype.h"
#include "bafe/ir/structure.h"

namespace bafe {

/// One matrix in a buffer. Element (b0, b1, …, row, col) lies `offset + sum of b_d * batch[d] + row
/// * row stride + col * col stride` elements after slot[slot]. Strides are in elements; 0 repeats.
struct GemmOperand {
  int slot = 0;
  std::int64_t row = 0, col = 1;
  std::vector<std::int64_t> batch;  ///< one for each of GemmSpec::batch; empty means all 0
  std::int64_t offset = 0;
  /// Inputs only: C expression of type GemmSpec::dtype for one element, given C expressions of its
  /// row and column. Set for fused prologues and for storage types that differ from
  /// GemmSpec::dtype; the operand is then packed through it, and row/col say only which index is
  /// the faster one. In scope: slot, size, the batch indices b0, b1, …, and GemmSpec::prelude.
  std::function<std::string(const std::string& row, const std::string& col)> load;
  /// With `load`: inside the operand's band the strided buffer holds what `load` gives, outside
  /// `load` gives 0.
  bool plain_inside = false;
  /// kBF16: the strided buffer holds bf16 and `load` does nothing but widen it.
  DType stored = DType::kF32;
  /// > 0: a setup step packs this constant once, in panels of so many columns where that can be.
  int panel = 0;
};

/// One operation applied in registers before the store, in order. `x` is the accumulator.
struct GemmFastOp {
  enum class Kind : std::uint8_t {
    kAdd,
    kSub,
    kMul,
    kRelu
  };  ///< x+y, x-y, x*y, max(x, 0) with NaN kept
  Kind kind = Kind::kAdd;
  GemmOperand
      y;  ///< of GemmSpec::dtype; row stride 0 is a bias row; col stride must be 0 or 1; no load
};

struct GemmSpec {
  std::string name;           ///< C symbol of the main kernel; helpers get it as prefix
  DType dtype = DType::kF32;  ///< of operands and accumulator: f32, f64, any integer, bool
  std::int64_t m = 0, n = 0, k = 0;
  std::vector<std::int64_t> batch;
  GemmOperand a, b, c;           ///< a is m x k, b is k x n, c is m x n
  std::vector<GemmFastOp> fast;  ///< floats only; may be combined with `epilogue`, and runs first
  /// C statements that consume the finished element `acc` at (row, col): the body of a loop over
  /// columns. When absent, c receives the values.
  std::function<std::string(const std::string& row, const std::string& col, const std::string& acc)>
      epilogue;
  std::string prelude;  ///< C declarations put at the start of each kernel body
  /// Index in the step's slots of the buffer that a pack step fills (one slot list serves both
  /// steps).
  int packed_slot = -1;
  bool strict = true;  ///< false allows other orders of the sum (class `reals`)
  /// f32 only: operands may be rounded to bf16 (class `approx`), see amx.h for the bound.
  bool rounds = false;
  bool pairs = true;  ///< false: f32 operands stay f32
  /// Floats only: where the operands may be non-zero. What lies outside is not multiplied.
  Structure a_band, b_band;
  /// Floats only: c is symmetric. Elements on and below the diagonal are computed, the mirror step
  /// copies them; c has no load and no epilogue that tells (i, j) from (j, i).
  bool half = false;
  int choice = 0;  ///< which of gemm_choices() ways to cut register tiles; 0 is the model's
};

struct GemmSource {
  std::string text;  ///< function definitions; needs vector_prelude_c(target) before it
  std::string symbol;
  std::int64_t units = 0;
  std::int64_t scratch_bytes = 0;
  std::string pack_symbol;  ///< empty: no pack step. Same slot list as the main kernel
  std::int64_t pack_units = 0;
  std::int64_t packed_bytes = 0;  ///< size of slot[packed_slot]
  std::string mirror_symbol;      ///< empty: no mirror step. Runs after the main kernel
  std::int64_t mirror_units = 0;
  bool packs_a = false;  ///< the packed operand is A (the product was computed transposed)
  std::string layout;    ///< of the packed buffer, e.g. "blocked(48)"; equal text, equal layout
  std::string order;     ///< "chain" or "lanes": how the sum over k is associated
  std::string label;     ///< for people: "8x48 kc=256 packed B"
};

/// Bytes that slot[packed_slot] must have, 0 when the kernel needs no pack step. Cheap; emits
/// nothing.
std::int64_t gemm_packed_bytes(const GemmSpec& spec, const Target& target);

/// Ways to cut the product that may be the fastest, 1 to 4. Values do not depend on the choice.
int gemm_choices(const GemmSpec& spec, const Target& target);

/// Needs: operand strides that stay inside the buffers; packed_slot >= 0 if gemm_packed_bytes() >
/// 0. Zero sizes are allowed (k == 0 gives epilogue(0)).
GemmSource emit_gemm(const GemmSpec& spec, const Target& target);

}  // namespace bafe
