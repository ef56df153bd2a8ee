#pragma once
/// Replays the proof that the chosen program equals the traced one. Trusts the operator table of
/// `ir` and the texts of the rules, and nothing of the search that wrote the certificate.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/ir/graph.h"
#include "bafe/ir/sexpr.h"

namespace bafe {

/// A rule as its text says it: terms and conditions are walked as they were read.
struct RuleForm {
  using Roots = std::vector<std::pair<std::string, Sexpr>>;  ///< root variable, term
  std::string name;
  std::string hash;  ///< of the canonical text
  Roots left, right;
  bool both_ways = false;
  int forward = 3, backward = 3;  ///< numeric classes, places in numeric_words()
  std::vector<Sexpr> types, lets, conditions;
};

/// "bits", "signs", "finite", "reals", "domain", "approx": strongest promise first.
const std::vector<std::string>& numeric_words();

/// The rules that a certificate may use.
class RuleBook {
 public:
  /// Every (rule …) of a text, (for-each …) written out. Errors: ParseError, RuleError.
  void add(std::string_view text, std::string_view file);
  /// Gives the text of a rule that is not in the book yet; an empty one when there is none.
  void set_source(std::function<std::string(const std::string& name)> source) {
    source_ = std::move(source);
  }
  /// nullptr: there is no such rule.
  const RuleForm* find(const std::string& name);
  std::size_t size() const { return rules_.size(); }

 private:
  void add_form(const Sexpr& form);
  std::map<std::string, RuleForm> rules_;
  std::function<std::string(const std::string&)> source_;
};

/// What a replay found.
struct CertificateVerdict {
  bool accepted = false;
  int line = 0;                        ///< of the first bad step or sentence; 0: none
  std::string reason;                  ///< what does not hold there
  std::string rule;                    ///< that the bad step names; empty: none
  std::string math;                    ///< "bits", "reals", "fast": what the program was allowed
  std::string program_class = "bits";  ///< weakest numeric class of a step
  /// Sum over the steps that move roundings of the error factors (ir/error_factor.h) of both sides:
  /// for sums, products and extremes the results differ, to first order, by at most this many units
  /// of roundoff of the program of absolute values.
  double error_factor = 0;
  /// Error factor of the chosen program over that of the traced one, where it is largest.
  double error_growth = 1;
  std::int64_t steps = 0;
  std::vector<std::string> assumptions;  ///< what was taken from the program without proof
  Graph traced, chosen;                  ///< both programs, as the certificate states them
};

/// Reads and replays a certificate (grammar: src/check/certificate.cpp). Never throws for a text,
/// however broken. Time: linear in the steps but for the closure, which is n log n.
CertificateVerdict check_certificate(std::string_view text, RuleBook& rules);

}  // namespace bafe
