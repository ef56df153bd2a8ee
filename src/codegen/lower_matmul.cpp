// Comes in: a matrix product and the output of its group. Goes out: a GEMM step, before it a pack
// step when the operand is packed. Invariant: when the rest of the group does not fit the product,
// no step is added and the caller gives the product a buffer of its own.

#include "bafe/base/error.h"
#include "bafe/ir/op.h"
#include "plan_builder.h"
#include "product.h"

namespace bafe {

bool PlanBuilder::lower_matmul(ValueId product, ValueId output, const Group& group) {
  for (int round = 0; round < 100; ++round) {
    ProductDraft draft(scope_, product, output, math_);
    if (!draft.lower()) {
      if (draft.needs_buffer().empty()) return false;
      for (ValueId id : draft.needs_buffer()) {
        if (id == output || id == product) return false;
        materialise(id, group);
      }
      continue;
    }
    add_gemm(draft, group);
    return true;
  }
  return false;
}

void PlanBuilder::add_gemm(ProductDraft& draft, const Group& group) {
  GemmSpec& spec = draft.spec();
  spec.name = next_symbol();
  if (auto windows = draft.windows()) return add_windows(draft, *windows, group);
  spec.a.panel = draft.panel(true);
  spec.b.panel = draft.panel(false);
  const std::vector<int>& wanted = scope_.options.tilings;
  const std::size_t number = tilings_.size();
  tilings_.push_back(gemm_choices(spec, target_));
  spec.choice = number < wanted.size() ? wanted[number] : 0;
  if (!cuts_.empty() && spec.choice > 0) cuts_.back() = cut_change(spec, target_);
  if (std::int64_t bytes = gemm_packed_bytes(spec, target_); bytes > 0) {
    spec.packed_slot = draft.add_packed(temporaries_++, bytes);
  }
  GemmSource source = emit_gemm(spec, target_);
  kernels_c_ += source.text + "\n";
  uses_vectors_ = true;
  auto step_of = [&](const std::string& symbol, std::int64_t units, const std::string& what) {
    StepDraft step;
    step.step.symbol = symbol;
    step.step.label = what + label(group);
    step.step.units = units;
    step.uses = draft.uses();
    return step;
  };
  if (!source.pack_symbol.empty()) {
    StepDraft pack =
        step_of(source.pack_symbol, source.pack_units, "pack " + source.layout + " for ");
    for (std::size_t i = 0; i < pack.uses.size(); ++i) {
      bool is_packed = static_cast<int>(i) == spec.packed_slot;
      pack.uses[i].is_written = is_packed;
    }
    std::optional<int> weight = draft.constant_slot(source.packs_a);
    if (weight) {
      pack.in_setup = true;  // the other buffers are not touched, and do not exist yet
      for (std::size_t i = 0; i < pack.uses.size(); ++i) {
        if (static_cast<int>(i) != spec.packed_slot)
          pack.uses[i] = pack.uses[static_cast<std::size_t>(*weight)];
      }
    }
    drafts_.push_back(std::move(pack));
  }
  StepDraft main = step_of(source.symbol, source.units, "");
  main.step.scratch_bytes = source.scratch_bytes;
  main.step.label += " " + source.label;
  drafts_.push_back(std::move(main));
  if (source.mirror_symbol.empty()) return;
  drafts_.push_back(step_of(source.mirror_symbol, source.mirror_units, "mirror "));
}

/// A product over windows: its kernel, before it the packing of the other operand.
void PlanBuilder::add_windows(ProductDraft& draft, WindowSpec& windows, const Group& group) {
  const std::optional<int> weight = draft.constant_slot(true);
  const std::int64_t bytes = window_packed_bytes(windows, target_, weight.has_value());
  if (bytes > 0) windows.gemm.packed_slot = draft.add_packed(temporaries_++, bytes);
  const GemmSource source = emit_windows(windows, target_);
  kernels_c_ += source.text + "\n";
  uses_vectors_ = true;
  auto step_of = [&](const std::string& symbol, std::int64_t units, const std::string& text) {
    StepDraft step;
    step.step.symbol = symbol;
    step.step.label = text;
    step.step.units = units;
    step.uses = draft.uses();
    return step;
  };
  if (bytes > 0) {
    StepDraft pack = step_of(source.pack_symbol, source.pack_units,
                             "pack " + source.layout + " for " + label(group));
    for (std::size_t i = 0; i < pack.uses.size(); ++i) {
      const bool is_packed = static_cast<int>(i) == windows.gemm.packed_slot;
      if (weight && !is_packed) pack.uses[i] = pack.uses[static_cast<std::size_t>(*weight)];
      pack.uses[i].is_written = is_packed;
    }
    pack.in_setup = weight.has_value();
    drafts_.push_back(std::move(pack));
  }
  drafts_.push_back(step_of(source.symbol, source.units, label(group) + " " + source.label));
}

}  // namespace bafe
