#pragma once
/// One matrix product with what surrounds it. Private to src/codegen/lower_matmul.cpp and
/// product.cpp.

#include <optional>

#include "bafe/codegen/gemm.h"
#include "c_expr.h"
#include "kernel.h"
#include "window_product.h"

namespace bafe {

/// Product and output as expressions over the variables of the product.
class ProductDraft {
 public:
  ProductDraft(const LowerScope& scope, ValueId product, ValueId output,
               std::set<std::string>& functions);

  /// False: the rest of the group has another index space. needs_buffer() then says what a retry
  /// would need.
  bool lower();
  const std::set<ValueId>& needs_buffer() const { return needs_buffer_; }
  GemmSpec& spec() { return spec_; }
  /// The product over windows of a smaller array, if it is one; after lower().
  std::optional<WindowSpec> windows();
  std::vector<SlotUse>& uses() { return draft_.slots; }
  int add_packed(int temporary, std::int64_t bytes);
  /// Slot of operand A or B when it is a constant array and nothing else.
  std::optional<int> constant_slot(bool is_a) const;
  /// Width of the panels in which the program keeps that constant; 0 for any other operand.
  int panel(bool is_a) const;

 private:
  Ex operand(ValueId id, int row_var, int col_var);
  bool output_indices(std::vector<Ex>& indices);
  bool epilogue();
  void plain_output(Ex at);
  bool fast_ops(Ex value);
  bool fast_operand(Ex e, GemmOperand& y) const;
  std::optional<GemmOperand> strided(Ex index, int buffer, int row_var, int col_var) const;
  GemmOperand gemm_operand(Ex value, const Structure& band, int row_var, int col_var);
  // product_band.cpp
  void note_bands();
  bool is_halved() const;
  std::optional<Structure> mask_band(Ex condition, int row_var, int col_var);
  Ex unmasked(Ex value, const Structure& band, int row_var, int col_var);
  std::optional<GemmOperand> banded_operand(Ex value, const Structure& band, int row_var,
                                            int col_var);
  // product_windows.cpp
  std::optional<std::vector<std::int64_t>> positions(Ex index, int var);
  std::optional<WindowForm> window_form(Ex index, int place_var);
  ValueId window_source(ValueId operand, int row_var, int col_var);
  bool has_effects(Ex e) const;
  std::string variables_c(const std::string& row, const std::string& col, int row_var, int col_var);
  std::string value_c(Ex value, int row_var, int col_var, const std::string& row,
                      const std::string& col);
  std::string prelude_c() const;
  std::string store_c(const std::string& row, const std::string& col, const std::string& acc);
  void note(const Puller& puller, Ex value);

  const LowerScope& scope_;
  const Graph& graph_;
  ValueId product_, output_;
  std::set<std::string>& functions_;
  KernelDraft draft_;
  ExprPool pool_;
  GemmSpec spec_;
  std::vector<int> batch_;
  int i_ = -1, j_ = -1, k_ = -1, out_ = -1;
  Ex acc_, a_, b_;
  StoreSite store_;
  bool reads_windows_ = false;
  std::set<ValueId> needs_buffer_;
};

}  // namespace bafe
