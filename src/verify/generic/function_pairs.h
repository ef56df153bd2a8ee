#pragma once
/// Functions of lists that undo each other.

#include <optional>
#include <string>

#include "int_term.h"

namespace bafe::generic {

/// x with function(x) = t, by the names that lists give their functions.
std::optional<IntTerm> inverse_application(const std::string& function, IntTerm t);
/// x with x - before(x) = t, where `difference` is that of `axis`.
std::optional<IntTerm> inverse_difference(IntTerm difference, IntTerm axis, IntTerm t);

}  // namespace bafe::generic
