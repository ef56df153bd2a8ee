// Loops and branches in execution. In: a step with the addresses of its buffers. Out: its results.
// The body's plan runs in one frame for all iterations; only the addresses of index, states and
// rows change. Invariant: an iteration never reads what it writes, since states alternate between
// two buffers, and the last iteration writes the result's own.

#include <algorithm>
#include <cstring>

#include "bafe/base/error.h"
#include "bafe/ir/control.h"
#include "executor_frame.h"

namespace bafe {
namespace {

LoopSizes loop_sizes(const Step& step) {
  BAFE_CHECK(step.sizes.size() == sizeof(LoopSizes) / sizeof(std::int64_t),
             "a loop says how its slots are divided");
  LoopSizes out;
  std::memcpy(&out, step.sizes.data(), sizeof out);
  return out;
}

BranchSizes branch_sizes(const Step& step) {
  BAFE_CHECK(step.sizes.size() == sizeof(BranchSizes) / sizeof(std::int64_t),
             "a branch says how its slots are divided");
  BranchSizes out;
  std::memcpy(&out, step.sizes.data(), sizeof out);
  return out;
}

/// Bytes that each input or output of a plan needs.
std::vector<std::int64_t> bytes_of(const Plan& plan, SlotKind kind, int count) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count), 0);
  for (const Slot& slot : plan.slots) {
    if (slot.kind != kind) continue;
    std::int64_t& most = out[static_cast<std::size_t>(slot.index)];
    most = std::max(most, slot.bytes);
  }
  return out;
}

/// The addresses of a loop's buffers, iteration by iteration.
class LoopBuffers {
 public:
  LoopBuffers(const Plan& body, const LoopSizes& sizes, void* const* slots)
      : sizes_(sizes),
        input_bytes_(bytes_of(body, SlotKind::kInput, body.inputs)),
        output_bytes_(bytes_of(body, SlotKind::kOutput, body.outputs)),
        inits_(slots + 2),
        sequences_(inits_ + sizes.states),
        captured_(sequences_ + sizes.sequences),
        results_(captured_ + sizes.captured),
        others_(results_ + sizes.states + sizes.stacked),
        inputs_(static_cast<std::size_t>(body.inputs)),
        outputs_(static_cast<std::size_t>(body.outputs)) {
    inputs_[0] = &index_;
    std::copy_n(captured_, sizes.captured, inputs_.begin() + 1 + sizes.states + sizes.sequences);
    if (sizes.tests) outputs_.back() = &goes_on_;
  }

  void* const* inputs() const { return inputs_.data(); }
  void* const* outputs() const { return outputs_.data(); }
  bool goes_on() const { return goes_on_ != 0; }

  /// Rows that no iteration writes are 0.
  void clear_rows() {
    for (std::int64_t k = 0; k < sizes_.stacked; ++k) {
      const std::int64_t bytes = row_bytes(k) * sizes_.length;
      std::memset(results_[sizes_.states + k], 0, static_cast<std::size_t>(bytes));
    }
  }

  void begin(std::int64_t i, bool is_first, bool to_result) {
    index_ = i;
    void* const* const before = is_first ? inits_ : to_result ? others_ : results_;
    void* const* const after = to_result ? results_ : others_;
    std::copy_n(before, sizes_.states, inputs_.begin() + 1);
    std::copy_n(after, sizes_.states, outputs_.begin());
    for (std::int64_t k = 0; k < sizes_.sequences; ++k) {
      const auto at = static_cast<std::size_t>(1 + sizes_.states + k);
      inputs_[at] = static_cast<std::byte*>(sequences_[k]) + i * input_bytes_[at];
    }
    for (std::int64_t k = 0; k < sizes_.stacked; ++k) {
      const auto at = static_cast<std::size_t>(sizes_.states + k);
      outputs_[at] = static_cast<std::byte*>(results_[at]) + i * row_bytes(k);
    }
  }

  void copy_to_results(void* const* from) {
    for (std::int64_t k = 0; k < sizes_.states; ++k) {
      const auto bytes = static_cast<std::size_t>(output_bytes_[static_cast<std::size_t>(k)]);
      if (bytes > 0) std::memcpy(results_[k], from[k], bytes);
    }
  }
  void* const* inits() const { return inits_; }
  void* const* others() const { return others_; }

 private:
  std::int64_t row_bytes(std::int64_t k) const {
    return output_bytes_[static_cast<std::size_t>(sizes_.states + k)];
  }

