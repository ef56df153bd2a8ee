// Rules: the set in force, adding a user's, proofs.

#include "bindings.h"

#include <mutex>

#include "bafe/rules/rule_lock.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/rule_admission.h"
#include "bafe/verify/make_lock.h"
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

void add_rules(const std::string& text, const std::string& file, bool allow_unproven,
               const std::string& smt_program) {
  const auto before = current_rules();
  auto next = std::make_shared<RuleSet>();
  {
    const Unlocked unlocked;
    AdmissionOptions options;
    options.allow_unproven = allow_unproven;
    options.smt_program = smt_program;
    options.folder = KernelCache::shared()->folder();
    *next = admit_rules(before ? *before : RuleSet::builtin(), text, file, options);
  }
  std::lock_guard lock(rules_mutex);
  added_rules = std::move(next);
}

void reset_rules() {
  std::lock_guard lock(rules_mutex);
  added_rules.reset();
}

/// Every rule that is written in rules/, whether the lock vouches for it or not.
std::vector<std::string> written_names() {
  std::vector<std::string> out;
  const RuleSet& rules = RuleSet::written();
  for (std::uint32_t i = 0; i < rules.size(); ++i) out.push_back(rules.rule(RuleId(i)).name);
  return out;
}

RuleProof proof_from_python(const py::dict& given) {
  RuleProof out;
  out.name = py::cast<std::string>(given["name"]);
  out.engine = py::cast<std::string>(given["engine"]);
  out.detail = py::cast<std::string>(given["detail"]);
  out.ms = py::cast<double>(given["ms"]);
  const auto status = py::cast<std::string>(given["status"]);
  out.status = ProofStatus::kRefuted;
  for (ProofStatus s : {ProofStatus::kProven, ProofStatus::kBounded, ProofStatus::kTested}) {
    if (status == proof_status_text(s)) out.status = s;
  }
  return out;
}

/// The text of a lock with these proofs; `before` is the text of the last one, or empty.
std::string lock_text(const py::list& proofs, const std::string& solvers,
                      const std::string& before) {
  std::vector<RuleProof> all;
  for (const py::handle& proof : proofs) {
    all.push_back(proof_from_python(py::reinterpret_borrow<py::dict>(proof)));
  }
  RuleLock last;
  try {
    last = read_rule_lock(before, "rules/rules.lock");
  } catch (const ParseError&) {  // only its times are wanted
  }
  return rule_lock_text(make_rule_lock(RuleSet::written(), all, solvers, &last));
}

py::dict proof_to_python(const RuleProof& proof) {
  py::dict out;
  out["name"] = proof.name;
  out["status"] = proof_status_text(proof.status);
  out["engine"] = proof.engine;
  out["detail"] = proof.detail;
  out["counterexample"] = proof.counterexample;
  out["ms"] = proof.ms;
  out["class_evidence"] = proof.class_evidence;
  out["notes"] = proof.notes;
  out["smt"] = proof.smt;
  out["lemmas"] = py::tuple(py::cast(proof.lemmas));
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
  module.def("written_rules", &written_names);
  module.def("rules_lock_text", &lock_text);
  module.def("rules_lock_problem", [](const std::string& text, const std::string& name) {
    const Rule* rule = RuleSet::written().find(name);
    return rule ? stamp_refusal(read_rule_lock(text, "rules/rules.lock"), *rule) : "no such rule";
  });
  module.def("verify_written_rule", [](const std::string& name, const std::string& smt_program) {
    const Rule* rule = RuleSet::written().find(name);
    if (!rule) throw py::key_error("no rule is called " + name);
    ProofOptions options;
    options.smt_program = smt_program;
    RuleProof proof;
    {
      const Unlocked unlocked;
      proof = verify_rule(*rule, options);
    }
    return proof_to_python(proof);
  });
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
