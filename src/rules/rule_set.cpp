// In: rules in order. Out: look-ups and selections. Names are distinct; the built-in texts come
// from a file that CMake generates from rules/*.rules.
#include "bafe/rules/rule_set.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/ir/op.h"
#include "bafe/rules/rule_lock.h"
#include "builtin_text.h"

namespace bafe {
namespace {

constexpr bool kLockIsEnforced = true;
constexpr int kMostNamed = 20;  // rules in one warning

/// One warning for all rules that the built-in lock does not vouch for.
void warn_of_left_out(const RuleSet& written) {
  const BuiltinLock& built_in = builtin_rule_lock();
  std::string names;
  int left_out = 0;
  for (std::uint32_t i = 0; i < written.size(); ++i) {
    const Rule& rule = written.rule(RuleId(i));
    if (rule.is_stamped || ++left_out > kMostNamed) continue;
    names += format("\n  {}: {}", rule.name, stamp_refusal(built_in.lock, rule));
  }
  if (left_out == 0) return;
  if (left_out > kMostNamed) names += format("\n  … and {} more", left_out - kMostNamed);
  if (!built_in.why.empty()) names = "\n  " + built_in.why;
  warn_once("rules-lock",
            format("bafe: rules.lock does not vouch for {} rule{}, which {} left out{}\n"
                   "  fix: ./run prove",
                   left_out, left_out == 1 ? "" : "s", left_out == 1 ? "is" : "are", names));
}

}  // namespace

RuleSet::RuleSet() : table_(&tensor_ops()) {}

const RuleSet& RuleSet::written() {
  // Never destroyed: the background thread may use it to the end.
  static const RuleSet& set = []() -> auto& {
    RuleSet& rules = *new RuleSet;
    const RuleLock& lock = builtin_rule_lock().lock;
    for (const BuiltinText& text : builtin_rule_texts()) {
      for (Rule& rule : read_rules(text.text, text.file, rules.table())) {
        rule.is_stamped = !kLockIsEnforced || stamp_refusal(lock, rule).empty();
        rules.add(std::move(rule));
      }
    }
    return rules;
  }
  ();
  return set;
}

const RuleSet& RuleSet::builtin() {
  // Never destroyed: the background thread may use it to the end.
  static const RuleSet& set = []() -> auto& {
    warn_of_left_out(written());
    return *new const RuleSet(written().filter([](const Rule& rule) { return rule.is_stamped; }));
  }
  ();
  return set;
}

const RuleSet& RuleSet::classic() {
  // Never destroyed: the background thread may use it to the end.
  static const RuleSet& set = *new const RuleSet(
      builtin().filter([](const Rule& rule) { return rule.theme == "classic"; }));
  return set;
}

void RuleSet::add(std::string_view text, std::string_view file) {
  RuleSet extended = *this;
  for (Rule& rule : read_rules(text, file, *table_)) extended.add(std::move(rule));
  *this = std::move(extended);
}

void RuleSet::add(Rule rule) {
  if (const Rule* other = find(rule.name)) {
    throw RuleError(rule.loc, "rule " + rule.name, "the name is taken")
        .detail("first defined at " + other->loc.text())
        .fix("choose another name");
  }
  keep(std::make_shared<const Rule>(std::move(rule)));
}

void RuleSet::keep(std::shared_ptr<const Rule> rule) {
  by_name_.emplace(rule->name, rule.get());
  rules_.push_back(std::move(rule));
}

const Rule* RuleSet::find(std::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

bool RuleSet::is_stamped() const {
  return std::all_of(rules_.begin(), rules_.end(),
                     [](const auto& rule) { return rule->is_stamped; });
}

RuleSet RuleSet::filter(const std::function<bool(const Rule&)>& wanted) const {
  RuleSet out(*table_);
  for (const auto& rule : rules_) {
    if (wanted(*rule)) out.keep(rule);
  }
  return out;
}

std::vector<const Rewrite*> RuleSet::rewrites(RuleStage stage, NumericClass weakest) const {
  std::vector<const Rewrite*> out;
  for (const Rewrite* rewrite : rewrites(weakest)) {
    if (rewrite->stage == stage) out.push_back(rewrite);
  }
  return out;
}

std::vector<const Rewrite*> RuleSet::rewrites(NumericClass weakest) const {
  std::vector<const Rewrite*> out;
  for (const auto& rule : rules_) {
    for (const Rewrite& rewrite : rule->rewrites) {
      if (rewrite.numeric <= weakest) out.push_back(&rewrite);
    }
  }
  return out;
}

std::vector<const Move*> RuleSet::moves() const {
  std::vector<const Move*> out;
  for (const auto& rule : rules_) {
    if (rule->move) out.push_back(&*rule->move);
  }
  return out;
}

Digest RuleSet::hash() const {
  DigestBuilder builder;
  for (const auto& rule : rules_) {
    builder.add(rule->text);
    if (!rule->is_stamped) builder.add("unproven");
  }
  return builder.finish();
}

}  // namespace bafe
