#pragma once
/// Programs that differ only in sizes, as one program over symbols.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/ir/binding.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// Equal for compact graphs that differ in nothing but integers of attributes, sizes of inputs and
/// values of fills. Equal in every process.
std::uint64_t outline_hash(const Graph& compact);

/// What one traced program says about a symbolic one: its sizes, and the fills that depend on them.
struct ProgramSizes {
  Binding binding;
  std::vector<Scalar> numbers;
};

/// One program for many sizes. `graph` has symbolic sizes; fills whose value differed between the
/// samples (the length of an axis, as a float) are 0-d inputs behind the `inputs` of the traced
/// programs.
///
/// Every symbol stands for sizes of at least 2: sizes 0 and 1 broadcast and vanish by rules of
/// their own.
class SymbolicProgram {
 public:
  Graph graph;
  int inputs = 0;
  std::vector<std::string> symbols;

  /// The sizes under which this is exactly `compact`, node for node; nullopt when there are none,
  /// or when a symbolic size would be below 2.
  std::optional<ProgramSizes> match(const Graph& compact) const;

 private:
  friend class Generaliser;
  struct Step {
    Op op;
    std::vector<ValueId> operands;
    Attrs attrs;
    int number = -1;  ///< of a fill: which of the numbers it holds
  };
  std::vector<Step> steps_;
  std::vector<ValueId> roots_;
  std::vector<InputInfo> infos_;
  int numbers_ = 0;
};

/// The least general program that has every sample as a case, as far as sizes are equal numbers,
/// multiples, sums and products of sizes of inputs. nullopt when the samples differ in more than
/// sizes, or when an operator cannot be typed with symbols; `why` then says so.
///
/// Needs: at least two compact graphs. Time: O(nodes * symbols^2) and one type inference a node.
std::optional<SymbolicProgram> generalise(std::span<const Graph> samples, std::string* why);

/// A graph over symbols with numbers put in: inputs from `inputs` on become fills of
/// `sizes.numbers`. Types are inferred anew, so what does not hold for these sizes is a ShapeError.
Graph instantiate(const Graph& symbolic, int inputs, const ProgramSizes& sizes);

}  // namespace bafe
