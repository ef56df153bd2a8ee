#pragma once
/// A language of its own for each test: operators with their arities, terms, patterns and rules as
/// text.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bafe/egraph/explain.h"
#include "bafe/egraph/saturate.h"

namespace bafe::testing {

/// Builds a right side from its pattern.
class TreeApplier : public Applier {
 public:
  explicit TreeApplier(std::vector<Pattern> right) : right_(std::move(right)) {}

  bool apply(EGraph& graph, const Match& match, std::span<NodeId> roots) override {
    for (std::size_t i = 0; i < right_.size(); ++i) {
      roots[i] = build(graph, right_[i], match);
      if (!roots[i].valid()) return false;
    }
    return true;
  }

  const Pattern& tree(std::size_t root) const { return right_[root]; }

 private:
  static NodeId build(EGraph& graph, const Pattern& shape, const Match& match) {
    if (shape.kind == Pattern::Kind::kVariable) return match.vars[shape.var];
    NodeId kids[8];
    for (std::size_t i = 0; i < shape.children.size(); ++i) {
      kids[i] = build(graph, shape.children[i], match);
      if (!kids[i].valid()) return {};
    }
    Attrs record;
    for (const FieldPattern& field : shape.fields) {
      record.push_back(field.kind == FieldPattern::Kind::kLiteral
                           ? field.literal
                           : graph.attrs().value(match.attr(field.var)));
    }
    return graph.add(shape.op, graph.attrs().intern(record), {kids, shape.children.size()});
  }
  std::vector<Pattern> right_;
};

/// Applies another applier where a condition holds.
class ConditionalApplier : public Applier {
 public:
  using Condition = std::function<bool(const EGraph&, const Match&)>;
  ConditionalApplier(Condition condition, std::shared_ptr<Applier> then)
      : condition_(std::move(condition)), then_(std::move(then)) {}
  bool apply(EGraph& graph, const Match& match, std::span<NodeId> roots) override {
    return condition_(graph, match) && then_->apply(graph, match, roots);
  }

 private:
  Condition condition_;
  std::shared_ptr<Applier> then_;
};

class Language {
 public:
  /// "+/2 sin/1 x y": arity after the slash, 0 without; "get/1:axis" has one integer field.
  explicit Language(const std::string& operators) {
    for (std::string word : words(operators)) {
      OpSpec spec;
      std::size_t colon = word.find(':'), slash = word.find('/', 1);
      if (colon != std::string::npos)
        spec.fields.push_back({word.substr(colon + 1), AttrKind::kInt});
      if (slash != std::string::npos) spec.arity = std::stoi(word.substr(slash + 1));
      spec.name = word.substr(0, std::min(colon, slash));
      ops.add(spec);
    }
  }

  /// Variables are numbered through `vars`, "?x" class variables and "#n" attribute variables; `_`
  /// is any.
  Pattern pattern(const std::string& text, std::map<std::string, std::uint16_t>& vars) const {
    std::vector<std::string> tokens = words(text);
    std::size_t at = 0;
    return parse(tokens, at, vars);
  }

  NodeId add(EGraph& graph, const std::string& text) const {
    std::map<std::string, std::uint16_t> none;
    return add(graph, pattern(text, none));
  }

  /// "a => b" or "a <=> b"; several roots are separated by "|".
  void rule(const std::string& name, const std::string& text, std::uint32_t set = 0) {
    bool both = text.find("<=>") != std::string::npos;
    std::size_t arrow = text.find(both ? "<=>" : "=>");
    RuleId id(static_cast<std::uint32_t>(names_++));
    std::string left = text.substr(0, arrow), right = text.substr(arrow + (both ? 3 : 2));
    rules.push_back(direction(name, left, right, id, false, set));
    if (both) rules.push_back(direction(name, right, left, id, true, set));
  }

  /// One direction, where `condition` holds. Class variables are numbered in order of appearance.
  void rule_if(const std::string& name, const std::string& text,
               ConditionalApplier::Condition condition) {
    rule(name, text);
    SaturationRule& last = rules.back();
    last.applier = std::make_shared<ConditionalApplier>(std::move(condition), last.applier);
    last.right.complete = false;
    last.reads_facts = true;
  }

  /// One direction whose right side `applier` builds as it likes.
  void rule_by(const std::string& name, const std::string& left, std::shared_ptr<Applier> applier) {
    rule(name, left + "=>" + left);
    rules.back().applier = std::move(applier);
    rules.back().right = {};
    rules.back().reads_facts = true;
  }

  /// The node of a term that is there already; invalid otherwise.
  NodeId find(const EGraph& graph, const std::string& text) const {
    std::map<std::string, std::uint16_t> none;
    return find(graph, pattern(text, none));
  }

  OpTable ops;
  std::vector<SaturationRule> rules;

