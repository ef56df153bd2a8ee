#pragma once
/// From a decided program to an executable plan with its C text.

#include <vector>

#include "bafe/codegen/plan.h"
#include "bafe/cost/schedule.h"
#include "bafe/cost/target.h"

namespace bafe {

struct LowerOptions {
  bool bits =
      false;  ///< math="bits": no regrouping inside kernels, sums in the interpreter's order
  bool fast = false;  ///< math="fast": approximations allowed
  bool pairs = true;  ///< false: f32 products are not taken through bf16, though the class allows
  bool attention = true;  ///< false: attention groups run as their parts
  /// How register tiles cut the i-th product, of product_tilings()[i] ways; what is missing is 0,
  /// the model's. Values do not depend on it.
  std::vector<int> tilings = {};
  /// Groups that the host's array library runs, of host_groups() (codegen/host.h).
  std::vector<int> host = {};
};

/// Emits one C translation unit and the steps over slots. Input slots carry the caller's order
/// (program.layouts of the input nodes); output slots the roots' order.
/// Errors: none for a valid program; InternalError names the group otherwise.
Plan build_plan(const Program& program, const Target& target, const LowerOptions& options = {});

/// In how many ways each product of the plan may be cut, in the order of LowerOptions::tilings.
std::vector<int> product_tilings(const Program& program, const Target& target,
                                 const LowerOptions& options = {});

}  // namespace bafe
