// Pattern trees come in, match programs go out. Steps of one root are ordered so that cheap tests
// stand before the next enumeration; witness slots are numbered in pre-order whatever the order of
// steps.
#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/egraph/ematch.h"

namespace bafe {
namespace {

class Compiler {
 public:
  Compiler(const LeftSide& left, bool reads_facts, EGraph& graph, MatchProgram& program)
      : left_(left), graph_(graph), program_(program) {
    program_.class_vars = left.class_vars;
    program_.attr_vars = left.attr_vars;
    program_.reads_facts = reads_facts;
  }

  void root(const RootPattern& pattern) {
    out_ = RootProgram{};
    out_.var_reg.assign(left_.class_vars, kNoVariable);
    out_.binds_attr.assign(left_.attr_vars, false);
    out_.root_var = pattern.root_var;
    out_.registers = 1;  // register 0 is the root itself
    const Pattern& top = pattern.pattern;
    if (pattern.root_var != kNoVariable) out_.var_reg[pattern.root_var] = 0;
    if (top.kind == Pattern::Kind::kOperator) {
      check_operator(top);
      name_class(top, 0);
      out_.op = top.op;
      out_.arity = static_cast<std::uint16_t>(top.children.size());
      std::uint16_t slot = out_.first_slot = program_.witnesses++;
      std::uint16_t first = take_registers(top.children.size());
      fields(top, slot);
      children(top, first, 1);
    } else {
      out_.scan = true;
      immediate(top, 0, 0);
    }
    mark_sources();
    program_.roots.push_back(std::move(out_));
  }

 private:
  struct Enumeration {
    const Pattern* pattern;
    std::uint16_t reg, slot, depth;
  };

  std::uint16_t take_registers(std::size_t count) {
    auto first = out_.registers;
    out_.registers = static_cast<std::uint16_t>(out_.registers + count);
    return first;
  }

  void check_operator(const Pattern& pattern) const {
    const OpTable& ops = graph_.ops();
    if (!pattern.op.valid() || pattern.op.index() >= ops.size()) {
      throw RuleError({}, "pattern", "an operator is not in the operator table")
          .fix("use the operator table of the graph that is searched");
    }
    const OpSpec& spec = ops.spec(pattern.op);
    if (spec.arity != kVariadic &&
        pattern.children.size() != static_cast<std::size_t>(spec.arity)) {
      throw RuleError({}, spec.name,
                      format("a pattern has {} operands, the operator takes {}",
                             pattern.children.size(), spec.arity))
          .fix("write one pattern for each operand, `_` for those that do not matter");
    }
    if (!pattern.fields.empty() && pattern.fields.size() != spec.fields.size()) {
      throw RuleError({}, spec.name,
                      format("a pattern has {} fields, the operator has {}", pattern.fields.size(),
                             spec.fields.size()))
          .fix("give every field a pattern, or none");
    }
  }

  MatchStep& emit(MatchStep::Kind kind) {
    MatchStep& step = out_.steps.emplace_back();
    step.kind = kind;
    return step;
  }

  void fields(const Pattern& pattern, std::uint16_t slot) {
    for (std::size_t i = 0; i < pattern.fields.size(); ++i) {
      const FieldPattern& field = pattern.fields[i];
      if (field.kind == FieldPattern::Kind::kAny) continue;
      MatchStep::Kind kind = MatchStep::Kind::kFieldIs;
      if (field.kind == FieldPattern::Kind::kVariable) {
        bool bound = out_.binds_attr[field.var];
        kind = bound ? MatchStep::Kind::kFieldSame : MatchStep::Kind::kFieldBind;
        out_.binds_attr[field.var] = true;
      }
      MatchStep& step = emit(kind);
      step.slot = slot;
      step.index = static_cast<std::uint16_t>(i);
      step.var = field.var;
      if (field.kind == FieldPattern::Kind::kLiteral) {
        step.value = graph_.attrs().intern(field.literal);
      }
    }
  }

  /// Steps of all children of one node: tests first, then each enumeration with its own subtree.
  void children(const Pattern& pattern, std::uint16_t first, std::uint16_t depth) {
    std::vector<Enumeration> open;
    for (std::size_t i = 0; i < pattern.children.size(); ++i) {
      const Pattern& child = pattern.children[i];
      auto reg = static_cast<std::uint16_t>(first + i);
      if (child.kind == Pattern::Kind::kOperator && !is_ground(child)) {
        open.push_back({&child, reg, program_.witnesses, depth});
        program_.witnesses = static_cast<std::uint16_t>(program_.witnesses + count_slots(child));
      } else {
        immediate(child, reg, depth);
      }
    }
    for (const Enumeration& next : open) enumerate(next);
  }

  /// A variable for the class of an operator node itself: conditions ask for its type.
  void name_class(const Pattern& pattern, std::uint16_t reg) {
    if (pattern.bind != kNoVariable) out_.var_reg[pattern.bind] = reg;
  }

