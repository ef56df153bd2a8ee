// In: the part of a rule form after its terms. Out: its clauses by name. Every message carries the
// place of the clause and what to write instead.
#include "clauses.h"

#include <algorithm>
#include <set>

#include "bafe/base/format.h"

namespace bafe {
namespace {

NumericClass read_class(const Sexpr& form, const RuleContext& context) {
  if (auto c = numeric_class_from_text(form.text)) return *c;
  throw context.error(form, "no numeric class is called " + sexpr_text(form))
      .fix("use bits, signs, finite, reals, domain or approx");
}

void read_classes(const Sexpr& form, Clauses& out, const RuleContext& context) {
  if (form.kind == Sexpr::kListForm && form.items.size() == 2) {
    out.forward = read_class(form.items[0], context);
    out.backward = read_class(form.items[1], context);
  } else {
    out.forward = out.backward = read_class(form, context);
  }
}

void read_stage(const Sexpr& form, Clauses& out, const RuleContext& context) {
  auto stage = rule_stage_from_text(form.text);
  if (!stage) {
    throw context.error(form, "no rule set is called " + sexpr_text(form))
        .fix("use analysis, simplify, structural, fuse or explosive");
  }
  out.stage = *stage;
}

const Sexpr& only_value(const Sexpr& key, const std::vector<Sexpr>& values,
                        const RuleContext& context) {
  if (values.size() != 1) {
    throw context.error(key, format("{} takes one value, {} given", key.text, values.size()))
        .fix("write " + key.text + " value");
  }
  return values[0];
}

/// `((?v expr) …)` or `(?v expr) …`.
std::vector<Sexpr> let_pairs(const std::vector<Sexpr>& values, const RuleContext& context) {
  std::vector<Sexpr> pairs = values;
  bool wrapped = values.size() == 1 && values[0].kind == Sexpr::kListForm &&
                 !values[0].items.empty() && values[0].items[0].kind == Sexpr::kListForm;
  if (wrapped) pairs = values[0].items;
  for (const Sexpr& pair : pairs) {
    bool ok =
        pair.kind == Sexpr::kListForm && pair.items.size() == 2 && pair.items[0].is_variable();
    if (!ok) {
      throw context.error(pair, ":let takes pairs of a variable and an expression")
          .fix("write :let ((?n (rank ?x)))");
    }
  }
  return pairs;
}

void check_named_terms(const Sexpr& key, const std::vector<Sexpr>& values,
                       const RuleContext& context) {
  for (const Sexpr& pair : values) {
    bool ok =
        pair.kind == Sexpr::kListForm && pair.items.size() == 2 && pair.items[0].is_variable();
    if (!ok) {
      throw context.error(pair, key.text + " takes pairs of a class variable and a term")
          .fix("write " + key.text + " (?r (add ?a ?b))");
    }
  }
}

void read_clause(const Sexpr& key, const std::vector<Sexpr>& values, bool is_move, Clauses& out,
                 const RuleContext& context, const Sexpr* first) {
  const std::string& name = key.text;
  if (name == ":class") {
    read_classes(only_value(key, values, context), out, context);
  } else if (name == ":set") {
    read_stage(only_value(key, values, context), out, context);
  } else if (name == ":why") {
    const Sexpr& text = only_value(key, values, context);
    if (text.kind != Sexpr::kText) {
      throw context.error(text, ":why takes a text").fix("put the reason in double quotes");
    }
    out.why = text.text;
  } else if (name == ":types") {
    out.types = values;
  } else if (name == ":let") {
    out.lets = let_pairs(values, context);
  } else if (name == ":when") {
    out.conditions = values;
  } else if (name == ":distinct" && !is_move) {
    out.distinct = values;
  } else if (name == ":match" && !is_move) {
    check_named_terms(key, values, context);
    out.matches = values;
  } else if (name == ":equal" && !is_move) {
    check_named_terms(key, values, context);
    out.equals = values;
  } else if ((name == ":from" || name == ":to") && is_move) {
    only_value(key, values, context);
    (name == ":from" ? out.from : out.to) = first;
  } else {
    throw context.error(key, "no clause is called " + name)
        .fix(is_move ? "clauses are :from :to :types :when :let :set :why"
                     : "clauses are :types :class :set :let :when :distinct :match :equal :why");
  }
}

/// The words of `[B.. m k]`, whichever way the reader grouped the brackets.
std::vector<std::string> template_words(const Sexpr& form) {
  std::string text;
  for (std::size_t i = 1; i < form.items.size(); ++i) text += sexpr_text(form.items[i]) + " ";
  std::vector<std::string> words(1);
  for (char c : text) {
    bool separator = c == ' ' || c == '[' || c == ']' || c == '(' || c == ')' || c == ',';
    if (!separator) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  words.pop_back();
  return words;
}

std::uint16_t name_row(std::vector<std::string>& names, const std::string& name) {
  auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) it = names.insert(it, name);
  return static_cast<std::uint16_t>(it - names.begin());
}

}  // namespace

Clauses read_clauses(const Sexpr& form, std::size_t begin, bool is_move,
                     const RuleContext& context) {
  Clauses out;
  std::set<std::string> seen;
  std::size_t i = begin;
  while (i < form.items.size()) {
    const Sexpr& key = form.items[i++];
    if (!key.is_keyword()) {
      throw context.error(key, "expected a clause, found " + sexpr_text(key))
          .fix("after the terms write :class, :set, :when … and their values");
    }
    if (!seen.insert(key.text).second) {
      throw context.error(key, key.text + " is given twice").fix("merge the two clauses");
    }
    const Sexpr* first = i < form.items.size() ? &form.items[i] : nullptr;
    std::vector<Sexpr> values;
    while (i < form.items.size() && !form.items[i].is_keyword()) values.push_back(form.items[i++]);
    read_clause(key, values, is_move, out, context, first);
  }
  return out;
}

TypeTemplate read_type_template(const Sexpr& form, std::uint16_t var, Rewrite& rewrite,
                                const RuleContext& context) {
  TypeTemplate out;
  out.var = var;
  for (const std::string& word : template_words(form)) {
    SizeTemplate size;
    bool digits =
        std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (word.size() > 2 && word.compare(word.size() - 2, 2, "..") == 0) {
      if (out.batch != kNoVariable || !out.sizes.empty()) {
        throw context.error(form, word + " stands after other sizes")
            .fix("the leading sizes come first: [B.. m k]");
      }
      out.batch = name_row(rewrite.batch_names, word);
      continue;
    }
    if (digits) {
      size.kind = SizeTemplate::Kind::kNumber;
      if (word.size() > 15) {
        throw context.error(form, "no tensor has the size " + word.substr(0, 40))
            .fix("write a smaller number, or a name");
      }
      size.number = std::stoll(word);
    } else if (word != "_") {
      size.kind = SizeTemplate::Kind::kName;
      size.name = name_row(rewrite.size_names, word);
    }
    out.sizes.push_back(size);
  }
  return out;
}

}  // namespace bafe
