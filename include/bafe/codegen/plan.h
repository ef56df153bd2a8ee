#pragma once
/// The plan: the one executable form of a program. Steps over slots; it holds no pointers and no
/// e-graph. The kernel ABI of every generated or prebuilt step:
///
///   int k(void *const *slot, const int64_t *size, void *scratch, int64_t begin, int64_t end);
///
/// computes units [begin, end) of the step and returns 0 or an error code of KernelStatus. `slot`
/// lists the step's buffers in the order of Step::slots, `size` is Step::sizes, `scratch` is
/// Step::scratch_bytes of private memory, 64-byte aligned, a fresh one for each concurrent range.
/// Generated C includes nothing and calls only memcpy, memset and memmove.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bafe/base/id.h"
#include "bafe/ir/type.h"

namespace bafe {

inline constexpr int kKernelAbiVersion = 1;

class Graph;

using KernelFn = int (*)(void* const* slot, const std::int64_t* size, void* scratch,
                         std::int64_t begin, std::int64_t end);

enum KernelStatus : int {
  kKernelOk = 0,
  kKernelIndexOutOfRange = 1,
  kKernelNegativePower = 2,
  kKernelSingular = 3,
  kKernelNotPositive = 4,
  kKernelNoMemory = 5,
  kKernelDivisionByZero = 6,
  kKernelHost = 7,  ///< the host's array library refused a step
};

enum class SlotKind : std::uint8_t { kInput, kOutput, kConstant, kArena };

/// One buffer. Its elements are dense in `order`: order[0] is the slowest axis. row = 0 1 2 …, col
/// = … 2 1 0.
struct Slot {
  SlotKind kind = SlotKind::kArena;
  int index = 0;           ///< which input, output or constant; unused for the arena
  Type type;               ///< logical dtype and shape (concrete dims)
  std::vector<int> order;  ///< axis order of the dense buffer
  std::int64_t bytes = 0;
  std::int64_t arena_offset = 0;  ///< 64-byte aligned; arena slots only
};

/// Where a kConstant slot's bytes come from.
struct PlanConstant {
  std::string
      digest;  ///< SHA-256 of the caller's array for bafe.constant; empty: made by setup steps
  std::int64_t bytes = 0;
};

enum class StepKind : std::uint8_t { kGenerated, kPrebuilt, kLibrary, kHost, kLoop, kBranch };

/// What Step::sizes of a kLoop says, in this order. Its slots: first, last, the states, the
/// sequences, what is captured; the results; then another buffer for every state, between which
/// iterations alternate.
struct LoopSizes {
  std::int64_t body;  ///< number of its plan in Plan::nested
  std::int64_t states, sequences, captured, stacked;
  std::int64_t length;  ///< of sequences and stacked results
  std::int64_t tests;   ///< 1: the last output of the body says whether to go on
};
/// And of a kBranch. Its slots: the condition, the operands, the results.
struct BranchSizes {
  std::int64_t then, other;  ///< numbers in Plan::nested
  std::int64_t operands;
};

struct Step {
  StepKind kind = StepKind::kGenerated;
  std::string
      symbol;  ///< kernel symbol in Plan::c_text, or the library routine's name ("solve", …)
  std::string label;          ///< what it computes, for people: "relu(matmul + add) @row"
  std::vector<SlotId> slots;  ///< buffers in kernel order
  std::vector<std::int64_t> sizes;
  std::int64_t units = 1;  ///< smallest splits of the work; fixed by shapes
  std::int64_t scratch_bytes = 0;
  double predicted_ns = 0;
  double flops = 0, bytes = 0;
};

struct Plan {
  std::vector<Slot> slots;
  std::vector<PlanConstant> constants;
  std::vector<Step> setup;  ///< run once after loading: pack constants
  std::vector<Step> steps;  ///< run at every call, in order
  std::int64_t arena_bytes = 0;
  std::string c_text;  ///< one translation unit; empty when no step is generated
  /// Programs of one operator that the interpreter takes: a kLibrary step "evaluate" runs
  /// bodies[sizes[0]] on its slots but the last, which is the result. Prebuilt plans only, which
  /// are made where they run: they have no JSON.
  std::vector<std::shared_ptr<const Graph>> bodies;
  /// Bodies of loops and branches: plans whose inputs and outputs lie by rows, with kernels in this
  /// plan's `c_text`.
  std::vector<Plan> nested;
  int inputs = 0, outputs = 0;
  double predicted_ns = 0;

  std::string to_json() const;  ///< everything but c_text is plain data; versioned
  static Plan from_json(const std::string& text);  ///< ParseError when damaged
};

}  // namespace bafe
