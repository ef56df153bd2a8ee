// Symbols and their values. In: pairs. Out: look-ups. Invariant: a symbol has one value. What reads
// polynomials is in dim.cpp.

#include "bafe/ir/binding.h"

#include "bafe/base/format.h"

namespace bafe {

void Binding::set(const std::string& symbol, std::int64_t value) {
  for (auto& [name, known] : values_) {
    if (name != symbol) continue;
    known = value;
    return;
  }
  values_.emplace_back(symbol, value);
}

std::optional<std::int64_t> Binding::find(const std::string& symbol) const {
  for (const auto& [name, value] : values_) {
    if (name == symbol) return value;
  }
  return std::nullopt;
}

std::string Binding::text() const {
  std::string out;
  for (const auto& [name, value] : values_) {
    out += format("{}{} = {}", out.empty() ? "" : ", ", name, value);
  }
  return out;
}

}  // namespace bafe
