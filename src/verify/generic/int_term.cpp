// In: arithmetic and logic on integers. Out: rows of the pool in scope. Invariant: a row is never
// changed and never equal to another; a polynomial's atoms are rows that are no polynomials; a
// function's bound variable is numbered above those of the functions inside, so renaming cannot
// tell two functions apart.
#include "int_term.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"

namespace bafe::generic {

struct TermScope::Impl {
  std::deque<IntRow> rows;                        // a reference to a row lives as long as the pool
  std::vector<int> levels;                        ///< highest level of a function inside
  std::unordered_multimap<std::size_t, int> ids;  ///< by hash
  std::deque<TruthRow> truths;
  std::vector<Truth> negations;  ///< of each truth; id -1: not asked yet
  std::unordered_multimap<std::size_t, int> truth_ids;
  int fresh = 0;
  Impl* outer = nullptr;
};

namespace {

thread_local TermScope::Impl* pool_in_scope = nullptr;

}  // namespace

TermScope::TermScope() : impl_(new Impl) {
  impl_->outer = pool_in_scope;
  pool_in_scope = impl_;
}

TermScope::~TermScope() {
  pool_in_scope = impl_->outer;
  delete impl_;
}

namespace {

TermScope::Impl& pool() {
  BAFE_CHECK(pool_in_scope != nullptr, "terms need a TermScope");
  return *pool_in_scope;
}

int truth_level(Truth truth);

int level_of(const IntRow& r) {
  int level = r.kind == IntKind::kFunction ? r.level : 0;
  for (IntTerm arg : r.args) level = std::max(level, pool().levels[std::size_t(arg.id)]);
  if (r.kind == IntKind::kChoice) level = std::max(level, truth_level(r.condition));
  if (r.kind == IntKind::kPolynomial) {
    for (const auto& [monomial, factor] : r.poly) {
      for (const auto& [atom, exponent] : monomial) {
        level = std::max(level, pool().levels[std::size_t(atom)]);
      }
    }
  }
  return level;
}

int truth_level(Truth truth) {
  int level = 0;
  for (IntTerm t : row(truth).terms) level = std::max(level, pool().levels[std::size_t(t.id)]);
  for (Truth t : row(truth).parts) level = std::max(level, truth_level(t));
  return level;
}

std::size_t mixed(std::size_t hash, std::size_t value) {
  return (hash ^ value) * 0x9E3779B97F4A7C15u + (hash >> 29);
}

std::size_t hash_of(const IntRow& r) {
  std::size_t hash = mixed(std::hash<std::string>()(r.name), std::size_t(r.kind));
  for (IntTerm arg : r.args) hash = mixed(hash, std::size_t(arg.id));
  hash = mixed(mixed(hash, std::size_t(r.condition.id)), std::size_t(r.level));
  if (r.kind != IntKind::kPolynomial) return hash;
  for (const auto& [monomial, factor] : r.poly) {
    for (const auto& [atom, exponent] : monomial) {
      hash = mixed(mixed(hash, std::size_t(atom)), std::size_t(exponent));
    }
  }
  return hash;
}

bool same_rows(const IntRow& a, const IntRow& b) {
  return a.kind == b.kind && a.level == b.level && a.condition == b.condition && a.args == b.args &&
         a.name == b.name && (a.kind != IntKind::kPolynomial || a.poly == b.poly);
}

IntTerm intern(IntRow r) {
  TermScope::Impl& p = pool();
  std::size_t hash = hash_of(r);
  auto [begin, end] = p.ids.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (same_rows(p.rows[std::size_t(it->second)], r)) return IntTerm::of_row(it->second);
  }
  int id = static_cast<int>(p.rows.size());
  if (r.kind != IntKind::kPolynomial) r.poly = {{Monomial{{id, 1}}, Rational(1)}};
  int level = level_of(r);
  p.rows.push_back(std::move(r));
  p.levels.push_back(level);
  p.ids.emplace(hash, id);
  return IntTerm::of_row(id);
}

IntTerm of(const Polynomial& poly) {
  bool atom = poly.size() == 1 && poly.begin()->second == Rational(1) &&
              poly.begin()->first.size() == 1 && poly.begin()->first[0].second == 1;
  if (atom) return IntTerm::of_row(poly.begin()->first[0].first);
  IntRow r;
  r.poly = poly;
  return intern(std::move(r));
}

std::size_t hash_of(const TruthRow& r) {
  std::size_t hash = mixed(std::hash<std::string>()(r.name), std::size_t(r.kind) * 2 + r.value);
  for (IntTerm t : r.terms) hash = mixed(hash, std::size_t(t.id));
  for (Truth part : r.parts) hash = mixed(hash, std::size_t(part.id));
  return hash;
}

bool same_rows(const TruthRow& a, const TruthRow& b) {
  return a.kind == b.kind && a.value == b.value && a.terms == b.terms && a.parts == b.parts &&
         a.name == b.name;
}

Truth intern(TruthRow r) {
  TermScope::Impl& p = pool();
  std::size_t hash = hash_of(r);
  auto [begin, end] = p.truth_ids.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (same_rows(p.truths[std::size_t(it->second)], r)) return Truth{it->second};
  }
  int id = static_cast<int>(p.truths.size());
  p.truths.push_back(std::move(r));
  p.negations.push_back(Truth{-1});
  p.truth_ids.emplace(hash, id);
  return Truth{id};
}

