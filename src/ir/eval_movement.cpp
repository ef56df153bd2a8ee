// Pointwise and movement operators. In: an element tree and operands. Out: the result, block by
// block. Invariant: a value that is only moved keeps its bits.
#include <cstring>

#include "bafe/ir/walk.h"
#include "bafe/ir/walk_affine.h"
#include "eval_parts.h"

namespace bafe {
namespace {

/// Axes of one strided copy, neighbours joined where both sides allow it.
struct CopyLoop {
  std::vector<std::int64_t> sizes, strides;
};

CopyLoop copy_loop(const std::vector<std::int64_t>& sizes,
                   const std::vector<std::int64_t>& strides) {
  CopyLoop loop;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1) continue;
    if (!loop.sizes.empty() && loop.strides.back() == strides[i] * sizes[i]) {
      loop.sizes.back() *= sizes[i];
      loop.strides.back() = strides[i];
    } else {
      loop.sizes.push_back(sizes[i]);
      loop.strides.push_back(strides[i]);
    }
  }
  return loop;
}

template <class T>
void copy_row(const T* from, std::int64_t stride, std::int64_t n, T* to) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
}

template <class T>
void copy_strided(const CopyLoop& loop, const T* from, T* to) {
  if (loop.sizes.empty()) {
    *to = *from;
    return;
  }
  std::size_t outer = loop.sizes.size() - 1;
  std::int64_t n = loop.sizes[outer];
  std::vector<std::int64_t> index(outer);
  for (bool more = true; more; to += n) {
    copy_row(from, loop.strides[outer], n, to);
    more = false;
    for (std::size_t i = outer; i-- > 0;) {
      from += loop.strides[i];
      if (++index[i] < loop.sizes[i]) {
        more = true;
        break;
      }
      from -= loop.strides[i] * loop.sizes[i];
      index[i] = 0;
    }
  }
}

void copy_elements(const CopyLoop& loop, const Tensor& x, std::int64_t base, Tensor& out) {
  switch (dtype_bytes(out.type().dtype)) {
    case 1:
      return copy_strided(loop, x.as<std::uint8_t>() + base, out.as<std::uint8_t>());
    case 2:
      return copy_strided(loop, x.as<std::uint16_t>() + base, out.as<std::uint16_t>());
    case 4:
      return copy_strided(loop, x.as<std::uint32_t>() + base, out.as<std::uint32_t>());
    default:
      return copy_strided(loop, x.as<std::uint64_t>() + base, out.as<std::uint64_t>());
  }
}

}  // namespace

void eval_pointwise(const Element& tree, std::span<const Tensor> operands,
                    const std::string& subject, Tensor& out) {
  Walker walker(tree, types_of(operands), out.type().dtype, subject);
  for (std::int64_t at = 0; at < out.count(); at += kWalkBlock) {
    int n = static_cast<int>(std::min<std::int64_t>(kWalkBlock, out.count() - at));
    store_dense(out.type().dtype, walker.lane(), walker.run(operands, at, n), n, out.data(), at);
  }
}

void eval_movement(const Element& tree, std::span<const Tensor> operands,
                   const std::string& subject, Tensor& out) {
  std::vector<std::int64_t> sizes = concrete(out.type().shape);
  if (tree->prim == Prim::kRead) {
    const Tensor& x = operands[static_cast<std::size_t>(tree->number)];
    if (auto position = affine_read(tree, concrete(x.type().shape), sizes, {})) {
      return copy_elements(copy_loop(sizes, position->index), x, position->base, out);
    }
  }
  Walker walker(tree, types_of(operands), out.type().dtype, subject);
  std::vector<std::int64_t> strides = row_major_strides(sizes);
  for (std::int64_t at = 0; at < out.count(); at += kWalkBlock) {
    int n = static_cast<int>(std::min<std::int64_t>(kWalkBlock, out.count() - at));
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
      std::int64_t* column = walker.index_column(static_cast<int>(axis));
      if (column != nullptr) fill_coordinate(at, strides[axis], sizes[axis], n, column);
    }
    store_dense(out.type().dtype, walker.lane(), walker.run(operands, at, n), n, out.data(), at);
  }
}

}  // namespace bafe
