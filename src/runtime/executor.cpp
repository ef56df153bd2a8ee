// In: a plan, its code, its constants, and per call the addresses of inputs and outputs. Out:
// filled outputs. A frame holds one call's arena and the pointer lists of all steps; all but inputs
// and outputs are written when the frame is made, so a call only patches those. A frame belongs to
// one call at a time.

#include "bafe/runtime/executor.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <optional>

#include "bafe/base/division_error.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/prebuilt.h"
#include "executor_frame.h"

namespace bafe {
namespace {

constexpr double kBarriersAThread = 10;  // a thread that saves less than this is not worth waking

struct KernelRegistry {
  std::mutex mutex;
  std::map<std::string, KernelFn, std::less<>> kernels;
};

KernelRegistry& registry() {
  static KernelRegistry* state = new KernelRegistry;
  return *state;
}

[[noreturn]] void throw_status(const Step& step, int status) {
  switch (status) {
    case kKernelIndexOutOfRange:
      throw ShapeError({}, step.label, "an index is out of range")
          .fix("keep indices between -n and n-1 for an axis of n");
    case kKernelNegativePower:
      throw ShapeError({}, step.label, "integers to negative integer powers are not allowed")
          .fix("cast the base to a float first");
    case kKernelDivisionByZero:
      throw DivisionError(step.label);
    case kKernelSingular:
      throw ShapeError({}, step.label, "a matrix is singular")
          .fix("add a small multiple of the identity, or use a least-squares solution");
    case kKernelNotPositive:
      throw ShapeError({}, step.label, "a matrix is not positive definite")
          .fix("give a symmetric positive definite matrix");
    case kKernelHost:
      throw InternalError({}, step.label, "the host's array library refused the step");
    case kKernelNoMemory:
      throw std::bad_alloc();
    default:
      throw InternalError({}, step.label, format("a kernel returned the unknown code {}", status));
  }
}

/// One operator on dense buffers by rows; the last slot is its result. Errors are the
/// interpreter's.
int interpret_step(const Graph& body, void* const* slots) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < body.inputs().size(); ++i)
    inputs.push_back(Tensor::borrow(body.inputs()[i].type, slots[i]));
  const Tensor result = evaluate(body, inputs).front();
  const auto bytes = static_cast<std::size_t>(type_bytes(result.type()));
  if (bytes > 0) std::memcpy(slots[inputs.size()], result.data(), bytes);
  return kKernelOk;
}

}  // namespace

void register_kernel(std::string name, KernelFn kernel) {
  std::lock_guard lock(registry().mutex);
  registry().kernels[std::move(name)] = kernel;
}

KernelFn registered_kernel(std::string_view name) {
  std::lock_guard lock(registry().mutex);
  auto found = registry().kernels.find(name);
  return found == registry().kernels.end() ? nullptr : found->second;
}

double worth_a_thread_ns(const Machine& machine) {
  double alone_ns = std::clamp(kBarriersAThread * machine.barrier_ns, 3'000.0, 200'000.0);
  return alone_ns / std::max(1.0, 0.9 * machine.threads);  // predictions are for all its threads
}

int useful_threads(double predicted_ns, std::int64_t units, int threads, double worth_ns) {
  double worth = std::clamp(predicted_ns / worth_ns, 1.0, 4096.0);
  return static_cast<int>(
      std::min<std::int64_t>({threads, units, static_cast<std::int64_t>(worth)}));
}

Executor::Executor(Plan plan, std::shared_ptr<const Module> module, Backend& backend,
                   const ConstantTable& constants, double worth_ns)
    : plan_(std::move(plan)), module_(std::move(module)), backend_(backend), worth_ns_(worth_ns) {
  check_plan();
  for (const Plan& body : plan_.nested)
    nested_.push_back(std::make_unique<Executor>(body, module_, backend_, constants, worth_ns));
  setup_ = bind(plan_.setup, module_.get());
  steps_ = bind(plan_.steps, module_.get());
  prepare_constants(constants);
}

Executor::~Executor() = default;

