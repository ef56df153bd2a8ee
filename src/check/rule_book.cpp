// Texts of rules as forms. In: rule files. Out: for each rule its terms with composites written
// out, and its clauses. Nothing is compiled: the replay walks the forms.
//
//   form := (rule NAME term (=> | <=>) term clause*) | (rule NAME clause*)   with :match and :equal
//         | (for-each ?x (word*) form*)              ?x is replaced everywhere, inside names too
//         | (move …)                                 says nothing about values: passed over
#include <algorithm>

#include "bafe/base/digest.h"
#include "bafe/check/check.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

RuleError broken(const Sexpr& at, std::string fact) {
  return RuleError(at.loc, "rules", std::move(fact)).fix("see rules/README.md");
}

void replace_in(Sexpr& form, const std::string& what, const std::string& with) {
  if (form.kind == Sexpr::kSymbol || form.kind == Sexpr::kText) {
    std::size_t at = 0;
    while ((at = form.text.find(what, at)) != std::string::npos) {
      form.text.replace(at, what.size(), with);
      at += with.size();
    }
  }
  for (Sexpr& item : form.items) replace_in(item, what, with);
}

/// Whole variables only.
void substitute(Sexpr& form, const std::map<std::string, Sexpr>& by) {
  auto it = form.kind == Sexpr::kSymbol ? by.find(form.text) : by.end();
  if (it != by.end()) {
    form = it->second;
    return;
  }
  for (Sexpr& item : form.items) substitute(item, by);
}

Sexpr symbol(std::string text) {
  Sexpr out;
  out.kind = Sexpr::kSymbol;
  out.text = std::move(text);
  return out;
}

void fresh_lets(const Sexpr& form, std::map<std::string, Sexpr>& by, int& fresh) {
  if (form.is_form("let") && form.items.size() == 4)
    by[form.items[1].text] = symbol(form.items[1].text + "'" + std::to_string(fresh++));
  for (const Sexpr& item : form.items) fresh_lets(item, by, fresh);
}

/// A term with every abbreviation of the operator table replaced by its definition. Operands are
/// named by lets, so that one used twice is one term.
Sexpr written_out(const Sexpr& term, int& fresh) {
  if (term.kind != Sexpr::kListForm || term.items.empty() || term.is_form("splat")) return term;
  Sexpr out = term;
  for (std::size_t i = 1; i < out.items.size() && !out.items[i].is_keyword(); ++i)
    out.items[i] = written_out(out.items[i], fresh);
  OpId op = tensor_ops().find(term.items[0].text);
  if (!op.valid() || op_info(op_of(op)).kind != OpKind::kExpand) return out;
  const OpSpec& spec = tensor_ops().spec(op);
  Sexpr body = read_sexprs(spec.definition, spec.name).at(0);
  std::map<std::string, Sexpr> by;
  fresh_lets(body, by, fresh);
  std::vector<std::pair<Sexpr, Sexpr>> lets;
  std::size_t next = 1;
  for (const Sexpr& parameter : read_sexprs(spec.parameters, spec.name)) {
    if (parameter.is_keyword()) {
      auto key = std::find_if(out.items.begin(), out.items.end(),
                              [&](const Sexpr& item) { return item.is(parameter.text); });
      if (key == out.items.end() || key + 1 == out.items.end()) throw broken(term, "lacks a field");
      Sexpr value = key[1];
      if (value.is("_")) value = symbol("?_" + std::to_string(fresh++));
      by["?" + parameter.text.substr(1)] = value;
      continue;
    }
    if (next >= out.items.size() || out.items[next].is_keyword())
      throw broken(term, "lacks an operand");
    const Sexpr& given = out.items[next++];
    bool names = given.kind == Sexpr::kListForm && !given.is_form("splat");
    by[parameter.text] = names ? symbol("?'" + std::to_string(fresh++)) : given;
    if (names) lets.emplace_back(by[parameter.text], given);
  }
  substitute(body, by);
  body = written_out(body, fresh);
  for (auto let = lets.rbegin(); let != lets.rend(); ++let) {
    Sexpr outer;
    outer.items = {symbol("let"), let->first, let->second, std::move(body)};
    body = std::move(outer);
  }
  return body;
}

