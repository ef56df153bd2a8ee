#pragma once
/// Element trees over blocks of elements: a tree becomes a list of steps, one a distinct subtree,
/// and each step works on a column of up to kWalkBlock values.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bafe/ir/meaning.h"
#include "bafe/ir/tensor.h"

namespace bafe {

inline constexpr int kWalkBlock = 512;

/// What a column holds. f16 and bf16 compute in f32; signed integers in i64, unsigned in u64,
/// narrowed when stored. Raw is the stored bits, for operators that only move values.
enum class Lane : std::uint8_t { kF32, kF64, kI64, kU64, kBool, kRaw };

Lane lane_of(DType dtype);

/// One column; `at` may point into a tensor whose elements need no conversion.
struct Column {
  alignas(64) std::uint64_t room[kWalkBlock];
  const void* at = room;
  template <class T>
  const T* get() const {
    return static_cast<const T*>(at);
  }
  template <class T>
  T* fill() {
    at = room;
    return reinterpret_cast<T*>(room);
  }
};

/// column[i] = element offset + stride * i, for i < n.
void load_strided(DType dtype, Lane lane, const std::byte* base, std::int64_t offset,
                  std::int64_t stride, int n, Column& column);
/// column[i] = element flat[i]; 0 where flat[i] is negative.
void load_at(DType dtype, Lane lane, const std::byte* base, const std::int64_t* flat, int n,
             Column& column);
/// Narrows, or rounds once.
void store_dense(DType dtype, Lane lane, const Column& column, int n, std::byte* base,
                 std::int64_t offset);
/// As Scalar::cast, then widened to the lane of `to`.
void convert_column(Lane from, const Column& in, DType to, int n, Column& out);

/// One step. Registers are columns; `mask` (-1: all) says which elements are chosen, so that errors
/// of the side that Select does not choose stay silent.
struct WalkStep {
  Prim prim = Prim::kLiteral;
  Lane lane = Lane::kI64;     ///< of the operands; of the result for leaves
  DType dtype = DType::kI64;  ///< of the tensor read, of a literal, or the target of Cast
  int dst = 0, a = -1, b = -1, c = -1, mask = -1;
  std::int64_t number = 0;  ///< operand, axis, variable or integer
  double literal = 0;
  std::vector<int> indices;                  ///< Read: one register an axis
  std::vector<std::int64_t> sizes, strides;  ///< Read: of the operand
};

class Walker {
 public:
  /// Needs: no Reduce in the tree. `subject` names the operator in errors. A tree that only moves
  /// values yields the Raw lane, unless `computes`.
  Walker(const Element& tree, std::span<const Type> operands, DType result, std::string subject,
         bool computes = false);
  Walker(const Walker&) = delete;
  Walker& operator=(const Walker&) = delete;

  /// Column of an output axis or a bound variable that the caller fills before run; nullptr when
  /// unused.
  std::int64_t* index_column(int axis) { return leaf_column(index_registers_, axis); }
  std::int64_t* bound_column(int variable) { return leaf_column(bound_registers_, variable); }

  /// Values of n <= kWalkBlock elements; Arg reads operand elements [offset, offset + n).
  /// Errors: ShapeError for an index out of range and for a negative integer power.
  const Column& run(std::span<const Tensor> operands, std::int64_t offset, int n);
  Lane lane() const { return root_lane_; }

 private:
  friend class WalkCompiler;
  std::int64_t* leaf_column(const std::vector<int>& registers, int i);
  void run_step(const WalkStep& step, std::span<const Tensor> operands, std::int64_t offset, int n);
  void run_leaf(const WalkStep& step, std::span<const Tensor> operands, std::int64_t offset, int n);
  void run_read(const WalkStep& step, const Tensor& operand, int n);
  void run_lookup(const WalkStep& step, int n);
  void run_select(const WalkStep& step, int n);
  void run_of_index(const WalkStep& step, int n);
  template <class T>
  void run_arithmetic(const WalkStep& step, int n);
  template <class T>
  void run_float(const WalkStep& step, int n);
  template <class T>
  void run_integer(const WalkStep& step, int n);
  void run_truth(const WalkStep& step, int n);

  std::string subject_;
  std::vector<WalkStep> steps_;
  std::vector<Column> columns_;
  std::vector<int> index_registers_, bound_registers_;
  int root_ = 0;
  Lane root_lane_ = Lane::kI64;
};

/// Fills a column with one coordinate of the elements flat, flat + 1, … of a row-major array:
/// (flat / stride) mod size.
void fill_coordinate(std::int64_t flat, std::int64_t stride, std::int64_t size, int n,
                     std::int64_t* column);

}  // namespace bafe
