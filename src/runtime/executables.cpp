// In: a plan with its code, or a graph. Out: something that runs on buffers. An input that the plan
// does not read keeps its place, so callers pass all inputs in either case.

#include "bafe/runtime/executables.h"

#include <cstring>

#include "bafe/base/trace.h"
#include "bafe/cost/schedule.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/executor.h"

namespace bafe {
namespace {

std::vector<BufferSpec> row_specs(const Graph& graph, std::span<const ValueId> values) {
  std::vector<BufferSpec> out;
  for (ValueId value : values) {
    const Type& type = graph.type(value);
    out.push_back({type, Layout::row(type.rank()).order});
  }
  return out;
}

class CompiledExecutable : public Executable {
 public:
  CompiledExecutable(const Graph& traced, Plan plan, std::shared_ptr<const Module> module,
                     Backend& backend, const ConstantTable& constants, int threads,
                     Provenance provenance)
      : executor_(std::move(plan), std::move(module), backend, constants,
                  worth_a_thread_ns(current_machine(host_target(), threads))),
        threads_(threads),
        outputs_(row_specs(traced, traced.roots())),
        provenance_(std::move(provenance)),
        // A loop may take longer than anyone foresaw, and must not keep other threads waiting.
        is_short_(Executable::is_short() && executor_.plan().nested.empty()) {
    for (const InputInfo& input : traced.inputs())
      inputs_.push_back({input.type, input_order(input)});
    for (const Slot& slot : executor_.plan().slots) {
      std::size_t index = static_cast<std::size_t>(slot.index);
      if (slot.kind == SlotKind::kInput) inputs_.at(index) = {slot.type, slot.order};
      if (slot.kind == SlotKind::kOutput) outputs_.at(index) = {slot.type, slot.order};
    }
  }
  std::span<const BufferSpec> inputs() const override { return inputs_; }
  std::span<const BufferSpec> outputs() const override { return outputs_; }
  void run(void* const* inputs, void* const* outputs, int threads) const override {
    executor_.run(inputs, outputs, threads > 0 ? threads : threads_);
  }
  std::vector<double> time_steps(void* const* inputs, void* const* outputs) const override {
    return executor_.time_steps(inputs, outputs, 1);
  }
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return executor_.plan().arena_bytes; }
  bool is_short() const override { return is_short_; }
  std::optional<Plan> plan() const override { return executor_.plan(); }

 private:
  Executor executor_;
  int threads_;
  std::vector<BufferSpec> inputs_, outputs_;
  Provenance provenance_;
  bool is_short_;
};

/// The input as the interpreter reads it, row-major, from memory in the caller's axis order.
Tensor row_major(const BufferSpec& spec, void* data) {
  const Type& type = spec.type;
  if (spec.order == Layout::row(type.rank()).order) return Tensor::borrow(type, data);
  InputInfo stored;
  stored.type = {type.dtype, {}};
  List perm(type.shape.size());
  for (std::size_t place = 0; place < spec.order.size(); ++place) {
    const auto axis = static_cast<std::size_t>(spec.order[place]);
    stored.type.shape.push_back(type.shape[axis]);
    perm[axis] = static_cast<std::int64_t>(place);
  }
  Graph graph;
  const Tensor memory = Tensor::borrow(stored.type, data);
  const ValueId input = graph.add_input(std::move(stored));
  graph.set_roots({graph.add(Op::kTranspose, {input}, {perm})});
  return evaluate(graph, std::vector<Tensor>{memory}, {}).front();
}

class InterpretedExecutable : public Executable {
 public:
  InterpretedExecutable(const Graph& traced, const ConstantTable& constants, Provenance provenance)
      : graph_(traced),
        constants_(constants),
        outputs_(row_specs(traced, traced.roots())),
        provenance_(std::move(provenance)) {
    provenance_.interpreted = true;
    for (const InputInfo& input : traced.inputs()) {
      inputs_.push_back({input.type, input_order(input)});
    }
  }
  std::span<const BufferSpec> inputs() const override { return inputs_; }
  std::span<const BufferSpec> outputs() const override { return outputs_; }
  void run(void* const* inputs, void* const* outputs, int) const override {
    std::vector<Tensor> arguments;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      arguments.push_back(row_major(inputs_[i], inputs[i]));
    }
    std::vector<Tensor> results = evaluate(graph_, arguments, constants_);
    for (std::size_t i = 0; i < results.size(); ++i) {
      std::size_t bytes = static_cast<std::size_t>(type_bytes(results[i].type()));
      if (bytes > 0) std::memcpy(outputs[i], results[i].data(), bytes);
    }
  }
  const Provenance& provenance() const override { return provenance_; }
  std::int64_t arena_bytes() const override { return 0; }

 private:
  Graph graph_;
  ConstantTable constants_;
  std::vector<BufferSpec> inputs_, outputs_;
  Provenance provenance_;
};

}  // namespace

std::vector<int> input_order(const InputInfo& input) {
  Layout layout = layout_from_text(input.layout, input.type.rank());
  return layout.blocked > 0 || layout.tensor_core ? Layout::row(input.type.rank()).order
                                                  : layout.order;
}

std::shared_ptr<const Executable> make_compiled(const Graph& traced, Plan plan,
                                                std::shared_ptr<const Module> module,
                                                Backend& backend, const ConstantTable& constants,
                                                int threads, Provenance provenance) {
  return std::make_shared<CompiledExecutable>(traced, std::move(plan), std::move(module), backend,
                                              constants, threads, std::move(provenance));
}

std::shared_ptr<const Executable> make_interpreted(const Graph& traced,
                                                   const ConstantTable& constants,
                                                   Provenance provenance) {
  return std::make_shared<InterpretedExecutable>(traced, constants, std::move(provenance));
}

}  // namespace bafe
