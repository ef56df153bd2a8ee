// In: two normal forms. Out: an SMT-LIB 2 script that is unsatisfiable only if they are equal over
// the reals. Grammar of what is sent: declare-fun, assert over linear real arithmetic with
// uninterpreted functions.
#include <set>

#include "bafe/base/format.h"
#include "scalar_terms.h"

namespace bafe {

struct ScalarTerms::Script {
  std::set<std::string> declarations, axioms;
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

std::string ScalarTerms::difference_script(Id left, Id right) {
  Script script;
  std::string l = smt(left, script), r = smt(right, script);
  std::string out;
  for (const std::string& declaration : script.declarations) out += declaration + "\n";
  for (const std::string& axiom : script.axioms) out += axiom + "\n";
  return out + format("(assert (not (= {} {})))\n", l, r);
}

}  // namespace bafe
