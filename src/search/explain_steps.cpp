// Proofs as text. In: the union log and a choice of nodes. Out: named rewrites with the subterms
// before and after in the brief spelling of programs.

#include "explain_steps.h"

#include <cctype>
#include <map>
#include <set>

#include "bafe/cost/access.h"
#include "bafe/egraph/explain.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

/// A term of the pool as a program over the inputs of the source.
class TermText {
 public:
  TermText(const TermGraph& terms, const TermPool& pool) : terms_(terms), pool_(pool) {
    for (const InputInfo& info : terms.source.inputs()) inputs_.push_back(graph_->add_input(info));
  }

  std::string of(TermId term) {
    auto known = texts_.find(term);
    if (known != texts_.end()) return known->second;
    graph_->set_roots({value(term)});
    return texts_[term] = print_brief(*graph_);
  }

  std::size_t size() const { return graph_->size(); }
  /// The graph of all values so far; it grows no more.
  std::shared_ptr<const Graph> take(std::vector<ValueId> roots) {
    graph_->set_roots(std::move(roots));
    return graph_;
  }
  /// Says that a term was written there.
  void place(TermId term, const SourceLoc& loc) { graph_->set_loc(value(term), loc); }

  ValueId value(TermId term) {
    auto known = values_.find(term);
    if (known != values_.end()) return known->second;
    std::vector<ValueId> operands;
    for (TermId child : pool_.children(term)) operands.push_back(value(child));
    const Attrs& attrs = terms_.egraph.attrs().record(pool_.attr(term));
    Op op = op_of(pool_.op(term));
    bool input = op_info(op).kind == OpKind::kLeaf && attr_kind(attrs[0]) == AttrKind::kInt;
    ValueId made = input ? inputs_[static_cast<std::size_t>(attr_int(attrs, 0).value())]
                         : graph_->add(op, std::move(operands), attrs);
    return values_[term] = made;
  }

 private:
  const TermGraph& terms_;
  const TermPool& pool_;
  std::shared_ptr<Graph> graph_ = std::make_shared<Graph>();
  std::map<TermId, ValueId> values_;
  std::vector<ValueId> inputs_;
  std::map<TermId, std::string> texts_;
};

const char* kind_text(ReasonKind kind) {
  static const char* const kTexts[] = {"rule", "compute", "ac", "define", "instance", "congruence"};
  return kTexts[static_cast<int>(kind)];
}

/// What follows `keyword` in the canonical text of a rule, up to the next keyword of the rule.
std::string clause(const std::string& text, const std::string& keyword) {
  std::size_t at = text.find(keyword + " ");
  if (at == std::string::npos) return {};
  std::size_t begin = at + keyword.size() + 1, end = begin;
  for (int depth = 0; end < text.size(); ++end) {
    if (text[end] == ':' && depth == 0) break;
    if (text[end] == '(') ++depth;
    if (text[end] == ')' && depth-- == 0) break;
  }
  while (end > begin && std::isspace(static_cast<unsigned char>(text[end - 1]))) --end;
  return text.substr(begin, end - begin);
}

/// The items of a list without its outer parentheses: words and parenthesised terms.
std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> result;
  std::string item;
  int depth = 0;
  for (char c : text + " ") {
    bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && depth == 0) {
      if (!item.empty()) result.push_back(item);
      item.clear();
      continue;
    }
    depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    item += space ? ' ' : c;
  }
  return result;
}

void add_rule(const Rule& rule, ExplainStep& step) {
  for (const Rewrite& rewrite : rule.rewrites) {
    if (rewrite.forward == step.forward) step.numeric = numeric_class_text(rewrite.numeric);
  }
  step.premises = premises_of(rule);
  step.why = rule.why;
}

/// The move that reads a transpose of a buffer in state `from` as a value in the other order.
const Move* transpose_move(const RuleSet& rules, MoveState::Kind from) {
  for (const Move* move : rules.moves()) {
    bool transposes =
        move->from.kind == from && move->to.kind != from &&
        (move->to.kind == MoveState::Kind::kRow || move->to.kind == MoveState::Kind::kCol);
    if (transposes) return move;
  }
  return nullptr;
}

bool exchanges_axes(const Graph& graph, ValueId id) {
  bool view = op_info(graph.node(id).op).kind == OpKind::kMovement && graph.type(id).rank() == 2;
  if (!view) return false;
  auto map = axis_permutation(graph, id);
  return map && *map == std::vector<int>{1, 0};
}

std::string value_text(const Graph& graph, ValueId id) {
  Graph part = graph;
  part.set_roots({id});
  return print_brief(part);
}

}  // namespace

std::vector<ExplainStep> explain_moves(const Program& program, const RuleSet& rules) {
  std::vector<ExplainStep> result;
  for (ValueId id : program.graph.live()) {
    if (!exchanges_axes(program.graph, id) || program.layouts[id.index()].form != Layout::kStream)
      continue;
    const Layout& from = program.layouts[program.graph.node(id).operands[0].index()];
    if (from.form != Layout::kBuffer) continue;
    bool row = from.is_row();
    const Move* move = transpose_move(rules, row ? MoveState::Kind::kRow : MoveState::Kind::kCol);
    if (!move) continue;
    ExplainStep step;
    step.rule = move->rewrite.name;
    step.kind = "move";
    step.numeric = numeric_class_text(NumericClass::kBits);
    step.why = "the same bytes read along the other axis";
    step.before = value_text(program.graph, id);
    step.after = value_text(program.graph, program.graph.node(id).operands[0]) +
                 (row ? " read @col" : " read @row");
    result.push_back(std::move(step));
  }
  return result;
}

