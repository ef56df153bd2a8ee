#pragma once
/// A plan bound to its code and constants: what a call runs.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/codegen/plan.h"
#include "bafe/cost/cost_model.h"
#include "bafe/ir/eval.h"
#include "bafe/runtime/arena.h"
#include "bafe/runtime/backend.h"

namespace bafe {

/// Kernels that are not generated: prebuilt ones, and host routines such as numpy.matmul, which the
/// Python layer brings. Registering a name again replaces it for executors made later.
void register_kernel(std::string name, KernelFn kernel);
KernelFn registered_kernel(std::string_view name);  ///< nullptr when there is none

/// Immutable after construction; run() may be called from many threads at once.
class Executor {
 public:
  /// Resolves every kernel, copies the constants of `constants` and runs the plan's setup steps.
  /// `module` may be null when no step is generated. `worth_ns`: see useful_threads().
  /// Errors: CompileError when a kernel is missing; InternalError for a plan that does not fit
  /// together; those of run() from the setup steps.
  Executor(Plan plan, std::shared_ptr<const Module> module, Backend& backend,
           const ConstantTable& constants = {}, double worth_ns = 15'000);
  ~Executor();

  /// Buffers in the plan's order, dense as the slots say. threads <= 1: the caller's thread alone.
  /// Errors: ShapeError naming the step (index out of range, singular matrix, …); std::bad_alloc.
  void run(void* const* inputs, void* const* outputs, int threads) const;
  /// Nanoseconds of each step of one run, for the profile store and explain.
  std::vector<double> time_steps(void* const* inputs, void* const* outputs, int threads) const;

  const Plan& plan() const { return plan_; }

 private:
  struct Frame;
  struct Bound;
  std::unique_ptr<Frame> take_frame() const;
  std::unique_ptr<Frame> make_frame() const;
  std::vector<Bound> bind(const std::vector<Step>& steps, const Module* module);
  void prepare_constants(const ConstantTable& constants);
  void check_plan() const;
  int run_step(const Step& step, const Bound& bound, void* const* slots, int threads) const;
  void patch(Frame& frame, void* const* inputs, void* const* outputs) const;
  void run_steps(Frame& frame, int threads, bool is_traced) const;
  // loop_steps.cpp
  void check_nested(const Step& step) const;
  void run_loop(const Step& step, void* const* slots, int threads) const;
  void run_branch(const Step& step, void* const* slots, int threads) const;
  int run_library(const Step& step, const Bound& bound, void* const* slots) const;

  Plan plan_;
  std::shared_ptr<const Module> module_;
  Backend& backend_;
  double worth_ns_;
  std::vector<std::unique_ptr<Executor>> nested_;  // of the plan's nested ones
  std::vector<Bound> setup_, steps_;
  std::vector<Block> constants_;
  struct Patch {
    std::size_t at;     ///< position in a frame's pointers
    std::size_t index;  ///< which input or output
    bool is_output;
  };
  std::vector<Patch> patches_;
  std::size_t pointer_count_ = 0;
  mutable IdleList<Frame> frames_;
};

/// Predicted nanoseconds, on `machine` with its threads, that a step must have for each thread it
/// is to use: several barriers, as measured by calibrate() or assumed.
double worth_a_thread_ns(const Machine& machine);

/// Threads worth using for a step of `predicted_ns` and `units`: tiny steps stay on one.
int useful_threads(double predicted_ns, std::int64_t units, int threads, double worth_ns = 15'000);

}  // namespace bafe
