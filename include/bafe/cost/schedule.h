#pragma once
/// A program with its decisions: how every value is stored and which operators share a kernel.
/// Plain data, made by search, priced by cost, turned into code by codegen.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bafe/ir/graph.h"
#include "bafe/ir/structure.h"

namespace bafe {

/// How a value exists at run time: the (order, form) of its state.
struct Layout {
  enum Form : std::uint8_t { kBuffer, kStream };
  Form form = kBuffer;     ///< a stream is never stored: it lives in registers of its group
  std::vector<int> order;  ///< axis order of the dense buffer, slowest first; row = 0 1 2 …
  int blocked =
      0;  ///< > 0: packed GEMM panels of this width (order then says which matrix is packed)
  bool tensor_core = false;

  static Layout row(int rank);
  static Layout col(int rank);
  bool is_row() const;
  std::string text()
      const;  ///< "@row", "@col", "@order(0 2 1)", "@blocked(48)", "@tc"; "~" before a stream
  friend bool operator==(const Layout&, const Layout&) = default;
};

/// "row", "col", "blocked", "tc", "order(0 2 1)" for `rank` axes; ShapeError naming the known
/// layouts otherwise.
Layout layout_from_text(const std::string& text, int rank);

enum class GroupKind : std::uint8_t {
  kPointwise,  ///< element-wise nest over one domain (movement folded into indices)
  kReduction,  ///< reductions with pointwise prologue and epilogue
  kRow,        ///< several passes over a row that stays in cache (softmax, norms)
  kMatmul,     ///< contraction with prologue while packing and epilogue
  kLibrary,    ///< host routine
  kScan,       ///< prefix sums
  kAttention,  ///< contraction, row program, contraction, by blocks of rows (cost/attention.h)
};
const char* group_kind_text(GroupKind kind);

/// Operators fused in one kernel.
struct Group {
  GroupKind kind = GroupKind::kPointwise;
  std::vector<ValueId> nodes;  ///< operands first; every stream value of the group, and its outputs
  std::vector<ValueId> outputs;  ///< stored values, each a kBuffer
  double predicted_ns = 0;
  double flops = 0, bytes = 0;
};

/// The chosen program: no kNamed nodes; layouts by ValueId index; groups in execution order. A
/// stream value may be computed in several groups (recomputation is legal, the program is pure).
/// Inputs and fills are in no group.
struct Program {
  Graph graph;
  std::vector<Layout> layouts;
  std::vector<Group> groups;
  /// Where matrices are zero, by ValueId index; empty: nothing may be assumed (math="bits").
  std::vector<Structure> structures;
  double predicted_ns = 0;
  /// Bodies of loops and branches, decided likewise, by their canonical_text().
  std::map<std::string, std::shared_ptr<const Program>> bodies = {};
  const Structure& structure(ValueId id) const;  ///< nothing known when there is none
  /// The decided form of a body; nullptr when there is none.
  const Program* body(const Graph& graph) const;
  std::string text()
      const;  ///< the layout-tagged text form: each node with its @layout, groups as comments
};

}  // namespace bafe
