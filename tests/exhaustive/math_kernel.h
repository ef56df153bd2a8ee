#pragma once
/// One operator as the library compiles it: plan, C text, compiler, loader. For tests only.

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/codegen/lower.h"
#include "bafe/ir/builder.h"
#include "bafe/runtime/loader.h"
#include "bafe/runtime/toolchain.h"

namespace bafe {

class MathKernel {
 public:
  /// `op` over vectors of `count` elements of `dtype`.
  MathKernel(const char* op, int arity, DType dtype, std::int64_t count, const Target& target)
      : plan_(build_plan(program(op, arity, dtype, count), target)) {
    const std::optional<Compiler> compiler = find_compiler();
    if (!compiler) throw std::runtime_error("no C compiler");
    CompileResult made = compile_shared(*compiler, plan_.c_text, target, {});
    if (made.status != CompileStatus::kOk) throw compile_error(made);
    code_ = load_code(made.code);
  }

  /// buffers: the operands, then the result. Any number of threads may call at once.
  void run(std::vector<void*> buffers) const {
    for (const Step& step : plan_.steps) {
      std::vector<void*> slots;
      for (SlotId id : step.slots) {
        const Slot& slot = plan_.slots[id.index()];
        slots.push_back(slot.kind == SlotKind::kOutput
                            ? buffers.back()
                            : buffers[static_cast<std::size_t>(slot.index)]);
      }
      if (code_->symbol(step.symbol)(slots.data(), step.sizes.data(), nullptr, 0, step.units) != 0)
        throw std::runtime_error("a kernel reported an error");
    }
  }

 private:
  static Program program(const char* op, int arity, DType dtype, std::int64_t count) {
    Program program;
    std::vector<ValueId> operands;
    for (int i = 0; i < arity; ++i) {
      InputInfo info;
      info.name = format("x{}", i);
      info.type = {dtype, {count}};
      operands.push_back(program.graph.add_input(info));
    }
    const ValueId root = Builder(program.graph).call(op, operands);
    program.graph.set_roots({root});
    program.layouts.assign(program.graph.size(), Layout::row(1));
    Group group;
    group.nodes = group.outputs = {root};
    program.groups.push_back(group);
    return program;
  }

  Plan plan_;
  std::shared_ptr<LoadedCode> code_;
};

}  // namespace bafe
