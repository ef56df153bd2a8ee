#pragma once
/// Before a kernel's first result counts, its binary is replayed against the meaning of the
/// program, at the real sizes.
///
///   integers  small integers that pass through without rounding (exact_range.h): equal in every
///             bit, whatever the order of sums; and where the result is a product, every row of it
///             by a product with a drawn vector (Freivalds).
///   floats    drawn numbers: |got - want| <= 4 (b_traced + b_chosen), the derived rounding bounds
///             (error_bound.h) of the program as written and as chosen.
///
/// Small results are compared whole. Of large ones a cross of rows and columns is computed on
/// demand (part_program.h): corners, the borders of tiles of 8 to 64, and drawn positions.

#include <string>

#include "bafe/runtime/engine.h"

namespace bafe {

struct Validation {
  bool passed = true;
  /// "integers: 2048 elements equal in every bit; floats: …", "skipped: …", "not compared: …", or
  /// where results differ.
  std::string record;
};

/// Work that the interpreter may spend on one validation, and what the plan may err.
struct ValidationLimits {
  double flops = 3e5;  ///< of a program that is compared whole
  double bytes = 1.5e6;
  double most_ns = 5e6;   ///< a program predicted to take longer is run once only …
  double never_ns = 2e8;  ///< … or not at all
  double predicted_ns = 0;
  bool rounds = false;  ///< operands of f32 products are rounded to bf16: rounds_products()
  const Graph* chosen = nullptr;  ///< nullptr: as traced
};

/// Replays `executable`, whose plan costs `flops` and `bytes`, on drawn inputs of the program's
/// real shapes.
Validation validate(const Graph& traced, const Executable& executable,
                    const ConstantTable& constants, double flops, double bytes,
                    const ValidationLimits& limits = {});

/// Dense row-major `from` copied into the axis order of `spec`, or back.
void store_in_order(const BufferSpec& spec, const void* row_major, void* out);
void load_from_order(const BufferSpec& spec, const void* in, void* row_major);

}  // namespace bafe
