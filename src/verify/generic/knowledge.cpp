// In: assumptions and goals. Out: whether the goals follow. Invariant: a goal is proven only by an
// empty negation or an `unsat` of the child; every other answer is "no".
#include "knowledge.h"

#include "../smt_child.h"
#include "bafe/base/format.h"
#include "instances.h"

namespace bafe::generic {

void Knowledge::assume(Truth fact) { facts_.push_back(fact); }

void Knowledge::assume_for_all(const IntPredicate& body) {
  laws_.push_back({triggers_of(body), body});
}

void Knowledge::assume_axes(const IntList& list, IntTerm end) {
  assume(all_of({at_most(0, list.length), at_most(list.length, end)}));
  for (const IntPredicate& law : axes_laws(list, end)) {
    laws_.push_back({triggers_of(law), law, true});
  }
}

void Knowledge::assume_permutation(const IntList& list, IntTerm length) {
  assume(equal(list.length, length));
  for (const IntPredicate& law : permutation_laws(list, length)) {
    laws_.push_back({triggers_of(law), law, true});
  }
}

void Knowledge::assume(const Claims& claims, DTypeFacts& dtypes) {
  for (Truth fact : claims.facts) assume(fact);
  for (const IntPredicate& body : claims.for_all) assume_for_all(body);
  for (const auto& axes : claims.axes) assume_axes(axes.list, axes.end);
  for (const auto& p : claims.permutations) assume_permutation(p.list, p.length);
  boxes_.insert(boxes_.end(), claims.boxes.begin(), claims.boxes.end());
  points_.insert(points_.end(), claims.points.begin(), claims.points.end());
  lookups_.insert(lookups_.end(), claims.lookups.begin(), claims.lookups.end());
  for (const auto& claim : claims.dtypes) {
    bool possible = dtypes.assume_in(claim.a, claim.allowed);
    if (claim.b.variable >= 0) possible = possible && dtypes.assume_same(claim.a, claim.b);
    if (!possible) throw NotRepresentable("no element type fits the left side");
  }
}

bool Knowledge::proves(const std::vector<Truth>& goals, std::string* why) const {
  std::vector<Truth> open;
  for (Truth goal : goals) {
    if (is_true(goal)) continue;
    open.push_back(goal);
  }
  if (open.empty()) return true;
  Truth negated = negation(all_of(open));
  SmtAnswer answer;
  std::size_t told = 0;
  std::vector<Truth> facts;
  // The cheap attempts first: most goals need no second look at what the laws bring.
  struct Attempt {
    int rounds;
    bool compares;
    unsigned share;  ///< of the resource limit
  };
  for (Attempt attempt : {Attempt{2, false, 2}, Attempt{2, true, 2}, Attempt{3, false, 4}}) {
    facts = Instances(*this).grow({negated}, attempt.rounds);
    if (attempt.rounds == 3 && facts.size() == told) break;
    told = facts.size();
    std::string script = integer_script(facts, attempt.compares);
    if (script == script_) continue;
    script_ = std::move(script);
    ++queries_;
    answer = ask_smt(smt_program_, script_, options_.rlimit / attempt.share, options_.wall_ms);
    if (answer.status == SmtStatus::kUnsat) return true;
    if (answer.status == SmtStatus::kMissing) break;
  }
  if (why != nullptr) {
    *why = answer.status == SmtStatus::kMissing ? "the bafe-smt program is missing"
                                                : "not shown: " + generic::text(all_of(open));
  }
  return false;
}

std::string Knowledge::text() const {
  std::string out;
  for (Truth fact : facts_) out += generic::text(fact) + "\n";
  for (const Law& law : laws_) {
    out += "for all t: " + generic::text(law.body(symbol("t"))) + "\n";
  }
  return out;
}

Truth goal_for_all(const IntPredicate& body) { return body(fresh("any")); }

Truth goal_equal(const IntList& a, const IntList& b) {
  IntTerm at = fresh("any");
  return both(equal(a.length, b.length),
              implies(in_range(at, a.length), equal(a.at(at), b.at(at))));
}

namespace {

void goals_of_axes(const IntList& list, IntTerm end, std::vector<Truth>& goals) {
  if (list.is_fixed) {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      goals.push_back(in_range(list.items[i], end));
      if (i > 0) goals.push_back(less(list.items[i - 1], list.items[i]));
    }
    return;
  }
  if (!list.ascending) throw NotRepresentable("axes that are not known to ascend");
  goals.push_back(goal_for_all(
      [&](IntTerm i) { return implies(in_range(i, list.length), in_range(list.at(i), end)); }));
}

/// The same indices into an axis of the same size lie inside by assumption.
Truth inside(const Claims::Lookup& lookup, const std::vector<Claims::Lookup>& known) {
  std::vector<Truth> cases;
  for (const Claims::Lookup& other : known) {
    if (other.place != lookup.place) continue;
    cases.push_back(
        both(equal(other.extent, lookup.extent), goal_equal(other.shape, lookup.shape)));
  }
  if (cases.empty()) throw NotRepresentable("an index that may lie outside");
  return any_of(cases);
}

}  // namespace

