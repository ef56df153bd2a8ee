#pragma once
/// Internal: the interpreter by kind of operator. Operands are dense, aligned, with concrete types;
/// `out` is zeroed memory of the result's type.

#include <span>
#include <string>
#include <vector>

#include "bafe/ir/meaning.h"
#include "bafe/ir/tensor.h"

namespace bafe {

void eval_pointwise(const Element& tree, std::span<const Tensor> operands,
                    const std::string& subject, Tensor& out);
void eval_movement(const Element& tree, std::span<const Tensor> operands,
                   const std::string& subject, Tensor& out);
void eval_reduction(const Element& tree, std::span<const Tensor> operands,
                    const std::string& subject, Tensor& out);
void eval_contraction(const Tensor& a, const Tensor& b, Tensor& out);
void eval_scan(const Tensor& x, int axis, Tensor& out);

inline std::vector<Type> types_of(std::span<const Tensor> tensors) {
  std::vector<Type> types;
  for (const Tensor& t : tensors) types.push_back(t.type());
  return types;
}

}  // namespace bafe
