// Equal programs, for tests. In: a graph and search options. Out: terms of the saturated e-graph.
// Each draw picks a node for every class; a pick that would close a cycle is not taken, so that
// the choice stays acyclic, beginning with the cheapest one.

#include <algorithm>
#include <map>
#include <set>

#include "bafe/cost/roofline.h"
#include "bafe/egraph/explain.h"
#include "bafe/search/equivalents.h"
#include "extract.h"
#include "saturation.h"

namespace bafe {
namespace {

struct Random {
  std::uint64_t state;
  std::uint64_t next() {
    state += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
};

/// Builds an acyclic choice top down: a node is admitted only if the choice stays acyclic with the
/// nodes chosen so far below it.
class Sampler {
 public:
  Sampler(const TermGraph& terms, const std::vector<NodeId>& cheapest)
      : terms_(terms),
        choice_(cheapest),
        is_settled_(cheapest.size(), 0),
        seen_(cheapest.size(), 0) {}

  std::vector<NodeId> draw(Random random) {
    return settle_all([&](std::span<const NodeId> nodes) {
      std::vector<NodeId> order;
      for (int i = 0; i < kAttempts; ++i) order.push_back(nodes[random.next() % nodes.size()]);
      return order;
    });
  }

  std::vector<NodeId> dearest(const NodeCosts& costs) {
    return settle_all([&](std::span<const NodeId> nodes) {
      std::vector<NodeId> order(nodes.begin(), nodes.end());
      std::stable_sort(order.begin(), order.end(), [&](NodeId a, NodeId b) {
        return costs.node(a).own_ns > costs.node(b).own_ns;
      });
      if (order.size() > kAttempts) order.resize(kAttempts);
      return order;
    });
  }

 private:
  static constexpr int kAttempts = 8;

  template <class Propose>
  std::vector<NodeId> settle_all(Propose propose) {
    std::vector<ClassId> open;
    for (std::size_t i = 0; i < terms_.roots.size(); ++i) open.push_back(terms_.root_class(i));
    while (!open.empty()) {
      const ClassId cls = open.back();
      open.pop_back();
      if (is_settled_[cls.index()]) continue;
      is_settled_[cls.index()] = 1;
      const NodeId old = choice_[cls.index()];
      for (NodeId node : propose(terms_.egraph.nodes(cls))) {
        choice_[cls.index()] = node;
        if (!closes_cycle(node, cls)) break;
        choice_[cls.index()] = old;
      }
      for (NodeId child : terms_.egraph.children(choice_[cls.index()]))
        open.push_back(terms_.egraph.class_of(child));
    }
    return choice_;
  }

  bool closes_cycle(NodeId node, ClassId to) {
    ++round_;
    std::vector<ClassId> open;
    for (NodeId child : terms_.egraph.children(node)) open.push_back(terms_.egraph.class_of(child));
    while (!open.empty()) {
      const ClassId cls = open.back();
      open.pop_back();
      if (cls == to) return true;
      if (seen_[cls.index()] == round_) continue;
      seen_[cls.index()] = round_;
      for (NodeId child : terms_.egraph.children(choice_[cls.index()]))
        open.push_back(terms_.egraph.class_of(child));
    }
    return false;
  }

  const TermGraph& terms_;
  std::vector<NodeId> choice_;
  std::vector<char> is_settled_;
  std::vector<std::uint32_t> seen_;
  std::uint32_t round_ = 0;
};

/// Terms of a pool as programs over the inputs of the source.
class TermPrograms {
 public:
  TermPrograms(const TermGraph& terms, const TermPool& pool) : terms_(terms), pool_(pool) {
    for (const InputInfo& info : terms.source.inputs()) inputs_.push_back(graph_.add_input(info));
  }
  Graph of(TermId term) {
    graph_.set_roots({value(term)});
    return graph_.compact();
  }

 private:
  ValueId value(TermId term) {
    const auto known = values_.find(term);
    if (known != values_.end()) return known->second;
    std::vector<ValueId> operands;
    for (TermId child : pool_.children(term)) operands.push_back(value(child));
    const Attrs& attrs = terms_.egraph.attrs().record(pool_.attr(term));
    const Op op = op_of(pool_.op(term));
    const ValueId made = is_input(op)
                             ? inputs_[static_cast<std::size_t>(attr_int(attrs, 0).value())]
                             : graph_.add(op, std::move(operands), attrs);
    return values_[term] = made;
  }

