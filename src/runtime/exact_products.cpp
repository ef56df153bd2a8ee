// In: a program, a numeric class and a target. Out: whether compiled products could differ in bits
// from the interpreter's.

#include "bafe/runtime/exact_products.h"

#include <algorithm>

#include "bafe/ir/builder.h"
#include "bafe/ir/control.h"

namespace bafe {

bool needs_interpreted_products(const Graph& graph, Math math, const Target& target) {
  if (math != Math::kBits || target.fma) return false;
  const Graph flat = flatten_named(graph);
  const std::vector<ValueId> live = flat.live();
  return std::any_of(live.begin(), live.end(), [&](ValueId id) {
    for (const auto& body : bodies_of(flat.node(id).attrs)) {
      if (needs_interpreted_products(*body, math, target)) return true;
    }
    return op_info(flat.node(id).op).kind == OpKind::kContraction && is_float(flat.type(id).dtype);
  });
}

}  // namespace bafe
