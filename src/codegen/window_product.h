#pragma once
/// A matrix product one of whose operands is read through windows of a smaller array: no element of
/// it is copied. Private to src/codegen.
///
/// Element (k, p) of that operand lies at `offset + taps[t] + c * step + place(p)`: k counts taps
/// and channels c, p counts places, rows of `width` places each.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bafe/codegen/gemm.h"

namespace bafe {

struct WindowForm {
  bool is_b = false;  ///< the windows are B: vectors run along places; else along columns of B
  std::vector<std::int64_t> taps;
  /// k = c * taps + t where the windows are B, else k = t * channels + c.
  std::int64_t channels = 1, step = 1;
  std::int64_t width = 1, stride = 1;  ///< places a row, distance of neighbours
  std::vector<std::int64_t> rows;      ///< where each row starts
  std::int64_t offset = 0;
  std::vector<std::int64_t> batch;
  int slot = 0;
};

struct WindowSpec {
  GemmSpec gemm;  ///< sizes, the other operand, prelude, name
  WindowForm form;
  /// Statement that stores the finished element `acc` at (row, col).
  std::function<std::string(const std::string& row, const std::string& col, const std::string& acc)>
      store;
};

/// Can the target's vectors walk these places?
bool is_window_form(const WindowForm& form, const Target& target);
/// Bytes for the other operand in the order of the kernel's tiles, in GemmSpec::packed_slot; 0
/// where that does not pay. A constant is packed once.
std::int64_t window_packed_bytes(const WindowSpec& spec, const Target& target, bool is_constant);
/// The kernel; sums are chains as in gemm.h.
GemmSource emit_windows(const WindowSpec& spec, const Target& target);

}  // namespace bafe
