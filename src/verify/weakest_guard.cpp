// In: a rule. Out: the conditions whose absence no check notices. A search for counterexamples, not
// a proof: the answer is a note for the author of the rule.
#include "weakest_guard.h"

#include "bafe/base/error.h"
#include "bafe/ir/sexpr.h"
#include "bafe/verify/check.h"

namespace bafe {
namespace {

/// The forms after :when, as written.
std::vector<std::string> condition_texts(const Rule& rule) {
  std::vector<std::string> out;
  bool inside = false;
  std::vector<Sexpr> forms = read_sexprs(rule.text, rule.name);
  if (forms.size() != 1) return out;
  for (const Sexpr& form : forms[0].items) {
    if (form.is_keyword()) {
      inside = form.text == ":when";
    } else if (inside) {
      out.push_back(sexpr_text(form));
    }
  }
  return out;
}

bool passes(const Rewrite& rewrite, const CheckOptions& options) {
  try {
    for (auto check : {check_exact, check_domain, check_values, check_stability}) {
      CheckResult result = check(rewrite, options);
      if (!result.passed || result.overflows) return false;
    }
  } catch (const RuleError&) {
    return false;
  }
  return true;
}

}  // namespace

std::string unneeded_conditions(const Rule& rule, const ProofOptions& options) {
  CheckOptions check;
  check.seed = options.seed + 61;
  check.instances = 1;
  check.attempts = 300;
  std::string out;
  std::vector<std::string> texts = condition_texts(rule);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    bool needed = false;
    for (const Rewrite& rewrite : rule.rewrites) {
      if (rewrite.conditions.size() != texts.size()) return "";
      Rewrite without = rewrite;
      without.conditions.erase(without.conditions.begin() + static_cast<std::ptrdiff_t>(i));
      needed = needed || !passes(without, check);
    }
    if (!needed) out += (out.empty() ? "" : " ") + texts[i];
  }
  return out;
}

}  // namespace bafe
