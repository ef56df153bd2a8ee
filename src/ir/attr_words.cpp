// Attribute values as words. Invariant: attr_from_word(kind, attr_word(v)) is v for every value but
// a body graph and a text that holds "~".

#include "bafe/ir/attr_words.h"

#include <algorithm>

#include "bafe/ir/text.h"

namespace bafe {
namespace {

std::string size_word(Dim size) {
  if (size.is_const()) return std::to_string(size.value());
  std::string text = size.text();
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return text;
}

std::optional<AttrValue> list_from_word(std::string_view word) {
  if (word.size() < 2 || word.front() != '(' || word.back() != ')') return std::nullopt;
  word = word.substr(1, word.size() - 2);
  List out;
  while (!word.empty()) {
    std::size_t comma = std::min(word.find(','), word.size());
    std::optional<Dim> size = dim_from_text(word.substr(0, comma));
    if (!size) return std::nullopt;
    out.push_back(*size);
    word.remove_prefix(std::min(comma + 1, word.size()));
  }
  return out;
}

}  // namespace

std::string attr_word(const AttrValue& value) {
  if (const Dim* size = std::get_if<Dim>(&value)) return size_word(*size);
  if (const DType* dtype = std::get_if<DType>(&value)) return std::string(dtype_info(*dtype).name);
  if (const Scalar* scalar = std::get_if<Scalar>(&value)) return scalar_text(*scalar);
  if (const List* list = std::get_if<List>(&value)) {
    std::string out = "(";
    for (Dim size : *list) out += (out.size() > 1 ? "," : "") + size_word(size);
    return out + ")";
  }
  const std::string* text = std::get_if<std::string>(&value);
  std::string word = text ? *text : "graph";
  std::replace(word.begin(), word.end(), ' ', '~');
  return '"' + word + '"';
}

std::optional<AttrValue> attr_from_word(AttrKind kind, std::string_view word) {
  if (kind == AttrKind::kList) return list_from_word(word);
  if (kind == AttrKind::kInt) return dim_from_text(word);
  if (kind == AttrKind::kDType) return dtype_from_text(word);
  if (kind == AttrKind::kScalar) return scalar_from_text(word);
  bool quoted = word.size() > 1 && word.front() == '"' && word.back() == '"';
  if (kind != AttrKind::kText || !quoted) return std::nullopt;
  std::string text(word.substr(1, word.size() - 2));
  std::replace(text.begin(), text.end(), '~', ' ');
  return text;
}

}  // namespace bafe
