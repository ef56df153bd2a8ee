// In: two normal forms. Out: whether they are equal in every case. A case assumes signs of
// differences and truths of conditions; the forms are built again under them, so that choices,
// extremes and absolute values disappear. Invariant: what is assumed is taken back on return.
#include <algorithm>

#include "scalar_terms.h"

namespace bafe {
namespace {

constexpr int kMaxDepth = 12, kMaxCases = 600;

Polynomial minus(const Polynomial& p) { return scaled(p, Rational(-1)); }

}  // namespace

ScalarTerms::Id ScalarTerms::rebuild(Id id, std::map<Id, Id>& done) {
  if (auto it = done.find(id); it != done.end()) return it->second;
  const Row& r = row(id);
  Id out = id;
  if (auto known = assumed_.truths.find(id); known != assumed_.truths.end()) {
    out = truth(known->second);
  } else if (auto value = assumed_.values.find(id); value != assumed_.values.end()) {
    out = of(rebuild_polynomial(Polynomial(value->second), done));
  } else if (r.kind == Kind::kPolynomial) {
    out = of(rebuild_polynomial(r.poly, done));
  } else if (r.kind == Kind::kPositive) {
    out = positive(rebuild_polynomial(r.poly, done));
  } else if (r.kind == Kind::kZero) {
    out = zero(rebuild_polynomial(r.poly, done));
  } else if (r.kind == Kind::kApply) {
    out = rebuild_application(r, done);
  }
  if (auto known = assumed_.truths.find(out); known != assumed_.truths.end()) {
    out = truth(known->second);
  }
  return done[id] = out;
}

Polynomial ScalarTerms::rebuild_polynomial(const Polynomial& p, std::map<Id, Id>& done) {
  Polynomial sum;
  for (const auto& [monomial, value] : p) {
    Polynomial part = constant_polynomial(value);
    for (auto [atom, e] : monomial) {
      Id next = rebuild(atom, done);
      for (int i = 0; i < e; ++i) part = part * polynomial(next);
    }
    sum = sum + part;
  }
  return tidy(sum);
}

ScalarTerms::Id ScalarTerms::rebuild_application(const Row& r, std::map<Id, Id>& done) {
  if (r.prim == Prim::kSelect) {
    Id condition = rebuild(r.args[0], done);
    if (row(condition).kind == Kind::kTruth) {
      return rebuild(r.args[row(condition).name == "true" ? 1 : 2], done);
    }
    return choose(condition, rebuild(r.args[1], done), rebuild(r.args[2], done));
  }
  std::vector<Id> args;
  for (Id arg : r.args) args.push_back(rebuild(arg, done));
  if (r.prim == Prim::kDiv && args.size() == 1) return reciprocal(args[0]);
  if (!r.name.empty()) return intern({r.kind, r.is_bool, r.prim, r.name, std::move(args), {}});
  return apply(r.prim, std::move(args));
}

/// The sign of a product is that of its factors: a common one is asked for first.
ScalarTerms::Split ScalarTerms::split_by_sign(const Polynomial& p) {
  Polynomial plain = plainest(p);
  Id factor = common_factor(plain);
  return {-1, factor < 0 ? plain : polynomial(factor)};
}

std::optional<ScalarTerms::Split> ScalarTerms::own_split(Id id) {
  const Row& r = row(id);
  if (r.is_bool) {
    if (r.kind == Kind::kTruth) return std::nullopt;
    if (r.kind == Kind::kPositive || r.kind == Kind::kZero) return split_by_sign(r.poly);
    bool atom = r.kind == Kind::kSymbol || (r.prim != Prim::kAnd && r.prim != Prim::kOr &&
                                            r.prim != Prim::kNot && r.prim != Prim::kXor);
    if (atom) return Split{id, {}};
    return std::nullopt;
  }
  if (r.kind != Kind::kApply || laws_ == Laws::kSameOperations) return std::nullopt;
  if (r.prim == Prim::kAbs) return split_by_sign(polynomial(r.args[0]));
  if (r.prim == Prim::kMax || r.prim == Prim::kMin) {
    return split_by_sign(polynomial(r.args[0]) + minus(polynomial(r.args[1])));
  }
  return std::nullopt;
}

/// Innermost first, so that what a case decides stands alone.
std::optional<ScalarTerms::Split> ScalarTerms::find_split(Id id, std::set<Id>& seen) {
  if (!seen.insert(id).second) return std::nullopt;
  const Row& r = row(id);
  for (Id arg : r.args) {
    if (auto inner = find_split(arg, seen)) return inner;
  }
  bool composite =
      r.kind == Kind::kPolynomial || r.kind == Kind::kPositive || r.kind == Kind::kZero;
  if (composite) {
    for (const auto& [monomial, value] : r.poly) {
      for (auto [atom, e] : monomial) {
        if (auto inner = find_split(atom, seen)) return inner;
      }
    }
  }
  auto own = own_split(id);
  if (own && own->truth < 0) {  // a sign that is known splits nothing
    SignSet known = signs_of(own->poly);
    if (known.negative + known.zero + known.positive < 2) return std::nullopt;
  }
  return own;
}

bool ScalarTerms::occurs(Id atom, const Polynomial& p) {
  for (const auto& [monomial, value] : p) {
    for (auto [a, e] : monomial) {
      if (a == atom) return true;
      for (Id arg : row(a).args) {
        if (!is_bool(arg) && occurs(atom, polynomial(arg))) return true;
        if (is_bool(arg)) return true;  // not looked into
      }
    }
  }
  return false;
}

/// Also solves poly = 0 for an atom that occurs once.
void ScalarTerms::assume_sign(Assumed& assumed, const Polynomial& p, SignSet signs) {
  Rational lead = p.begin()->second;
  assumed.signs[scaled(p, lead.inverse())] = lead.sign() > 0 ? signs : signs.flipped();
  if (!signs.is_zero()) return;
  for (auto it = p.rbegin(); it != p.rend(); ++it) {
    if (it->first.size() != 1 || it->first[0].second != 1) continue;
    Polynomial others = p;
    others.erase(it->first);
    Id atom = it->first[0].first;
    if (occurs(atom, others)) continue;
    assumed.values[atom] = scaled(others, it->second.inverse() * Rational(-1));
    return;
  }
}

std::vector<ScalarTerms::Assumed> ScalarTerms::outcomes(const Split& split) {
  std::vector<Assumed> all;
  if (split.truth >= 0) {
    for (bool value : {true, false}) {
      all.push_back(assumed_);
      all.back().truths[split.truth] = value;
    }
    return all;
  }
  SignSet known = signs_of(split.poly);
  auto add = [&](const SignSet& signs) {
    all.push_back(assumed_);
    assume_sign(all.back(), split.poly, signs);
  };
  if (known.positive) add({false, false, true});
  if (known.negative) add({true, false, false});
  if (known.zero) add({false, true, false});
  return all;
}

bool ScalarTerms::equal(Id left, Id right, const std::function<bool(Id, Id)>& query) {
  if (left == right) return true;
  if (++cases_ > kMaxCases) throw NotRepresentable("too many cases to distinguish");
  std::set<Id> seen;
  auto split = find_split(left, seen);
  if (!split) split = find_split(right, seen);
  if (!split || depth_ >= kMaxDepth) return query(left, right);
  Assumed before = assumed_;
  for (const Assumed& next : outcomes(*split)) {
    assumed_ = next;
    ++depth_;
    bool ok = false;
    try {
      std::map<Id, Id> done;
      Id l = rebuild(left, done), r = rebuild(right, done);
      ok = equal(l, r, query);
    } catch (const NotRepresentable&) {
      --depth_;
      assumed_ = before;
      throw;
    }
    --depth_;
    assumed_ = before;
    if (!ok) return false;
  }
  return true;
}

}  // namespace bafe