Truth non_negative(IntTerm t) {
  if (auto c = constant_value(row(t).poly)) return truth(c->sign() >= 0);
  TruthRow r;
  r.kind = TruthKind::kNonNegative;
  r.terms = {t};
  return intern(std::move(r));
}

Truth junction(TruthKind kind, const std::vector<Truth>& parts) {
  std::vector<Truth> flat;
  for (Truth part : parts) {
    const TruthRow& r = row(part);
    if (r.kind == kind) {
      flat.insert(flat.end(), r.parts.begin(), r.parts.end());
    } else {
      flat.push_back(part);
    }
  }
  Truth neutral = truth(kind == TruthKind::kAnd), absorbing = truth(kind != TruthKind::kAnd);
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  flat.erase(std::remove(flat.begin(), flat.end(), neutral), flat.end());
  for (Truth part : flat) {
    if (part == absorbing) return absorbing;
    if (std::binary_search(flat.begin(), flat.end(), negation(part))) return absorbing;
  }
  if (flat.empty()) return neutral;
  if (flat.size() == 1) return flat[0];
  TruthRow r;
  r.kind = kind;
  r.parts = std::move(flat);
  return intern(std::move(r));
}

/// A choice among several factors (-1: none): products are moved inside its branches. A power of a
/// choice is left alone.
int choice_in(const Monomial& monomial) {
  if (monomial.size() < 2) return -1;
  for (const auto& [atom, exponent] : monomial) {
    if (exponent == 1 && row(IntTerm::of_row(atom)).kind == IntKind::kChoice) return atom;
  }
  return -1;
}

}  // namespace

IntTerm::IntTerm(int value) : IntTerm(static_cast<std::int64_t>(value)) {}
IntTerm::IntTerm(std::int64_t value) : id(integer(value).id) {}

IntTerm IntTerm::of_row(int row) {
  IntTerm out;
  out.id = row;
  return out;
}

const IntRow& row(IntTerm term) { return pool().rows[static_cast<std::size_t>(term.id)]; }
const TruthRow& row(Truth t) { return pool().truths[static_cast<std::size_t>(t.id)]; }

IntTerm integer(std::int64_t value) { return of(constant_polynomial(value)); }

IntTerm symbol(const std::string& name) {
  IntRow r;
  r.kind = IntKind::kSymbol;
  r.name = name;
  return intern(std::move(r));
}

IntTerm fresh(const std::string& hint) { return symbol(format("{}!{}", hint, pool().fresh++)); }

IntTerm applied(const std::string& function, std::vector<IntTerm> args) {
  IntRow r;
  r.kind = IntKind::kApply;
  r.name = function;
  r.args = std::move(args);
  return intern(std::move(r));
}

IntTerm choose(Truth condition, IntTerm yes, IntTerm no) {
  if (is_true(condition) || yes == no) return yes;
  if (is_false(condition)) return no;
  auto inside = [&](IntTerm t, std::size_t side) {
    const IntRow& r = row(t);
    return r.kind == IntKind::kChoice && r.condition == condition ? r.args[side] : t;
  };
  yes = inside(yes, 0);
  no = inside(no, 1);
  if (yes == no) return yes;
  IntRow r;
  r.kind = IntKind::kChoice;
  r.condition = condition;
  r.args = {yes, no};
  return intern(std::move(r));
}

IntTerm operator+(IntTerm a, IntTerm b) { return of(Polynomial(row(a).poly) + row(b).poly); }
IntTerm operator-(IntTerm a, IntTerm b) {
  return of(Polynomial(row(a).poly) + scaled(row(b).poly, Rational(-1)));
}
IntTerm operator*(IntTerm a, IntTerm b) {
  Polynomial product = Polynomial(row(a).poly) * row(b).poly, plain;
  IntTerm split = 0;
  bool any = false;
  for (const auto& [monomial, factor] : product) {
    int atom = choice_in(monomial);
    if (atom < 0) {
      plain.emplace(monomial, factor);
      continue;
    }
    Monomial rest = monomial;
    rest.erase(std::remove_if(rest.begin(), rest.end(),
                              [atom](const auto& part) { return part.first == atom; }),
               rest.end());
    IntTerm others = of({{rest, factor}});
    const IntRow& r = row(IntTerm::of_row(atom));
    split = split + choose(r.condition, others * r.args[0], others * r.args[1]);
    any = true;
  }
  return any ? of(plain) + split : of(product);
}
IntTerm smaller(IntTerm a, IntTerm b) { return choose(at_most(a, b), a, b); }
IntTerm larger(IntTerm a, IntTerm b) { return choose(at_most(a, b), b, a); }