RuleForm::Roots roots_of(const std::vector<Sexpr>& pairs) {
  RuleForm::Roots out;
  int fresh = 0;
  for (const Sexpr& pair : pairs) {
    if (pair.items.size() != 2) throw broken(pair, "expected a variable and a term");
    out.emplace_back(pair.items[0].text, written_out(pair.items[1], fresh));
  }
  return out;
}

int class_of_word(const Sexpr& form) {
  const std::vector<std::string>& words = numeric_words();
  auto it = std::find(words.begin(), words.end(), form.text);
  if (it == words.end()) throw broken(form, "no numeric class");
  return static_cast<int>(it - words.begin());
}

void read_clause(const std::string& key, std::vector<Sexpr> values, RuleForm& rule) {
  if (key == ":types")
    rule.types = std::move(values);
  else if (key == ":when")
    rule.conditions = std::move(values);
  else if (key == ":match")
    rule.left = roots_of(values);
  else if (key == ":equal")
    rule.right = roots_of(values);
  else if (key == ":let" && !values.empty())
    rule.lets =
        values[0].items.size() == 2 && values[0].items[0].is_variable() ? values : values[0].items;
  else if (key == ":class" && values.size() == 1) {
    bool two = values[0].kind == Sexpr::kListForm && values[0].items.size() == 2;
    rule.forward = class_of_word(two ? values[0].items[0] : values[0]);
    rule.backward = class_of_word(two ? values[0].items[1] : values[0]);
  }
}

}  // namespace

const std::vector<std::string>& numeric_words() {
  static const auto& words =
      *new const std::vector<std::string>{"bits", "signs", "finite", "reals", "domain", "approx"};
  return words;
}

void RuleBook::add(std::string_view text, std::string_view file) {
  for (const Sexpr& form : read_sexprs(text, file)) add_form(form);
}

void RuleBook::add_form(const Sexpr& form) {
  const std::vector<Sexpr>& items = form.items;
  if (form.is_form("for-each")) {
    if (items.size() < 3) throw broken(form, "expected a variable and words");
    for (const Sexpr& word : items[2].items) {
      for (std::size_t i = 3; i < items.size(); ++i) {
        Sexpr copy = items[i];
        replace_in(copy, items[1].text, sexpr_text(word));
        add_form(copy);
      }
    }
    return;
  }
  if (!form.is_form("rule")) return;
  if (items.size() < 3) throw broken(form, "expected a name and terms");
  RuleForm rule;
  rule.name = items[1].text;
  rule.hash = sha256(sexpr_text(form)).hex().substr(0, 16);
  std::size_t next = 2;
  if (!items[2].is_keyword()) {
    bool arrow = items.size() > 4 && (items[3].is("=>") || items[3].is("<=>"));
    if (!arrow) throw broken(form, "expected =>");
    int fresh = 0;
    rule.left = {{"root", written_out(items[2], fresh)}};
    rule.right = {{"root", written_out(items[4], fresh)}};
    rule.both_ways = items[3].is("<=>");
    next = 5;
  }
  while (next < items.size()) {
    std::string key = items[next++].text;
    std::vector<Sexpr> values;
    while (next < items.size() && !items[next].is_keyword()) values.push_back(items[next++]);
    read_clause(key, std::move(values), rule);
  }
  if (rule.left.empty() || rule.right.empty()) throw broken(form, "a rule has two sides");
  std::string name = rule.name;
  rules_.insert_or_assign(std::move(name), std::move(rule));
}

const RuleForm* RuleBook::find(const std::string& name) {
  auto it = rules_.find(name);
  if (it == rules_.end() && source_) {
    std::string text = source_(name);
    if (!text.empty()) add(text, name);
    it = rules_.find(name);
  }
  return it == rules_.end() ? nullptr : &it->second;
}

}  // namespace bafe
