#pragma once
/// Programs that are valid by construction, drawn from the operator table: attributes are proposed
/// by the name and kind of their field and kept when the operator's own type rule takes them, so
/// that an operator added to the table is drawn without an edit here. Values that are no numbers,
/// or too large, are mended or left out by evaluating every node once.

#include "bafe/fuzz/chance.h"
#include "bafe/ir/builder.h"

namespace bafe {

struct GenerateLimits {
  int most_steps = 10;  ///< operators called; each may leave several nodes
  int most_rank = 4;
  std::int64_t most_elements = 1024;
  int most_roots = 3;
};

Graph generate_program(std::uint64_t seed, const GenerateLimits& limits = {});

}  // namespace bafe
