#pragma once
/// One attention group as expressions and as text. Private to src/codegen/attention*.cpp.

#include <optional>
#include <string>
#include <vector>

#include "bafe/cost/attention.h"
#include "c_expr.h"
#include "kernel.h"

namespace bafe {

/// How the kernel is cut. Queries lie along vectors, so that scores of one key are whole registers
/// and no sum runs across lanes.
struct AttentionTiling {
  DType dtype = DType::kF32;
  int lanes = 1;
  std::int64_t vectors = 1;  ///< registers of queries in a tile
  std::int64_t tile = 1;     ///< keys (or columns of the result) in a tile
  std::int64_t queries = 1;  ///< of a unit: lanes * vectors
  std::int64_t keys = 1;     ///< of a block, a multiple of `tile`
};

/// An operand of which tiles broadcast single elements: from its buffer, or from a block in
/// scratch.
struct BroadcastOperand {
  Ex value;
  bool is_direct = false;
  int buffer = -1;
  Ex base;                                 ///< direct: index of element (0, 0) of the batch
  std::int64_t by_key = 0, by_column = 0;  ///< strides in elements
};

/// A value of scores' places that does not depend on the scores: one block of it is transposed
/// before the loop over lanes, which then reads it in order.
struct StagedValue {
  Ex value;
  int local = -1;
};

class AttentionDraft {
 public:
  AttentionDraft(const LowerScope& scope, const AttentionForm& form, ValueId output,
                 std::set<std::string>& functions);
  /// False: no kernel for this; the group runs as its parts.
  bool lower();
  const std::set<ValueId>& needs_buffer() const { return needs_buffer_; }
  /// After lower(): the kernel.
  std::string text(const std::string& symbol);
  std::int64_t units() const;
  std::int64_t scratch_bytes() const;
  std::string label() const;
  const std::vector<SlotUse>& uses() const { return draft_.slots; }

 private:
  /// Values that the expressions name and the text declares. kPeak is the maximum that the program
  /// itself takes; the kernel subtracts its own.
  enum Local : int { kScore, kPeak, kTotal, kPower, kProduct, kFirstStaged };

  std::vector<Ex> at(int row_var, int col_var);
  Ex pull(ValueId id, const std::vector<Ex>& indices, bool with_rows);
  /// The exponent with `gap` in place of the difference.
  Ex exponent_of(Ex gap);
  bool pull_parts();
  void merge_factor(Ex logits, Ex shift);
  void take_key_factor(Ex& key);
  void bind_rows(Puller& puller);
  void note(const Puller& puller, Ex value);
  bool has_effects(Ex value) const;
  bool pull_output();
  void choose_tiling();
  BroadcastOperand broadcast(Ex value, int key_var, int column_var);
  void stage_masks();
  std::int64_t blocks() const;
  std::int64_t batch() const;

  // attention_text.cpp
  CExprWriter writer() const;
  std::string value_c(const std::string& lead, Ex value, const std::string& target) const;
  std::string tile_c(const std::string& symbol, bool is_scores) const;
  std::string unit_c(const std::string& symbol) const;
  std::string head_c(const std::string& symbol) const;
  std::string load_queries_c() const;
  std::string stage_operand_c(const BroadcastOperand& operand, const char* buffer, int column_var,
                              std::int64_t columns) const;
  std::string pointer_c(const BroadcastOperand& operand, const char* buffer) const;
  std::string block_c(const std::string& symbol) const;
  std::string finish_c() const;
  std::string transpose_c() const;
  std::int64_t pitch() const;  ///< of a row of the transposed result
  std::int64_t padded(std::int64_t columns) const;
  std::int64_t result_rows() const;

  const LowerScope& scope_;
  const Graph& graph_;
  AttentionForm form_;
  ValueId output_;
  std::set<std::string>& functions_;
  KernelDraft draft_;
  ExprPool pool_;
  AttentionTiling tiling_;
  std::vector<int> batch_;
  int i_ = -1, j_ = -1, t_ = -1, c_ = -1;
  std::int64_t m_ = 0, n_ = 0, depth_ = 0, width_ = 0;
  Ex query_, logits_, peaked_, shift_, weight_;
  BroadcastOperand key_, value_;
  std::vector<StagedValue> staged_;
  StoreSite store_;
  std::set<ValueId> needs_buffer_;
};

}  // namespace bafe
