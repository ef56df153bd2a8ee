#pragma once
/// Numbers for the symbols of sizes.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bafe/ir/dim.h"

namespace bafe {

/// Values by symbol. A program has few symbols, so a list serves.
class Binding {
 public:
  void set(const std::string& symbol, std::int64_t value);
  std::optional<std::int64_t> find(const std::string& symbol) const;
  bool empty() const { return values_.empty(); }
  const std::vector<std::pair<std::string, std::int64_t>>& values() const { return values_; }
  std::string text() const;  ///< "n0 = 8, n1 = 3"

 private:
  std::vector<std::pair<std::string, std::int64_t>> values_;
};

/// nullopt where a symbol has no value. ShapeError when the number leaves 62 bits.
std::optional<std::int64_t> dim_value(Dim dim, const Binding& binding);

/// factor * symbol + offset.
struct LinearDim {
  std::string symbol;
  std::int64_t factor = 1, offset = 0;
};
/// nullopt unless the polynomial is linear in one symbol and holds no other.
std::optional<LinearDim> linear_dim(Dim dim);

}  // namespace bafe
