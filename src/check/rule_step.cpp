// Matching and building by the text of a rule. In: terms of the certificate. Out: whether they are
// an instance whose conditions hold. Invariant: a refusal never throws; terms built on the way are
// new nodes that no class holds.
#include "rule_step.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

bool is_number(const Sexpr& form) {
  return form.kind == Sexpr::kInteger || form.kind == Sexpr::kReal;
}

/// Made of numbers only: it takes its type from a sibling.
bool is_untyped(const Sexpr& form) {
  if (is_number(form) || form.is_form("splat")) return true;
  if (form.kind != Sexpr::kListForm || form.items.size() < 2) return false;
  return std::all_of(form.items.begin() + 1, form.items.end(), is_untyped);
}

/// An int or a scalar as an element: integers exactly or not at all, and no new infinity.
std::optional<Scalar> element_of(const std::optional<AttrValue>& value, DType dtype) {
  const Dim* d = value ? std::get_if<Dim>(&*value) : nullptr;
  const Scalar* s = value ? std::get_if<Scalar>(&*value) : nullptr;
  if (s && s->dtype == dtype) return *s;
  if (s && is_float(s->dtype)) {
    Scalar out = Scalar::of(dtype, s->as_double());
    bool exact = is_float(dtype) || out.as_double() == s->as_double();
    return exact ? std::optional(out) : std::nullopt;
  }
  if (!s && !(d && d->is_const())) return std::nullopt;
  std::int64_t i = s ? s->as_int() : d->value();
  Scalar out = Scalar::of_int(dtype, i);
  bool holds = is_float(dtype) ? std::isfinite(out.as_double()) : out.as_int() == i;
  return holds ? std::optional(out) : std::nullopt;
}

bool same_element(const Scalar& a, const Scalar& b) {
  return a == b || (a.dtype == b.dtype && a.is_zero() && b.is_zero());
}

/// The words of [B.. m k], whichever way the brackets were grouped.
std::vector<std::string> size_words(const Sexpr& form) {
  std::vector<std::string> words;
  if (form.kind != Sexpr::kListForm) return {sexpr_text(form)};
  for (const Sexpr& item : form.items) {
    for (std::string& word : size_words(item)) words.push_back(std::move(word));
  }
  return words;
}

}  // namespace

bool OperatorForm::read(const Sexpr& form) {
  if (form.kind != Sexpr::kListForm || form.items.empty()) return false;
  op = tensor_ops().find(form.items[0].text);
  if (!op.valid()) return false;
  const OpSpec& spec = tensor_ops().spec(op);
  fields.assign(spec.fields.size(), nullptr);
  std::size_t i = 1;
  for (; i < form.items.size() && !form.items[i].is_keyword(); ++i)
    operands.push_back(&form.items[i]);
  for (; i + 1 < form.items.size(); i += 2) {
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (form.items[i].text == ":" + spec.fields[f].name) fields[f] = &form.items[i + 1];
    }
  }
  return std::none_of(fields.begin(), fields.end(), [](const Sexpr* f) { return !f; });
}

bool RuleReplay::match(const Sexpr& form, ValueId term) {
  if (form.is("_")) return true;
  if (form.is_variable()) return match_variable(form.text, term);
  bool splat = form.is_form("splat") && form.items.size() == 2;
  if (splat || is_number(form)) {
    matched_.push_back(term);
    constants_.emplace_back(splat ? form.items[1] : form, term);
    return true;
  }
  if (form.is_form("let") && form.items.size() == 4) {
    lets_[form.items[1].text] = form.items[2];
    return match(form.items[3], term);
  }
  return match_operator(form, term);
}

bool RuleReplay::match_variable(const std::string& name, ValueId term) {
  if (auto let = lets_.find(name); let != lets_.end()) {
    Sexpr meaning = std::move(let->second);
    lets_.erase(let);
    if (!match(meaning, term)) return false;
  }
  if (const ValueId* known = bound_.term(name)) return facts_.same(*known, term);
  if (bound_.value(name)) return false;
  bound_.terms.emplace(name, term);
  return true;
}

bool RuleReplay::match_operator(const Sexpr& form, ValueId term) {
  OperatorForm parts;
  if (!parts.read(form)) return false;
  Node node = terms_.node(term);  // a copy: the table may grow
  if (id_of(node.op) != parts.op || node.operands.size() != parts.operands.size()) return false;
  matched_.push_back(term);
  for (std::size_t i = 0; i < parts.operands.size(); ++i) {
    if (!match(*parts.operands[i], node.operands[i])) return false;
  }
  for (std::size_t i = 0; i < parts.fields.size(); ++i) {
    const Sexpr& field = *parts.fields[i];
    if (field.is("_")) continue;
    const AttrValue* known = field.is_variable() ? bound_.value(field.text) : nullptr;
    if (field.is_variable() && !known) {
      bound_.values.emplace(field.text, node.attrs[i]);
    } else if (known) {
      if (!attrs_equal({*known}, {node.attrs[i]})) return false;
    } else {
      fields_.emplace_back(field, node.attrs[i]);
    }
  }
  return true;
}

