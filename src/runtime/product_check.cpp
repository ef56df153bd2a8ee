// In: a program of products on integers, and a result. Out: whether every row of the result fits.
// A matrix is never formed: it is applied to a vector, which costs what reading its inputs costs.

#include "product_check.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/ir/rounding.h"
#include "bafe/runtime/samples.h"

namespace bafe {
namespace {

constexpr double kExact = 0x1p52;  // no sum of smaller integers rounds

/// One vector for each matrix of a batch.
using Vectors = std::vector<double>;

struct Sizes {
  std::int64_t batch = 1, rows = 0, columns = 0;
};

Sizes sizes_of(const Type& type) {
  const std::vector<std::int64_t> all = concrete(type.shape);
  Sizes out;
  out.columns = all.back();
  out.rows = all[all.size() - 2];
  for (std::size_t i = 0; i + 2 < all.size(); ++i) out.batch *= all[i];
  return out;
}

class Applied {
 public:
  Applied(const Graph& graph, std::span<const Tensor> inputs, const ConstantTable& constants)
      : graph_(graph), inputs_(inputs), constants_(constants) {}

  /// value x, or x value from the left.
  std::optional<Vectors> times(ValueId id, const Vectors& x, bool from_left) {
    const Node& node = graph_.node(id);
    const OpInfo& info = op_info(node.op);
    switch (info.kind) {
      case OpKind::kLeaf:
        return of_leaf(node, x, from_left);
      case OpKind::kLayout:
        return times(node.operands[0], x, from_left);
      case OpKind::kContraction: {
        const std::size_t first = from_left ? 0 : 1;
        auto inner = times(node.operands[first], x, from_left);
        return inner ? times(node.operands[1 - first], *inner, from_left) : inner;
      }
      case OpKind::kPointwise:
        return of_tree(info.value, node, x, from_left);
      case OpKind::kMovement:
        if (!turns_matrices(node)) return std::nullopt;
        return times(node.operands[0], x, !from_left);
      default:
        return std::nullopt;
    }
  }

 private:
  bool turns_matrices(const Node& node) const {
    if (node.operands.size() != 1) return false;
    const Type& from = graph_.type(node.operands[0]);
    const Element tree = op_element(node.op, std::vector<Type>{from}, node.attrs, node.type);
    if (!tree || tree->prim != Prim::kRead || from.rank() != node.type.rank()) return false;
    const std::int64_t last = node.type.rank() - 1;
    for (std::int64_t axis = 0; axis <= last; ++axis) {
      const ElementNode& index = *tree->args[static_cast<std::size_t>(axis)];
      const std::int64_t wanted = axis == last ? last - 1 : axis == last - 1 ? last : axis;
      if (index.prim != Prim::kIndex || index.number != wanted) return false;
    }
    return true;
  }