void Executor::check_plan() const {
  for (const Slot& slot : plan_.slots) {
    int limit = slot.kind == SlotKind::kInput      ? plan_.inputs
                : slot.kind == SlotKind::kOutput   ? plan_.outputs
                : slot.kind == SlotKind::kConstant ? static_cast<int>(plan_.constants.size())
                                                   : 1;
    bool is_arena = slot.kind == SlotKind::kArena;
    BAFE_CHECK(slot.bytes >= 0 && (is_arena || (slot.index >= 0 && slot.index < limit)),
               "a slot names an input, output or constant of its plan");
    BAFE_CHECK(!is_arena || (slot.arena_offset >= 0 && slot.arena_offset % 64 == 0 &&
                             slot.bytes <= plan_.arena_bytes - slot.arena_offset),
               "an arena slot lies inside the arena, aligned");
    BAFE_CHECK(slot.kind != SlotKind::kConstant ||
                   slot.bytes <= plan_.constants[static_cast<std::size_t>(slot.index)].bytes,
               "a constant slot lies inside its constant");
  }
}

std::vector<Executor::Bound> Executor::bind(const std::vector<Step>& steps, const Module* module) {
  std::vector<Bound> out;
  for (const Step& step : steps) {
    Bound bound;
    bound.first = pointer_count_;
    if (step.kind == StepKind::kLoop || step.kind == StepKind::kBranch) {
      check_nested(step);
      bound.has_nested = true;
    } else if (step.kind == StepKind::kGenerated) {
      bound.kernel = module ? module->kernel(step.symbol) : nullptr;
    } else if (step.kind == StepKind::kLibrary && step.symbol == "evaluate") {
      const auto body = static_cast<std::size_t>(step.sizes.at(0));
      BAFE_CHECK(body < plan_.bodies.size(), "a step names a program of its plan");
      bound.body = plan_.bodies[body].get();
    } else if (step.kind == StepKind::kLibrary) {
      bound.routine = library_routine(step.symbol);
    } else if (KernelFn own = prebuilt_kernel(step.symbol)) {
      bound.kernel = own;
    } else {
      bound.kernel = registered_kernel(step.symbol);
    }
    if (!bound.kernel && !bound.routine && !bound.body && !bound.has_nested) {
      throw CompileError({}, step.label, format("the kernel \"{}\" is missing", step.symbol))
          .fix("clear the kernel cache (bafe.cache.clear()) and call again");
    }
    bound.ns = step.predicted_ns > 0 ? step.predicted_ns : std::max(step.flops, step.bytes) / 10;
    for (SlotId id : step.slots) {
      BAFE_CHECK(id.index() < plan_.slots.size(), "a step names slots of its plan");
      const Slot& slot = plan_.slots[id.index()];
      bool is_output = slot.kind == SlotKind::kOutput;
      if (is_output || slot.kind == SlotKind::kInput) {
        patches_.push_back({pointer_count_, static_cast<std::size_t>(slot.index), is_output});
      }
      ++pointer_count_;
    }
    out.push_back(bound);
  }
  return out;
}

void Executor::prepare_constants(const ConstantTable& constants) {
  for (const PlanConstant& constant : plan_.constants) {
    Block block(std::max<std::int64_t>(constant.bytes, 1));
    std::memset(block.data(), 0, static_cast<std::size_t>(block.bytes()));
    if (!constant.digest.empty()) {
      auto found = constants.find(constant.digest);
      BAFE_CHECK(found != constants.end() && type_bytes(found->second.type()) == constant.bytes,
                 "every constant of the plan is given, with its size");
      if (constant.bytes > 0) {
        std::memcpy(block.data(), found->second.data(), static_cast<std::size_t>(constant.bytes));
      }
    }
    constants_.push_back(std::move(block));
  }
  if (plan_.setup.empty()) return;
  std::unique_ptr<Frame> frame = make_frame();
  for (std::size_t i = 0; i < setup_.size(); ++i) {
    int status = run_step(plan_.setup[i], setup_[i], frame->pointers.data() + setup_[i].first, 1);
    if (status != kKernelOk) throw_status(plan_.setup[i], status);
  }
}

