#include "bafe/runtime/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace bafe {
namespace {

/// Kernels of a plan, by name, without a compiler.
class TestModule : public Module {
 public:
  explicit TestModule(std::unordered_map<std::string, KernelFn> kernels)
      : kernels_(std::move(kernels)) {}
  KernelFn kernel(const std::string& symbol) const override {
    auto found = kernels_.find(symbol);
    return found == kernels_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::string, KernelFn> kernels_;
};

/// out[i] = a[i] + b[i]; size[0] elements a unit. Leaves its mark in scratch to show that it is
/// private.
int add_kernel(void* const* slot, const std::int64_t* size, void* scratch, std::int64_t begin,
               std::int64_t end) {
  const float* a = static_cast<const float*>(slot[0]);
  const float* b = static_cast<const float*>(slot[1]);
  float* out = static_cast<float*>(slot[2]);
  std::int64_t* mark = static_cast<std::int64_t*>(scratch);
  if (mark) *mark = begin;
  for (std::int64_t i = begin * size[0]; i < end * size[0]; ++i) out[i] = a[i] + b[i];
  return mark && *mark != begin ? 99 : kKernelOk;
}

int double_kernel(void* const* slot, const std::int64_t* size, void*, std::int64_t begin,
                  std::int64_t end) {
  const float* a = static_cast<const float*>(slot[0]);
  float* out = static_cast<float*>(slot[1]);
  for (std::int64_t i = begin * size[0]; i < end * size[0]; ++i) out[i] = 2 * a[i];
  return kKernelOk;
}

int fail_kernel(void* const*, const std::int64_t* size, void*, std::int64_t begin, std::int64_t) {
  return begin == 0 ? static_cast<int>(size[0]) : kKernelOk;
}

constexpr std::int64_t kUnits = 64, kUnitSize = 16, kCount = kUnits * kUnitSize;

Slot slot_of(SlotKind kind, int index) {
  Slot slot;
  slot.kind = kind;
  slot.index = index;
  slot.bytes = kCount * 4;
  return slot;
}

Step step_of(std::string symbol, std::vector<std::uint32_t> slots) {
  Step step;
  step.symbol = symbol;
  step.label = symbol + " @row";
  for (std::uint32_t slot : slots) step.slots.push_back(SlotId(slot));
  step.sizes = {kUnitSize};
  step.units = kUnits;
  step.scratch_bytes = 64;
  step.predicted_ns = 1e6;
  return step;
}

/// out = 2 * (in + constant) with the sum in the arena; the constant is 2 * the given one.
Plan two_step_plan() {
  Plan plan;
  plan.inputs = plan.outputs = 1;
  plan.slots = {slot_of(SlotKind::kInput, 0), slot_of(SlotKind::kOutput, 0),
                slot_of(SlotKind::kConstant, 0), slot_of(SlotKind::kConstant, 1),
                slot_of(SlotKind::kArena, 0)};
  plan.constants = {{"given", kCount * 4}, {"", kCount * 4}};
  plan.arena_bytes = kCount * 4;
  plan.setup = {step_of("double", {2, 3})};
  plan.steps = {step_of("add", {0, 3, 4}), step_of("double", {4, 1})};
  return plan;
}

std::shared_ptr<Module> kernels() {
  return std::make_shared<TestModule>(std::unordered_map<std::string, KernelFn>{
      {"add", add_kernel}, {"double", double_kernel}, {"fail", fail_kernel}});
}

ConstantTable given_constants() {
  Tensor given(Type{DType::kF32, Shape{kCount}});
  for (std::int64_t i = 0; i < kCount; ++i) given.as<float>()[i] = static_cast<float>(i);
  return {{"given", given}};
}

void expect_right(const Executor& executor, int threads, float start) {
  std::vector<float> in(kCount, start), out(kCount, -1);
  void* inputs[] = {in.data()};
  void* outputs[] = {out.data()};
  executor.run(inputs, outputs, threads);
  for (std::int64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(out[i], 2 * (start + 2 * static_cast<float>(i))) << i;
  }
}

TEST(Executor, RunsStepsInOrderOverSlots) {
  Executor executor(two_step_plan(), kernels(), cpu_backend(), given_constants());
  expect_right(executor, 1, 3);
  expect_right(executor, 4, 5);
  EXPECT_EQ(executor.plan().steps.size(), 2u);
}

TEST(Executor, ServesManyThreadsAtOnce) {
  Executor executor(two_step_plan(), kernels(), cpu_backend(), given_constants());
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) expect_right(executor, 1 + t % 3, static_cast<float>(t));
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(Executor, TurnsEveryKernelStatusIntoAnError) {
  for (auto [status, fact] : {std::pair{kKernelIndexOutOfRange, "an index is out of range"},
                              {kKernelNegativePower, "negative integer powers"},
                              {kKernelSingular, "singular"},
                              {kKernelNotPositive, "positive definite"}}) {
    Plan plan = two_step_plan();
    plan.steps = {step_of("fail", {0, 1})};
    plan.steps[0].sizes = {status};
    Executor executor(plan, kernels(), cpu_backend(), given_constants());
    std::vector<float> in(kCount), out(kCount);
    void* inputs[] = {in.data()};
    void* outputs[] = {out.data()};
    try {
      executor.run(inputs, outputs, 4);
      ADD_FAILURE() << "status " << status << " raised nothing";
    } catch (const ShapeError& error) {
      EXPECT_NE(std::string(error.what()).find(fact), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("fail @row"), std::string::npos) << error.what();
    }
  }
}

TEST(Executor, NamesAKernelThatIsMissing) {
  Plan plan = two_step_plan();
  plan.steps[0].symbol = "absent";
  EXPECT_THROW(Executor(plan, kernels(), cpu_backend(), given_constants()), CompileError);
  EXPECT_THROW(Executor(two_step_plan(), nullptr, cpu_backend(), given_constants()), CompileError);
}

TEST(Executor, RefusesAPlanThatDoesNotFitTogether) {
  Plan far_slot = two_step_plan();
  far_slot.steps[0].slots[0] = SlotId(77);
  EXPECT_THROW(Executor(far_slot, kernels(), cpu_backend(), given_constants()), InternalError);
  Plan small_arena = two_step_plan();
  small_arena.arena_bytes = 64;
  EXPECT_THROW(Executor(small_arena, kernels(), cpu_backend(), given_constants()), InternalError);
  EXPECT_THROW(Executor(two_step_plan(), kernels(), cpu_backend(), {}), InternalError);
}

TEST(Executor, RunsRegisteredKernels) {
  register_kernel("test.double", double_kernel);
  Plan plan = two_step_plan();
  plan.steps = {step_of("test.double", {0, 1})};
  plan.steps[0].kind = StepKind::kPrebuilt;
  Executor executor(plan, kernels(), cpu_backend(), given_constants());
  std::vector<float> in(kCount, 4), out(kCount);
  void* inputs[] = {in.data()};
  void* outputs[] = {out.data()};
  executor.run(inputs, outputs, 2);
  EXPECT_EQ(out[17], 8);
  EXPECT_EQ(registered_kernel("test.nothing"), nullptr);
}

TEST(Executor, KeepsTinyStepsOnOneThread) {
  EXPECT_EQ(useful_threads(500, 64, 8), 1);
  EXPECT_EQ(useful_threads(1e9, 64, 8), 8);
  EXPECT_EQ(useful_threads(1e9, 3, 8), 3);
}

TEST(Executor, AsksMoreWorkOfAThreadWhereBarriersAreSlow) {
  Machine machine = Machine::reference(host_target(), 1);
  const double assumed_ns = worth_a_thread_ns(machine);
  EXPECT_EQ(useful_threads(2.5 * assumed_ns, 64, 8, assumed_ns), 2);
  machine.barrier_ns *= 4;
  EXPECT_EQ(useful_threads(2.5 * assumed_ns, 64, 8, worth_a_thread_ns(machine)), 1);
  machine.barrier_ns = 1e12;  // a measurement gone wrong
  EXPECT_LE(worth_a_thread_ns(machine), 1e6);
  machine.barrier_ns = 0;
  EXPECT_GT(worth_a_thread_ns(machine), 0);
}

TEST(Block, IsAlignedAndAsLargeAsAsked) {
  for (std::int64_t bytes : {1ll, 64ll, 100ll, 3ll << 20}) {
    Block block(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data()) % 64, 0u);
    std::memset(block.data(), 1, static_cast<std::size_t>(bytes));
  }
  EXPECT_EQ(Block(0).data(), nullptr);
  EXPECT_THROW(Block(INT64_MAX), std::bad_alloc);
}

TEST(IdleList, GivesEachObjectToOneThread) {
  IdleList<std::atomic<int>> list;
  std::vector<std::thread> threads;
  std::atomic<int> clashes{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        auto mine = list.take();
        if (!mine) mine = std::make_unique<std::atomic<int>>(0);
        if (mine->fetch_add(1) != 0) ++clashes;
        mine->fetch_sub(1);
        list.give(std::move(mine));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(clashes.load(), 0);
}

}  // namespace
}  // namespace bafe
