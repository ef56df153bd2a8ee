#pragma once
/// Programs with parts exchanged. What no longer has a type is no program: nothing.

#include <functional>
#include <optional>

#include "bafe/ir/graph.h"

namespace bafe {

/// What becomes of a node: itself, or something of its type that stands for it.
enum class Stand : std::uint8_t { kNode, kInput, kZero, kOne, kOperand };

struct GraphEdit {
  std::vector<ValueId> roots;  ///< of the old program; empty: all of them
  ValueId place;               ///< the node that `stand` is about; invalid: none
  Stand stand = Stand::kNode;
  int operand = 0;                                         ///< kOperand: which one
  std::function<Dim(Dim)> size = [](Dim d) { return d; };  ///< of shapes and attributes
  std::function<DType(DType)> dtype = [](DType d) { return d; };
  bool plain_layouts = false;
};

/// Compact; unused inputs are left out.
std::optional<Graph> edited(const Graph& graph, const GraphEdit& edit);

}  // namespace bafe