std::vector<std::string> premises_of(const Rule& rule) {
  std::vector<std::string> result = split_list(clause(rule.text, ":types"));
  for (std::string& type : result) {
    if (type.size() > 2 && type.front() == '(') type = type.substr(1, type.size() - 2);
  }
  std::string when = clause(rule.text, ":when");
  bool several = when.rfind("(and ", 0) == 0;
  for (std::string& test : several ? split_list(when.substr(5, when.size() - 6)) : split_list(when))
    result.push_back(std::move(test));
  return result;
}

namespace {

ExplainStep step_of(const Equation& equation, const std::string& before, const std::string& after,
                    const Growth& growth, const RuleSet& rules) {
  ExplainStep line;
  line.kind = kind_text(equation.kind);
  bool rule =
      equation.kind == ReasonKind::kRule && equation.rule.index() < growth.rule_names.size();
  line.rule = rule ? growth.rule_names[equation.rule.index()] : line.kind;
  line.forward = !equation.backward;
  if (const Rule* known = rule ? rules.find(line.rule) : nullptr) add_rule(*known, line);
  line.before = before;
  line.after = after;
  return line;
}

/// One equation on the way to the choice, and the whole root after it: invalid where unknown.
struct Told {
  Equation equation;
  TermId after;
};

/// The equations behind a root: at the roots of their own terms, in order of first use.
std::vector<Told> equations_behind(Explainer& explainer, NodeId root, const ChooseNode& choose,
                                   std::size_t max_steps) {
  bool complete = false;
  std::vector<ProofStep> proof = explainer.steps_to_choice(root, choose, &complete, max_steps);
  std::vector<Told> result;
  // Where values are used again and again, each use would be rewritten by itself: the equations
  // alone then say it once.
  if (!complete) {
    for (Equation& equation : explainer.equations_to_choice(root, choose))
      result.push_back({std::move(equation), {}});
    return result;
  }
  for (const ProofStep& step : proof) {
    Equation equation = step.equation;
    equation.left = explainer.terms().at(step.before, step.position);
    equation.right = explainer.terms().at(step.after, step.position);
    result.push_back({std::move(equation), step.after});
  }
  return result;
}

/// Builds the steps and, beside their texts, the program after each.
class Telling {
 public:
  Telling(const TermGraph& terms, Explainer& explainer) : text_(terms, explainer.terms()) {
    for (NodeId root : terms.roots) state_.push_back(text_.value(explainer.term(root)));
    written_ = state_;
    for (std::size_t i = 0; i < terms.source.size(); ++i) {
      const ValueId id(static_cast<std::uint32_t>(i));
      if (terms.source.loc(id).line > 0)
        text_.place(explainer.term(terms.nodes[i]), terms.source.loc(id));
    }
  }

  /// The root then is `after`, also where nothing new is told.
  void pass(std::size_t root, TermId after, ExplainStep* last) {
    known_ = known_ && after.valid() && text_.size() <= kMostTerms;
    if (!known_) return;
    state_[root] = text_.value(after);
    if (last) last->state = state_;
  }
  void add(const Told& told, const Growth& growth, const RuleSet& rules, std::size_t root,
           std::vector<ExplainStep>& result) {
    const Equation& equation = told.equation;
    result.push_back(
        step_of(equation, text_.of(equation.left), text_.of(equation.right), growth, rules));
    result.back().left = text_.value(equation.left);
    result.back().right = text_.value(equation.right);
    pass(root, told.after, &result.back());
  }
  void finish(std::vector<ExplainStep>& steps) {
    const std::shared_ptr<const Graph> graph = text_.take(written_);
    for (ExplainStep& step : steps) step.terms = graph;
  }

 private:
  static constexpr std::size_t kMostTerms = 8000;  // beyond it only the rewritten terms are kept

  TermText text_;
  std::vector<ValueId> state_, written_;
  bool known_ = true;  // is state_ the whole program after the last step?
};

}  // namespace

std::vector<ExplainStep> explain_choice(const TermGraph& terms, const Growth& growth,
                                        const RuleSet& rules, const ChooseNode& choose,
                                        const std::function<bool()>& stop, std::size_t max_steps) {
  std::vector<ExplainStep> result;
  Explainer explainer(terms.egraph, growth.rules);
  Telling telling(terms, explainer);
  std::set<std::pair<TermId, TermId>> told;
  for (std::size_t root = 0; root < terms.roots.size(); ++root) {
    for (const Told& one : equations_behind(explainer, terms.roots[root], choose, max_steps)) {
      if ((stop && stop()) || result.size() >= max_steps) break;
      const auto [left, right] = std::pair(one.equation.left, one.equation.right);
      if (left == right || !told.insert({left, right}).second) {
        telling.pass(root, one.after, result.empty() ? nullptr : &result.back());
      } else {
        telling.add(one, growth, rules, root, result);
      }
    }
  }
  telling.finish(result);
  return result;
}

}  // namespace bafe
