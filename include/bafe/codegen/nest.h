#pragma once
/// The loop nest of one kernel: loops over units of work, serial and vector loops, buffers,
/// accumulators. It is plain data with three readers in mind: the C99 emitter, a CUDA emitter, an
/// interpreter for replay.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bafe/codegen/expr.h"

namespace bafe {

struct Buffer {
  enum Kind : std::uint8_t {
    kSlot,     ///< slot[slot] of the step
    kStack,    ///< small, private to one iteration of the unit loop
    kScratch,  ///< private memory of one range of units
  };
  Kind kind = kSlot;
  DType dtype = DType::kF32;
  bool is_written = false;
  int slot = -1;
  std::int64_t count = 0;   ///< elements; stack and scratch only
  std::int64_t offset = 0;  ///< bytes from the start of scratch
};

enum class LoopKind : std::uint8_t {
  kSerial,
  kVector,  ///< iterations are independent
  kLanes,   ///< kVector with the fixed count of accumulator lanes
};

/// One loop variable of a flattened unit loop.
struct UnitVar {
  int var = -1;
  std::int64_t extent = 1;  ///< kSized: what the pool says of the variable
};

inline constexpr std::int64_t kSized = -1;  ///< known when the kernel runs

struct Stmt {
  enum Kind : std::uint8_t {
    kUnits,    ///< flat iterations [begin * per, end * per) below `total`, decoded into unit_vars,
               ///< slowest first; per kSized is `base`, total kSized is `limit`
    kLoop,     ///< var = base + k * step for k < count, and k < limit where limit is valid; count
               ///< kSized: k < limit alone
    kLet,      ///< local number = value
    kStore,    ///< buffer[index] = value, rounded to the buffer's dtype
    kCombine,  ///< buffer[index] = reduce(buffer[index], value)
    kClear,    ///< buffer[0 .. count) = value
    kPush,   ///< tree of sum_order.h, buffer2 is the stack: push buffer[0 .. count), merge complete
             ///< subtrees
    kMerge,  ///< merge what is left on stack `buffer` into its level 0
    kTurn,   ///< buffer[c * pitch + r] = buffer2[index + r * step + c] for r < base, c < limit,
             ///< both at most `count`, the pitch
    kStream,  ///< buffer2[index ..] = buffer[0 .. count), around the caches; fewer by limit
    kFind,    ///< local number = least var in [base, count) where value holds; base where none
    kFold,    ///< `step` lanes of `count` neighbours each in `buffer`: fold into the first
  };
  Kind kind = kStore;
  LoopKind loop = LoopKind::kSerial;
  ReduceKind reduce = ReduceKind::kSum;
  int var = -1, var2 = -1;
  int buffer = -1, buffer2 = -1;
  int number = -1;
  std::int64_t count = 0, step = 1, per = 1, total = 1;
  Ex base, limit, index, value;
  std::vector<UnitVar> unit_vars;
  std::vector<Stmt> body;
};

/// Loops with a unit range of their own; parts of a kernel do not depend on each other.
struct NestPart {
  std::shared_ptr<ExprPool> pool;
  std::vector<Stmt> body;
  std::int64_t units = 1;  ///< kSized: `sized_units`, which the only part may leave out
  Ex sized_units = {};
};

struct Nest {
  std::string symbol;
  std::vector<Buffer> buffers;
  std::vector<NestPart> parts;
  std::int64_t scratch_bytes = 0;
  bool quiet = false;          ///< extremes of floats pass over NaN: a flag beside them knows of it
  bool streams = false;        ///< the arrays exceed the caches: long stores go around them
  std::int64_t units() const;  ///< CHECKs that they are known now

  int add_slot(DType dtype, bool is_written, int slot);
  int add_stack(DType dtype, std::int64_t count);
  int add_scratch(DType dtype, std::int64_t count);
  /// Stack up to 4 KiB, scratch above.
  int add_temporary(DType dtype, std::int64_t count);
};

/// C type in which a value of `dtype` is computed: float for f16 and bf16.
const char* compute_c(DType dtype);
/// f32 for f16 and bf16, else `dtype`: accumulators and row buffers.
DType accumulator_of(DType dtype);
/// Neutral element of a reduction: 0, 1, the lowest or the highest value.
Scalar neutral_of(ReduceKind kind, DType dtype);
/// A C literal of the bits; floats as hex floats.
std::string literal_c(Scalar value);

/// The kernel as a C function. Adds the math functions it calls to `functions` (math_c.h).
std::string emit_nest_c(const Nest& nest, std::set<std::string>& functions);

}  // namespace bafe
