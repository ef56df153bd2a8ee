// In: the text of a rule file. Out: its rules and moves in order, each direction compiled.
//
//   file   := form*
//   form   := (rule NAME lhs => rhs clause*) | (rule NAME lhs <=> rhs clause*)
//           | (rule NAME :match (?r lhs)+ :equal (?r rhs)+ clause*)
//           | (move NAME lhs [=> rhs] :from state :to state clause*)
//           | (for-each ?x (word*) form*)       ?x is replaced everywhere, inside names too
//   state  := row | col | any | ?layout
//   clause := :types (?v [B.. m k])* | :class c | :class (c c) | :set s | :let ((?v expr)*)
//           | :when expr* | :why "text"
#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/rules/rule_set.h"
#include "clauses.h"
#include "side_reader.h"

namespace bafe {
namespace {

/// What one direction says, before it is compiled.
struct DirectionForms {
  std::vector<std::pair<std::string, Sexpr>> left;   ///< root variable, term
  std::vector<std::pair<std::string, Sexpr>> right;  ///< variable to equal, term
};

void read_types(const Clauses& clauses, const SideNames& names, Rewrite& out,
                const RuleContext& context) {
  for (const Sexpr& form : clauses.types) {
    bool ok = form.kind == Sexpr::kListForm && form.items.size() > 1 && form.items[0].is_variable();
    if (!ok) {
      throw context.error(form, ":types takes a variable and its sizes")
          .fix("write :types (?a [B.. m k]) (?b [B.. k n])");
    }
    auto it = names.classes.find(form.items[0].text);
    if (it == names.classes.end()) {
      throw context.error(form, form.items[0].text + " is not a term of the left side")
          .fix("give types to variables of both sides only");
    }
    out.types.push_back(read_type_template(form, it->second, out, context));
  }
}

void read_left(const DirectionForms& forms, const Clauses& clauses, SideNames& names, Rewrite& out,
               const RuleContext& context) {
  int fresh = 0;
  LeftReader reader(context, names);
  for (const auto& [root, term] : forms.left) {
    RootPattern pattern;
    auto known = names.classes.find(root);
    pattern.root_var = known != names.classes.end() ? known->second : names.new_class(root);
    pattern.pattern = reader.root(expand_composites(term, context, fresh));
    out.left.roots.push_back(std::move(pattern));
  }
  out.left.class_vars = static_cast<std::uint16_t>(names.class_names.size());
  out.left.attr_vars = static_cast<std::uint16_t>(names.attr_names.size());
  for (const PendingEquation& e : reader.field_equations) {
    out.field_equations.push_back({e.var, read_expression(e.value, names, context)});
  }
  for (const PendingEquation& e : reader.constant_equations) {
    out.constant_equations.push_back({e.var, read_expression(e.value, names, context)});
  }
  read_types(clauses, names, out, context);
  for (const Sexpr& let : clauses.lets) {
    const std::string& name = let.items[0].text;
    if (names.attrs.count(name) || names.classes.count(name)) {
      throw context.error(let, name + " is bound already").fix("use a new name in :let");
    }
    AttrExpr value = read_expression(let.items[1], names, context);
    out.lets.push_back({names.new_attr(name), std::move(value)});
  }
  for (const Sexpr& condition : clauses.conditions) {
    out.conditions.push_back(read_expression(condition, names, context));
  }
  for (const Sexpr& variable : clauses.distinct) {
    auto it = names.classes.find(variable.text);
    if (it == names.classes.end()) {
      throw context.error(variable, sexpr_text(variable) + " is no term of the left side")
          .fix("write :distinct ?a ?b with variables that stand for terms");
    }
    out.distinct.push_back(it->second);
  }
}

Rewrite compile_direction(const DirectionForms& forms, const Clauses& clauses,
                          const RuleContext& context, const SourceLoc& loc) {
  Rewrite out;
  out.name = context.rule;
  out.loc = loc;
  out.stage = clauses.stage;
  SideNames names;
  read_left(forms, clauses, names, out, context);
  int fresh = 1000;  // apart from the numbers of the left side, so that names stay distinct
  RightReader right(context, names, out.right);
  for (const auto& [target, term] : forms.right) {
    auto it = names.classes.find(target);
    if (it == names.classes.end() || it->second >= out.left.class_vars) {
      throw context.error(term, target + " is not bound by :match").fix("equal a matched variable");
    }
    right.output(it->second, expand_composites(term, context, fresh));
  }
  out.class_names = names.class_names;
  out.attr_names = names.attr_names;
  return out;
}

constexpr const char* kRootName = "root";

DirectionForms single(const Sexpr& left, const Sexpr& right) {
  return {{{kRootName, left}}, {{kRootName, right}}};
}

void check_reversible(const Sexpr& form, const RuleContext& context) {
  if (form.kind != Sexpr::kListForm) return;
  for (std::size_t i = 1; i < form.items.size(); ++i) {
    const Sexpr& item = form.items[i];
    if (!item.is_keyword()) {
      check_reversible(item, context);
      continue;
    }
    if (i + 1 >= form.items.size()) break;
    const Sexpr& value = form.items[++i];
    bool call = value.kind == Sexpr::kListForm && !value.items.empty() &&
                value.items[0].kind == Sexpr::kSymbol;
    if (call) {
      throw context.error(value, "<=> needs fields that are variables or literals")
          .fix("write two rules with =>");
    }
  }
}

DirectionForms multi_pattern(const Sexpr& form, const Clauses& clauses,
                             const RuleContext& context) {
  if (clauses.matches.empty() || clauses.equals.empty()) {
    throw context.error(form, "a rule has two sides, or :match and :equal")
        .fix("write (rule name lhs => rhs) or (rule name :match (?r lhs) :equal (?r rhs))");
  }
  DirectionForms forms;
  for (const Sexpr& m : clauses.matches) forms.left.emplace_back(m.items[0].text, m.items[1]);
  for (const Sexpr& e : clauses.equals) forms.right.emplace_back(e.items[0].text, e.items[1]);
  return forms;
}

std::string form_name(const Sexpr& form) {
  if (form.items.size() > 1 && form.items[1].kind == Sexpr::kSymbol &&
      !form.items[1].is_variable() && !form.items[1].is_keyword()) {
    return form.items[1].text;
  }
  throw RuleError(form.loc, form.items[0].text, "the name is missing")
      .fix("write (" + form.items[0].text + " my-name …)");
}

Rule rule_header(const Sexpr& form, const Clauses& clauses, const RuleContext& context) {
  Rule rule;
  rule.name = context.rule;
  rule.loc = form.loc;
  rule.why = clauses.why;
  rule.stage = clauses.stage;
  rule.text = sexpr_text(form);
  return rule;
}

Rule read_rule(const Sexpr& form, const OpTable& table) {
  RuleContext context{form_name(form), table};
  bool multi = form.items.size() > 2 && form.items[2].is_keyword();
  if (multi) {
    Clauses clauses = read_clauses(form, 2, false, context);
    Rule rule = rule_header(form, clauses, context);
    DirectionForms forms = multi_pattern(form, clauses, context);
    rule.rewrites.push_back(compile_direction(forms, clauses, context, form.loc));
    rule.rewrites[0].numeric = clauses.forward;
    return rule;
  }
  bool arrow = form.items.size() >= 5 && (form.items[3].is("=>") || form.items[3].is("<=>"));
  if (!arrow) {
    throw context.error(form, "expected a left side, => or <=>, and a right side")
        .fix("write (rule " + context.rule + " (add ?a ?b) => (add ?b ?a))");
  }
  Clauses clauses = read_clauses(form, 5, false, context);
  if (!clauses.matches.empty() || !clauses.equals.empty()) {
    throw context.error(form, "a rule has two sides or :match and :equal, not both")
        .fix("drop :match and :equal");
  }
  Rule rule = rule_header(form, clauses, context);
  const Sexpr& left = form.items[2];
  const Sexpr& right = form.items[4];
  rule.rewrites.push_back(compile_direction(single(left, right), clauses, context, form.loc));
  rule.rewrites[0].numeric = clauses.forward;
  if (form.items[3].is("<=>")) {
    check_reversible(left, context);
    check_reversible(right, context);
    rule.rewrites.push_back(compile_direction(single(right, left), clauses, context, form.loc));
    rule.rewrites[1].numeric = clauses.backward;
    rule.rewrites[1].forward = false;
  }
  return rule;
}

MoveState read_state(const Sexpr* form, const Sexpr& move, const Rewrite& rewrite,
                     const RuleContext& context) {
  MoveState state;
  if (form != nullptr) {
    auto it = std::find(rewrite.attr_names.begin(), rewrite.attr_names.end(), form->text);
    if (it != rewrite.attr_names.end()) {
      state.kind = MoveState::Kind::kVariable;
      state.attr_var = static_cast<std::uint16_t>(it - rewrite.attr_names.begin());
      return state;
    }
    if (form->is("row")) return state;
    if (form->is("col") || form->is("any")) {
      state.kind = form->is("col") ? MoveState::Kind::kCol : MoveState::Kind::kAny;
      return state;
    }
  }
  throw context
      .error(form == nullptr ? move : *form,
             "a move needs a state it starts from and one it ends in")
      .fix("write :from and :to with row, col, any or a layout variable of the left side");
}

Rule read_move(const Sexpr& form, const OpTable& table) {
  RuleContext context{form_name(form), table};
  if (form.items.size() < 3 || form.items[2].kind != Sexpr::kListForm) {
    throw context.error(form, "a move needs a term")
        .fix("write (move name (transpose ?x :perm ?p) …)");
  }
  bool has_right = form.items.size() > 4 && form.items[3].is("=>");
  Clauses clauses = read_clauses(form, has_right ? 5 : 3, true, context);
  Rule rule = rule_header(form, clauses, context);
  const Sexpr& left = form.items[2];
  Sexpr operand = left;
  while (operand.kind == Sexpr::kListForm && operand.items.size() > 1) {
    Sexpr inner = operand.items[1];
    operand = std::move(inner);
  }
  if (!operand.is_variable()) {
    throw context.error(left, "the innermost operand of a move is a variable")
        .fix("write ?x there");
  }
  Move move;
  const Sexpr& right = has_right ? form.items[4] : left;
  move.rewrite = compile_direction(single(left, right), clauses, context, form.loc);
  move.rewrite.numeric = NumericClass::kBits;
  move.from = read_state(clauses.from, form, move.rewrite, context);
  move.to = read_state(clauses.to, form, move.rewrite, context);
  const auto& names = move.rewrite.class_names;
  move.operand = static_cast<std::uint16_t>(std::find(names.begin(), names.end(), operand.text) -
                                            names.begin());
  rule.move = std::move(move);
  return rule;
}

/// What one text may become. A few nested for-each can ask for more than any memory holds.
class ReadBudget {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;    // of a text
  static constexpr std::size_t kMostCopied = std::size_t{16} << 20;  // bytes made by for-each
  static constexpr std::size_t kMostRules = 10'000;
  static constexpr std::size_t kMostNodes = 2'000;  // of a rule

