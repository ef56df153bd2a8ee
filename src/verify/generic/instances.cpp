// In: facts and laws. Out: the facts with the instances of laws at the terms that occur. Invariant:
// every instance is a consequence of the knowledge, so leaving some out can only fail to prove.
#include "instances.h"

namespace bafe::generic {
namespace {

constexpr std::size_t kMostFacts = 4000, kMostAxes = 60;

bool is_function(IntTerm t) { return row(t).kind == IntKind::kFunction; }

bool has_function_argument(const IntRow& r) {
  for (IntTerm arg : r.args) {
    if (is_function(arg)) return true;
  }
  return false;
}

/// Functions that are asked at the term `at` itself.
class TriggerScan {
 public:
  explicit TriggerScan(IntTerm at) : at_(at) {}
  std::set<std::string> names;

  void of(Truth what) {
    const TruthRow& r = row(what);
    if (r.kind == TruthKind::kPredicate) call(r.name, r.terms);
    for (IntTerm t : r.terms) of(t);
    for (Truth part : r.parts) of(part);
  }

  void of(IntTerm what) {
    if (!seen_.insert(what.id).second) return;
    const IntRow& r = row(what);
    if (r.kind == IntKind::kApply) call(r.name, r.args);
    if (r.kind == IntKind::kChoice) of(r.condition);
    for (IntTerm arg : r.args) of(arg);
    if (r.kind != IntKind::kPolynomial) return;
    for (const auto& [monomial, factor] : r.poly) {
      for (const auto& [atom, exponent] : monomial) of(IntTerm::of_row(atom));
    }
  }

