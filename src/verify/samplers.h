#pragma once
/// Candidate types and attribute values for one node of an instance. Candidates may be wrong: the
/// operator's own rule decides.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bafe/verify/instance.h"

namespace bafe {

/// A type for an operand that nothing fixes yet. `known` are the types of operands already there,
/// `wanted` the result type if the context fixes it.
Type sample_type(const InstanceOptions& options, int rank, const std::vector<Type>& known,
                 const std::optional<Type>& wanted, Dice& dice);

/// A value for the field `field` of an operator over `operands`. `scratch` keeps fields that depend
/// on each other (start, size, step) together.
std::optional<AttrValue> sample_field(const AttrField& field, const std::vector<Type>& operands,
                                      const std::optional<Type>& wanted,
                                      const InstanceOptions& options,
                                      std::map<std::string, AttrValue>& scratch, Dice& dice);

}  // namespace bafe