  void spend(std::size_t bytes, const Sexpr& form) {
    copied_ += bytes + sizeof(Sexpr);
    if (copied_ <= kMostCopied) return;
    throw RuleError(form.loc, "for-each", format("it makes more than {} bytes", kMostCopied))
        .fix("write fewer words, or nest less");
  }
  void count(const Sexpr& rule) {
    if (++rules_ > kMostRules) {
      throw RuleError(rule.loc, "rules", format("one text has more than {} rules", kMostRules))
          .fix("split it");
    }
    std::size_t nodes = nodes_of(rule);
    if (nodes > kMostNodes) {
      throw RuleError(rule.loc, "rule",
                      format("it has {} words and lists, at most {} are read", nodes, kMostNodes))
          .fix("split it");
    }
  }

 private:
  static std::size_t nodes_of(const Sexpr& form) {
    std::size_t nodes = 1;
    constexpr std::int64_t kLargest = std::int64_t{1} << 60;  // sums of a few still fit 64 bits
    if (form.integer > kLargest || form.integer < -kLargest) {
      throw ParseError(form.loc, "", format("integer {} is beyond 2^60", form.text))
          .fix("write a smaller one, or a real");
    }
    for (const Sexpr& item : form.items) nodes += nodes_of(item);
    return nodes;
  }
  std::size_t copied_ = 0, rules_ = 0;
};

/// A copy in which the variable has become the word.
Sexpr with_word(const Sexpr& form, const std::string& variable, const std::string& word,
                ReadBudget& budget) {
  Sexpr out;
  out.kind = form.kind;
  out.integer = form.integer;
  out.real = form.real;
  out.loc = form.loc;
  out.text = form.text;
  budget.spend(out.text.size(), form);
  if (form.kind == Sexpr::kSymbol || form.kind == Sexpr::kText) {
    for (std::size_t at = out.text.find(variable); at != std::string::npos;
         at = out.text.find(variable, at + word.size())) {
      budget.spend(word.size(), form);
      out.text.replace(at, variable.size(), word);
    }
  }
  for (const Sexpr& item : form.items) {
    out.items.push_back(with_word(item, variable, word, budget));
  }
  return out;
}

void read_form(const Sexpr& form, const OpTable& table, ReadBudget& budget,
               std::vector<Rule>& out) {
  if (form.is_form("rule")) {
    budget.count(form);
    out.push_back(read_rule(form, table));
  } else if (form.is_form("move")) {
    budget.count(form);
    out.push_back(read_move(form, table));
  } else if (form.is_form("for-each")) {
    bool ok = form.items.size() > 3 && form.items[1].is_variable() &&
              form.items[2].kind == Sexpr::kListForm;
    if (!ok) {
      throw RuleError(form.loc, "for-each", "expected a variable, a list of words and forms")
          .fix("write (for-each ?op (add mul) (rule name-?op …))");
    }
    for (const Sexpr& word : form.items[2].items) {
      for (std::size_t i = 3; i < form.items.size(); ++i) {
        Sexpr copy = with_word(form.items[i], form.items[1].text, sexpr_text(word), budget);
        read_form(copy, table, budget, out);
      }
    }
  } else {
    throw RuleError(form.loc, "rules", "expected (rule …), (move …) or (for-each …)")
        .fix("a rule file holds nothing else");
  }
}

}  // namespace

std::vector<Rule> read_rules(std::string_view text, std::string_view file, const OpTable& table) {
  std::string_view stem = file.substr(file.find_last_of('/') + 1);
  stem = stem.substr(0, stem.find('.'));
  if (text.size() > ReadBudget::kMostBytes) {
    throw ParseError(
        SourceLoc{std::string(file), 1, 1}, "rules",
        format("the text has {} bytes, at most {} are read", text.size(), ReadBudget::kMostBytes))
        .fix("split it");
  }
  std::vector<Rule> rules;
  ReadBudget budget;
  for (const Sexpr& form : read_sexprs(text, file)) read_form(form, table, budget, rules);
  for (Rule& rule : rules) rule.theme = stem;
  return rules;
}

}  // namespace bafe
