#pragma once
/// Before a kernel's first result counts, it is compared with the interpreter.

#include <string>

#include "bafe/runtime/engine.h"

namespace bafe {

struct Validation {
  bool passed = true;
  std::string record;  ///< "2 kinds of samples agree", "skipped: …", "not compared: …", "output 0
                       ///< differs in …"
};

/// Work that the interpreter may spend on one validation, and what the plan may err.
struct ValidationLimits {
  double flops = 2e6;
  double bytes = 4e6;
  bool rounds = false;  ///< operands of f32 products are rounded to bf16: rounds_products()
};

/// Runs `executable` and the interpreter on drawn inputs of the program's real shapes. Programs of
/// integers only must agree in every bit; floats within a bound that grows with the largest
/// intermediate value. A program whose price exceeds the limits is not run.
Validation validate(const Graph& traced, const Executable& executable,
                    const ConstantTable& constants, double flops, double bytes,
                    const ValidationLimits& limits = {});

/// Dense row-major `from` copied into the axis order of `spec`, or back.
void store_in_order(const BufferSpec& spec, const void* row_major, void* out);
void load_from_order(const BufferSpec& spec, const void* in, void* row_major);

}  // namespace bafe
