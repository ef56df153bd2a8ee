#pragma once
/// softmax(f(q k^T)) v as one group: a contraction, a row program over its result, a contraction of
/// that. Search recognises it, cost prices it, codegen lowers it from this one description.

#include <optional>
#include <span>
#include <string>

#include "bafe/cost/cost_model.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// The parts of such a group. At query i, key j, column c:
///   exponent = gap times or over one number, gap = logits[i, j] - shift[i], where shift is a
///              function of peak[i] = max over j of peaked[i, j]; without a gap any function of the
///              scores
///   power = exp(exponent)
///   total[i] = sum over j of power[i, j]
///   weight[i, j] = power[i, j] times or over functions of row i
///   product[i, c] = sum over j of weight[i, j] * v[j, c]
struct AttentionForm {
  ValueId scores;   ///< [.., m, n], the first contraction
  ValueId product;  ///< [.., m, d], the second
  ValueId exponent, power, total, weight;
  ValueId gap, logits, shift, peak, peaked;  ///< invalid if nothing is subtracted
};

/// The form of `nodes` (ascending) with one output, which depends on the product: row-wise
/// functions of peak and total may follow, and permutations of axes. nullopt when the nodes are
/// anything else; `why`, if given, then says what.
std::optional<AttentionForm> attention_form(const Graph& graph, std::span<const ValueId> nodes,
                                            std::span<const ValueId> outputs,
                                            std::string* why = nullptr);

/// As one kernel over blocks of queries and keys: no traffic of scores.
GroupCost attention_cost(const Program& program, const Group& group, const Machine& machine);

}  // namespace bafe
