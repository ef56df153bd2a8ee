#pragma once
/// Where an element of an operand is read, as a function of the index of the result: what fusion
/// legality and prices need to know about a movement, taken from its element tree.

#include <cstdint>
#include <optional>
#include <vector>

#include "bafe/ir/graph.h"

namespace bafe {

/// offset + sum of step[a] * index a.
struct LinearIndex {
  std::int64_t offset = 0;
  std::vector<std::int64_t> step;  ///< one an axis of the domain
  friend bool operator==(const LinearIndex&, const LinearIndex&) = default;
};

/// One linear index for every axis of the value that is read.
using Access = std::vector<LinearIndex>;

Access identity_access(int rank);
/// How a movement reads its operand 0 when it reads that operand at exactly one linear place:
/// transposes, broadcasts, squeezes, slices, layout changes. nullopt for reshape, concat, pad, take
/// and others.
std::optional<Access> operand_access(const Graph& graph, ValueId movement);
/// outer: domain -> value; inner: value -> operand. Result: domain -> operand.
Access compose(const Access& outer, const Access& inner, int domain_rank);

/// For every axis of the operand the result axis it equals, or -1 (size 1); nullopt unless the
/// movement only permutes axes or adds and drops axes of size 1.
std::optional<std::vector<int>> axis_permutation(const Graph& graph, ValueId movement);

/// Leaves, told apart by the kind of their first field.
bool is_input(const Graph& graph, ValueId id);
bool is_fill(const Graph& graph, ValueId id);

/// Concrete size, or 64 where a dim is symbolic: prices need a number.
std::int64_t size_of(Dim dim);
std::int64_t element_count(const Shape& shape);
double bytes_of(const Type& type);

/// Arithmetic slots that one element of a pointwise operator takes in a vector loop: an addition
/// is 1.
double element_weight(Op op);
/// The same for one element of a movement (index arithmetic, masks).
double movement_weight(const Graph& graph, ValueId movement);

/// Does the scan `id` run along the last axis of its operand?
bool scans_last_axis(const Graph& graph, ValueId id);

}  // namespace bafe