std::unique_ptr<Executor::Frame> Executor::make_frame() const {
  auto frame = std::make_unique<Frame>();
  frame->arena = Block(plan_.arena_bytes);
  frame->pointers.reserve(pointer_count_);
  for (const std::vector<Step>* steps : {&plan_.setup, &plan_.steps}) {
    for (const Step& step : *steps) {
      for (SlotId id : step.slots) {
        const Slot& slot = plan_.slots[id.index()];
        void* at = slot.kind == SlotKind::kArena ? frame->arena.data() + slot.arena_offset
                   : slot.kind == SlotKind::kConstant
                       ? constants_[static_cast<std::size_t>(slot.index)].data()
                       : nullptr;
        frame->pointers.push_back(at);
      }
    }
  }
  return frame;
}

std::unique_ptr<Executor::Frame> Executor::take_frame() const {
  std::unique_ptr<Frame> frame = frames_.take();
  return frame ? std::move(frame) : make_frame();
}

int Executor::run_library(const Step& step, const Bound& bound, void* const* slots) const {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i + 1 < step.slots.size(); ++i) {
    inputs.push_back(Tensor::borrow(plan_.slots[step.slots[i].index()].type, slots[i]));
  }
  Tensor output =
      Tensor::borrow(plan_.slots[step.slots.back().index()].type, slots[step.slots.size() - 1]);
  return bound.routine(inputs, output);
}

int Executor::run_step(const Step& step, const Bound& bound, void* const* slots,
                       int threads) const {
  if (step.units <= 0) return kKernelOk;
  if (bound.routine) return run_library(step, bound, slots);
  if (bound.body) return interpret_step(*bound.body, slots);
  if (bound.has_nested) {
    step.kind == StepKind::kLoop ? run_loop(step, slots, threads)
                                 : run_branch(step, slots, threads);
    return kKernelOk;
  }
  Launch launch{bound.kernel,       slots,
                step.sizes.data(),  step.units,
                step.scratch_bytes, useful_threads(bound.ns, step.units, threads, worth_ns_)};
  return backend_.wait(backend_.launch(launch));
}

void Executor::patch(Frame& frame, void* const* inputs, void* const* outputs) const {
  void** pointers = frame.pointers.data();
  for (const Patch& patch : patches_) {
    pointers[patch.at] = (patch.is_output ? outputs : inputs)[patch.index];
  }
}

namespace {

/// What a step is called in traces: its label and the type of its last buffer, a result, so that
/// kernels of one kind at several sizes are told apart.
const char* span_name(const Plan& plan, const Step& step) {
  if (step.slots.empty()) return trace_name(step.label);
  return trace_name(step.label + " " + plan.slots[step.slots.back().index()].type.text());
}

}  // namespace

void Executor::run_steps(Frame& frame, int threads, bool is_traced) const {
  void** pointers = frame.pointers.data();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    std::optional<TraceSpan> span;
    if (is_traced) [[unlikely]]
      span.emplace(span_name(plan_, plan_.steps[i]), "kernel");
    int status = run_step(plan_.steps[i], steps_[i], pointers + steps_[i].first, threads);
    if (status != kKernelOk) throw_status(plan_.steps[i], status);
  }
}

void Executor::run(void* const* inputs, void* const* outputs, int threads) const {
  std::unique_ptr<Frame> frame = take_frame();
  patch(*frame, inputs, outputs);
  run_steps(*frame, threads, trace_is_on());
  frames_.give(std::move(frame));
}

std::vector<double> Executor::time_steps(void* const* inputs, void* const* outputs,
                                         int threads) const {
  std::unique_ptr<Frame> frame = take_frame();
  patch(*frame, inputs, outputs);
  void** pointers = frame->pointers.data();
  std::vector<double> out;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    std::int64_t begin_ns = now_ns();
    int status = run_step(plan_.steps[i], steps_[i], pointers + steps_[i].first, threads);
    if (status != kKernelOk) throw_status(plan_.steps[i], status);
    out.push_back(static_cast<double>(now_ns() - begin_ns));
  }
  frames_.give(std::move(frame));
  return out;
}

}  // namespace bafe
