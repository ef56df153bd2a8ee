#pragma once
/// The one place that says in which order a sum or a product of many floats is taken. The
/// interpreter follows it always; generated C follows it where the same bits are promised. Integers
/// wrap, so any order serves them.
///
/// x[0 .. n) are the reduced elements of one output, row-major over the reduced axes, converted to
/// the accumulator's type (f64 for f64, f32 for f32, f16 and bf16). e is the neutral element: +0,
/// or 1 for a product.
///   1. Runs. Run r holds x[256 r .. 256 (r + 1)), the last one what is left. In each run, lane l
///      of 16 is a chain that starts at e:
///        v[l] = e;  for t = 0, 1, …:  v[l] = v[l] + x[256 r + 16 t + l]
///      Elements that a short run lacks are skipped; adding e instead gives the same bits.
///   2. Tree. The lane vectors of all runs are added lane by lane in a fixed binary tree. Of c runs
///      the first p (the largest power of two below c) form the left part, the others the right:
///        tree(c) = tree(left p) + tree(right c - p)
///      So any 16 runs that start at a multiple of 16 (a block of 4096 elements) are one subtree:
///      a unit of work that may be summed apart.
///   3. Lanes. One vector is left; the sum is v[0] after
///        for w = 8, 4, 2, 1:  v[l] = v[l] + v[l + w]  for l < w
///   4. The result is rounded once to the dtype. An empty sum is e.
/// A sum over one axis of n <= 16 elements is therefore the tree of step 3 alone. Chains are at
/// most 16 long, so the error bound, about (12 + log2 n) u sum|x|, is that of NumPy's pairwise sum
/// of blocks of 128.
///
/// A matrix product does not use this order: each element is one chain acc = fma(a[k], b[k], acc),
/// k ascending, from +0; f16 and bf16 in f32, rounded once at the end. cumsum is one chain y[0] =
/// x[0], y[i] = y[i-1] + x[i] in the accumulator's type; each y is rounded to the dtype when
/// stored, the chain is not.

#include <cstdint>

namespace bafe {

inline constexpr int kSumLanes = 16;
inline constexpr std::int64_t kSumRun = 256;     ///< elements of one run
inline constexpr std::int64_t kSumBlock = 4096;  ///< elements of an aligned subtree of 16 runs

/// Collects runs in ascending order and gives the result of steps 2 and 3. T: float or double;
/// Combine: a + b or a * b.
template <class T, class Combine>
class SumTree {
 public:
  SumTree(T neutral, Combine combine) : neutral_(neutral), combine_(combine) {}

  /// The next run: `count` <= kSumRun elements; every run but the last is full.
  void add_run(const T* x, std::int64_t count) {
    Lanes run;
    for (T& lane : run.v) lane = neutral_;
    std::int64_t t = 0;
    for (; t + kSumLanes <= count; t += kSumLanes) {
      for (int l = 0; l < kSumLanes; ++l) run.v[l] = combine_(run.v[l], x[t + l]);
    }
    for (int l = 0; t + l < count; ++l) run.v[l] = combine_(run.v[l], x[t + l]);
    push(run);
  }

  T result() {
    if (depth_ == 0) return neutral_;
    while (depth_ > 1) merge_top();
    Lanes& top = stack_[0];
    for (int w = kSumLanes / 2; w > 0; w /= 2) {
      for (int l = 0; l < w; ++l) top.v[l] = combine_(top.v[l], top.v[l + w]);
    }
    T sum = top.v[0];
    depth_ = 0;
    runs_ = 0;
    return sum;
  }

 private:
  struct Lanes {
    T v[kSumLanes];
  };
  /// The stack holds complete subtrees of falling size: those of the binary digits of runs_.
  void push(const Lanes& run) {
    stack_[depth_++] = run;
    ++runs_;
    for (std::uint64_t digits = runs_; (digits & 1) == 0; digits >>= 1) merge_top();
  }
  void merge_top() {
    Lanes& left = stack_[depth_ - 2];
    const Lanes& right = stack_[depth_ - 1];
    for (int l = 0; l < kSumLanes; ++l) left.v[l] = combine_(left.v[l], right.v[l]);
    --depth_;
  }

  T neutral_;
  Combine combine_;
  int depth_ = 0;
  std::uint64_t runs_ = 0;
  Lanes stack_[64];
};

}  // namespace bafe