  void enumerate(const Enumeration& next) {
    check_operator(*next.pattern);
    name_class(*next.pattern, next.reg);
    std::uint16_t first = take_registers(next.pattern->children.size());
    MatchStep& bind = emit(MatchStep::Kind::kBind);
    bind.reg = next.reg;
    bind.out = first;
    bind.slot = next.slot;
    bind.op = next.pattern->op;
    bind.arity = static_cast<std::uint16_t>(next.pattern->children.size());
    deepen(next.depth);
    fields(*next.pattern, next.slot);
    // slots below this node were reserved by the parent; number them from there
    std::uint16_t resume = program_.witnesses;
    program_.witnesses = static_cast<std::uint16_t>(next.slot + 1);
    children(*next.pattern, first, static_cast<std::uint16_t>(next.depth + 1));
    program_.witnesses = std::max(resume, program_.witnesses);
  }

  void immediate(const Pattern& pattern, std::uint16_t reg, std::uint16_t depth) {
    if (pattern.kind == Pattern::Kind::kWildcard) return;
    if (pattern.kind == Pattern::Kind::kOperator) name_class(pattern, reg);
    if (pattern.kind == Pattern::Kind::kVariable) {
      if (program_.reads_facts) deepen(depth);
      std::uint16_t& bound = out_.var_reg[pattern.var];
      if (bound == kNoVariable) {
        bound = reg;
        return;
      }
      MatchStep& same = emit(MatchStep::Kind::kSame);
      same.reg = reg;
      same.out = bound;
    } else if (pattern.kind == Pattern::Kind::kLiteral) {
      MatchStep& literal = emit(MatchStep::Kind::kLiteral);
      literal.reg = reg;
      literal.slot = program_.witnesses++;
      literal.literal = pattern.literal;
    } else {
      MatchStep& ground = emit(MatchStep::Kind::kGround);
      ground.reg = reg;
      ground.index = static_cast<std::uint16_t>(out_.ground.size());
      GroundTerm& term = out_.ground.emplace_back();
      ground_node(pattern, term);
    }
    deepen(depth);
  }

  std::uint16_t ground_node(const Pattern& pattern, GroundTerm& term) {
    check_operator(pattern);
    GroundTerm::Node node;
    node.op = pattern.op;
    node.slot = program_.witnesses++;
    Attrs record;
    for (const FieldPattern& field : pattern.fields) record.push_back(field.literal);
    node.attr = graph_.attrs().intern(record);
    for (const Pattern& child : pattern.children) node.children.push_back(ground_node(child, term));
    term.nodes.push_back(std::move(node));
    return static_cast<std::uint16_t>(term.nodes.size() - 1);
  }

  bool is_ground(const Pattern& pattern) const {
    if (pattern.kind != Pattern::Kind::kOperator || !pattern.op.valid()) return false;
    if (pattern.op.index() >= graph_.ops().size()) return false;
    if (pattern.fields.size() != graph_.ops().spec(pattern.op).fields.size()) return false;
    auto literal = [](const FieldPattern& f) { return f.kind == FieldPattern::Kind::kLiteral; };
    return std::all_of(pattern.fields.begin(), pattern.fields.end(), literal) &&
           std::all_of(pattern.children.begin(), pattern.children.end(),
                       [this](const Pattern& child) { return is_ground(child); });
  }

  static std::size_t count_slots(const Pattern& pattern) {
    std::size_t count =
        pattern.kind == Pattern::Kind::kOperator || pattern.kind == Pattern::Kind::kLiteral;
    for (const Pattern& child : pattern.children) count += count_slots(child);
    return count;
  }

  void deepen(std::uint16_t depth) { out_.depth = std::max(out_.depth, depth); }

  void mark_sources() {
    if (program_.reads_facts) return;  // the last test of newness comes after all steps
    for (auto step = out_.steps.rbegin(); step != out_.steps.rend(); ++step) {
      if (step->kind >= MatchStep::Kind::kFieldIs) continue;
      step->last_source = true;
      return;
    }
  }

  const LeftSide& left_;
  EGraph& graph_;
  MatchProgram& program_;
  RootProgram out_;
};

}  // namespace

MatchProgram compile_match(const LeftSide& left, bool reads_facts, EGraph& graph) {
  MatchProgram program;
  Compiler compiler(left, reads_facts, graph, program);
  for (const RootPattern& root : left.roots) compiler.root(root);
  BAFE_CHECK(!program.roots.empty(), "a left side has a root");
  return program;
}

MatchTable::MatchTable(const MatchProgram& program)
    : stride_(program.stride()),
      roots_(program.roots.size()),
      witnesses_(program.witnesses),
      vars_(program.class_vars),
      attrs_(program.attr_vars) {}

}  // namespace bafe
