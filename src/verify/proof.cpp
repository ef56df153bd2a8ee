// In: rules. Out: what is known about each. The interpreter comes first: a wrong rule is refuted by
// numbers before any proof is tried, and a proof over the reals never hides a failure on floats or
// wrapping integers.
#include "bafe/verify/proof.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "bafe/base/format.h"
#include "bafe/base/trace.h"
#include "bafe/verify/check.h"
#include "class_evidence.h"
#include "smt_child.h"
#include "symbolic_proof.h"
#include "weakest_guard.h"

namespace bafe {
namespace {

void add_note(RuleProof& proof, const std::string& note) {
  proof.notes += (proof.notes.empty() ? "" : "; ") + note;
}

/// What a failure of the checks means.
std::string failure_text(const std::string& failure) {
  static const std::map<std::string, std::string> texts = {
      {"vacuous", "vacuous: no match satisfies the left side and its conditions"},
      {"types", "the sides have different types"},
      {"values", "the sides differ"},
      {"stability", "the right side loses accuracy or overflows"},
      {"domain", "only one side has a value: class domain, and :when must keep such numbers out"},
      {"overflow", "the left side overflows where the right one is finite: the class is domain"}};
  return texts.at(failure);
}

void refute(RuleProof& proof, const CheckResult& check) {
  proof.engine = check.failure == "stability" ? "stress test" : "interpreter";
  if (check.failure == "vacuous") proof.engine = "vacuity";
  proof.counterexample = check.counterexample;
  proof.detail = failure_text(check.failure);
  proof.status = ProofStatus::kRefuted;
}

/// What a direction claims of numbers that nothing has shown.
struct OpenClass {
  bool integers = false, bits = false;
};

/// Bits, zero signs, wrapping integers: what the reals cannot show. False: refuted.
bool show_classes(const Rule& rule, const ProofOptions& options, RuleProof& proof,
                  std::vector<OpenClass>& open) {
  for (const Rewrite& rewrite : rule.rewrites) {
    ClassEvidence evidence = find_class_evidence(rewrite, options);
    open.push_back(
        {evidence.integers_open, rewrite.numeric == NumericClass::kBits && !evidence.shown});
    std::string side = rewrite.forward ? "" : "right to left: ";
    if (!evidence.counterexample.empty()) {
      proof.status = ProofStatus::kRefuted;
      proof.engine = "exhaustive";
      proof.detail = format("the class is not {}", numeric_class_text(rewrite.numeric));
      proof.counterexample = side + evidence.counterexample;
      return false;
    }
    if (evidence.text.empty()) continue;
    proof.class_evidence += (proof.class_evidence.empty() ? "" : "; ") + side + evidence.text;
  }
  return true;
}

/// Sizes of a bounded proof, and its ranks, reach 3: a larger number in a rule is not met there.
constexpr std::int64_t kBoundedReach = 3;

bool beyond_reach(const AttrExpr& expr) {
  if (expr.kind == AttrExpr::kLiteral) {
    const Dim* number = std::get_if<Dim>(&expr.literal);
    return number != nullptr && number->is_const() && std::abs(number->value()) > kBoundedReach;
  }
  if (expr.kind != AttrExpr::kCall) return false;
  const std::string& name = attr_functions()[static_cast<std::size_t>(expr.function)].name;
  if (name == "in" || name == "banded") return false;  // of values, not of sizes
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [](const AttrExpr& arg) { return beyond_reach(arg); });
}

bool beyond_reach(const Rewrite& rewrite) {
  auto of_equation = [](const VarEquation& equation) { return beyond_reach(equation.value); };
  auto any = [](const std::vector<AttrExpr>& all) {
    return std::any_of(all.begin(), all.end(),
                       [](const AttrExpr& expr) { return beyond_reach(expr); });
  };
  return any(rewrite.conditions) ||
         std::any_of(rewrite.lets.begin(), rewrite.lets.end(), of_equation) ||
         std::any_of(rewrite.field_equations.begin(), rewrite.field_equations.end(), of_equation) ||
         std::any_of(rewrite.right.steps.begin(), rewrite.right.steps.end(),
                     [&](const RightStep& step) {
                       return any(step.fields) ||
                              (step.kind != RightStep::Kind::kNode && beyond_reach(step.value) &&
                               step.value.kind == AttrExpr::kCall);
                     });
}

std::string tested_text(const CheckResult& check) {
  std::string dtypes;
  for (DType dtype : check.dtypes)
    dtypes += (dtypes.empty() ? "" : " ") + std::string(dtype_info(dtype).name);
  return format("tested on {} instances of {}", check.instances, dtypes);
}

void prove_rewrites(const Rule& rule, const ProofOptions& options,
                    const std::vector<OpenClass>& open, RuleProof& proof) {
  std::string program = options.smt_program.empty() ? find_smt_program() : options.smt_program;
  SmtTranscript transcript;
  bool solver_used = false;
  proof.status = ProofStatus::kProven;
  for (std::size_t i = 0; i < rule.rewrites.size(); ++i) {
    SymbolicProof side = prove_symbolically(rule.rewrites[i], program, options);
    if (open[i].integers && !side.exact && side.status < ProofStatus::kTested) {
      side.status = ProofStatus::kTested;
      side.detail += ", which says nothing of integers that wrap around: ask (is-float ?x)";
    }
    if (open[i].bits && !side.exact && side.status == ProofStatus::kBounded) {
      side.status = ProofStatus::kTested;
      side.detail +=
          ", and nothing shows that the order of sums stays the same: claim less than bits";
    }
    if (side.status == ProofStatus::kBounded && beyond_reach(rule.rewrites[i])) {
      side.status = ProofStatus::kTested;
      side.detail += ", but the rule names sizes beyond those";
    }
    if (side.status >= proof.status) {
      proof.status = side.status;
      proof.engine = side.engine;
      proof.detail = side.detail;
      proof.counterexample = side.counterexample;
    }
    if (side.exact) {
      const char* same = "the same operations on the same elements for all sizes and ranks";
      bool other = proof.class_evidence.find("instances only") == std::string::npos &&
                   !proof.class_evidence.empty();
      proof.class_evidence = other ? format("{}; {}", same, proof.class_evidence) : same;
    }
    solver_used = solver_used || side.engine == "z3" || side.engine == "generic axis";
    for (const std::string& lemma : side.lemmas) {
      bool known = std::find(proof.lemmas.begin(), proof.lemmas.end(), lemma) != proof.lemmas.end();
      if (!known) proof.lemmas.push_back(lemma);
    }
  }
  if (solver_used) proof.smt = transcript.proofs();
  if (transcript.unanswered() > 0 && proof.status != ProofStatus::kProven) {
    add_note(proof, format("{} questions to the solver had no answer", transcript.unanswered()));
  }
  if (proof.status == ProofStatus::kRefuted) return;
  std::string types = types_for_all_sizes(rule.rewrites[0], options);
  if (!types.empty()) proof.detail += "; " + types;
}

/// Workers take rules in order; the caller reports them in order.
class ProofQueue {
 public:
  ProofQueue(const RuleSet& rules, const ProofOptions& options)
      : rules_(rules), options_(options), proofs_(rules.size()), done_(rules.size(), false) {}

