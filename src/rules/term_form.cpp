// In: a term as an s-expression. Out: its operator, operands and fields, or the same term without
// abbreviations. Definitions come from the operator table, so a new composite needs no edit here.
#include "term_form.h"

#include <algorithm>
#include <map>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

/// Does the table say that this operator is replaced wherever it is written?
bool is_abbreviation(OpId op, const OpTable& table) {
  if (&table == &tensor_ops()) return op_info(op_of(op)).kind == OpKind::kExpand;
  return !table.spec(op).definition.empty();
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

OpId find_operator(const Sexpr& form, const RuleContext& context) {
  if (form.items.empty() || form.items[0].kind != Sexpr::kSymbol) {
    throw context.error(form, "a term starts with the name of an operator")
        .fix("write (add ?a ?b), a variable ?x, a number or _");
  }
  OpId op = context.table.find(form.items[0].text);
  if (op.valid()) return op;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < context.table.size(); ++i) {
    names.push_back(context.table.spec(OpId(static_cast<std::uint32_t>(i))).name);
  }
  RuleError error = context.error(form.items[0], "no operator is called " + form.items[0].text);
  std::string near = nearest_name(form.items[0].text, names);
  throw error.fix(near.empty() ? "use an operator of ops.def" : "did you mean " + near + "?");
}

/// Operands up to the first keyword, then keyword value pairs; `names` are the fields allowed.
TermForm split_form(const Sexpr& form, OpId op, const std::vector<std::string>& names,
                    const RuleContext& context) {
  const std::string& op_name = form.items[0].text;
  TermForm term;
  term.op = op;
  term.fields.assign(names.size(), nullptr);
  std::size_t i = 1;
  for (; i < form.items.size() && !form.items[i].is_keyword(); ++i) {
    term.operands.push_back(&form.items[i]);
  }
  for (; i < form.items.size(); i += 2) {
    const Sexpr& key = form.items[i];
    if (!key.is_keyword()) {
      throw context.error(key, op_name + " has an operand after its fields")
          .fix("write operands first, then :field value pairs");
    }
    auto it = std::find(names.begin(), names.end(), key.text.substr(1));
    if (it == names.end()) {
      std::string known;
      for (const std::string& name : names) known += " :" + name;
      throw context.error(key, op_name + " has no field " + key.text)
          .fix(names.empty() ? op_name + " takes no fields" : "its fields are" + known);
    }
    const Sexpr*& slot = term.fields[static_cast<std::size_t>(it - names.begin())];
    if (slot != nullptr) throw context.error(key, key.text + " is given twice").fix("drop one");
    if (i + 1 >= form.items.size()) {
      throw context.error(key, key.text + " has no value").fix("write " + key.text + " ?v");
    }
    slot = &form.items[i + 1];
  }
  for (std::size_t f = 0; f < names.size(); ++f) {
    if (term.fields[f] == nullptr) {
      throw context.error(form, op_name + " lacks its field :" + names[f])
          .fix(format("write :{} ?v, or :{} _ on a left side where any value will do", names[f],
                      names[f]));
    }
  }
  return term;
}

void check_arity(const Sexpr& form, const TermForm& term, int arity, const RuleContext& context) {
  int given = static_cast<int>(term.operands.size());
  if (given == arity || (arity == kVariadic && given > 0)) return;
  std::string wanted = arity == kVariadic ? "one or more operands"
                                          : format("{} operand{}", arity, arity == 1 ? "" : "s");
  throw context.error(form, format("{} takes {}, {} given", form.items[0].text, wanted, given))
      .fix("correct the number of operands");
}

int count_symbol(const Sexpr& form, const std::string& name) {
  if (form.is(name)) return 1;
  int n = 0;
  for (const Sexpr& item : form.items) n += count_symbol(item, name);
  return n;
}

using Substitution = std::map<std::string, Sexpr>;

/// Replaces symbols and gives every node of the definition the place of its use.
Sexpr substitute(const Sexpr& form, const Substitution& map, const SourceLoc& loc) {
  if (form.kind == Sexpr::kSymbol) {
    auto it = map.find(form.text);
    if (it != map.end()) return it->second;
  }
  Sexpr out = form;
  out.loc = loc;
  for (Sexpr& item : out.items) item = substitute(item, map, loc);
  return out;
}

