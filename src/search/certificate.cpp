// Certificates. In: the union log of a search and its choice. Out: text in the grammar of
// src/check/certificate.cpp. Invariant: a step's line stands after the lines that it rests on.

#include "certificate.h"

#include <algorithm>

#include "bafe/base/digest.h"
#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/field_words.h"
#include "bafe/search/certify.h"

namespace bafe {
namespace {

bool is_stored_array(const Node& node) {
  return op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kText;
}

}  // namespace

ProofText::ProofText(const Graph& program, const std::vector<Type>& constants)
    : inputs_(program.inputs().size()), anonymous_(!constants.empty()) {
  auto input_line = [&](const Type& type) {
    terms_.push_back("input " + std::string(dtype_info(type.dtype).name) + " " +
                     field_word(type.shape));
  };
  for (const InputInfo& info : program.inputs()) input_line(info.type);
  for (const Type& type : constants) input_line(type);
}

ProofText::Number ProofText::add(std::string line) {
  auto [it, is_new] = numbers_.emplace(std::move(line), terms_.size());
  if (is_new) terms_.push_back(it->first);
  return it->second;
}

ProofText::Number ProofText::add(Op op, const Attrs& attrs, const std::vector<Number>& operands) {
  std::string line(op_info(op).name);
  for (const AttrValue& value : attrs) line += " " + field_word(value);
  for (Number operand : operands) line += " " + std::to_string(operand);
  return add(std::move(line));
}

ProofText::Number ProofText::of_term(const TermPool& pool, TermId term, const AttrTable& attrs) {
  auto known = of_term_.find(term);
  if (known != of_term_.end()) return known->second;
  const Attrs& record = attrs.record(pool.attr(term));
  Op op = op_of(pool.op(term));
  Number number;
  if (is_input(op)) {
    number = static_cast<Number>(attr_int(record, 0).value());
  } else if (anonymous_ && op_info(op).kind == OpKind::kLeaf &&
             attr_kind(record[0]) == AttrKind::kText) {
    number = inputs_ + std::stoul(attr_string(record, 0));
  } else {
    std::vector<Number> operands;
    for (TermId child : pool.children(term)) operands.push_back(of_term(pool, child, attrs));
    number = add(op, record, operands);
  }
  return of_term_[term] = number;
}

std::vector<ProofText::Number> ProofText::of_graph(const Graph& graph,
                                                   const std::vector<Number>& inputs) {
  std::vector<Number> made(graph.size());
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    std::vector<Number> operands;
    std::vector<Type> types;
    for (ValueId operand : node.operands) {
      operands.push_back(made[operand.index()]);
      types.push_back(graph.type(operand));
    }
    Number& number = made[id.index()];
    if (is_input(node.op)) {
      auto index = static_cast<Number>(attr_int(node.attrs, 0).value());
      number = inputs.empty() ? index : inputs[index];
    } else if (is_stored_array(node) && (anonymous_ || inputs.size() > graph.inputs().size())) {
      Number place = graph.inputs().size() + std::stoul(attr_string(node.attrs, 0));
      number = inputs.empty() ? place : inputs[place];
    } else {
      number = add(node.op, node.attrs, operands);
      define(node, number, operands, types);
    }
  }
  std::vector<Number> roots;
  for (ValueId root : graph.roots()) roots.push_back(made[root.index()]);
  return roots;
}

void ProofText::define(const Node& node, Number number, const std::vector<Number>& operands,
                       const std::vector<Type>& types) {
  OpKind kind = op_info(node.op).kind;
  if (kind != OpKind::kLayout && kind != OpKind::kNamed) return;
  Number meaning = operands[0];
  if (kind == OpKind::kNamed) {
    Graph one;
    std::vector<ValueId> given;
    for (const Type& type : types) given.push_back(one.add_input({"x", "row", false, type}));
    one.add_root(one.add(node.op, std::move(given), node.attrs));
    meaning = of_graph(flatten_named(one), operands)[0];
  }
  std::string line = format("define {} {}", number, meaning);
  if (std::find(steps_.begin(), steps_.end(), line) == steps_.end()) step(std::move(line));
}

