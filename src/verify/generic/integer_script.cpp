// In: ground facts. Out: an SMT-LIB 2 script that asserts them. Grammar of what is sent:
// declare-fun over Int and Bool, define-fun without arguments for shared parts, assert; linear
// integer arithmetic with uninterpreted functions. An application with function arguments is an
// uninterpreted function of the others, named by its functions' rows.
#include "bafe/base/format.h"
#include "instances.h"

namespace bafe::generic {
namespace {

std::string number_text(const Rational& value) {
  std::int64_t n = value.integer();
  return n < 0 ? format("(- {})", -n) : std::to_string(n);
}

class IntegerScript {
 public:
  explicit IntegerScript(bool compares) : compares_(compares) {}
  std::string declarations, definitions;

  std::string of(Truth what) {
    auto it = truths_.find(what.id);
    if (it != truths_.end()) return it->second;
    const TruthRow& r = row(what);
    std::string out;
    switch (r.kind) {
      case TruthKind::kConstant:
        return r.value ? "true" : "false";
      case TruthKind::kNonNegative:
        out = format("(>= {} 0)", of(r.terms[0]));
        break;
      case TruthKind::kZero:
        out = format("(= {} 0)", of(r.terms[0]));
        break;
      case TruthKind::kPredicate:
        out = call(r.name, "Bool", r.terms);
        break;
      case TruthKind::kNot:
        out = format("(not {})", of(r.parts[0]));
        break;
      case TruthKind::kAnd:
      case TruthKind::kOr:
        for (Truth part : r.parts) out += " " + of(part);
        out = (r.kind == TruthKind::kAnd ? "(and" : "(or") + out + ")";
        break;
    }
    return truths_[what.id] = shared("b", what.id, "Bool", out);
  }

  std::string of(IntTerm what) {
    auto it = terms_.find(what.id);
    if (it != terms_.end()) return it->second;
    const IntRow& r = row(what);
    std::string out;
    switch (r.kind) {
      case IntKind::kSymbol:
        out = call(r.name, "Int", {});
        return terms_[what.id] = out;
      case IntKind::kApply:
        out = call(r.name, "Int", r.args);
        break;
      case IntKind::kChoice:
        out = format("(ite {} {} {})", of(r.condition), of(r.args[0]), of(r.args[1]));
        break;
      case IntKind::kPolynomial:
        out = polynomial(r.poly);
        break;
      case IntKind::kFunction:
      case IntKind::kBound:
        throw NotRepresentable("a function where an integer is needed");
    }
    return terms_[what.id] = shared("t", what.id, "Int", out);
  }

 private:
  std::string shared(const char* prefix, int id, const char* sort, const std::string& text) {
    if (text.size() < 24) return text;
    std::string name = format("{}{}", prefix, id);
    definitions += format("(define-fun {} () {} {})\n", name, sort, text);
    return name;
  }

  std::string call(std::string name, const char* sort, const std::vector<IntTerm>& args) {
    std::string joined, sorts;
    for (IntTerm arg : args) {
      if (row(arg).kind == IntKind::kFunction) {
        name += format("_{}", arg.id);
        continue;
      }
      joined += " " + of(arg);
      sorts += sorts.empty() ? "Int" : " Int";
    }
    name = "|" + name + "|";
    if (declared_.insert(name + sorts + sort).second) {
      declarations += format("(declare-fun {} ({}) {})\n", name, sorts, sort);
    }
    return joined.empty() ? name : "(" + name + joined + ")";
  }

  std::string polynomial(const Polynomial& poly) {
    std::string sum;
    for (const auto& [monomial, factor] : poly) {
      std::string term = monomial.empty() ? number_text(factor) : product(monomial);
      if (!monomial.empty() && !(factor == Rational(1))) {
        term = format("(* {} {})", number_text(factor), term);
      }
      sum += " " + term;
    }
    if (poly.empty()) return "0";
    return poly.size() == 1 ? sum.substr(1) : "(+" + sum + ")";
  }

  std::string product(const Monomial& monomial) {
    std::string out;
    for (const auto& [atom, exponent] : monomial) {
      std::string factor = of(IntTerm::of_row(atom));
      for (int i = 0; i < exponent; ++i) out = out.empty() ? factor : times(out, factor);
    }
    return out;
  }

  std::string times(const std::string& a, const std::string& b) {
    if (declared_.insert("times").second) declarations += "(declare-fun times (Int Int) Int)\n";
    std::string m = format("(times {} {})", a, b);
    if (declared_.insert(m).second) {
      definitions += format(
          "(assert (and (=> (= {0} 0) (= {2} 0)) (=> (= {1} 0) (= {2} 0))"
          " (=> (= {0} 1) (= {2} {1})) (=> (= {1} 1) (= {2} {0}))"
          " (=> (= {0} (- 1)) (= {2} (- {1}))) (=> (= {1} (- 1)) (= {2} (- {0})))"
          " (=> (and (> {0} 0) (> {1} 0)) (and (>= {2} {0}) (>= {2} {1})))"
          " (=> (and (< {0} 0) (< {1} 0)) (> {2} 0))"
          " (=> (and (< {0} 0) (> {1} 0)) (< {2} 0))"
          " (=> (and (> {0} 0) (< {1} 0)) (< {2} 0))))\n",
          a, b, m);
      if (compares_) compare(a, b, m);
    }
    return m;
  }

  /// Products with a factor in common are ordered as the others are.
  void compare(const std::string& a, const std::string& b, const std::string& m) {
    definitions += format(
        "(assert (and (=> (= {0} 2) (= {2} (* 2 {1}))) (=> (= {1} 2) (= {2} (* 2 {0})))"
        " (=> (and (>= {0} 2) (>= {1} 2)) (>= {2} (+ {0} {0} {1} {1} (- 4))))"
        " (=> (and (>= {0} 2) (<= {1} (- 1))) (<= {2} (+ {1} {1} (- {0}) 2)))"
        " (=> (and (>= {1} 2) (<= {0} (- 1))) (<= {2} (+ {0} {0} (- {1}) 2)))))\n",
        a, b, m);
    for (const auto& [factor, other] : {std::pair(a, b), std::pair(b, a)}) {
      auto& products = by_factor_[factor];
      for (std::size_t i = 0; i < products.size() && i < 8; ++i) {
        definitions += format(
            "(assert (and (=> (and (> {0} 0) (< {1} {2})) (<= (+ {3} {0}) {4}))"
            " (=> (and (> {0} 0) (< {2} {1})) (<= (+ {4} {0}) {3}))"
            " (=> (and (< {0} 0) (< {1} {2})) (>= (+ {3} {0}) {4}))"
            " (=> (and (< {0} 0) (< {2} {1})) (>= (+ {4} {0}) {3}))))\n",
            factor, other, products[i].first, m, products[i].second);
      }
      products.emplace_back(other, m);
    }
  }

  bool compares_;
  std::map<int, std::string> terms_, truths_;
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> by_factor_;
  std::set<std::string> declared_;
};

}  // namespace

std::string integer_script(const std::vector<Truth>& facts, bool compares) {
  IntegerScript script(compares);
  std::string asserts;
  for (Truth fact : facts) asserts += format("(assert {})\n", script.of(fact));
  return script.declarations + script.definitions + asserts;
}

}  // namespace bafe::generic
