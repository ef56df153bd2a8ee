#pragma once
/// Terms that were proven equal: a union-find closed under congruence, and what is known of each
/// class from the terms in it.

#include <map>
#include <set>
#include <vector>

#include "bafe/ir/interval.h"
#include "bafe/ir/structure.h"
#include "expressions.h"

namespace bafe {

/// Is the term a constant that fills its shape?
bool is_constant_leaf(const Node& node);

class TermClasses : public KnownFacts {
 public:
  /// Over the terms that `terms` has now. finite: zeros of matrices count as zeros of products.
  TermClasses(const Graph& terms, bool finite);

  void merge(ValueId a, ValueId b);
  std::uint32_t find(ValueId term) const;
  bool is_finite(ValueId term);
  /// Was a fact of a matrix asked for that rests on finite values?
  bool rests_on_finite() const { return rests_on_finite_; }

  const Type& type_of(ValueId term) const override { return terms_.type(term); }
  std::optional<Scalar> constant_of(ValueId term) override;
  bool holds(const std::string& fact, ValueId term, const std::vector<double>& args) override;
  bool same(ValueId a, ValueId b) const override { return find(a) == find(b); }

 private:
  struct Known {
    std::optional<Scalar> constant;
    Interval range;
    Structure structure;
    bool stored = false;  ///< an input or a constant array is among the terms
  };
  void join(std::uint32_t a, std::uint32_t b);
  std::vector<std::uint32_t> key_of(std::uint32_t term) const;
  bool learn(std::uint32_t term);
  bool absorb(Known& into, const Known& from, const Type& type) const;
  bool mirrored(const Node& node) const;
  bool holds_transpose(ValueId a, ValueId b) const;
  void settle();

  const Graph& terms_;
  bool finite_, rests_on_finite_ = false;
  mutable std::vector<std::uint32_t> up_;
  std::vector<std::uint32_t> head_;  ///< operator and fields, numbered
  std::vector<std::vector<std::uint32_t>> members_, parents_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> by_key_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> work_;
  std::vector<Known> known_;
  std::vector<std::uint8_t> learned_;  ///< times
  std::set<std::uint32_t> stale_;
};

}  // namespace bafe