std::string ProofText::text(const std::vector<Number>& written,
                            const std::vector<Number>& chosen) const {
  std::string out = "block\n";
  for (const std::string& line : terms_) out += line + "\n";
  out += "written";
  for (Number root : written) out += " " + std::to_string(root);
  out += "\nchosen";
  for (Number root : chosen) out += " " + std::to_string(root);
  out += "\n";
  for (const std::string& line : steps_) out += line + "\n";
  return out;
}

std::size_t CertificateText::use_of(const Rule& rule) {
  auto [it, is_new] = use_numbers_.emplace(rule.name, uses_.size());
  if (is_new) uses_.push_back(rule.name + " " + sha256(rule.text).hex().substr(0, 16));
  return it->second;
}

void CertificateText::add_equations(ProofText& proof, const TermGraph& terms, const Growth& growth,
                                    const RuleSet& rules, const ChooseNode& choose) {
  Explainer explainer(terms.egraph, growth.rules);
  ConditionEvidence evidence(terms, growth, rules, explainer, specials_);
  explainer.set_evidence([&](const UsedUnion& used) { return evidence.find(used); });
  const AttrTable& attrs = terms.egraph.attrs();
  std::vector<Equation> told;
  static const char* const kWords[] = {"rule", "compute", "ac", "define", "instance", "congruence"};
  std::map<std::string, bool> written;
  for (NodeId root : terms.roots) {
    for (const Equation& equation : explainer.equations_to_choice(root, choose)) {
      std::string line = kWords[static_cast<int>(equation.kind)];
      std::vector<TermId> lefts = equation.roots;
      if (lefts.empty()) lefts.push_back(equation.left);
      if (equation.kind == ReasonKind::kRule) {
        const std::string& name = growth.rule_names[equation.rule.index()];
        const Rule* rule = rules.find(name);
        if (!rule) rule = RuleSet::classic().find(name);
        BAFE_CHECK(rule != nullptr, "a proof uses rules that are known");
        line += format(" {}{}", use_of(*rule), equation.backward ? "-" : "+");
        if (equation.root > 0) line += std::to_string(equation.root);
      }
      for (TermId left : lefts)
        line += " " + std::to_string(proof.of_term(explainer.terms(), left, attrs));
      line += " " + std::to_string(proof.of_term(explainer.terms(), equation.right, attrs));
      if (written.emplace(line, true).second) proof.step(std::move(line));
    }
  }
}

std::size_t CertificateText::add_block(std::string block) {
  blocks_.push_back(std::move(block));
  return blocks_.size() - 1;
}

std::string CertificateText::text() const {
  std::string out = "bafe-certificate 1\nmath ";
  out += math_ == Math::kBits ? "bits\n" : math_ == Math::kFast ? "fast\n" : "reals\n";
  if (!specials_) out += structured_ ? "premises finite zeros\n" : "premises finite\n";
  for (const std::string& use : uses_) out += "use " + use + "\n";
  for (const std::string& block : blocks_) out += block;
  return out + "end\n";
}

std::string certificate_as_written(const Graph& graph, const Graph& program, Math math) {
  ProofText proof(graph, {});
  std::vector<ProofText::Number> written = proof.of_graph(graph);
  CertificateText certificate(math, true, false);
  certificate.add_block(proof.text(written, proof.of_graph(program)));
  return certificate.text();
}

bool states_program(const Graph& stated, const Graph& program) {
  if (stated.inputs().size() != program.inputs().size() ||
      stated.roots().size() != program.roots().size())
    return false;
  Graph both = stated;
  std::vector<ValueId> made(program.size());
  for (ValueId id : program.live()) {
    const Node& node = program.node(id);
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(made[operand.index()]);
    made[id.index()] = both.add(node.op, std::move(operands), node.attrs);
  }
  for (std::size_t i = 0; i < program.roots().size(); ++i) {
    if (made[program.roots()[i].index()] != stated.roots()[i]) return false;
  }
  return true;
}

}  // namespace bafe
