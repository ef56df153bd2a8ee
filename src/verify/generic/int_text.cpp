// In: integer terms and conditions. Out: text for people and for names; never read back.
#include "bafe/base/format.h"
#include "int_term.h"

namespace bafe::generic {

std::string text(IntTerm term) {
  const IntRow& r = row(term);
  std::string out;
  switch (r.kind) {
    case IntKind::kSymbol:
      return r.name;
    case IntKind::kBound:
      return format("${}", r.level);
    case IntKind::kFunction:
      return format("\\${}. {}", r.level, text(r.args[0]));
    case IntKind::kChoice:
      return format("({} ? {} : {})", text(r.condition), text(r.args[0]), text(r.args[1]));
    case IntKind::kApply:
      for (IntTerm arg : r.args) out += (out.empty() ? "" : ", ") + text(arg);
      return r.name + "(" + out + ")";
    case IntKind::kPolynomial:
      break;
  }
  for (const auto& [monomial, factor] : r.poly) {
    out += (out.empty() ? "" : " + ") + factor.smt();
    for (const auto& [atom, exponent] : monomial) {
      for (int i = 0; i < exponent; ++i) out += "*" + text(IntTerm::of_row(atom));
    }
  }
  return out.empty() ? "0" : out;
}

std::string text(Truth t) {
  const TruthRow& r = row(t);
  std::string out;
  switch (r.kind) {
    case TruthKind::kConstant:
      return r.value ? "true" : "false";
    case TruthKind::kNonNegative:
      return text(r.terms[0]) + " >= 0";
    case TruthKind::kZero:
      return text(r.terms[0]) + " = 0";
    case TruthKind::kPredicate:
      for (IntTerm arg : r.terms) out += (out.empty() ? "" : ", ") + text(arg);
      return r.name + "(" + out + ")";
    case TruthKind::kNot:
      return "not(" + text(r.parts[0]) + ")";
    case TruthKind::kAnd:
    case TruthKind::kOr:
      break;
  }
  for (Truth part : r.parts) {
    out += (out.empty() ? "" : r.kind == TruthKind::kAnd ? " and " : " or ") + text(part);
  }
  return "(" + out + ")";
}

}  // namespace bafe::generic
