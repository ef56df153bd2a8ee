// In: two normal forms. Out: an SMT-LIB 2 script that is unsatisfiable only if they are equal over
// the reals. Grammar of what is sent: declare-fun, assert over linear real arithmetic with
// uninterpreted functions.
#include <set>

#include "bafe/base/format.h"
#include "scalar_terms.h"

namespace bafe {

struct ScalarTerms::Script {
  std::set<std::string> declarations, axioms;
  std::set<Id> symbols;
};

std::string ScalarTerms::smt_polynomial(const Polynomial& p, Script& script) {
  std::string sum;
  for (const auto& [monomial, coefficient] : p) {
    std::string term = coefficient.smt();
    if (!monomial.empty()) {
      bool linear = monomial.size() == 1 && monomial[0].second == 1;
      std::string name = "m";
      bool even = true;
      for (const auto& [atom, exponent] : monomial) {
        name += format("_{}e{}", atom, exponent);
        even = even && exponent % 2 == 0;
      }
      if (linear) {
        name = smt(monomial[0].first, script);
      } else {
        script.declarations.insert(format("(declare-fun {} () Real)", name));
        if (even) script.axioms.insert(format("(assert (>= {} 0.0))", name));
      }
      term = format("(* {} {})", term, name);
    }
    sum += " " + term;
  }
  if (p.empty()) return "0.0";
  return p.size() == 1 ? sum.substr(1) : "(+" + sum + ")";
}

std::string ScalarTerms::smt_application(Id id, Script& script) {
  Row row = rows_[static_cast<std::size_t>(id)];
  std::vector<std::string> args;
  std::string joined;
  for (Id arg : row.args) {
    args.push_back(smt(arg, script));
    joined += " " + args.back();
  }
  switch (row.prim) {
    case Prim::kNot:
      return "(not" + joined + ")";
    case Prim::kAnd:
      return "(and" + joined + ")";
    case Prim::kOr:
      return "(or" + joined + ")";
    case Prim::kXor:
      return "(xor" + joined + ")";
    case Prim::kSelect:
      return "(ite" + joined + ")";
    case Prim::kAbs:
      return format("(ite (>= {0} 0.0) {0} (- {0}))", args[0]);
    case Prim::kMax:
    case Prim::kMin: {
      std::string best = args[0];
      for (std::size_t i = 1; i < args.size(); ++i) {
        best = format("(ite ({} {} {}) {} {})", row.prim == Prim::kMax ? ">=" : "<=", best, args[i],
                      best, args[i]);
      }
      return best;
    }
    default:
      break;
  }
  std::string sorts;
  for (std::size_t i = 0; i < args.size(); ++i) sorts += i == 0 ? "Real" : " Real";
  std::string function = "f_" + prim_text(row.prim) + row.name;
  script.declarations.insert(format("(declare-fun {} ({}) Real)", function, sorts));
  std::string call = "(" + function + joined + ")";
  if (row.prim == Prim::kSqrt) script.axioms.insert(format("(assert (>= {} 0.0))", call));
  if (row.prim == Prim::kExp) script.axioms.insert(format("(assert (> {} 0.0))", call));
  return call;
}

std::string ScalarTerms::smt(Id id, Script& script) {
  const Row& row = rows_[static_cast<std::size_t>(id)];
  switch (row.kind) {
    case Kind::kTruth:
      return row.name;
    case Kind::kSymbol:
      script.symbols.insert(id);
      script.declarations.insert(
          format("(declare-fun |{}| () {})", row.name, row.is_bool ? "Bool" : "Real"));
      return "|" + row.name + "|";
    case Kind::kPolynomial:
      return smt_polynomial(Polynomial(row.poly), script);
    case Kind::kPositive:
      return format("(> {} 0.0)", smt_polynomial(Polynomial(row.poly), script));
    case Kind::kZero:
      return format("(= {} 0.0)", smt_polynomial(Polynomial(row.poly), script));
    case Kind::kApply:
      return smt_application(id, script);
  }
  return "";
}

/// The signs and bounds that are assumed of what the script mentions.
std::string ScalarTerms::smt_assumptions(Script& script) {
  std::string out;
  auto assert_signs = [&out](const std::string& term, const SignSet& signs) {
    if (!signs.negative) out += format("(assert ({} {} 0.0))\n", signs.zero ? ">=" : ">", term);
    if (!signs.positive) out += format("(assert ({} {} 0.0))\n", signs.zero ? "<=" : "<", term);
    if (!signs.zero) out += format("(assert (not (= {} 0.0)))\n", term);
  };
  for (const auto& [p, signs] : assumed_.signs) assert_signs(smt_polynomial(p, script), signs);
  for (const auto& [id, value] : assumed_.truths) {
    out += format("(assert (= {} {}))\n", smt(id, script), value);
  }
  for (Id id : std::set<Id>(script.symbols)) {
    auto known = ranges_.find(id);
    if (known == ranges_.end()) continue;
    std::string name = smt(id, script);
    assert_signs(name, known->second.signs());
    auto bound = [&](const char* relation, double value) {
      try {
        out += format("(assert ({} {} {}))\n", relation, name, Rational::of(value).smt());
      } catch (const NotRepresentable&) {  // the sign alone is told
      }
    };
    bound(">=", known->second.low);
    bound("<=", known->second.high);
  }
  return out;
}

std::string ScalarTerms::difference_script(Id left, Id right) {
  Script script;
  std::string l = smt(left, script), r = smt(right, script);
  std::string assumptions = smt_assumptions(script), out;
  for (const std::string& declaration : script.declarations) out += declaration + "\n";
  for (const std::string& axiom : script.axioms) out += axiom + "\n";
  return out + assumptions + format("(assert (not (= {} {})))\n", l, r);
}

}  // namespace bafe
