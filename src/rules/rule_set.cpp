// In: rules in order. Out: look-ups and selections. Names are distinct; the built-in texts come
// from a file that CMake generates from rules/*.rules.
#include "bafe/rules/rule_set.h"

#include "bafe/ir/op.h"
#include "builtin_text.h"

namespace bafe {

RuleSet::RuleSet() : table_(&tensor_ops()) {}

const RuleSet& RuleSet::builtin() {
  // Never destroyed: the background thread may use it to the end.
  static const RuleSet& set = []() -> auto& {
    RuleSet& rules = *new RuleSet;
    for (const BuiltinText& text : builtin_rule_texts()) rules.add(text.text, text.file);
    return rules;
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
  rules_.push_back(std::make_shared<const Rule>(std::move(rule)));
}

const Rule* RuleSet::find(std::string_view name) const {
  for (const auto& rule : rules_) {
    if (rule->name == name) return rule.get();
  }
  return nullptr;
}

RuleSet RuleSet::filter(const std::function<bool(const Rule&)>& keep) const {
  RuleSet out(*table_);
  for (const auto& rule : rules_) {
    if (keep(*rule)) out.rules_.push_back(rule);
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
  for (const auto& rule : rules_) builder.add(rule->text);
  return builder.finish();
}

}  // namespace bafe
