// Reductions and scans. In: a Reduce over one body, or an axis. Out: one value an output element.
// Invariant: sums and products of floats follow sum_order.h; integers wrap; a NaN wins maxima,
// minima and their positions.
#include <algorithm>
#include <memory>
#include <optional>

#include "bafe/base/error.h"
#include "bafe/ir/scalar_math.h"
#include "bafe/ir/sum_order.h"
#include "bafe/ir/walk.h"
#include "bafe/ir/walk_affine.h"
#include "eval_parts.h"

namespace bafe {
namespace {

static_assert(kWalkBlock % kSumRun == 0, "a column holds whole runs");

/// The reduced values of one output element, column by column.
class ReducedValues {
 public:
  ReducedValues(const Element& tree, std::span<const Tensor> operands, const std::string& subject,
                const std::vector<std::int64_t>& out_sizes)
      : operands_(operands), out_sizes_(out_sizes), bound_sizes_(concrete(tree->extents)) {
    BAFE_CHECK(tree->prim == Prim::kReduce && tree->number == 0, "a reduction is one Reduce");
    for (std::int64_t size : bound_sizes_) count_ *= size;
    const Element& body = tree->args[0];
    if (body->prim == Prim::kRead) {
      operand_ = static_cast<std::size_t>(body->number);
      const Type& type = operands[operand_].type();
      read_ = affine_read(body, concrete(type.shape), out_sizes, bound_sizes_);
      dtype_ = type.dtype;
    }
    if (read_) {
      lane_ = lane_of(dtype_);
      find_single_stride();
    } else {
      DType dtype = operands[0].type().dtype;
      walker_ = std::make_unique<Walker>(body, types_of(operands), dtype, subject, true);
      lane_ = walker_->lane();
    }
  }

  std::int64_t count() const { return count_; }
  Lane lane() const { return lane_; }

  /// Values [begin, begin + n) of output element `out`.
  const Column& load(std::int64_t out, std::int64_t begin, int n) {
    if (!read_) return walk(out, begin, n);
    const std::byte* base = operands_[operand_].data();
    std::int64_t first = read_->base + dot_coordinates(out);
    if (single_stride_) {
      load_strided(dtype_, lane_, base, first + begin * *single_stride_, *single_stride_, n,
                   column_);
      return column_;
    }
    std::int64_t flat[kWalkBlock], coordinate[kWalkBlock];
    std::fill_n(flat, n, first);
    std::int64_t stride = 1;
    for (std::size_t k = bound_sizes_.size(); k-- > 0; stride *= bound_sizes_[k]) {
      fill_coordinate(begin, stride, bound_sizes_[k], n, coordinate);
      for (int i = 0; i < n; ++i) flat[i] += coordinate[i] * read_->bound[k];
    }
    load_at(dtype_, lane_, base, flat, n, column_);
    return column_;
  }

 private:
  void find_single_stride() {
    std::optional<std::int64_t> stride;
    std::int64_t next = 0;
    for (std::size_t k = bound_sizes_.size(); k-- > 0;) {
      if (bound_sizes_[k] == 1) continue;
      if (!stride)
        stride = read_->bound[k];
      else if (read_->bound[k] != next)
        return;
      next = read_->bound[k] * bound_sizes_[k];
    }
    single_stride_ = stride.value_or(1);
  }

  std::int64_t dot_coordinates(std::int64_t out) const {
    std::int64_t sum = 0;
    for (std::size_t i = out_sizes_.size(); i-- > 0; out /= out_sizes_[i]) {
      sum += out % out_sizes_[i] * read_->index[i];
    }
    return sum;
  }

  const Column& walk(std::int64_t out, std::int64_t begin, int n) {
    for (std::size_t i = out_sizes_.size(); i-- > 0; out /= out_sizes_[i]) {
      std::int64_t* column = walker_->index_column(static_cast<int>(i));
      if (column != nullptr) std::fill_n(column, n, out % out_sizes_[i]);
    }
    std::int64_t stride = 1;
    for (std::size_t k = bound_sizes_.size(); k-- > 0; stride *= bound_sizes_[k]) {
      std::int64_t* column = walker_->bound_column(static_cast<int>(k));
      if (column != nullptr) fill_coordinate(begin, stride, bound_sizes_[k], n, column);
    }
    return walker_->run(operands_, 0, n);
  }

