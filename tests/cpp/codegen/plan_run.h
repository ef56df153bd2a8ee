#pragma once
/// Runs plans one step after the other, for tests only: compiles the C text, splits the units of
/// every step in uneven ranges, checks that nothing is written outside a buffer. When kernels are
/// sanitized, buffers of arguments and results lie between pages that nobody may touch: this finds
/// what masked loads and stores do, which AddressSanitizer does not see.

#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/ir/eval.h"
#include "codegen/gemm_compile.h"

namespace bafe {

/// Element i of a dense buffer in `order`, for row-major i.
inline std::vector<std::int64_t> positions(const Type& type, const std::vector<int>& order) {
  std::vector<std::int64_t> sizes = concrete(type.shape), strides(sizes.size());
  std::int64_t stride = 1, count = 1;
  for (std::size_t i = order.size(); i-- > 0; stride *= sizes[static_cast<std::size_t>(order[i])]) {
    strides[static_cast<std::size_t>(order[i])] = stride;
  }
  for (std::int64_t size : sizes) count *= size;
  std::vector<std::int64_t> result(static_cast<std::size_t>(count));
  for (std::int64_t flat = 0; flat < count; ++flat) {
    std::int64_t rest = flat, at = 0;
    for (std::size_t a = sizes.size(); a-- > 0; rest /= sizes[a])
      at += rest % sizes[a] * strides[a];
    result[static_cast<std::size_t>(flat)] = at;
  }
  return result;
}

/// `bytes` of memory that end where a forbidden page begins; the page before is forbidden too.
class GuardedBlock {
 public:
  explicit GuardedBlock(std::size_t bytes)
      : inner_((bytes + kPage - 1) / kPage * kPage), whole_(inner_ + 2 * kPage) {
    base_ = static_cast<std::byte*>(
        mmap(nullptr, whole_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + kPage, inner_, PROT_READ | PROT_WRITE) != 0)
      throw std::runtime_error("no guarded memory");
    begin_ = base_ + kPage + inner_ - bytes;
  }
  ~GuardedBlock() { munmap(base_, whole_); }
  GuardedBlock(const GuardedBlock&) = delete;
  GuardedBlock& operator=(const GuardedBlock&) = delete;
  std::byte* data() const { return begin_; }

 private:
  static constexpr std::size_t kPage = 1 << 16;  // of every size a kernel uses, a multiple
  std::size_t inner_, whole_;
  std::byte *base_ = nullptr, *begin_ = nullptr;
};

class PlanRunner {
 public:
  PlanRunner(Plan plan, const Target& target, ConstantTable constants = {},
             const std::string& level = "-O1")
      : plan_(std::move(plan)), constants_(std::move(constants)) {
    if (!plan_.c_text.empty()) code_ = std::make_unique<CompiledC>(plan_.c_text, target, level);
    for (const Slot& slot : plan_.slots) {
      blocks_.push_back(block_bytes(slot));
      const auto bytes = static_cast<std::size_t>(slot.bytes);
      const bool is_guarded = kernels_are_sanitized() && slot.kind != SlotKind::kArena;
      guarded_.push_back(is_guarded ? std::make_unique<GuardedBlock>(bytes) : nullptr);
    }
    for (std::size_t i = 0; i < plan_.slots.size(); ++i) {
      const Slot& slot = plan_.slots[i];
      if (slot.kind != SlotKind::kConstant) continue;
      const std::string& digest = plan_.constants[static_cast<std::size_t>(slot.index)].digest;
      if (!digest.empty())
        std::memcpy(at(i), constants_.at(digest).data(), static_cast<std::size_t>(slot.bytes));
    }
    status_ = run_steps(plan_.setup);
  }

  /// Row-major tensors in, row-major tensors out.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs, std::int64_t unit_step = 3) {
    unit_step_ = unit_step;
    for (std::size_t i = 0; i < plan_.slots.size(); ++i) {
      const Slot& slot = plan_.slots[i];
      if (slot.kind == SlotKind::kInput)
        copy(i, inputs[static_cast<std::size_t>(slot.index)], nullptr);
      if (slot.kind == SlotKind::kOutput)
        std::memset(at(i), 0xa5, static_cast<std::size_t>(slot.bytes));
    }
    arena_.assign(static_cast<std::size_t>(plan_.arena_bytes) + 64, std::byte{0x5a});
    status_ = run_steps(plan_.steps);
    std::vector<Tensor> outputs(static_cast<std::size_t>(plan_.outputs));
    for (std::size_t i = 0; i < plan_.slots.size(); ++i) {
      const Slot& slot = plan_.slots[i];
      if (slot.kind != SlotKind::kOutput) continue;
      Tensor& out = outputs[static_cast<std::size_t>(slot.index)];
      out = Tensor(slot.type);
      copy(i, out, &out);
      for (std::size_t k = 0; k < kGuard; ++k) {
        if (blocks_[i][static_cast<std::size_t>(slot.bytes) + k] != std::byte{0x77})
          throw std::runtime_error("written past an output");
      }
    }
    return outputs;
  }
  int status() const { return status_; }
  const Plan& plan() const { return plan_; }

