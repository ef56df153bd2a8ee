// Affine positions. In: a Read and the extents of its variables. Out: base and strides of its flat
// position. Invariant: an answer equals the tree's position for all indices inside the extents.
#include "bafe/ir/walk_affine.h"

#include <algorithm>

#include "bafe/ir/dim.h"

namespace bafe {
namespace {

/// ((inner / div) mod modulus) * scale; modulus 0: no remainder is taken.
struct Digit {
  AffineRead inner;
  std::int64_t div = 1, modulus = 0, scale = 1;
};

class AffineFinder {
 public:
  AffineFinder(std::span<const std::int64_t> index_sizes, std::span<const std::int64_t> bound_sizes)
      : index_sizes_(index_sizes), bound_sizes_(bound_sizes) {}

  std::optional<AffineRead> find(const Element& read, const std::vector<std::int64_t>& operand) {
    std::vector<std::int64_t> strides = row_major_strides(operand);
    AffineRead sum = zero();
    for (std::size_t axis = 0; axis < operand.size(); ++axis) {
      if (!add_position(read->args[axis], strides[axis], sum)) return std::nullopt;
    }
    while (!digits_.empty()) {
      if (!join_digits(sum)) return std::nullopt;
    }
    return sum;
  }

 private:
  AffineRead zero() const {
    return {0, std::vector<std::int64_t>(index_sizes_.size()),
            std::vector<std::int64_t>(bound_sizes_.size())};
  }

  static void add(AffineRead& sum, const AffineRead& term, std::int64_t scale) {
    sum.base += scale * term.base;
    for (std::size_t i = 0; i < sum.index.size(); ++i) sum.index[i] += scale * term.index[i];
    for (std::size_t i = 0; i < sum.bound.size(); ++i) sum.bound[i] += scale * term.bound[i];
  }

  static std::optional<std::int64_t> integer(const Element& tree) {
    if (tree->prim != Prim::kInteger) return std::nullopt;
    return tree->number;
  }

  std::optional<AffineRead> affine(const Element& tree) const {
    const ElementNode& node = *tree;
    AffineRead out = zero();
    auto at = static_cast<std::size_t>(node.number);
    if (node.prim == Prim::kInteger) {
      out.base = node.number;
      return out;
    }
    if (node.prim == Prim::kIndex || node.prim == Prim::kBound) {
      auto& strides = node.prim == Prim::kIndex ? out.index : out.bound;
      if (at >= strides.size()) return std::nullopt;
      strides[at] = 1;
      return out;
    }
    if (node.prim != Prim::kAdd && node.prim != Prim::kSub && node.prim != Prim::kMul)
      return std::nullopt;
    std::optional<AffineRead> a = affine(node.args[0]), b = affine(node.args[1]);
    if (!a || !b) return std::nullopt;
    if (node.prim == Prim::kMul) {
      if (integer(node.args[0])) std::swap(a, b);
      AffineRead constant = zero();
      constant.base = b->base;
      if (*b != constant) return std::nullopt;
      add(out, *a, b->base);
      return out;
    }
    add(out, *a, 1);
    add(out, *b, node.prim == Prim::kAdd ? 1 : -1);
    return out;
  }

  bool add_position(const Element& tree, std::int64_t stride, AffineRead& sum) {
    if (std::optional<AffineRead> plain = affine(tree)) {
      add(sum, *plain, stride);
      return true;
    }
    Digit digit;
    digit.scale = stride;
    Element inner = tree;
    if (inner->prim == Prim::kMod && integer(inner->args[1])) {
      digit.modulus = *integer(inner->args[1]);
      inner = inner->args[0];
    }
    if (inner->prim == Prim::kFloorDiv && integer(inner->args[1])) {
      digit.div = *integer(inner->args[1]);
      inner = inner->args[0];
    }
    std::optional<AffineRead> plain = affine(inner);
    if (!plain || digit.div <= 0 || digit.modulus < 0) return false;
    digit.inner = *plain;
    digits_.push_back(std::move(digit));
    return true;
  }

  /// Largest value; nullopt when a stride is negative.
  std::optional<std::int64_t> largest(const AffineRead& position) const {
    if (position.base < 0) return std::nullopt;
    std::int64_t max = position.base;
    for (std::size_t i = 0; i < position.index.size(); ++i) {
      if (position.index[i] < 0) return std::nullopt;
      max += position.index[i] * std::max<std::int64_t>(index_sizes_[i] - 1, 0);
    }
    for (std::size_t i = 0; i < position.bound.size(); ++i) {
      if (position.bound[i] < 0) return std::nullopt;
      max += position.bound[i] * std::max<std::int64_t>(bound_sizes_[i] - 1, 0);
    }
    return max;
  }

  /// Takes the digits of one position: p mod n + n * ((p / n) mod m) = p mod (n m), and so on
  /// upwards.
  bool join_digits(AffineRead& sum) {
    AffineRead inner = digits_.front().inner;
    std::optional<std::int64_t> max = largest(inner);
    if (!max) return false;
    auto find = [&](std::int64_t div) {
      return std::find_if(digits_.begin(), digits_.end(),
                          [&](const Digit& d) { return d.div == div && d.inner == inner; });
    };
    auto digit = find(1);
    if (digit == digits_.end()) return false;
    std::int64_t scale = digit->scale, modulus = digit->modulus;
    digits_.erase(digit);
    while (modulus != 0 && modulus <= *max) {
      digit = find(modulus);
      if (digit == digits_.end() || digit->scale != scale * modulus) return false;
      modulus *= digit->modulus;
      digits_.erase(digit);
    }
    add(sum, inner, scale);
    return true;
  }

  std::span<const std::int64_t> index_sizes_, bound_sizes_;
  std::vector<Digit> digits_;
};

}  // namespace

std::optional<AffineRead> affine_read(const Element& read, const std::vector<std::int64_t>& operand,
                                      std::span<const std::int64_t> index_sizes,
                                      std::span<const std::int64_t> bound_sizes) {
  return AffineFinder(index_sizes, bound_sizes).find(read, operand);
}

}  // namespace bafe