Sexpr symbol(std::string text, const SourceLoc& loc) {
  Sexpr s;
  s.kind = Sexpr::kSymbol;
  s.text = std::move(text);
  s.loc = loc;
  return s;
}

/// The names that a definition binds by let get fresh names.
void rename_lets(const Sexpr& form, Substitution& map, const SourceLoc& loc, int& fresh) {
  if (form.is_form("let") && form.items.size() == 4) {
    const std::string& name = form.items[1].text;
    map[name] = symbol(format("{}~{}", name, fresh++), loc);
  }
  for (const Sexpr& item : form.items) rename_lets(item, map, loc, fresh);
}

Sexpr expand_one(const Sexpr& form, OpId op, const RuleContext& context, int& fresh) {
  const OpSpec& spec = context.table.spec(op);
  std::vector<Sexpr> params = read_sexprs(spec.parameters, spec.name);
  std::vector<std::string> field_names;
  int arity = 0;
  for (const Sexpr& p : params) {
    if (p.is_keyword())
      field_names.push_back(p.text.substr(1));
    else
      ++arity;
  }
  TermForm term = split_form(form, op, field_names, context);
  check_arity(form, term, arity, context);
  Sexpr definition = read_sexprs(spec.definition, spec.name).at(0);
  Substitution map;
  rename_lets(definition, map, form.loc, fresh);
  std::vector<std::pair<Sexpr, Sexpr>> shared;
  for (int i = 0; i < arity; ++i) {
    const std::string& name = params[static_cast<std::size_t>(i)].text;
    const Sexpr& given = *term.operands[static_cast<std::size_t>(i)];
    Sexpr argument = expand_composites(given, context, fresh);
    bool share = count_symbol(definition, name) > 1 && argument.kind == Sexpr::kListForm &&
                 !argument.is_form("splat");
    if (!share) {
      map[name] = argument;
      continue;
    }
    map[name] = symbol(format("{}~{}", name, fresh++), given.loc);
    shared.emplace_back(map[name], argument);
  }
  for (std::size_t f = 0; f < field_names.size(); ++f) {
    Sexpr value = *term.fields[f];
    if (value.is("_")) value = symbol(format("?{}~{}", field_names[f], fresh++), form.loc);
    map["?" + field_names[f]] = value;
  }
  Sexpr body = expand_composites(substitute(definition, map, form.loc), context, fresh);
  for (std::size_t i = shared.size(); i-- > 0;) {
    Sexpr let;
    let.loc = form.loc;
    let.items = {symbol("let", form.loc), shared[i].first, shared[i].second, std::move(body)};
    body = std::move(let);
  }
  return body;
}

}  // namespace

RuleError RuleContext::error(const Sexpr& at, std::string fact) const {
  return RuleError(at.loc, rule.empty() ? "rule" : "rule " + rule, std::move(fact));
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

TermForm parse_term_form(const Sexpr& form, const RuleContext& context) {
  OpId op = find_operator(form, context);
  const OpSpec& spec = context.table.spec(op);
  std::vector<std::string> names;
  for (const AttrField& field : spec.fields) names.push_back(field.name);
  TermForm term = split_form(form, op, names, context);
  check_arity(form, term, spec.arity, context);
  return term;
}

Sexpr expand_composites(const Sexpr& term, const RuleContext& context, int& fresh) {
  if (term.kind != Sexpr::kListForm || term.is_form("splat")) return term;
  Sexpr out = term;
  if (term.is_form("let")) {
    for (std::size_t i = 2; i < out.items.size(); ++i) {
      out.items[i] = expand_composites(term.items[i], context, fresh);
    }
    return out;
  }
  OpId op = find_operator(term, context);
  if (is_abbreviation(op, context.table)) return expand_one(term, op, context, fresh);
  for (std::size_t i = 1; i < out.items.size() && !out.items[i].is_keyword(); ++i) {
    out.items[i] = expand_composites(term.items[i], context, fresh);
  }
  return out;
}

}  // namespace bafe