 private:
  void call(const std::string& name, const std::vector<IntTerm>& args) {
    for (IntTerm arg : args) {
      if (arg == at_) names.insert(name);
    }
  }
  IntTerm at_;
  std::set<int> seen_;
};

}  // namespace

std::vector<std::string> triggers_of(const IntPredicate& body) {
  IntTerm at = fresh("t");
  TriggerScan scan(at);
  scan.of(body(at));
  return {scan.names.begin(), scan.names.end()};
}

void Instances::add(Truth fact) {
  if (is_true(fact) || facts_.size() >= kMostFacts || !known_.insert(fact).second) return;
  const TruthRow& r = row(fact);
  if (r.kind == TruthKind::kAnd) {
    for (Truth part : r.parts) add(part);
    return;
  }
  facts_.push_back(fact);
  scan(fact);
}

void Instances::scan(Truth what) {
  if (!seen_truths_.insert(what.id).second) return;
  const TruthRow& r = row(what);
  for (IntTerm t : r.terms) {
    scan(t);
    if (r.kind == TruthKind::kPredicate && asked_ids_[r.name].insert(t.id).second) {
      asked_[r.name].push_back(t);
    }
  }
  for (Truth part : r.parts) scan(part);
}

void Instances::scan(IntTerm what) {
  if (!born_.emplace(what.id, round_).second) return;
  const IntRow& r = row(what);
  if (r.kind == IntKind::kFunction) return;  // its variable is bound
  if (r.kind == IntKind::kSymbol && r.name.rfind("any!", 0) == 0) {
    axes_.push_back(what);
    goal_symbols_.push_back(what);
  }
  if (r.kind == IntKind::kChoice) scan(r.condition);
  for (IntTerm arg : r.args) scan(arg);
  if (r.kind == IntKind::kApply) scan_application(what);
  if (r.kind != IntKind::kPolynomial) return;
  for (const auto& [monomial, factor] : r.poly) {
    for (const auto& [atom, exponent] : monomial) scan(IntTerm::of_row(atom));
  }
}

void Instances::scan_application(IntTerm what) {
  const IntRow& r = row(what);
  if (has_function_argument(r)) opaque_.push_back(what);
  for (IntTerm arg : r.args) {
    if (is_function(arg)) continue;
    if (!asked_ids_[r.name].insert(arg.id).second) continue;
    asked_[r.name].push_back(arg);
    if (axes_.size() < kMostAxes) axes_.push_back(arg);
  }
}

void Instances::tell(std::size_t law, const IntPredicate& body, IntTerm at) {
  auto born = born_.find(at.id);
  if (born != born_.end() && born->second >= round_) return;  // its turn is the next round
  if (facts_.size() < kMostFacts && told_.insert({law, at.id}).second) add(body(at));
}

void Instances::tell_where(IntTerm witness, std::size_t law) {
  const IntRow& r = row(witness);
  auto holds = [&](IntTerm t) { return both(in_range(t, r.args[0]), open_truth(r.args[1], t)); };
  if (!triggers_.count(witness.id)) triggers_[witness.id] = triggers_of(holds);
  Truth found = holds(witness);
  IntPredicate body = [&](IntTerm t) { return implies(holds(t), found); };
  for (const std::string& name : triggers_[witness.id]) {
    for (IntTerm at : std::vector<IntTerm>(asked_[name])) tell(law, body, at);
  }
  for (IntTerm at : std::vector<IntTerm>(axes_)) {
    if (row(at).kind == IntKind::kSymbol) tell(law, body, at);
  }
}

/// P = product of f over [0, n): 0 if and only if an entry is 0; with no negative entry, P is not
/// negative, and 1 if and only if every entry is 1.
void Instances::tell_product(IntTerm product, std::size_t law) {
  const IntRow& r = row(product);
  IntTerm n = r.args[0];
  auto entry = [&](IntTerm t) { return open(r.args[1], t); };
  Truth none_negative = for_each(n, [&](IntTerm t) { return at_most(0, entry(t)); });
  Truth some_zero = exists(n, [&](IntTerm t) { return equal(entry(t), 0); });
  Truth all_one = for_each(n, [&](IntTerm t) { return equal(entry(t), 1); });
  add(implies(some_zero, equal(product, 0)));
  add(implies(equal(product, 0), some_zero));
  add(implies(none_negative, at_most(0, product)));
  add(implies(both(none_negative, equal(product, 1)), all_one));
  add(implies(all_one, equal(product, 1)));
  (void)law;
}

/// A position is taken apart by quotients and remainders: an entry lies inside an axis that is not
/// empty, whatever the position.
void Instances::tell_unflatten(IntTerm place, std::size_t law) {
  if (!told_.insert({law, -1}).second) return;
  const IntRow& r = row(place);
  IntTerm axis = r.args[3], size = open(r.args[1], axis);
  add(implies(both(in_range(axis, r.args[0]), at_most(1, size)), in_range(place, size)));
}

void Instances::tell_boxes() {
  for (std::size_t b = 0; b < knowledge_.boxes_.size(); ++b) {
    for (IntTerm at : std::vector<IntTerm>(axes_)) {
      for (std::size_t p = 0; p < knowledge_.points_.size(); ++p) {
        std::size_t law = 1'000'000 + b * 100 + p;
        if (facts_.size() >= kMostFacts || !told_.insert({law, at.id}).second) continue;
        add(knowledge_.boxes_[b](at, knowledge_.points_[p](at)));
      }
    }
  }
}

/// Two opaque applications are equal when their parts are, entry by entry.
void Instances::tell_pair(IntTerm a, IntTerm b) {
  const IntRow &ra = row(a), &rb = row(b);
  if (ra.name != rb.name || ra.args.size() != rb.args.size() || ra.name == "where") return;
  if (!paired_.insert({a.id, b.id}).second) return;
  std::vector<Truth> same;
  for (std::size_t i = 0; i < ra.args.size(); ++i) {
    IntTerm x = ra.args[i], y = rb.args[i];
    if (is_function(x) != is_function(y)) return;
    same.push_back(
        is_function(x)
            ? for_each(ra.args[0], [&](IntTerm t) { return equal(open(x, t), open(y, t)); })
            : equal(x, y));
  }
  add(implies(all_of(same), equal(a, b)));
}

void Instances::tell_pairs() {
  std::vector<IntTerm> opaque = opaque_;
  for (std::size_t i = 0; i < opaque.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) tell_pair(opaque[j], opaque[i]);
  }
}

void Instances::round() {
  for (std::size_t i = 0; i < knowledge_.laws_.size(); ++i) {
    const auto& law = knowledge_.laws_[i];
    std::vector<IntTerm> at = law.triggers.empty() ? axes_ : std::vector<IntTerm>{};
    for (const std::string& name : law.triggers) {
      at.insert(at.end(), asked_[name].begin(), asked_[name].end());
    }
    for (IntTerm t : law.eager ? goal_symbols_ : std::vector<IntTerm>{}) at.push_back(t);
    for (IntTerm t : at) tell(i, law.body, t);
  }
  std::vector<IntTerm> opaque = opaque_;
  for (IntTerm term : opaque) {
    std::size_t law = 10'000 + static_cast<std::size_t>(term.id);
    if (row(term).name == "where") tell_where(term, law);
    if (row(term).name == "unflatten") tell_unflatten(term, law);
    if (row(term).name == "product" && told_.insert({law, -1}).second) tell_product(term, law);
  }
  tell_boxes();
  tell_pairs();
}

std::vector<Truth> Instances::grow(std::vector<Truth> given, int rounds) {
  for (Truth fact : knowledge_.facts_) add(fact);
  for (Truth fact : given) add(fact);
  for (round_ = 1; round_ <= rounds; ++round_) {
    std::size_t before = facts_.size();
    round();
    if (facts_.size() == before) break;
  }
  return facts_;
}

}  // namespace bafe::generic
