#pragma once
/// The interpreter: the meaning of the IR. Floats round after every operator in their dtype (f16
/// and bf16 compute in f32); f32 functions such as exp are computed in double and rounded once.
/// Integers wrap; an integer divided by zero gives 0, the smallest over -1 wraps. max and min
/// propagate NaN and order zeros (max(-0, +0) = +0, min = -0), so that they commute and associate
/// in bits. Sums follow sum_order.h. Single numbers: scalar_math.h.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bafe/ir/graph.h"
#include "bafe/ir/tensor.h"

namespace bafe {

/// Arrays of bafe.constant by digest.
using ConstantTable = std::unordered_map<std::string, Tensor>;

/// Values of the roots. Pointwise trees run over blocks of elements; sums follow the fixed order of
/// `bits` (rules/rule.h). Errors: ShapeError when an index is out of range (subject "take" …),
/// a negative integer power …
std::vector<Tensor> evaluate(const Graph& graph, std::span<const Tensor> inputs,
                             const ConstantTable& constants = {});
/// Values of all live nodes, by ValueId index (empty Tensor elsewhere): for per-node comparison.
std::vector<Tensor> evaluate_all(const Graph& graph, std::span<const Tensor> inputs,
                                 const ConstantTable& constants = {});

/// Integers modulo p = 2^61 - 1: ring operators exact; exp, division and the like are keyed hashes,
/// so equal terms agree and wrong indices show. Floats and ints alike are drawn from the field;
/// bools and integer operands of take/gather stay ordinary.
struct ZpTensor {
  Type type;
  std::vector<std::uint64_t> values;
};
std::vector<ZpTensor> evaluate_zp(const Graph& graph, std::span<const ZpTensor> inputs);

/// Host routines of kLibrary operators (Eigen): inputs dense row-major, one output; returns a
/// KernelStatus-like code (0 ok, 3 singular, 4 not positive definite).
using LibraryRoutine = int (*)(std::span<const Tensor> inputs, Tensor& output);
LibraryRoutine library_routine(std::string_view op_name);  ///< nullptr when there is none

}  // namespace bafe
