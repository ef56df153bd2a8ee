#pragma once
/// Internal: composites as what they stand for.

#include "bafe/ir/builder.h"

namespace bafe {

/// Builds the definition of a composite over `operands` and answers its value.
ValueId expand_composite(Builder& builder, const OpInfo& info, std::span<const ValueId> operands,
                         const Attrs& attrs);
/// The type that the expansion has.
Type composite_type(const OpInfo& info, std::span<const Type> operands, const Attrs& attrs);
/// Does the composite leave the axes it is given as size 1 (mean), or keep them (softmax)?
bool composite_reduces(const OpInfo& info);

}  // namespace bafe
