#pragma once
/// A few elements of a program's results, as a program of their own: only what they depend on is
/// computed.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// Wanted positions along each axis, ascending; the elements are their product.
using Picks = std::vector<std::vector<std::int64_t>>;

struct PartLimits {
  double flops = 4e6;
  double elements = 2e5;  ///< of all intermediate values together
};

/// Where an input of the part comes from.
struct PartSource {
  enum Kind : std::uint8_t {
    kInput,     ///< elements `flat` of input `input` of the whole program
    kConstant,  ///< elements `flat` of the constant `digest`
    kValues,    ///< `values`: positions, or elements made of positions
  };
  Kind kind = kValues;
  int input = -1;
  std::string digest;
  std::vector<std::int64_t> flat;  ///< row-major
  Tensor values;
};

struct PartProgram {
  Graph graph;
  std::vector<PartSource> sources;                ///< of the inputs of `graph`
  std::vector<std::vector<std::int64_t>> wanted;  ///< by root: row-major positions of its elements

  /// The part's arguments, from row-major ones of the whole program.
  std::vector<Tensor> arguments(std::span<const Tensor> inputs,
                                const ConstantTable& constants) const;
};

/// Walks from the picked elements of every root back to the inputs: pointwise operators keep the
/// picks, sums widen them to whole axes, what moves elements is followed through its element tree,
/// and an operator without such a tree (scans, host routines, looked-up positions) is computed as a
/// whole. Nothing when that exceeds the limits.
/// Needs: concrete shapes, no named composites (flatten_named).
std::optional<PartProgram> part_of(const Graph& graph, std::span<const Picks> roots,
                                   const PartLimits& limits = {});

}  // namespace bafe
