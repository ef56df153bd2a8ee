// In: the terms of one direction, abbreviations already replaced. Out: patterns with numbered
// variables, and bytecode. A left field or constant written as an expression becomes a fresh
// variable plus an equation, so the matcher itself only compares and binds.
#include "side_reader.h"

#include "bafe/base/format.h"

namespace bafe {
namespace {

bool is_number(const Sexpr& form) {
  return form.kind == Sexpr::kInteger || form.kind == Sexpr::kReal;
}

double number(const Sexpr& form) {
  return form.kind == Sexpr::kInteger ? static_cast<double>(form.integer) : form.real;
}

bool is_integer_list(const Sexpr& form) {
  if (form.kind != Sexpr::kListForm) return false;
  for (const Sexpr& item : form.items) {
    if (item.kind != Sexpr::kInteger) return false;
  }
  return true;
}

/// Made of numbers only: takes its type from a sibling.
bool is_constant_term(const Sexpr& form) {
  if (is_number(form) || form.is_form("splat")) return true;
  if (form.kind != Sexpr::kListForm || form.items.size() < 2) return false;
  for (std::size_t i = 1; i < form.items.size(); ++i) {
    if (form.items[i].is_keyword()) return false;
    if (!is_constant_term(form.items[i])) return false;
  }
  return true;
}

void check_let(const Sexpr& form, const RuleContext& context) {
  if (form.items.size() == 4 && form.items[1].is_variable()) return;
  throw context.error(form, "let takes a variable, its term and a body")
      .fix("write (let ?e (exp ?x) (div ?e ?s))");
}

void check_splat(const Sexpr& form, const RuleContext& context) {
  if (form.items.size() == 2) return;
  throw context.error(form, "splat takes one expression").fix("write (splat (dim ?x 0))");
}

void check_bound(const Sexpr& form, const SideNames& names, const RuleContext& context) {
  if (form.is_variable() && !names.attrs.count(form.text) && !names.classes.count(form.text)) {
    throw context.error(form, form.text + " is not bound on the left side")
        .fix("bind it in the left term or with :let");
  }
  for (const Sexpr& item : form.items) check_bound(item, names, context);
}

}  // namespace

std::uint16_t SideNames::new_class(const std::string& name) {
  auto id = static_cast<std::uint16_t>(class_names.size());
  class_names.push_back(name);
  classes[name] = id;
  return id;
}

std::uint16_t SideNames::new_attr(const std::string& name) {
  auto id = static_cast<std::uint16_t>(attr_names.size());
  attr_names.push_back(name);
  attrs[name] = id;
  return id;
}

ExprScope SideNames::scope() const {
  auto lookup = [](const std::map<std::string, std::uint16_t>& map, const std::string& name) {
    auto it = map.find(name);
    return it == map.end() ? -1 : static_cast<int>(it->second);
  };
  ExprScope scope;
  scope.attr_var = [this, lookup](const std::string& name) { return lookup(attrs, name); };
  scope.value_var = [this, lookup](const std::string& name) { return lookup(classes, name); };
  return scope;
}

AttrExpr read_expression(const Sexpr& form, const SideNames& names, const RuleContext& context) {
  check_bound(form, names, context);
  return parse_attr_expr(form, names.scope());
}

Pattern LeftReader::root(const Sexpr& form) {
  Pattern pattern = term(form);
  if (pattern.kind != Pattern::Kind::kOperator) {
    throw context_.error(form, "a left side must be an operator term")
        .fix("a lone variable or number matches everything: use => in the other direction only");
  }
  return pattern;
}

Pattern LeftReader::term(const Sexpr& form) {
  if (form.is("_")) return {};
  if (form.is_variable()) return variable(form);
  if (is_number(form)) {
    Pattern p;
    p.kind = Pattern::Kind::kLiteral;
    p.literal = number(form);
    return p;
  }
  if (form.is_form("splat")) {
    check_splat(form, context_);
    Pattern p;
    p.kind = Pattern::Kind::kVariable;
    p.var = names_.new_class(format("splat~{}", names_.class_names.size()));
    constant_equations.push_back({p.var, form.items[1]});
    return p;
  }
  if (form.is_form("let")) {
    check_let(form, context_);
    lets_[form.items[1].text] = form.items[2];
    return term(form.items[3]);
  }
  if (form.kind == Sexpr::kListForm) return operation(form);
  throw context_.error(form, "a pattern cannot be " + sexpr_text(form))
      .fix("write (op …), ?x, a number or _");
}

Pattern LeftReader::variable(const Sexpr& form) {
  auto let = lets_.find(form.text);
  if (let != lets_.end()) {
    Sexpr meaning = let->second;
    lets_.erase(let);
    Pattern p = term(meaning);
    if (p.kind == Pattern::Kind::kOperator) {
      p.bind = names_.new_class(form.text);
    } else if (p.kind == Pattern::Kind::kVariable) {
      names_.classes[form.text] = p.var;
    } else {
      throw context_.error(meaning, "let names an operator term or a variable")
          .fix("write the number where it is used");
    }
    return p;
  }
  if (names_.attrs.count(form.text)) {
    throw context_.error(form, form.text + " is a field value and a term")
        .fix("rename one of them");
  }
  Pattern p;
  p.kind = Pattern::Kind::kVariable;
  auto it = names_.classes.find(form.text);
  p.var = it != names_.classes.end() ? it->second : names_.new_class(form.text);
  return p;
}

Pattern LeftReader::operation(const Sexpr& form) {
  TermForm parts = parse_term_form(form, context_);
  Pattern p;
  p.kind = Pattern::Kind::kOperator;
  p.op = parts.op;
  for (const Sexpr* operand : parts.operands) p.children.push_back(term(*operand));
  const OpSpec& spec = context_.table.spec(parts.op);
  for (std::size_t i = 0; i < parts.fields.size(); ++i) {
    p.fields.push_back(field(*parts.fields[i], spec.fields[i]));
  }
  return p;
}

FieldPattern LeftReader::field(const Sexpr& form, const AttrField& spec) {
  FieldPattern f;
  if (form.is("_")) return f;
  if (form.is_variable()) {
    if (names_.classes.count(form.text)) {
      throw context_.error(form, form.text + " is a term and a field value")
          .fix("rename one of them");
    }
    f.kind = FieldPattern::Kind::kVariable;
    auto it = names_.attrs.find(form.text);
    f.var = it != names_.attrs.end() ? it->second : names_.new_attr(form.text);
    return f;
  }
  bool literal = true;
  if (spec.kind == AttrKind::kInt && form.kind == Sexpr::kInteger) {
    f.literal = Dim(form.integer);
  } else if (spec.kind == AttrKind::kText && form.kind == Sexpr::kText) {
    f.literal = form.text;
  } else if (spec.kind == AttrKind::kDType && form.kind == Sexpr::kSymbol &&
             dtype_from_text(form.text)) {
    f.literal = *dtype_from_text(form.text);
  } else if (spec.kind == AttrKind::kList && is_integer_list(form)) {
    List list;
    for (const Sexpr& item : form.items) list.push_back(Dim(item.integer));
    f.literal = std::move(list);
  } else {
    literal = false;
  }
  f.kind = literal ? FieldPattern::Kind::kLiteral : FieldPattern::Kind::kVariable;
  if (!literal) {
    f.var = names_.new_attr(format(":{}~{}", spec.name, names_.attr_names.size()));
    field_equations.push_back({f.var, form});
  }
  return f;
}

void RightReader::output(std::uint16_t target, const Sexpr& form) {
  std::uint16_t value = term(form, target);
  program_.outputs.push_back({target, value});
}

std::uint16_t RightReader::push(RightStep step) {
  program_.steps.push_back(std::move(step));
  return registers_++;
}

std::uint16_t RightReader::splat(AttrExpr value, std::uint16_t like) {
  RightStep step;
  step.kind = RightStep::Kind::kSplat;
  step.value = std::move(value);
  step.like = like;
  return push(std::move(step));
}

std::uint16_t RightReader::variable(const Sexpr& form) {
  auto it = names_.classes.find(form.text);
  if (it != names_.classes.end()) return it->second;
  if (names_.attrs.count(form.text)) {
    throw context_.error(form, form.text + " is a field value, not a term")
        .fix("write (splat " + form.text + ") for a constant of that value");
  }
  throw context_.error(form, form.text + " is not bound on the left side")
      .fix("use only variables of the left side");
}

std::uint16_t RightReader::term(const Sexpr& form, std::uint16_t like) {
  if (form.is_variable()) return variable(form);
  if (is_number(form)) {
    AttrExpr value;
    value.literal = Scalar::of(DType::kF64, number(form));
    return splat(std::move(value), like);
  }
  if (form.is_form("splat")) {
    check_splat(form, context_);
    return splat(read_expression(form.items[1], names_, context_), like);
  }
  if (form.is_form("let")) {
    check_let(form, context_);
    std::uint16_t bound = term(form.items[2], like);
    names_.classes[form.items[1].text] = bound;
    return term(form.items[3], like);
  }
  if (form.kind == Sexpr::kListForm) return operation(form, like);
  throw context_.error(form, "a right side cannot hold " + sexpr_text(form))
      .fix("write (op …), a bound variable or a number");
}

std::uint16_t RightReader::operation(const Sexpr& form, std::uint16_t like) {
  TermForm parts = parse_term_form(form, context_);
  RightStep step;
  step.op = parts.op;
  step.operands.resize(parts.operands.size());
  for (std::size_t i = 0; i < parts.operands.size(); ++i) {
    if (is_constant_term(*parts.operands[i])) continue;
    step.operands[i] = term(*parts.operands[i], like);
  }
  // Constants take the type of the last operand that is not one: (where ?c 0 ?x) is typed by ?x.
  for (std::size_t i = 0; i < parts.operands.size(); ++i) {
    if (!is_constant_term(*parts.operands[i])) like = step.operands[i];
  }
  for (std::size_t i = 0; i < parts.operands.size(); ++i) {
    if (is_constant_term(*parts.operands[i])) step.operands[i] = term(*parts.operands[i], like);
  }
  for (const Sexpr* field : parts.fields) {
    step.fields.push_back(read_expression(*field, names_, context_));
  }
  return push(std::move(step));
}

}  // namespace bafe
