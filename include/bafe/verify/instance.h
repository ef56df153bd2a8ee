#pragma once
/// Rules filled in with concrete sizes: what every automatic check runs on. Instances are made from
/// the pattern itself, so a rule needs no test data of its own.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/ir/graph.h"
#include "bafe/ir/tensor.h"
#include "bafe/rules/rule.h"

namespace bafe {

/// A small deterministic generator (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  ///< [0, 1)
  double normal();
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[static_cast<std::size_t>(below(static_cast<int>(items.size())))];
  }

 private:
  std::uint64_t state_;
};

/// A fact that a condition asks of an input: values must be drawn so that it holds.
struct FactPromise {
  std::string name;
  std::uint16_t class_var = 0;
  std::vector<AttrValue> args;
};

/// One match of a rewrite and its right side, in one graph.
struct RuleInstance {
  Graph graph;                                     ///< roots: left 0, right 0, left 1, right 1 …
  std::vector<ValueId> classes;                    ///< by class variable
  std::vector<AttrValue> attrs;                    ///< by attribute variable
  std::vector<std::vector<FactPromise>> promises;  ///< by input
};

struct InstanceOptions {
  DType dtype = DType::kF32;        ///< of most variables
  std::vector<std::int64_t> sizes;  ///< drawn from
  int max_rank = 4;
  std::int64_t max_elements = 4096;  ///< of any value
  /// Sizes named by :types are symbols, for types that hold for all sizes; a match whose other
  /// sizes are not fixed by :types is refused.
  bool symbolic = false;
  std::optional<DType> field_dtype = std::nullopt;  ///< of every dtype field; else drawn
};

/// Makes instances of one rewrite.
class InstanceMaker {
 public:
  explicit InstanceMaker(const Rewrite& rewrite);
  /// nullopt when `attempts` tries gave no admitted match. RuleError when a match is admitted and
  /// the right side is ill-typed. `attempts` becomes the number of tries that were made.
  std::optional<RuleInstance> make(const InstanceOptions& options, Dice& dice, int& attempts) const;
  const std::vector<FactPromise>& promises() const { return promises_; }
  /// Does the rule ask for constants, whose values an instance has to choose?
  bool has_constants() const;

 private:
  const Rewrite& rewrite_;
  std::vector<FactPromise> promises_;
  std::vector<bool> wants_constant_;  ///< by class variable
  std::vector<const AttrExpr*>
      definitions_;  ///< by attribute variable: the value an equation gives it
};

/// "f32[2, 3] {1, 2, …}": at most eight elements.
std::string tensor_text(const Tensor& tensor);

}  // namespace bafe