 private:
  static constexpr std::size_t kGuard = 64;
  static std::vector<std::byte> block_bytes(const Slot& slot) {
    std::size_t bytes = slot.kind == SlotKind::kArena ? 0 : static_cast<std::size_t>(slot.bytes);
    return std::vector<std::byte>(bytes + kGuard, std::byte{0x77});
  }
  std::byte* at(std::size_t slot) {
    const Slot& s = plan_.slots[slot];
    if (guarded_[slot]) return guarded_[slot]->data();
    if (s.kind != SlotKind::kArena) return blocks_[slot].data();
    auto base = reinterpret_cast<std::uintptr_t>(arena_.data());
    return arena_.data() + (64 - base % 64) % 64 + s.arena_offset;
  }
  void copy(std::size_t i, const Tensor& tensor, Tensor* out) {
    const Slot& slot = plan_.slots[i];
    auto width = static_cast<std::size_t>(dtype_bytes(slot.type.dtype));
    std::vector<std::int64_t> places = positions(slot.type, slot.order);
    for (std::size_t k = 0; k < places.size(); ++k) {
      std::byte* element = at(i) + static_cast<std::size_t>(places[k]) * width;
      if (out)
        std::memcpy(out->data() + k * width, element, width);
      else
        std::memcpy(element, tensor.data() + k * width, width);
    }
  }
  int run_steps(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      std::vector<void*> slots;
      for (SlotId id : step.slots) slots.push_back(at(id.index()));
      if (int status = run_step(step, slots); status != 0) return status;
    }
    return 0;
  }
  int run_step(const Step& step, const std::vector<void*>& slots) {
    if (step.kind == StepKind::kLibrary) {
      std::vector<Tensor> operands;
      for (std::size_t i = 0; i + 1 < slots.size(); ++i) {
        operands.push_back(Tensor::borrow(plan_.slots[step.slots[i].index()].type, slots[i]));
      }
      Tensor out = Tensor::borrow(plan_.slots[step.slots.back().index()].type, slots.back());
      return library_routine(step.symbol)(operands, out);
    }
    auto kernel = code_->get<std::remove_pointer_t<KernelFn>>(step.symbol);
    std::vector<std::byte> scratch(static_cast<std::size_t>(step.scratch_bytes) + 128);
    auto base = reinterpret_cast<std::uintptr_t>(scratch.data());
    for (std::int64_t u = 0; u < step.units; u += unit_step_) {
      std::int64_t end = std::min(u + unit_step_, step.units);
      int status =
          kernel(slots.data(), step.sizes.data(), scratch.data() + (64 - base % 64) % 64, u, end);
      if (status != 0) return status;
    }
    return 0;
  }

  Plan plan_;
  ConstantTable constants_;
  std::unique_ptr<CompiledC> code_;
  std::vector<std::vector<std::byte>> blocks_;
  std::vector<std::unique_ptr<GuardedBlock>> guarded_;  ///< by slot; null: blocks_
  std::vector<std::byte> arena_;
  std::int64_t unit_step_ = 3;
  int status_ = 0;
};

/// Every node its own group, all in row order.
inline Program one_group_a_node(const Graph& graph) {
  Program program;
  program.graph = graph;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    program.layouts.push_back(Layout::row(node.type.rank()));
    if (op_info(node.op).kind == OpKind::kLeaf) continue;
    Group group;
    group.nodes = group.outputs = {ValueId(i)};
    program.groups.push_back(group);
  }
  return program;
}

/// One group for the whole program: everything but roots and what cannot be a stream is recomputed
/// in place.
inline Program one_group(const Graph& graph) {
  Program program;
  program.graph = graph;
  Group group;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    program.layouts.push_back(Layout::row(node.type.rank()));
    if (op_info(node.op).kind != OpKind::kLeaf) group.nodes.push_back(ValueId(i));
  }
  for (ValueId root : graph.roots()) {
    bool is_leaf = op_info(graph.node(root).op).kind == OpKind::kLeaf;
    bool is_known =
        std::find(group.outputs.begin(), group.outputs.end(), root) != group.outputs.end();
    if (!is_leaf && !is_known) group.outputs.push_back(root);
  }
  for (ValueId id : group.nodes) {
    bool is_output =
        std::find(group.outputs.begin(), group.outputs.end(), id) != group.outputs.end();
    if (!is_output) program.layouts[id.index()].form = Layout::kStream;
  }
  program.groups.push_back(group);
  return program;
}

}  // namespace bafe
