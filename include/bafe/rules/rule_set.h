#pragma once
/// Rules as a library: read, looked up, filtered, hashed.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bafe/base/digest.h"
#include "bafe/rules/rule.h"

namespace bafe {

/// Reads every form of `text`: (rule …), (move …), (for-each ?x (a b …) form…). Grammar:
/// rules/README.md.
///
/// Errors: ParseError for broken text or expressions, RuleError for everything a rule may not say;
/// both carry file, line and column.
std::vector<Rule> read_rules(std::string_view text, std::string_view file, const OpTable& table);

/// An ordered set of rules with distinct names. Copies share the rules.
class RuleSet {
 public:
  explicit RuleSet(const OpTable& table) : table_(&table) {}
  RuleSet();  ///< over the tensor operators

  /// The rules of rules/*.rules, compiled in, for which rules.lock vouches; the others are left out
  /// with one warning. Parsed once, on first use.
  static const RuleSet& builtin();
  /// All rules of rules/*.rules: what is proven, never what is searched with.
  static const RuleSet& written();
  /// The sixteen rules of BAFE 0.1.
  static const RuleSet& classic();

  /// Adds the rules of a text, unproven; all or none. RuleError when a name is taken.
  void add(std::string_view text, std::string_view file = "<rules>");
  void add(Rule rule);

  const Rule* find(std::string_view name) const;  ///< nullptr when there is none
  const Rule& rule(RuleId id) const { return *rules_[id.index()]; }
  std::size_t size() const { return rules_.size(); }
  const OpTable& table() const { return *table_; }
  bool is_stamped() const;  ///< is every rule? What unproven rules made is not shared
  /// A set with the rules for which `wanted` is true, in the same order.
  RuleSet filter(const std::function<bool(const Rule&)>& wanted) const;
  /// All directions of a stage whose class is at least as strong as `weakest`, in order. They live
  /// as long as any set that shares them.
  std::vector<const Rewrite*> rewrites(RuleStage stage, NumericClass weakest) const;
  std::vector<const Rewrite*> rewrites(NumericClass weakest = NumericClass::kApprox) const;
  std::vector<const Move*> moves() const;
  /// SHA-256 of the canonical texts in order, with a mark on those without a stamp.
  Digest hash() const;

 private:
  void keep(std::shared_ptr<const Rule> rule);
  const OpTable* table_;
  std::vector<std::shared_ptr<const Rule>> rules_;
  std::unordered_map<std::string_view, const Rule*> by_name_;  ///< views of the rules' own names
};

/// SHA-256 of the texts behind RuleSet::builtin(), rules.lock among them, without parsing them.
const Digest& builtin_rules_digest();

}  // namespace bafe