/// (?a [B.. m k])
bool RuleReplay::types_fit(const Sexpr& form) {
  const ValueId* term = form.items.empty() ? nullptr : bound_.term(form.items[0].text);
  if (!term) return false;
  const Shape& shape = facts_.type_of(*term).shape;
  std::vector<std::string> words;
  for (std::size_t i = 1; i < form.items.size(); ++i) {
    for (std::string& word : size_words(form.items[i])) words.push_back(std::move(word));
  }
  auto ends_in_dots = [](const std::string& w) {
    return w.size() > 2 && w.compare(w.size() - 2, 2, "..") == 0;
  };
  bool leads = !words.empty() && ends_in_dots(words[0]);
  std::size_t named = words.size() - (leads ? 1 : 0);
  if (shape.size() < named || (!leads && shape.size() != named)) return false;
  std::size_t lead = shape.size() - named;
  if (leads) {
    List batch(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(lead));
    if (batches_.emplace(words[0], batch).first->second != batch) return false;
  }
  for (std::size_t i = 0; i < named; ++i) {
    const std::string& word = words[words.size() - named + i];
    if (word == "_") continue;
    bool digits = word.find_first_not_of("0123456789") == std::string::npos && word.size() < 16;
    Dim wanted =
        digits ? Dim(std::stoll(word)) : sizes_.emplace(word, shape[lead + i]).first->second;
    if (wanted != shape[lead + i]) return false;
  }
  return true;
}

bool RuleReplay::constants_fit() {
  for (const auto& [form, term] : constants_) {
    std::optional<Scalar> known = facts_.constant_of(term);
    if (!known) return false;
    std::optional<Scalar> wanted = element_of(walk_.value(form), known->dtype);
    if (!wanted || !same_element(*wanted, *known)) return false;
  }
  return true;
}

/// Empty: all hold.
std::string RuleReplay::conditions(const RuleForm& rule) {
  for (const Sexpr& form : rule.types) {
    if (!types_fit(form)) return "the type " + sexpr_text(form) + " does not fit";
  }
  for (const auto& [form, actual] : fields_) {
    std::optional<AttrValue> wanted = walk_.value(form);
    if (!wanted || !attrs_equal({*wanted}, {actual}))
      return "a field is not " + sexpr_text(form) + " but " + attr_text(actual);
  }
  if (!constants_fit()) return "a constant is not what the rule says";
  for (const Sexpr& let : rule.lets) {
    std::optional<AttrValue> value;
    if (let.items.size() == 2) value = walk_.value(let.items[1]);
    if (!value) return sexpr_text(let) + " has no value";
    bound_.values.emplace(let.items[0].text, std::move(*value));
  }
  for (const Sexpr& form : rule.conditions) {
    if (!walk_.condition(form)) return "the condition " + sexpr_text(form) + " does not hold";
  }
  return {};
}

ValueId RuleReplay::fill(const std::optional<AttrValue>& value, ValueId like) {
  if (!like.valid()) return {};
  Type type = terms_.type(like);
  std::optional<Scalar> element = element_of(value, type.dtype);
  return element ? terms_.add_fill(*element, type.shape) : ValueId();
}

/// An invalid id: the right side has no such term here.
ValueId RuleReplay::build(const Sexpr& form, ValueId like) {
  if (form.is_variable()) {
    used_.insert(form.text);
    const ValueId* known = bound_.term(form.text);
    return known ? *known : ValueId();
  }
  if (is_number(form)) return fill(walk_.value(form), like);
  if (form.is_form("splat") && form.items.size() == 2)
    return fill(walk_.value(form.items[1]), like);
  if (form.is_form("let") && form.items.size() == 4) {
    ValueId named = build(form.items[2], like);
    if (!named.valid()) return {};
    bound_.terms.emplace(form.items[1].text, named);
    return build(form.items[3], like);
  }
  return build_operator(form, like);
}

ValueId RuleReplay::build_operator(const Sexpr& form, ValueId like) {
  OperatorForm parts;
  if (!parts.read(form)) return {};
  std::vector<ValueId> operands(parts.operands.size());
  for (bool untyped : {false, true}) {
    ValueId sibling = like;
    for (ValueId operand : operands) {
      if (operand.valid()) sibling = operand;
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (is_untyped(*parts.operands[i]) != untyped) continue;
      operands[i] = build(*parts.operands[i], untyped ? sibling : like);
      if (!operands[i].valid()) return {};
    }
  }
  Attrs attrs;
  for (const Sexpr* field : parts.fields) {
    std::optional<AttrValue> value = walk_.value(*field);
    if (!value) return {};
    attrs.push_back(std::move(*value));
  }
  return terms_.add(op_of(parts.op), std::move(operands), std::move(attrs));
}

std::string RuleReplay::refusal(const RuleForm& rule, bool forward, std::size_t root,
                                const std::vector<ValueId>& left, ValueId right) {
  if (!forward && !rule.both_ways) return "the rule has no backward direction";
  const RuleForm::Roots& from = forward ? rule.left : rule.right;
  const RuleForm::Roots& to = forward ? rule.right : rule.left;
  if (left.size() != from.size() || root >= from.size()) return "the number of roots differs";
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!match(from[i].second, left[i])) return "the left side is no instance of the rule's";
    if (!match_variable(from[i].first, left[i])) return "two roots have one name";
  }
  try {
    std::string reason = conditions(rule);
    if (!reason.empty()) return reason;
    for (const auto& [target, term] : to) {
      if (target != from[root].first) continue;
      ValueId made = build(term, left[root]);
      if (!made.valid()) return "the right side has no value here";
      if (made == right) return {};
    }
  } catch (const Error& error) {
    return "the right side is no program: " + error.fact();
  }
  return "the right side is not what the rule makes of the left one";
}

bool RuleReplay::drops_term() const {
  return std::any_of(bound_.terms.begin(), bound_.terms.end(), [&](const auto& bound) {
    return !used_.count(bound.first) && variables().count(bound.second);
  });
}

std::set<ValueId> RuleReplay::variables() const {
  std::set<ValueId> out;
  for (const auto& [name, term] : bound_.terms) {
    if (std::find(matched_.begin(), matched_.end(), term) == matched_.end()) out.insert(term);
  }
  return out;
}

}  // namespace bafe