  const LoopSizes& sizes_;
  std::vector<std::int64_t> input_bytes_, output_bytes_;
  void* const* inits_;
  void* const* sequences_;
  void* const* captured_;
  void* const* results_;
  void* const* others_;
  std::int64_t index_ = 0;
  std::uint8_t goes_on_ = 1;
  std::vector<void*> inputs_, outputs_;
};

}  // namespace

void Executor::check_nested(const Step& step) const {
  auto fits = [&](std::int64_t number, std::size_t inputs, std::size_t outputs) {
    const bool is_there = number >= 0 && number < static_cast<std::int64_t>(nested_.size());
    BAFE_CHECK(is_there, "a step names a body of its plan");
    const Plan& body = nested_[static_cast<std::size_t>(number)]->plan();
    BAFE_CHECK(body.inputs == static_cast<int>(inputs) && body.outputs == static_cast<int>(outputs),
               "a body takes and gives what its step has");
    for (const Slot& slot : body.slots) {
      const bool is_outside = slot.kind == SlotKind::kInput || slot.kind == SlotKind::kOutput;
      BAFE_CHECK(!is_outside || std::is_sorted(slot.order.begin(), slot.order.end()),
                 "a body reads and writes by rows");
    }
  };
  if (step.kind == StepKind::kLoop) {
    const LoopSizes s = loop_sizes(step);
    for (std::int64_t count : {s.states, s.sequences, s.captured, s.stacked, s.length})
      BAFE_CHECK(count >= 0, "a loop counts its slots");
    const std::int64_t slots = 2 + 3 * s.states + s.sequences + s.captured + s.stacked;
    BAFE_CHECK(static_cast<std::int64_t>(step.slots.size()) == slots, "a loop has all slots");
    fits(s.body, static_cast<std::size_t>(1 + s.states + s.sequences + s.captured),
         static_cast<std::size_t>(s.states + s.stacked + (s.tests ? 1 : 0)));
  } else {
    const BranchSizes s = branch_sizes(step);
    BAFE_CHECK(s.operands >= 0 && s.operands < static_cast<std::int64_t>(step.slots.size()),
               "a branch counts its slots");
    const std::size_t operands = static_cast<std::size_t>(s.operands);
    for (std::int64_t body : {s.then, s.other})
      fits(body, operands, step.slots.size() - 1 - operands);
  }
}

void Executor::run_loop(const Step& step, void* const* slots, int threads) const {
  const LoopSizes sizes = loop_sizes(step);
  const Executor& body = *nested_[static_cast<std::size_t>(sizes.body)];
  const std::int64_t first = *static_cast<const std::int64_t*>(slots[0]);
  const std::int64_t last = *static_cast<const std::int64_t*>(slots[1]);
  LoopForm form;
  form.sequences = static_cast<int>(sizes.sequences);
  form.stacked = static_cast<int>(sizes.stacked);
  form.length = sizes.length;
  check_iterations(form, first, last);
  const std::uint64_t wanted =
      first < last ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) : 0;
  const auto count =
      static_cast<std::int64_t>(std::min(wanted, static_cast<std::uint64_t>(LoopCap::most())));
  LoopBuffers buffers(body.plan(), sizes, slots);
  if (count < sizes.length || sizes.tests) buffers.clear_rows();
  if (count == 0) return buffers.copy_to_results(buffers.inits());
  std::unique_ptr<Frame> frame = body.take_frame();
  bool to_result = sizes.tests || count % 2 == 1;
  for (std::int64_t done = 0; done < count; ++done) {
    poll_loop(done);
    buffers.begin(first + done, done == 0, to_result);
    body.patch(*frame, buffers.inputs(), buffers.outputs());
    body.run_steps(*frame, threads, false);
    if (!buffers.goes_on() || done + 1 == count) break;
    to_result = !to_result;
  }
  if (!to_result) buffers.copy_to_results(buffers.others());
  body.frames_.give(std::move(frame));
}

void Executor::run_branch(const Step& step, void* const* slots, int threads) const {
  const BranchSizes sizes = branch_sizes(step);
  const bool holds = *static_cast<const std::uint8_t*>(slots[0]) != 0;
  const std::int64_t taken = holds ? sizes.then : sizes.other;
  nested_[static_cast<std::size_t>(taken)]->run(slots + 1, slots + 1 + sizes.operands, threads);
}

}  // namespace bafe
