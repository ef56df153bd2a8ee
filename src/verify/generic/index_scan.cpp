// In: terms. Out: the functions they ask and the arguments they ask them at.
#include <algorithm>

#include "index_leaves.h"

namespace bafe::generic {

namespace {

void collect_functions(IntTerm term, IntTerm at, std::vector<std::string>& out);

void collect_functions(Truth what, IntTerm at, std::vector<std::string>& out) {
  const TruthRow& r = row(what);
  for (IntTerm t : r.terms) collect_functions(t, at, out);
  for (Truth part : r.parts) collect_functions(part, at, out);
}

void collect_functions(IntTerm term, IntTerm at, std::vector<std::string>& out) {
  const IntRow& r = row(term);
  if (r.kind == IntKind::kPolynomial) {
    for (const auto& [monomial, coefficient] : r.poly) {
      for (const auto& [atom, power] : monomial) collect_functions(IntTerm::of_row(atom), at, out);
    }
    return;
  }
  if (r.kind == IntKind::kChoice) collect_functions(r.condition, at, out);
  if (r.kind == IntKind::kApply && r.args.size() == 1 && r.args[0] == at) out.push_back(r.name);
  for (IntTerm arg : r.args) collect_functions(arg, at, out);
}

}  // namespace

namespace {

void collect_arguments(IntTerm term, const std::string& function, std::vector<IntTerm>& out);

void collect_arguments(Truth what, const std::string& function, std::vector<IntTerm>& out) {
  const TruthRow& r = row(what);
  for (IntTerm t : r.terms) collect_arguments(t, function, out);
  for (Truth part : r.parts) collect_arguments(part, function, out);
}

void collect_arguments(IntTerm term, const std::string& function, std::vector<IntTerm>& out) {
  const IntRow& r = row(term);
  for (const auto& [monomial, coefficient] : r.poly) {
    for (const auto& [atom, power] : monomial) {
      IntTerm inner = IntTerm::of_row(atom);
      if (inner != term) collect_arguments(inner, function, out);
    }
  }
  if (r.kind == IntKind::kChoice) collect_arguments(r.condition, function, out);
  if (r.kind == IntKind::kApply && r.name == function) out.push_back(r.args[0]);
  for (IntTerm arg : r.args) collect_arguments(arg, function, out);
}

}  // namespace

std::vector<IntTerm> arguments_of(Truth what, const std::string& function) {
  std::vector<IntTerm> out;
  collect_arguments(what, function, out);
  return out;
}

std::vector<std::string> functions_at(IntTerm term, IntTerm at) {
  std::vector<std::string> out;
  collect_functions(term, at, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace bafe::generic
