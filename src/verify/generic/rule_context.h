#pragma once
/// One direction of a rule at generic sizes and rank: its variables, what its left side lets us
/// assume, and both sides as elements at one generic index.

#include <optional>

#include "bafe/rules/rule.h"
#include "knowledge.h"

namespace bafe::generic {

/// A value of the expression language.
struct ExprTerm {
  enum Kind : std::uint8_t { kInt, kList, kDType, kScalar, kTruth, kUnknown };
  Kind kind = kUnknown;
  IntTerm integer;
  IntList list;
  DTypeTerm dtype;
  FormRef scalar;
  DTypeTerm scalar_dtype;
  Truth truth;
  std::string text;  ///< a literal text
};

class RuleContext {
 public:
  /// Reads types, fields, lets, conditions and both sides. NotRepresentable when a part of the
  /// right side has no generic meaning; a condition without one is dropped (it only assumes less).
  RuleContext(const Rewrite& rewrite, Knowledge& knowledge);

  struct Pair {
    FormRef left, right;
  };
  /// What is left to show, beside `goals`: these elements are equal under the knowledge.
  std::vector<Pair> pairs;
  std::vector<Truth> goals;
  bool dtypes_fit = true;

  // Of class variables and registers.
  const GenericValue& value(int reg) const { return *registers_[static_cast<std::size_t>(reg)]; }
  Knowledge& knowledge() { return knowledge_; }
  DTypeFacts& dtypes() { return dtypes_; }

 private:
  friend class ExprReader;
  friend class LeftReader;
  friend class RightReader;
  const Rewrite& rewrite_;
  Knowledge& knowledge_;
  DTypeFacts dtypes_;
  std::vector<std::optional<GenericValue>> registers_;
  std::vector<std::optional<GenericField>> attrs_;
};

/// All sizes and ranks at once: are both sides equal, types included? Answers kProven or kTested
/// with the reason in `detail`.
struct GenericProof {
  bool proven = false;
  bool exact = false;  ///< the same operators on the same elements: every dtype, every bit
  std::string detail;  ///< what was shown, or what could not be
  int queries = 0;
};
GenericProof prove_generic(const Rewrite& rewrite, const std::string& smt_program,
                           const ProofOptions& options);

}  // namespace bafe::generic