  std::optional<Vectors> of_leaf(const Node& node, const Vectors& x, bool from_left) const {
    const Tensor* leaf = nullptr;
    if (is_input(node.op)) {
      leaf = &inputs_[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
    } else if (!is_fill(node.op)) {
      const auto found = constants_.find(attr_string(node.attrs, 0));
      if (found != constants_.end()) leaf = &found->second;
    }
    if (!leaf) return std::nullopt;
    return product(*leaf, x, from_left);
  }

  std::optional<Vectors> of_tree(const Element& tree, const Node& node, const Vectors& x,
                                 bool from_left) {
    if (tree->prim == Prim::kArg)
      return times(node.operands[static_cast<std::size_t>(tree->number)], x, from_left);
    const bool adds = tree->prim == Prim::kAdd || tree->prim == Prim::kSub;
    if (!adds && tree->prim != Prim::kNeg) return std::nullopt;
    auto out = of_tree(tree->args[0], node, x, from_left);
    if (!out) return out;
    if (!adds) {
      for (double& value : *out) value = -value;
      return out;
    }
    const auto other = of_tree(tree->args[1], node, x, from_left);
    if (!other) return other;
    const double sign = tree->prim == Prim::kAdd ? 1 : -1;
    for (std::size_t i = 0; i < out->size(); ++i) (*out)[i] += sign * (*other)[i];
    return out;
  }

 public:
  template <class T, class Read>
  static void multiply(const T* data, Read read, Sizes s, const Vectors& x, bool from_left,
                       Vectors& out) {
    for (std::int64_t m = 0; m < s.batch; ++m) {
      for (std::int64_t i = 0; i < s.rows; ++i, data += s.columns) {
        if (from_left) {
          const double factor = x[static_cast<std::size_t>(m * s.rows + i)];
          double* to = out.data() + m * s.columns;
          for (std::int64_t j = 0; j < s.columns; ++j) to[j] += factor * read(data[j]);
        } else {
          const double* from = x.data() + m * s.columns;
          double sum = 0;
          for (std::int64_t j = 0; j < s.columns; ++j) sum += from[j] * read(data[j]);
          out[static_cast<std::size_t>(m * s.rows + i)] = sum;
        }
      }
    }
  }

  /// Can no sum of `terms` products round?
  static bool is_exact(const Tensor& matrix, const Vectors& x, double terms) {
    double most = 0;
    for (double value : x) most = std::max(most, std::fabs(value));
    if (matrix.type().dtype != DType::kF64) return most * terms / unit(matrix) < kExact;
    double largest = 0;
    for (std::int64_t i = 0; i < matrix.count(); ++i)
      largest = std::max(largest, std::fabs(matrix.as<double>()[i]));
    return most * terms * largest < kExact;
  }
  /// What is exact in the dtype is smaller than 1 / unit.
  static double unit(const Tensor& matrix) { return unit_roundoff(matrix.type().dtype); }

  static std::optional<Vectors> product(const Tensor& matrix, const Vectors& x, bool from_left) {
    const Sizes s = sizes_of(matrix.type());
    Vectors out(static_cast<std::size_t>(s.batch * (from_left ? s.columns : s.rows)), 0);
    if (!is_exact(matrix, x, static_cast<double>(from_left ? s.rows : s.columns)))
      return std::nullopt;
    const auto number = [](auto value) { return static_cast<double>(value); };
    switch (matrix.type().dtype) {
      case DType::kF32:
        multiply(matrix.as<float>(), number, s, x, from_left, out);
        return out;
      case DType::kF64:
        multiply(matrix.as<double>(), number, s, x, from_left, out);
        return out;
      case DType::kBF16:
        multiply(
            matrix.as<std::uint16_t>(), [](std::uint16_t bits) { return bf16_to_f32(bits); }, s, x,
            from_left, out);
        return out;
      case DType::kF16:
        multiply(
            matrix.as<std::uint16_t>(), [](std::uint16_t bits) { return f16_to_f32(bits); }, s, x,
            from_left, out);
        return out;
      default:
        return std::nullopt;
    }
  }

 private:
  const Graph& graph_;
  std::span<const Tensor> inputs_;
  const ConstantTable& constants_;
};

}  // namespace

std::optional<std::string> product_difference(const Graph& graph, std::size_t which,
                                              std::span<const Tensor> inputs,
                                              const ConstantTable& constants, const Tensor& got) {
  const ValueId root = graph.roots()[which];
  if (got.type().rank() < 2 || got.count() == 0) return std::nullopt;
  const Sizes s = sizes_of(got.type());
  SampleSource random(7);
  Vectors x(static_cast<std::size_t>(s.batch * s.columns));
  for (double& value : x) value = static_cast<double>(1 + random.next() % 64);
  const auto want = Applied(graph, inputs, constants).times(root, x, false);
  if (!want) return std::nullopt;
  const auto have = Applied::product(got, x, false);
  if (!have) return std::nullopt;
  for (std::size_t i = 0; i < have->size(); ++i) {
    if (std::fabs((*want)[i]) >= kExact) return std::nullopt;  // sums were rounded
    if ((*have)[i] == (*want)[i]) continue;
    return format("row {} of {} of result {} is no product: {} for {}", i, have->size(), which,
                  (*have)[i], (*want)[i]);
  }
  return std::string();
}

}  // namespace bafe