  const TermGraph& terms_;
  const TermPool& pool_;
  Graph graph_;
  std::map<TermId, ValueId> values_;
  std::vector<ValueId> inputs_;
};

const char* reason_text(ReasonKind kind) {
  static const char* const kTexts[] = {"rule", "compute", "ac", "define", "instance", "congruence"};
  return kTexts[static_cast<int>(kind)];
}

}  // namespace

struct Equivalents::Parts {
  TermGraph terms;
  Growth growth;
  RooflineModel cost;
  NodeCosts costs;
  std::vector<NodeId> cheapest, last;

  Parts(const Graph& graph, const SearchOptions& options)
      : terms(graph, options.math != Math::kBits),
        growth(grow(terms, options.rules ? *options.rules : RuleSet::builtin(), options)),
        cost(Machine::reference(options.target, options.threads)),
        costs(terms, cost),
        cheapest(cheapest_nodes(terms, costs)),
        last(cheapest) {
    if (growth.contradiction) throw *growth.contradiction;
  }

  Graph term() const {
    return chosen_graph(terms, [&](ClassId cls) { return last[cls.index()]; });
  }
  std::string name_of(RuleId rule) const {
    return rule.index() < growth.rule_names.size() ? growth.rule_names[rule.index()] : "rule";
  }
};

Equivalents::Equivalents(const Graph& graph, const SearchOptions& options)
    : parts_(std::make_unique<Parts>(graph, options)) {}
Equivalents::~Equivalents() = default;

const Graph& Equivalents::as_written() const { return parts_->terms.source; }

Graph Equivalents::cheapest() {
  parts_->last = parts_->cheapest;
  return parts_->term();
}

Graph Equivalents::dearest() {
  parts_->last = Sampler(parts_->terms, parts_->cheapest).dearest(parts_->costs);
  return parts_->term();
}

Graph Equivalents::draw(std::uint64_t seed) {
  parts_->last = Sampler(parts_->terms, parts_->cheapest).draw({seed});
  return parts_->term();
}

std::vector<Equality> Equivalents::why() const {
  Explainer explainer(parts_->terms.egraph, parts_->growth.rules);
  const ChooseNode choose = [&](ClassId cls) { return parts_->last[cls.index()]; };
  TermPrograms programs(parts_->terms, explainer.terms());
  std::vector<Equality> out;
  std::set<std::pair<TermId, TermId>> told;
  for (NodeId root : parts_->terms.roots) {
    for (const Equation& equation : explainer.equations_to_choice(root, choose)) {
      if (equation.left == equation.right || !told.insert({equation.left, equation.right}).second)
        continue;
      Equality one;
      one.is_rule = equation.kind == ReasonKind::kRule;
      one.reason = one.is_rule ? parts_->name_of(equation.rule) : reason_text(equation.kind);
      one.left = programs.of(equation.left);
      one.right = programs.of(equation.right);
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::vector<std::string> Equivalents::rules_fired() const {
  std::set<std::string> names;
  const EGraph& egraph = parts_->terms.egraph;
  for (std::size_t at = 0; at < egraph.log_size();) {
    const EGraph::Union entry = egraph.read_log(at);
    if (entry.kind == ReasonKind::kRule) names.insert(parts_->name_of(entry.rule));
  }
  return {names.begin(), names.end()};
}

std::vector<Graph> sample_equivalents(const Graph& graph, const SearchOptions& options, int limit,
                                      std::uint64_t seed) {
  Equivalents equivalents(graph, options);
  std::vector<Graph> result;
  std::set<std::uint64_t> seen;
  Random random{seed};
  for (int attempt = 0; attempt < 20 * limit && static_cast<int>(result.size()) < limit;
       ++attempt) {
    Graph term = equivalents.draw(random.next());
    if (seen.insert(term.hash()).second) result.push_back(std::move(term));
  }
  return result;
}

}  // namespace bafe
