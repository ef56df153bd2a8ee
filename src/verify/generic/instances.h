#pragma once
/// Ground instances of laws: what a solver without quantifiers is told.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "knowledge.h"

namespace bafe::generic {

/// The functions that `body` asks at t itself.
std::vector<std::string> triggers_of(const IntPredicate& body);

/// Grows a set of ground facts: where a function is asked at a term, its laws are told there.
class Instances {
 public:
  explicit Instances(const Knowledge& knowledge) : knowledge_(knowledge) {}
  /// Facts of the knowledge, the given ones, and what the laws say at their terms; `rounds` - 1
  /// times more at the terms that this brings.
  std::vector<Truth> grow(std::vector<Truth> given, int rounds);

 private:
  void add(Truth fact);
  void scan(Truth what);
  void scan(IntTerm what);
  void scan_application(IntTerm what);
  void round();
  void tell(std::size_t law, const IntPredicate& body, IntTerm at);
  void tell_where(IntTerm witness, std::size_t law);
  void tell_product(IntTerm product, std::size_t law);
  void tell_unflatten(IntTerm place, std::size_t law);
  void tell_boxes();
  void tell_pairs();
  void tell_pair(IntTerm a, IntTerm b);

  const Knowledge& knowledge_;
  std::vector<Truth> facts_;
  std::set<Truth> known_;
  std::set<int> seen_truths_;
  std::map<int, int> born_;  ///< round in which a term was met first
  int round_ = 0;
  std::map<std::string, std::vector<IntTerm>> asked_;  ///< arguments by function
  std::map<std::string, std::set<int>> asked_ids_;
  std::vector<IntTerm> axes_;  ///< all arguments, and symbols of goals
  std::vector<IntTerm> goal_symbols_;
  std::vector<IntTerm> opaque_;  ///< applications with function arguments
  std::set<std::pair<std::size_t, int>> told_;
  std::set<std::pair<int, int>> paired_;
  std::map<int, std::vector<std::string>> triggers_;  ///< of opaque applications
};

/// Is the conjunction of these ground facts unsatisfiable? As an SMT-LIB 2 script, linear and
/// without quantifiers: products are an uninterpreted function with the laws of signs and units,
/// and of order where products with a common factor are compared.
std::string integer_script(const std::vector<Truth>& facts, bool compares = false);

}  // namespace bafe::generic
