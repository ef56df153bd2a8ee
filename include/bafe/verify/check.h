#pragma once
/// The automatic checks of a rule: types, values against the interpreter, and numeric stability.
/// They need nothing but the rule.

#include <cstdint>
#include <string>
#include <vector>

#include "bafe/rules/rule.h"
#include "bafe/verify/instance.h"

namespace bafe {

/// How input values are drawn.
enum class DataKind : std::uint8_t {
  kPlain,       ///< normal numbers; whole range for ints
  kLarge,       ///< scale 1e4
  kSmall,       ///< scale 1e-4
  kOffset,      ///< 1e4 plus small noise
  kSorted,      ///< ascending
  kOneHot,      ///< zeros and one 1
  kCancelling,  ///< large numbers that cancel within a tensor, plus small noise
  kSpecial,     ///< NaN, Inf, both zeros, subnormals among plain numbers
  kPoles,       ///< 0, 1, -1, 2, 1/2 …: where quotients, roots and logarithms end
  kIntegers,    ///< -3 … 3
  kWide,        ///< up to 1e4, where exponentials overflow and sums of products do not
  kEdges,       ///< ints near the ends of their range and near 2^24 and 2^53
};
const char* data_kind_text(DataKind kind);

/// Fills the inputs of an instance so that its promises hold. `index_limit` > 0: ints lie in [0,
/// index_limit).
std::vector<Tensor> draw_inputs(const RuleInstance& instance, DataKind kind, int index_limit,
                                Dice& dice);

struct CheckOptions {
  std::uint64_t seed = 1;
  int instances = 6;    ///< per dtype and palette of sizes
  int attempts = 3000;  ///< tries for one instance before the rule counts as vacuous
};

struct CheckResult {
  bool passed = false;
  int instances = 0;           ///< matches that were evaluated
  std::vector<DType> dtypes;   ///< that it was checked on
  std::string counterexample;  ///< inputs and both sides in numbers; empty when passed
  /// "vacuous", "types", "values", "stability", "domain", "overflow"; empty when passed
  std::string failure;
  bool overflows = false;  ///< class domain: the left side overflows where the right one does not
};

/// Types and values of one direction on sizes 0, 1, odd and large, several ranks and all dtypes it
/// covers.
CheckResult check_values(const Rewrite& rewrite, const CheckOptions& options = {});
/// The stress test of section 3; directions that promise equal bits pass without it.
CheckResult check_stability(const Rewrite& rewrite, const CheckOptions& options = {});
/// At ordinary numbers, poles among them, one side has a finite value where the other has: "domain"
/// if not. Where only large numbers tell them apart ("overflow") class `domain` says so and passes.
CheckResult check_domain(const Rewrite& rewrite, const CheckOptions& options = {});
/// Numbers without rounding on sizes 0, 1, 2, 3, 5 and ranks 0 to 3: integers, and residues modulo
/// 2^61 - 1 where both sides are sums of products.
CheckResult check_exact(const Rewrite& rewrite, const CheckOptions& options = {});
/// Same bytes in the states that a move names.
CheckResult check_move(const Move& move, const CheckOptions& options = {});
/// All checks of all directions; the first failure.
CheckResult check_rule(const Rule& rule, const CheckOptions& options = {});

/// A copy of a graph that computes in f64 wherever it computes in another float type.
Graph in_double(const Graph& graph);

}  // namespace bafe