Truth truth(bool value) {
  TruthRow r;
  r.value = value;
  return intern(std::move(r));
}

Truth equal(IntTerm a, IntTerm b) {
  std::int64_t number = 0;
  const IntRow& choice = row(a);
  // (c ? 1 : 0) = 1 is c.
  bool flag = choice.kind == IntKind::kChoice && is_number(b, number) && number == 1 &&
              choice.args[0] == IntTerm(1) && choice.args[1] == IntTerm(0);
  if (flag) return row(a).condition;
  Polynomial gap = row(a - b).poly;
  if (auto c = constant_value(gap)) return truth(c->sign() == 0);
  if (gap.begin()->second.sign() < 0) gap = scaled(gap, Rational(-1));
  TruthRow r;
  r.kind = TruthKind::kZero;
  r.terms = {of(gap)};
  return intern(std::move(r));
}

Truth at_most(IntTerm a, IntTerm b) { return non_negative(b - a); }
Truth less(IntTerm a, IntTerm b) { return non_negative(b - a - 1); }

Truth predicate(const std::string& name, std::vector<IntTerm> args) {
  TruthRow r;
  r.kind = TruthKind::kPredicate;
  r.name = name;
  r.terms = std::move(args);
  return intern(std::move(r));
}

namespace {

Truth negated(Truth a) {
  TruthRow r = row(a);
  switch (r.kind) {
    case TruthKind::kConstant:
      return truth(!r.value);
    case TruthKind::kNonNegative:
      return non_negative(IntTerm(-1) - r.terms[0]);
    case TruthKind::kNot:
      return r.parts[0];
    case TruthKind::kAnd:
    case TruthKind::kOr:
      for (Truth& part : r.parts) part = negation(part);
      return junction(r.kind == TruthKind::kAnd ? TruthKind::kOr : TruthKind::kAnd, r.parts);
    case TruthKind::kZero:
    case TruthKind::kPredicate:
      break;
  }
  TruthRow out;
  out.kind = TruthKind::kNot;
  out.parts = {a};
  return intern(std::move(out));
}

}  // namespace

Truth negation(Truth a) {
  Truth known = pool().negations[std::size_t(a.id)];
  if (known.id >= 0) return known;
  Truth out = negated(a);
  pool().negations[std::size_t(a.id)] = out;
  return out;
}

Truth both(Truth a, Truth b) { return junction(TruthKind::kAnd, {a, b}); }
Truth either(Truth a, Truth b) { return junction(TruthKind::kOr, {a, b}); }
Truth implies(Truth a, Truth b) { return either(negation(a), b); }
Truth all_of(const std::vector<Truth>& parts) { return junction(TruthKind::kAnd, parts); }
Truth any_of(const std::vector<Truth>& parts) { return junction(TruthKind::kOr, parts); }
Truth in_range(IntTerm t, IntTerm n) { return both(at_most(0, t), less(t, n)); }
bool is_true(Truth a) { return row(a).kind == TruthKind::kConstant && row(a).value; }
bool is_false(Truth a) { return row(a).kind == TruthKind::kConstant && !row(a).value; }

IntTerm close(const IntFunction& function) {
  IntTerm at = fresh("at");
  IntTerm body = function(at);
  IntRow bound;
  bound.kind = IntKind::kBound;
  bound.level = 1 + pool().levels[static_cast<std::size_t>(body.id)];
  IntRow r;
  r.kind = IntKind::kFunction;
  r.level = bound.level;
  r.args = {replace(body, at, intern(std::move(bound)))};
  return intern(std::move(r));
}

IntTerm close(const IntPredicate& holds) {
  return close([&](IntTerm t) { return choose(holds(t), 1, 0); });
}

IntTerm open(IntTerm function, IntTerm at) {
  IntRow r = row(function);
  BAFE_CHECK(r.kind == IntKind::kFunction, "only a function can be opened");
  IntRow bound;
  bound.kind = IntKind::kBound;
  bound.level = r.level;
  return replace(r.args[0], intern(std::move(bound)), at);
}

Truth open_truth(IntTerm holds, IntTerm at) { return equal(open(holds, at), 1); }

Truth exists(IntTerm n, const IntPredicate& holds) {
  std::int64_t count = 0;
  if (is_number(n, count) && count <= 4) {
    std::vector<Truth> parts;
    for (std::int64_t i = 0; i < count; ++i) parts.push_back(holds(i));
    return any_of(parts);
  }
  IntTerm body = close(holds);
  std::int64_t value = 0;
  if (is_number(row(body).args[0], value) && value == 0) return truth(false);
  IntTerm witness = applied("where", {n, body});
  return both(in_range(witness, n), holds(witness));
}

Truth for_each(IntTerm n, const IntPredicate& holds) {
  return negation(exists(n, [&](IntTerm t) { return negation(holds(t)); }));
}

bool is_number(IntTerm term, std::int64_t& value) {
  auto c = constant_value(row(term).poly);
  if (!c || !c->is_integer()) return false;
  value = c->integer();
  return true;
}

}  // namespace bafe::generic
