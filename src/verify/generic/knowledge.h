#pragma once
/// What may be assumed in a proof, and the decision of what follows from it. A goal follows only if
/// its negation together with finitely many instances of the assumptions is unsatisfiable: own
/// normal form first, then Z3 without quantifiers. Undecided is "no".

#include <string>

#include "bafe/verify/proof.h"
#include "value.h"

namespace bafe::generic {

class Knowledge {
 public:
  explicit Knowledge(std::string smt_program = "", ProofOptions options = {})
      : smt_program_(std::move(smt_program)), options_(options) {}

  void assume(Truth fact);
  /// Holds at every integer. Used at the arguments of the functions that it asks at t itself.
  void assume_for_all(const IntPredicate& body);
  /// The same, used only at the arguments of `function`.
  void assume_of(const std::string& function, const IntPredicate& body) {
    laws_.push_back({{function}, body});
  }
  void assume_axes(const IntList& list, IntTerm end);
  void assume_permutation(const IntList& list, IntTerm length);
  /// Everything a well-typed call may be assumed to satisfy; element types go to `dtypes`.
  /// NotRepresentable when no element types are left: then there is nothing to prove.
  void assume(const Claims& claims, DTypeFacts& dtypes);
  /// A place on axis t at which what is known of boxes will be asked.
  void add_point(const IntFunction& point) { points_.push_back(point); }

  /// Does every goal follow? One query at most. `why` tells which could not be shown.
  bool proves(const std::vector<Truth>& goals, std::string* why = nullptr) const;
  /// Unsatisfiable assumptions prove everything: a rule that is vacuous for all sizes.
  int queries() const { return queries_; }
  /// Lookups by data that are known to lie inside.
  const std::vector<Claims::Lookup>& lookups() const { return lookups_; }
  /// The last script that was sent to the child; empty: own normal form was enough.
  const std::string& script() const { return script_; }

  /// Ground facts and one law per line, for people.
  std::string text() const;

 private:
  struct Law {
    std::vector<std::string> triggers;  ///< functions whose arguments are instances
    IntPredicate body;
    bool eager = false;  ///< told at the symbols of goals too, whatever is asked of them
  };
  friend class Instances;
  std::string smt_program_;
  ProofOptions options_;
  std::vector<Truth> facts_;
  std::vector<Law> laws_;
  std::vector<std::function<Truth(IntTerm, IntTerm)>> boxes_;
  std::vector<IntFunction> points_;
  std::vector<Claims::Lookup> lookups_;
  mutable int queries_ = 0;
  mutable std::string script_;
};

/// "p holds at every t" as a goal: p at a new symbol.
Truth goal_for_all(const IntPredicate& body);
/// Claims of a right side as goals; false when the element types do not fit.
/// NotRepresentable where an index may lie outside.
bool goals_of(const Claims& claims, const DTypeFacts& dtypes, const Knowledge& knowledge,
              std::vector<Truth>& goals);
/// Equal lists: lengths, and entries at a new position.
Truth goal_equal(const IntList& a, const IntList& b);
/// The laws of strictly ascending axes in [0, end), each for every integer.
std::vector<IntPredicate> axes_laws(const IntList& list, IntTerm end);
std::vector<IntPredicate> permutation_laws(const IntList& list, IntTerm length);

}  // namespace bafe::generic
