#pragma once
/// One run of an executable on a case's arguments, compared with what the interpreter gave.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bafe/fuzz/case.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// What the interpreter makes of one set of arguments.
struct FuzzWanted {
  std::vector<Tensor> inputs, results;
  bool fails = false;       ///< the program refuses these arguments
  bool is_settled = false;  ///< every intermediate float is a number
  double largest = 0;       ///< of the float intermediates
  DType coarsest = DType::kF64;
};
FuzzWanted want(const FuzzCase& one, const ConstantTable& constants, int set);

/// How far results may lie apart, element by element; found when first asked for.
class FuzzAllowance {
 public:
  /// `chosen` is what was compiled; rounds: products of f32 round their operands to bf16.
  FuzzAllowance(const FuzzCase& one, const Graph& chosen, const FuzzWanted& wanted,
                const ConstantTable& constants, bool rounds)
      : one_(one), chosen_(chosen), wanted_(wanted), constants_(constants), rounds_(rounds) {}
  /// Of element i of a root.
  double of(std::size_t root, std::int64_t i);

 private:
  void find();
  double plain() const;
  const FuzzCase& one_;
  const Graph& chosen_;
  const FuzzWanted& wanted_;
  const ConstantTable& constants_;
  bool rounds_;
  bool is_found_ = false;
  std::optional<std::vector<Tensor>> written_, changed_;
};

/// Results of one run, row-major; nothing when it reports an error. Outputs lie between guards, so
/// that a write beside them is noticed: InternalError.
std::optional<std::vector<Tensor>> run_case(const Executable& executable, const FuzzCase& one,
                                            const std::vector<Tensor>& inputs, int threads);

/// Empty, or where and how the results differ.
std::string differ(const FuzzCase& one, const FuzzWanted& wanted,
                   const std::optional<std::vector<Tensor>>& got, FuzzAllowance& allowance);
/// Does it use functions that kernels compute by polynomials, within units in the last place?
bool has_elementary(const Graph& graph);
/// Empty, or where the bits differ, NaN payload aside.
std::string differ_in_bits(const std::vector<Tensor>& want, const std::vector<Tensor>& got);

}  // namespace bafe
