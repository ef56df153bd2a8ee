#pragma once
/// Fields of programs as words: attribute words, and bodies of loops and branches as JSON.

#include <optional>
#include <string>
#include <string_view>

#include "bafe/ir/attrs.h"

namespace bafe {

/// As attr_word(); a body is its JSON with "~" for a space, so that names of its inputs may change.
std::string field_word(const AttrValue& value);
/// Nothing when the text is no word of this kind.
std::optional<AttrValue> field_from_word(AttrKind kind, std::string_view word);

}  // namespace bafe
