#pragma once
/// Whether a compiled program may take over from tier 0: it fits, agrees, and is faster.

#include <memory>
#include <string>

#include "bafe/base/digest.h"
#include "bafe/runtime/tiered.h"

namespace bafe {

/// A program of its own, for work that outlives the call.
struct StagedProgram {
  Graph graph;
  EngineOptions options;
  ConstantTable constants;
  int threads = 1;
  Digest key;
  std::string premises;
};

/// Empty when both give the same results on `sample`, else where they differ. Integers must be
/// equal, and in math="bits" floats too unless exp or its like is computed; other floats lie within
/// 16 error_bounds() and 16 units of the largest result (a rewrite that is stable by the numeric
/// law errs no more). Where there is no bound, elements lie within 4096 units of the largest value
/// of the result (or of an input that reaches it through sums alone); 2 % may err 64 times as much,
/// or 0.2 % without limit if the program compares, rounds or chooses by floats. What is not finite
/// in the first is not compared, but in math="bits" must not be finite in the second. `rounds`: the
/// plan rounds operands of f32 products to bf16. `how` says what was compared.
std::string disagreement(const StagedProgram& program, const Executable& first,
                         const Executable& second, const Sample& sample, bool rounds,
                         std::string& how);

/// Writes a Python program that runs the traced program compiled and interpreted on these arguments
/// into the folder `reports` of `folder` (empty: a new one in TMPDIR). Its path; empty when it
/// cannot be written.
std::string write_reproducer(const StagedProgram& program, const Executable& first,
                             const Sample& sample, const std::string& fact,
                             const std::string& folder);

enum class Judgement : std::uint8_t {
  kAdopted,
  kSlower,   ///< agrees; tier 0 stays
  kMisfit,   ///< agrees with the interpreter, but its results lie otherwise in memory
  kDiffers,  ///< reported, with a reproducer
  kStopped   ///< the job was cancelled
};

/// Decides on `candidate` and tells `tiered`. `rounds`: as above.
Judgement judge(const StagedProgram& program, TieredExecutable& tiered,
                std::shared_ptr<const Executable> candidate, bool rounds, Job& job);
/// The kernel is wrong: `fact` is reported once, with a reproducer on the sample of `tiered`.
void report_difference(const StagedProgram& program, TieredExecutable& tiered,
                       const std::string& fact);

}  // namespace bafe
