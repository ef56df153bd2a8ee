#pragma once
/// Attribute values as words without spaces, for line-based texts.

#include <optional>
#include <string>
#include <string_view>

#include "bafe/ir/attrs.h"

namespace bafe {

/// "8", "2*n+1", "(1,0)", "f32", "1.5:f32", "\"order(0~2~1)\"": "~" stands for a space. A body
/// graph has no word: "\"graph\"".
std::string attr_word(const AttrValue& value);
/// Nothing when the text is no word of this kind.
std::optional<AttrValue> attr_from_word(AttrKind kind, std::string_view word);

}  // namespace bafe
