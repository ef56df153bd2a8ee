// The generic-axis calculus: what it proves, and what it must not.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "../../../src/verify/generic/rule_context.h"
#include "../../../src/verify/smt_child.h"
#include "bafe/rules/rule_set.h"

namespace bafe {
namespace {

generic::GenericProof prove(const Rewrite& rewrite) {
  return generic::prove_generic(rewrite, find_smt_program(), {});
}

TEST(GenericTable, DISABLED_PrintsWhatIsProven) {
  const char* theme = std::getenv("BAFE_THEME");
  const char* name = std::getenv("BAFE_RULE");
  RuleSet rules = RuleSet::builtin();
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(RuleId(i));
    if (theme != nullptr && rule.theme != theme) continue;
    if (name != nullptr && rule.name != name) continue;
    for (const Rewrite& rewrite : rule.rewrites) {
      auto begin = std::chrono::steady_clock::now();
      generic::GenericProof proof = prove(rewrite);
      double ms =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
              .count();
      std::printf("%-9s %-10s %s %5.1f ms %d %s\n", rule.theme.c_str(),
                  proof.proven ? "proven" : "-", rule.name.c_str(), ms, proof.queries,
                  proof.detail.substr(0, 700).c_str());
    }
  }
}

}  // namespace
}  // namespace bafe