bool goals_of(const Claims& claims, const DTypeFacts& dtypes, const Knowledge& knowledge,
              std::vector<Truth>& goals) {
  for (const Claims::Lookup& lookup : claims.lookups) {
    goals.push_back(inside(lookup, knowledge.lookups()));
  }
  goals.insert(goals.end(), claims.facts.begin(), claims.facts.end());
  for (const IntPredicate& body : claims.for_all) goals.push_back(goal_for_all(body));
  for (const auto& axes : claims.axes) goals_of_axes(axes.list, axes.end, goals);
  for (const auto& p : claims.permutations) {
    goals.push_back(equal(p.list.length, p.length));
    if (p.list.permutation) continue;
    for (const IntPredicate& law : permutation_laws(p.list, p.length)) {
      goals.push_back(goal_for_all(law));
    }
  }
  for (const auto& claim : claims.dtypes) {
    if (!dtypes.must_be_in(claim.a, claim.allowed)) return false;
    if (claim.b.variable >= 0 && !dtypes.must_be_same(claim.a, claim.b)) return false;
  }
  return true;
}

std::vector<IntPredicate> axes_laws(const IntList& list, IntTerm end) {
  if (!list.has || !list.before || !list.skipped || !list.position) {
    throw NotRepresentable("axes without known order");
  }
  IntTerm n = list.length;
  return {
      // Entries ascend and lie in [0, end).
      [=](IntTerm i) {
        IntTerm t = list.at(i);
        return implies(in_range(i, n),
                       all_of({in_range(t, end), list.has(t), equal(list.position(t), i)}));
      },
      [=](IntTerm t) {
        IntTerm i = list.position(t);
        return implies(list.has(t),
                       all_of({in_range(t, end), in_range(i, n), equal(list.at(i), t)}));
      },
      [=](IntTerm t) { return implies(list.has(t), equal(list.before(t), list.position(t))); },
      [=](IntTerm t) {
        return all_of({in_range(list.before(t), n + 1),
                       implies(at_most(t, 0), equal(list.before(t), 0)),
                       implies(at_most(end, t), equal(list.before(t), n)),
                       implies(at_most(0, t), at_most(list.before(t), t))});
      },
      // What is no member is numbered by skipped.
      [=](IntTerm t) {
        IntTerm b = t - list.before(t);
        Truth outside = both(at_most(0, t), negation(list.has(t)));
        return implies(
            outside, both(equal(list.skipped(b), t), implies(less(t, end), in_range(b, end - n))));
      },
      [=](IntTerm b) {
        IntTerm t = list.skipped(b);
        return implies(at_most(0, b),
                       all_of({at_most(b, t), negation(list.has(t)), equal(t - list.before(t), b),
                               implies(less(b, end - n), less(t, end))}));
      },
  };
}

std::vector<IntPredicate> permutation_laws(const IntList& list, IntTerm length) {
  if (!list.inverse) throw NotRepresentable("a permutation without a known inverse");
  return {
      [=](IntTerm t) {
        IntTerm at = list.at(t);
        return implies(in_range(t, length), both(in_range(at, length), equal(list.inverse(at), t)));
      },
      [=](IntTerm t) {
        IntTerm at = list.inverse(t);
        return implies(in_range(t, length), both(in_range(at, length), equal(list.at(at), t)));
      },
  };
}

}  // namespace bafe::generic
