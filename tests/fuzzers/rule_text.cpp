// In: any bytes as a rule file. A rule that is read has a canonical text that reads as that rule.

#include "bafe/rules/rule_set.h"
#include "targets.h"

namespace bafe::fuzz {

void rule_text(std::string_view bytes) {
  const OpTable& table = RuleSet::builtin().table();
  std::vector<Rule> rules;
  if (!accepts([&] { rules = read_rules(bytes, "<fuzz>", table); })) return;
  for (const Rule& rule : rules) {
    std::vector<Rule> again = read_rules(rule.text, "<canonical>", table);
    promise(again.size() == 1, "a canonical text is one rule");
    promise_equal(again[0].text, rule.text, "a canonical text is canonical");
    promise(again[0].rewrites.size() == rule.rewrites.size(), "it has the same directions");
  }
  RuleSet set(table);
  accepts([&] { set.add(bytes, "<fuzz>"); });
}

}  // namespace bafe::fuzz
