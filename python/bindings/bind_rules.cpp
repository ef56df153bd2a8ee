// Rules: the set in force, adding a user's, proofs.

#include "bindings.h"

#include <mutex>

#include "bafe/rules/rule_set.h"
#include "bafe/verify/proof.h"

namespace bafe::python {
namespace {

std::mutex rules_mutex;
// nullptr: the built-in ones alone. Never destroyed: a thread may read it late.
auto& added_rules = *new std::shared_ptr<const RuleSet>;

py::dict rule_to_python(const Rule& rule) {
  py::dict out;
  out["name"] = rule.name;
  out["theme"] = rule.theme;
  out["text"] = rule.text;
  out["why"] = rule.why;
  out["set"] = rule_stage_text(rule.stage);
  py::list classes;
  for (const Rewrite& rewrite : rule.rewrites) classes.append(numeric_class_text(rewrite.numeric));
  out["classes"] = classes;
  out["move"] = rule.move.has_value();
  return out;
}

py::list list_rules() {
  const auto added = current_rules();
  const RuleSet& set = added ? *added : RuleSet::builtin();
  py::list out;
  for (std::uint32_t i = 0; i < set.size(); ++i) out.append(rule_to_python(set.rule(RuleId(i))));
  return out;
}

void add_rules(const std::string& text, const std::string& file) {
  const auto before = current_rules();
  auto next = std::make_shared<RuleSet>(before ? *before : RuleSet::builtin());
  next->add(text, file);
  std::lock_guard lock(rules_mutex);
  added_rules = std::move(next);
}

void reset_rules() {
  std::lock_guard lock(rules_mutex);
  added_rules.reset();
}

py::dict proof_to_python(const RuleProof& proof) {
  py::dict out;
  out["name"] = proof.name;
  out["status"] = proof_status_text(proof.status);
  out["engine"] = proof.engine;
  out["detail"] = proof.detail;
  out["counterexample"] = proof.counterexample;
  out["ms"] = proof.ms;
  return out;
}

}  // namespace

std::shared_ptr<const RuleSet> current_rules() {
  std::lock_guard lock(rules_mutex);
  return added_rules;
}

void bind_rules(py::module_& module) {
  module.def("list_rules", &list_rules);
  module.def("add_rules", &add_rules);
  module.def("reset_rules", &reset_rules);
  module.def("verify_rules", [](const std::string& smt_program) {
    ProofOptions options;
    options.smt_program = smt_program;
    const auto rules = current_rules();
    std::vector<RuleProof> proofs;
    {
      const Unlocked unlocked;
      proofs = verify_rules(rules ? *rules : RuleSet::builtin(), options);
    }
    py::list out;
    for (const RuleProof& proof : proofs) out.append(proof_to_python(proof));
    return out;
  });
  module.def("verify_rule", [](const std::string& text, const std::string& smt_program) {
    ProofOptions options;
    options.smt_program = smt_program;
    std::vector<RuleProof> proofs;
    {
      const Unlocked unlocked;
      proofs = verify_rule_text(text, options);
    }
    py::list out;
    for (const RuleProof& proof : proofs) out.append(proof_to_python(proof));
    return out;
  });
}

}  // namespace bafe::python
