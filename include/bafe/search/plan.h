#pragma once
/// From a plain graph to a decided program: which values are stored, in which order, and which
/// operators share a kernel. No rewrite happens here.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "bafe/cost/cost_model.h"
#include "bafe/cost/result_order.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// What one group may hold. A group is a set of operators closed towards its outputs: every node
/// reaches an output through nodes of the group. Its other operands are buffers (inputs, constants,
/// outputs of earlier groups) or fills.
///
///   kPointwise  pointwise and movement; all outputs have one shape.
///   kReduction  reductions of operands of one shape over the same axes, none fed by another;
///   before them pointwise
///               and movement; after them pointwise and movements that only permute axes or add and
///               drop axes of size 1.
///   kRow        as kReduction, over trailing axes, and results may be broadcast back along the
///   reduced axes; further
///               reductions may follow. Every value after a reduction is one number a row, or a
///               whole row in place.
///   kMatmul     one contraction; operands pulled through pointwise and movement; after it as
///   kReduction. Operands of
///               the epilogue that do not depend on the product may be any pulled value.
///   kScan       one scan, the only output, with a pulled operand.
///   kLibrary    the routine alone; its operands and its result are row-major buffers.
///
///   kAttention  two contractions and a row program between them, as attention_form() says.
///
/// kLayout nodes count as movement with the identity access. At most kMaxGroupNodes nodes.
/// Returns nullopt when the set is none of these; `why`, if given, then says what forbids it.
std::optional<GroupKind> legal_group(const Graph& graph, std::span<const ValueId> nodes,
                                     std::span<const ValueId> outputs, std::string* why = nullptr);

/// The form that grouping and code generation expect: no named nodes, compact, every root a
/// distinct non-leaf (a layout_transform is put over inputs, fills, constants and repeated roots),
/// library operands that are not row-major buffers copied by one as well.
Graph plan_form(const Graph& graph);

class GroupMemo;  // src/search/group_memo.h

/// What several plans share, and what ends one early.
struct PlanAid {
  GroupMemo* memo = nullptr;   ///< prices of groups met before, under the same cost model
  std::function<bool()> stop;  ///< polled; true: the partition reached so far is the answer
  bool keeps_sums = false;     ///< math="bits": no kernel may change the order of a sum
};

/// Decides forms, orders and groups of a graph in plan form by price. Deterministic. Never fails:
/// the finest partition is always legal. structured: known zeros of matrices may be skipped (class
/// `finite`).
Program plan_groups(Graph graph, const CostModel& cost, bool structured = false,
                    const PlanAid& aid = {});

/// Asserts what Program promises: every stored value is an output of exactly one group, groups are
/// legal and in execution order, orders are permutations. InternalError names the group.
void check_program(const Program& program);

}  // namespace bafe
