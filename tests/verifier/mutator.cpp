// In: a rule's canonical text. Out: texts with one change each. Only the right side, :when, :let,
// :types and :class are changed: a changed left side is another rule, not a wrong one.
#include "mutator.h"

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "bafe/base/format.h"
#include "bafe/ir/sexpr.h"

namespace bafe::verifier {
namespace {

using Emit = std::function<void(const std::string& kind, const Sexpr& changed)>;

/// Operators and functions that are easily mistaken for each other.
const std::map<std::string, std::vector<std::string>>& twins() {
  static const std::map<std::string, std::vector<std::string>> table = {
      {"add", {"sub"}},
      {"sub", {"add"}},
      {"mul", {"add"}},
      {"div", {"mul"}},
      {"maximum", {"minimum"}},
      {"minimum", {"maximum"}},
      {"reduce_sum", {"reduce_max"}},
      {"reduce_max", {"reduce_min", "reduce_sum"}},
      {"reduce_min", {"reduce_max"}},
      {"reduce_prod", {"reduce_sum"}},
      {"exp", {"expm1"}},
      {"log", {"log1p"}},
      {"tril", {"triu"}},
      {"triu", {"tril"}},
      {"sin", {"cos"}},
      {"sqrt", {"rsqrt"}},
      {"rsqrt", {"sqrt"}},
      {"square", {"abs"}},
      {"abs", {"square"}},
      {"relu", {"abs"}},
      {"neg", {"abs"}},
      {"argmax", {"argmin"}},
      {"argmin", {"argmax"}},
      {"logical_and", {"logical_or"}},
      {"logical_or", {"logical_and"}},
      {"less", {"less_equal"}},
      {"tanh", {"sigmoid"}},
      {"+", {"-"}},
      {"-", {"+"}},
      {"*", {"+"}},
      {"min", {"max"}},
      {"max", {"min"}},
      {"union", {"minus"}},
      {"minus", {"union"}},
      {"<", {"<="}},
      {"<=", {"<"}},
      {"subset", {"disjoint"}},
      {"disjoint", {"subset"}},
      {"inverse", {"sort"}}};
  return table;
}

bool is_number(const Sexpr& form) {
  return form.kind == Sexpr::kInteger || form.kind == Sexpr::kReal;
}

Sexpr with_text(Sexpr form, std::string text) {
  form.text = std::move(text);
  return form;
}

/// One change inside `form`; `emit` gets the whole form changed.
void change_inside(const Sexpr& form, const std::set<std::string>& variables, const Emit& emit) {
  if (is_number(form) && std::fabs(form.real) < 1e9) {
    long value = static_cast<long>(form.real);
    for (long other : {value + 1, value - 1}) {
      emit("change constant", with_text(form, std::to_string(other)));
    }
  }
  if (form.is_variable()) {
    for (const std::string& other : variables) {
      if (other != form.text) emit("change variable", with_text(form, other));
    }
  }
  if (form.kind != Sexpr::kListForm) return;
  if (!form.items.empty() && form.items[0].kind == Sexpr::kSymbol) {
    if (auto it = twins().find(form.items[0].text); it != twins().end()) {
      for (const std::string& twin : it->second) {
        Sexpr changed = form;
        changed.items[0].text = twin;
        emit("change operator", changed);
      }
    }
    bool one_value = form.items.size() == 2 && form.items[1].kind != Sexpr::kInteger;
    if (one_value && !form.is_form("splat")) emit("drop operator", form.items[1]);
    for (std::size_t i = 1; i + 1 < form.items.size() && !form.items[i + 1].is_keyword(); ++i) {
      if (form.items[i].is_keyword() || form.is_form("let")) break;
      Sexpr changed = form;
      std::swap(changed.items[i], changed.items[i + 1]);
      emit("swap operands", changed);
    }
  }
  for (std::size_t i = 0; i < form.items.size(); ++i) {
    change_inside(form.items[i], variables, [&](const std::string& kind, const Sexpr& inner) {
      Sexpr changed = form;
      changed.items[i] = inner;
      emit(kind, changed);
    });
  }
}

void collect_variables(const Sexpr& form, std::set<std::string>& out) {
  if (form.is_variable()) out.insert(form.text);
  for (const Sexpr& item : form.items) collect_variables(item, out);
}

/// The place of a clause's keyword; 0 when the rule has none.
std::size_t clause_at(const Sexpr& rule, std::string_view keyword) {
  for (std::size_t i = 2; i < rule.items.size(); ++i) {
    if (rule.items[i].is(keyword)) return i;
  }
  return 0;
}

std::size_t clause_end(const Sexpr& rule, std::size_t at) {
  std::size_t end = at + 1;
  while (end < rule.items.size() && !rule.items[end].is_keyword()) ++end;
  return end;
}

void drop_values(const Sexpr& rule, std::string_view clause, const std::string& kind,
                 const Emit& emit) {
  std::size_t at = clause_at(rule, clause);
  if (at == 0) return;
  std::size_t end = clause_end(rule, at);
  for (std::size_t i = at + 1; i < end; ++i) {
    Sexpr changed = rule;
    auto begin = changed.items.begin();
    bool last = end == at + 2;
    changed.items.erase(begin + static_cast<std::ptrdiff_t>(last ? at : i),
                        begin + static_cast<std::ptrdiff_t>(i) + 1);
    emit(kind, changed);
  }
}

void strengthen_class(const Sexpr& rule, const Emit& emit) {
  static const std::vector<std::string> classes = {"bits", "signs", "finite", "reals", "domain"};
  std::size_t at = clause_at(rule, ":class");
  if (at == 0 || rule.items[at + 1].kind != Sexpr::kSymbol) return;
  for (const std::string& stronger : classes) {
    if (stronger == rule.items[at + 1].text) return;
    Sexpr changed = rule;
    changed.items[at + 1].text = stronger;
    emit("strengthen class", changed);
  }
}

}  // namespace

std::vector<Mutant> mutants_of(std::string_view rule_text) {
  Sexpr rule = read_sexprs(rule_text, "rule").at(0);
  std::vector<Mutant> out;
  std::set<std::string> seen = {sexpr_text(rule)};
  Emit emit = [&](const std::string& kind, const Sexpr& changed) {
    std::string text = sexpr_text(changed);
    if (seen.insert(text).second) out.push_back({kind, std::move(text)});
  };
  auto change_item = [&](std::size_t i, const std::set<std::string>& variables) {
    change_inside(rule.items[i], variables, [&](const std::string& kind, const Sexpr& inner) {
      Sexpr changed = rule;
      changed.items[i] = inner;
      emit(kind, changed);
    });
  };
  bool arrow = rule.items.size() > 4 && rule.items[3].kind == Sexpr::kSymbol;
  std::set<std::string> variables;
  if (arrow) {
    collect_variables(rule.items[2], variables);
    change_item(4, variables);
  }
  for (const char* clause : {":when", ":let"}) {
    std::size_t at = clause_at(rule, clause);
    for (std::size_t i = at + 1; at > 0 && i < clause_end(rule, at); ++i) change_item(i, {});
  }
  drop_values(rule, ":when", "drop condition", emit);
  drop_values(rule, ":types", "drop type", emit);
  strengthen_class(rule, emit);
  return out;
}

}  // namespace bafe::verifier
