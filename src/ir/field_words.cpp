// Fields of programs as words. Invariant: field_from_word(kind, field_word(v)) is v, names of a
// body's inputs aside.

#include "bafe/ir/field_words.h"

#include <algorithm>

#include "bafe/ir/attr_words.h"
#include "bafe/ir/text.h"

namespace bafe {

std::string field_word(const AttrValue& value) {
  if (attr_kind(value) != AttrKind::kGraph) return attr_word(value);
  std::string word = program_to_json(*std::get<std::shared_ptr<const Graph>>(value));
  std::replace(word.begin(), word.end(), ' ', '~');
  return word;
}

std::optional<AttrValue> field_from_word(AttrKind kind, std::string_view word) {
  if (kind != AttrKind::kGraph) return attr_from_word(kind, word);
  std::string text(word);
  std::replace(text.begin(), text.end(), '~', ' ');
  try {
    return std::make_shared<const Graph>(program_from_json(text));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace bafe
