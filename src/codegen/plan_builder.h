#pragma once
/// Groups to steps, values to slots. Private to src/codegen.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bafe/codegen/gemm.h"
#include "bafe/codegen/nest_replay.h"
#include "bafe/codegen/plan_facts.h"
#include "bafe/cost/attention.h"
#include "kernel.h"

namespace bafe {

class ProductDraft;
struct WindowSpec;

/// A step before its buffers have places. `output` >= 0: the written use is that output of the
/// plan.
struct StepDraft {
  Step step;
  std::vector<SlotUse> uses;
  int output = -1;
  bool in_setup = false;
  std::string nest;  ///< symbol of the nest that the step is; empty: other code
  int group = -1;    ///< of the program
};

/// How the product's tiles differ from those of choice 0.
CutChange cut_change(const GemmSpec& spec, const Target& target);

class PlanBuilder {
 public:
  PlanBuilder(const Program& program, const Target& target, const LowerOptions& options);
  Plan run();
  /// Ways to cut each product, known after run().
  const std::vector<int>& tilings() const { return tilings_; }
  /// Groups that became host steps, known after run().
  const std::vector<int>& hosted() const { return hosted_; }
  PlanFacts facts() const;  ///< likewise
  void keep_nests() { keeps_nests_ = true; }
  std::vector<NestStep> nest_steps(bool in_setup) const;  ///< after run(): needs keep_nests()

 private:
  // Lowering, group by group.
  void lower_group(const Group& group);
  // host_step.cpp
  bool lower_host(const Group& group);
  void lower_siblings(const std::vector<ValueId>& outputs, const Group& group);
  bool place_beside(ValueId id);
  /// Gives `id` a buffer, with its own kernels.
  void materialise(ValueId id, const Group& group);
  void lower_by_outputs(const std::vector<ValueId>& outputs, const Group& group);
  void lower_library(ValueId id, const Group& group);
  /// The value in a dense row-major buffer.
  SlotUse by_rows(ValueId operand, const Group& group);
  // lower_control.cpp
  void lower_control(ValueId id, const Group& group);
  std::int64_t add_nested(const Graph& body);
  SlotUse new_temporary(std::int64_t bytes);
  void lower_all();
  bool lower_matmul(ValueId product, ValueId output, const Group& group);
  // attention.cpp
  bool lower_attention(const Group& group);
  /// Nothing: a value got a buffer, and lowering may be tried again.
  std::optional<bool> lower_attention_once(const AttentionForm& form, const Group& group);
  void lower_roots();
  void add_nests(Lowered lowered, const Group& group, int output = -1);
  void add_gemm(ProductDraft& draft, const Group& group);
  void add_windows(ProductDraft& draft, WindowSpec& windows, const Group& group);
  std::vector<int> order_of(ValueId id) const;
  bool is_empty(ValueId id) const;
  std::string label(const Group& group) const;
  std::string next_symbol() { return prefix_ + std::to_string(kernels_++); }

  // Slots.
  void place_leaves();
  void place_outputs();
  SlotId slot_of(const SlotUse& use, int output);
  void resolve_steps();
  void place_arena();
  std::string c_text(const std::string& functions) const;

  const Program& program_;
  const Graph& graph_;
  LowerScope scope_;
  const Target& target_;
  Plan plan_;
  std::vector<StepDraft> drafts_;
  std::set<std::string> math_;
  std::string kernels_c_;
  bool uses_vectors_ = false;
  std::vector<int> tilings_, hosted_;
  std::vector<CutChange> cuts_;  // by group lowered so far
  bool keeps_nests_ = false;
  std::map<std::string, std::shared_ptr<const Nest>> nests_;  // by symbol
  std::string prefix_ = "bafe_k";                             // of a body: another
  int kernels_ = 0, temporaries_ = 0;
  std::map<ValueId, SlotId> value_slots_;
  std::map<int, SlotId> temporary_slots_, constant_temporaries_;
  std::vector<SlotId> output_slots_;
};

}  // namespace bafe
