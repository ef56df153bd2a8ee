#pragma once
/// Products checked as wholes, without computing them. Private to src/runtime.

#include <optional>
#include <span>
#include <string>

#include "bafe/ir/eval.h"

namespace bafe {

/// Where root `which` of `graph` is made of products, sums and transpositions of matrices alone: is
/// `got` times a drawn vector without zeros what the matrices give one after another (Freivalds)?
/// Every row is compared, and a row with one wrong element always differs. Exact in f64 for
/// integers as exact_magnitude() allows. Empty when it is, the row that differs otherwise; nothing
/// when the root is made otherwise or has no two axes.
std::optional<std::string> product_difference(const Graph& graph, std::size_t which,
                                              std::span<const Tensor> inputs,
                                              const ConstantTable& constants, const Tensor& got);

}  // namespace bafe