 private:
  static std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> out;
    std::string word;
    auto flush = [&] {
      if (!word.empty()) out.push_back(word);
      word.clear();
    };
    for (char c : text) {
      if (c == ' ' || c == '(' || c == ')' || c == '|') flush();
      if (c == '(' || c == ')' || c == '|') out.push_back(std::string(1, c));
      if (c != ' ' && c != '(' && c != ')' && c != '|') word += c;
    }
    flush();
    return out;
  }

  static std::uint16_t number(std::map<std::string, std::uint16_t>& vars, const std::string& name) {
    auto it = vars.find(name);
    if (it != vars.end()) return it->second;
    std::uint16_t next = 0;
    for (const auto& [other, n] : vars)
      next = static_cast<std::uint16_t>(next + (other[0] == name[0]));
    return vars[name] = next;
  }

  Pattern parse(const std::vector<std::string>& tokens, std::size_t& at,
                std::map<std::string, std::uint16_t>& vars) const {
    Pattern out;
    bool nested = tokens.at(at) == "(";
    if (nested) ++at;
    const std::string& head = tokens.at(at++);
    if (head == "_") return out;
    if (head[0] == '?') {
      out.kind = Pattern::Kind::kVariable;
      out.var = number(vars, head);
      return out;
    }
    if (head[0] == '=') {
      out.kind = Pattern::Kind::kLiteral;
      out.literal = std::stod(head.substr(1));
      return out;
    }
    out.kind = Pattern::Kind::kOperator;
    out.op = ops.find(head);
    BAFE_CHECK(out.op.valid(), head.c_str());
    while (nested && tokens.at(at) != ")") {
      const std::string& next = tokens.at(at);
      if (next[0] == '#' || next[0] == '@') {
        FieldPattern field;
        field.kind = next[0] == '#' ? FieldPattern::Kind::kVariable : FieldPattern::Kind::kLiteral;
        if (next[0] == '#') field.var = number(vars, next);
        if (next[0] == '@') field.literal = Dim(std::stoi(next.substr(1)));
        out.fields.push_back(field);
        ++at;
      } else {
        out.children.push_back(parse(tokens, at, vars));
      }
    }
    if (nested) ++at;
    return out;
  }

  NodeId find(const EGraph& graph, const Pattern& term) const {
    std::vector<NodeId> kids;
    for (const Pattern& child : term.children) {
      kids.push_back(find(graph, child));
      if (!kids.back().valid()) return {};
    }
    Attrs record;
    for (const FieldPattern& field : term.fields) record.push_back(field.literal);
    AttrId attr = graph.attrs().find(record);
    return attr.valid() || record.empty() ? graph.lookup(term.op, attr, kids) : NodeId{};
  }

  NodeId add(EGraph& graph, const Pattern& term) const {
    std::vector<NodeId> kids;
    for (const Pattern& child : term.children) kids.push_back(add(graph, child));
    Attrs record;
    for (const FieldPattern& field : term.fields) record.push_back(field.literal);
    return graph.add(term.op, graph.attrs().intern(record), kids);
  }

  SaturationRule direction(const std::string& name, const std::string& left,
                           const std::string& right, RuleId id, bool backward,
                           std::uint32_t set) const {
    SaturationRule out;
    std::map<std::string, std::uint16_t> vars;
    std::vector<std::string> tokens = words(left);
    for (std::size_t at = 0; at < tokens.size(); at += at < tokens.size()) {
      out.left.roots.push_back({kNoVariable, parse(tokens, at, vars)});
    }
    std::size_t bound = vars.size();
    tokens = words(right);
    std::vector<Pattern> trees;
    for (std::size_t at = 0; at < tokens.size(); at += at < tokens.size()) {
      trees.push_back(parse(tokens, at, vars));
    }
    BAFE_CHECK(vars.size() == bound, "a right side uses bound variables");
    for (const auto& [var, n] : vars) ++(var[0] == '?' ? out.left.class_vars : out.left.attr_vars);
    out.right.complete = true;
    for (const Pattern& tree : trees) out.right.outputs.push_back(flatten(tree, out));
    out.applier = std::make_shared<TreeApplier>(trees);
    out.name = name;
    out.rule = id;
    out.backward = backward;
    out.set = set;
    return out;
  }

  static std::uint16_t flatten(const Pattern& tree, SaturationRule& rule) {
    if (tree.kind == Pattern::Kind::kVariable) return tree.var;
    RightShape::Step step;
    for (const Pattern& child : tree.children) step.operands.push_back(flatten(child, rule));
    step.op = tree.op;
    for (const FieldPattern& field : tree.fields) {
      step.attrs.push_back(field.literal);
      rule.right.complete &= field.kind == FieldPattern::Kind::kLiteral;
    }
    rule.right.steps.push_back(step);
    return static_cast<std::uint16_t>(rule.left.class_vars + rule.right.steps.size() - 1);
  }

  std::uint32_t names_ = 0;
};

/// Search all, apply all, rebuild, without limits.
inline SaturationOptions unlimited(std::size_t iterations) {
  SaturationOptions options;
  options.max_iterations = iterations;
  options.max_nodes = 0xfffffff0u;
  options.match_limit = 0;
  return options;
}

}  // namespace bafe::testing
