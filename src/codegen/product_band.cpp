// What a product may skip. In: the facts of its operands and result. Out: bands of its spec; for an
// operand that is a masked buffer, the buffer itself, since inside the band the mask changes
// nothing. Invariant: math="bits" and products of integers skip nothing.

#include "bafe/cost/product_cost.h"
#include "product.h"

namespace bafe {
namespace {

bool covers(const Structure& mask, const Structure& band) {
  return band.zero() || (band.below <= mask.below && band.above <= mask.above);
}

}  // namespace

/// The band in which a truth value about the two indices holds; nullopt when it says anything else.
std::optional<Structure> ProductDraft::mask_band(Ex condition, int row_var, int col_var) {
  const ExNode n = pool_.node(condition);
  bool is_less = n.kind == ExKind::kLess;
  if (!is_less && n.kind != ExKind::kSame) return std::nullopt;
  Ex gap = pool_.sub(n.args[1], n.args[0]);
  bool hidden = false;
  std::int64_t row = pool_.coefficient(gap, row_var, &hidden);
  std::int64_t col = pool_.coefficient(gap, col_var, &hidden);
  std::uint64_t both = (std::uint64_t{1} << row_var) | (std::uint64_t{1} << col_var);
  const ExNode& sum = pool_.node(gap);
  if (hidden || sum.kind != ExKind::kLinear || (sum.free & ~both) != 0) return std::nullopt;
  return gap_band(row, col, sum.number - (is_less ? 1 : 0), !is_less);  // less: gap - 1 >= 0
}

/// What `value` is inside `band`, where its masks let everything through.
Ex ProductDraft::unmasked(Ex value, const Structure& band, int row_var, int col_var) {
  for (;;) {
    const ExNode n = pool_.node(value);
    if (n.kind != ExKind::kPrim || n.prim != Prim::kSelect) return value;
    const ExNode& other = pool_.node(n.args[2]);
    if (other.kind != ExKind::kConst || !Scalar{other.dtype, other.bits}.is_zero()) return value;
    std::optional<Structure> mask = mask_band(n.args[0], row_var, col_var);
    if (!mask || !covers(*mask, band)) return value;
    value = n.args[1];
  }
}

std::optional<GemmOperand> ProductDraft::banded_operand(Ex value, const Structure& band,
                                                        int row_var, int col_var) {
  Ex inner = unmasked(value, band, row_var, col_var);
  const ExNode n = pool_.node(inner);
  if (inner == value || n.kind != ExKind::kLoad || n.dtype != spec_.dtype) return std::nullopt;
  std::optional<GemmOperand> operand =
      strided(n.args[0], static_cast<int>(n.number), row_var, col_var);
  if (!operand) return std::nullopt;
  operand->plain_inside = true;
  operand->load = [this, value, row_var, col_var](const std::string& row, const std::string& col) {
    return value_c(value, row_var, col_var, row, col);
  };
  return operand;
}

void ProductDraft::note_bands() {
  if (!skips_terms(spec_.dtype) || spec_.strict) return;
  const Node& node = graph_.node(product_);
  spec_.a_band = scope_.program.structure(node.operands[0]);
  spec_.b_band = scope_.program.structure(node.operands[1]);
}

/// Is the stored result symmetric in the product's row and column, and stored by them?
bool ProductDraft::is_halved() const {
  Group group;
  group.outputs = {output_};
  bool same_axes = output_ == product_ || graph_.type(output_).rank() == 2;
  return !spec_.strict && same_axes && product_shape(scope_.program, group, product_).mirrored;
}

}  // namespace bafe