  std::vector<RuleProof> run(const std::function<bool(const RuleProof&)>& progress) {
    std::vector<std::thread> workers;
    for (int i = 0; i < std::max(1, options_.workers); ++i)
      workers.emplace_back([this] { work(); });
    std::size_t reported = 0;
    try {
      while (wait_for(reported)) {
        if (progress && !progress(proofs_[reported++])) break;
        if (!progress) ++reported;
      }
    } catch (...) {
      finish(workers);
      throw;
    }
    finish(workers);
    if (failure_) std::rethrow_exception(failure_);
    proofs_.resize(reported);
    return std::move(proofs_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < proofs_.size() && !stop_; i = next_++) {
      try {
        proofs_[i] = verify_rule(rules_.rule(RuleId(static_cast<std::uint32_t>(i))), options_);
      } catch (...) {
        std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
        stop_ = true;
      }
      std::lock_guard lock(mutex_);
      done_[i] = true;
      ready_.notify_all();
    }
  }

  bool wait_for(std::size_t i) {
    if (i >= proofs_.size()) return false;
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return done_[i] || stop_; });
    return done_[i] && !failure_;
  }

  void finish(std::vector<std::thread>& workers) {
    stop_ = true;
    for (std::thread& worker : workers) worker.join();
  }

  const RuleSet& rules_;
  const ProofOptions& options_;
  std::vector<RuleProof> proofs_;
  std::vector<char> done_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable ready_;
};

}  // namespace

const char* proof_status_text(ProofStatus status) {
  static constexpr const char* names[] = {"proven", "bounded", "tested", "refuted"};
  return names[static_cast<std::size_t>(status)];
}

RuleProof verify_rule(const Rule& rule, const ProofOptions& options) {
  RuleProof proof;
  proof.name = rule.name;
  std::int64_t begin = now_ns();
  CheckOptions check_options;
  check_options.seed = options.seed;
  check_options.instances = options.instances;
  CheckResult check = check_rule(rule, check_options);
  if (!check.passed) {
    refute(proof, check);
  } else if (rule.move) {
    proof.status = ProofStatus::kBounded;
    proof.engine = "interpreter";
    proof.detail = format("the same bytes on {} sizes", check.instances);
  } else {
    try {
      std::vector<OpenClass> open;
      if (show_classes(rule, options, proof, open)) {
        prove_rewrites(rule, options, open, proof);
        if (proof.status != ProofStatus::kRefuted) proof.detail += "; " + tested_text(check);
      }
    } catch (const Error& error) {  // an engine met what it does not know: nothing is proven
      proof.status = ProofStatus::kTested;
      proof.detail = std::string("an engine gave up: ") + error.what();
    }
  }
  if (options.weakest_guard && proof.status < ProofStatus::kRefuted && !rule.move) {
    std::string unneeded = unneeded_conditions(rule, options);
    if (!unneeded.empty()) add_note(proof, "no check needs " + unneeded);
  }
  if (check.overflows) add_note(proof, "the left side overflows where the right one is finite");
  proof.ms = static_cast<double>(now_ns() - begin) / 1e6;
  return proof;
}

std::vector<RuleProof> verify_rule_text(std::string_view text, const ProofOptions& options) {
  RuleSet rules;
  rules.add(text);
  ProofOptions with_guard = options;
  with_guard.weakest_guard = true;
  return verify_rules(rules, with_guard);
}

std::vector<RuleProof> verify_rules(const RuleSet& rules, const ProofOptions& options,
                                    const std::function<bool(const RuleProof&)>& progress) {
  ProofQueue queue(rules, options);
  return queue.run(progress);
}

}  // namespace bafe