  std::span<const Tensor> operands_;
  std::vector<std::int64_t> out_sizes_, bound_sizes_;
  std::int64_t count_ = 1;
  std::size_t operand_ = 0;
  std::optional<AffineRead> read_;
  std::optional<std::int64_t> single_stride_;
  DType dtype_ = DType::kF32;
  Lane lane_ = Lane::kF32;
  std::unique_ptr<Walker> walker_;
  Column column_;
};

/// Calls take(values, begin, n) for the columns of one output element, in order.
template <class T, class Take>
void for_columns(ReducedValues& values, std::int64_t out, Take take) {
  for (std::int64_t begin = 0; begin < values.count(); begin += kWalkBlock) {
    int n = static_cast<int>(std::min<std::int64_t>(kWalkBlock, values.count() - begin));
    take(values.load(out, begin, n).template get<T>(), begin, n);
  }
}

template <class T, class Combine>
T fold_ordered(ReducedValues& values, std::int64_t out, T neutral, Combine combine) {
  if constexpr (std::is_floating_point_v<T>) {
    SumTree<T, Combine> tree(neutral, combine);
    for_columns<T>(values, out, [&](const T* x, std::int64_t, int n) {
      for (int i = 0; i < n; i += kSumRun)
        tree.add_run(x + i, std::min<std::int64_t>(kSumRun, n - i));
    });
    return tree.result();
  } else {
    T sum = neutral;
    for_columns<T>(values, out, [&](const T* x, std::int64_t, int n) {
      for (int i = 0; i < n; ++i) sum = combine(sum, x[i]);
    });
    return sum;
  }
}

template <class T, class Better>
T fold_extreme(ReducedValues& values, std::int64_t out, Better better) {
  T best{};
  for_columns<T>(values, out, [&](const T* x, std::int64_t begin, int n) {
    if (begin == 0) best = x[0];
    for (int i = 0; i < n; ++i) best = better(best, x[i]);
  });
  return best;
}

/// Position of the first extreme value; of the first NaN if there is one.
template <class T>
std::int64_t find_extreme(ReducedValues& values, std::int64_t out, bool is_max) {
  T best{};
  std::int64_t at = 0;
  for_columns<T>(values, out, [&](const T* x, std::int64_t begin, int n) {
    for (int i = 0; i < n; ++i) {
      bool is_first = begin + i == 0;
      bool beats = x[i] != x[i] || (is_max ? x[i] > best : x[i] < best);
      if (is_first || (best == best && beats)) {
        best = x[i];
        at = begin + i;
      }
    }
  });
  return at;
}

template <class T>
void reduce_as(ReduceKind kind, ReducedValues& values, Tensor& out) {
  Column one;
  for (std::int64_t o = 0; o < out.count(); ++o) {
    T* result = one.fill<T>();
    switch (kind) {
      case ReduceKind::kSum:
        *result = fold_ordered<T>(values, o, T{0}, scalar::add_of<T>);
        break;
      case ReduceKind::kProd:
        *result = fold_ordered<T>(values, o, T{1}, scalar::mul_of<T>);
        break;
      case ReduceKind::kMax:
        *result = fold_extreme<T>(values, o, scalar::max_of<T>);
        break;
      case ReduceKind::kMin:
        *result = fold_extreme<T>(values, o, scalar::min_of<T>);
        break;
      case ReduceKind::kArgMax:
      case ReduceKind::kArgMin:
        out.as<std::int64_t>()[o] = find_extreme<T>(values, o, kind == ReduceKind::kArgMax);
        continue;
    }
    store_dense(out.type().dtype, values.lane(), one, 1, out.data(), o);
  }
}

template <class T>
void scan_as(const Tensor& x, std::int64_t n, std::int64_t inner, Tensor& out) {
  DType dtype = x.type().dtype;
  Column in, sums;
  std::int64_t rows = x.count() / (n * inner);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t begin = 0; begin < inner; begin += kWalkBlock) {
      int width = static_cast<int>(std::min<std::int64_t>(kWalkBlock, inner - begin));
      for (std::int64_t i = 0; i < n; ++i) {
        std::int64_t offset = (row * n + i) * inner + begin;
        load_strided(dtype, lane_of(dtype), x.data(), offset, 1, width, in);
        T* sum = sums.fill<T>();
        for (int j = 0; j < width; ++j) {
          sum[j] = i == 0 ? in.get<T>()[j] : scalar::add_of(sum[j], in.get<T>()[j]);
        }
        store_dense(dtype, lane_of(dtype), sums, width, out.data(), offset);
      }
    }
  }
}

}  // namespace

void eval_reduction(const Element& tree, std::span<const Tensor> operands,
                    const std::string& subject, Tensor& out) {
  ReducedValues values(tree, operands, subject, concrete(out.type().shape));
  switch (values.lane()) {
    case Lane::kF32:
      return reduce_as<float>(tree->reduce, values, out);
    case Lane::kF64:
      return reduce_as<double>(tree->reduce, values, out);
    case Lane::kI64:
      return reduce_as<std::int64_t>(tree->reduce, values, out);
    case Lane::kU64:
      return reduce_as<std::uint64_t>(tree->reduce, values, out);
    case Lane::kBool:
      return reduce_as<std::uint8_t>(tree->reduce, values, out);
    case Lane::kRaw:
      break;
  }
  BAFE_CHECK(values.lane() != Lane::kRaw, "a reduction computes");
}

void eval_scan(const Tensor& x, int axis, Tensor& out) {
  std::vector<std::int64_t> sizes = concrete(x.type().shape);
  auto at = static_cast<std::size_t>(axis);
  std::int64_t inner = row_major_strides(sizes)[at];
  switch (lane_of(x.type().dtype)) {
    case Lane::kF32:
      return scan_as<float>(x, sizes[at], inner, out);
    case Lane::kF64:
      return scan_as<double>(x, sizes[at], inner, out);
    case Lane::kI64:
      return scan_as<std::int64_t>(x, sizes[at], inner, out);
    default:
      return scan_as<std::uint64_t>(x, sizes[at], inner, out);
  }
}

}  // namespace bafe
