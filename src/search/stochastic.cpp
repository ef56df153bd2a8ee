// Stochastic passes. In: an e-graph, rewrites, a budget. Out: more equal terms. A match is accepted
// if it does not raise the price of the term it replaces, else with probability exp(-delta / T),
// delta in units of that price. The draw belongs to the match, not to the order of events, so a
// colder run accepts from the same draws.

#include <algorithm>
#include <cmath>
#include <deque>

#include "bafe/base/hash.h"
#include "bafe/cost/roofline.h"
#include "node_cost.h"
#include "rule_adapter.h"
#include "saturation.h"

namespace bafe {
namespace {

constexpr std::size_t kMatchesPerRule = 1000;

/// SplitMix64's output function: one word of the seed's stream in [0, 1).
double uniform(std::uint64_t key) {
  key += 0x9e3779b97f4a7c15ull;
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ull;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebull;
  return static_cast<double>((key ^ (key >> 31)) >> 11) * 0x1p-53;
}

/// Prices and hashes of nodes along their children as born: they never change while the graph
/// grows.
class BornTerms {
 public:
  BornTerms(const TermGraph& terms, const Machine& machine) : terms_(terms), machine_(machine) {}

  double price(NodeId node) {
    grow();
    return prices_[node.index()];
  }
  std::uint64_t hash(NodeId node) {
    grow();
    return hashes_[node.index()];
  }

 private:
  void grow() {
    const EGraph& egraph = terms_.egraph;
    for (std::size_t i = prices_.size(); i < egraph.num_born(); ++i) {
      NodeId node(static_cast<std::uint32_t>(i));
      std::vector<Type> operands;
      const Attrs& attrs = egraph.attrs().record(egraph.attr(node));
      double below = 0;
      std::uint64_t key = hash_mix(attrs_hash(attrs), egraph.op(node).index());
      for (NodeId child : egraph.children(node)) {
        operands.push_back(terms_.analysis.facts(egraph.class_of(child)).type);
        below += prices_[child.index()];
        key = hash_mix(key, hashes_[child.index()]);
      }
      const Type& type = terms_.analysis.facts(egraph.class_of(node)).type;
      prices_.push_back(below +
                        node_info(machine_, op_of(egraph.op(node)), attrs, operands, type).own_ns);
      hashes_.push_back(key);
    }
  }

  const TermGraph& terms_;
  const Machine& machine_;
  std::vector<double> prices_;
  std::vector<std::uint64_t> hashes_;
};

/// Builds a right side beside the e-graph, to learn its price before anything is added.
class DrySink : public TermSink {
 public:
  DrySink(TermGraph& terms, BornTerms& born, const Machine& machine)
      : real_(terms.egraph, terms.analysis),
        born_(born),
        machine_(machine),
        first_(static_cast<TermRef>(terms.egraph.num_born())) {}

  const Type* type(TermRef term) const override {
    return term < first_ ? real_.type(term) : &made_[term - first_].type;
  }
  std::optional<Scalar> constant(TermRef term) const override {
    return term < first_ ? real_.constant(term) : std::nullopt;
  }
  bool fact(const std::string& name, TermRef term,
            const std::vector<AttrValue>& args) const override {
    return term < first_ && real_.fact(name, term, args);
  }
  TermRef node(OpId op, std::span<const TermRef> operands, Attrs attrs) override {
    std::vector<Type> types;
    double below = 0;
    for (TermRef operand : operands) {
      types.push_back(*type(operand));
      below += price(operand);
    }
    Type result = infer_type(op_of(op), types, attrs);
    below += node_info(machine_, op_of(op), attrs, types, result).own_ns;
    made_.push_back({std::move(result), below});
    return first_ + static_cast<TermRef>(made_.size()) - 1;
  }
  TermRef splat(Scalar value, TermRef like) override {
    Shape shape = type(like)->shape;
    return node(id_of(Op::kFill), {}, {value, std::move(shape)});
  }
  double price(TermRef term) const {
    return term < first_ ? born_.price(NodeId(term)) : made_[term - first_].price;
  }

 private:
  struct Made {
    Type type;
    double price;
  };
  EGraphSink real_;
  BornTerms& born_;
  const Machine& machine_;
  TermRef first_;
  std::deque<Made> made_;
};

struct Proposal {
  std::size_t rule = 0, match = 0;
  std::uint64_t key = 0;
};

class Walker {
 public:
  Walker(TermGraph& terms, const SearchBudget& budget, const SearchOptions& options,
         const std::vector<const Rewrite*>& rewrites, const Machine& machine, Growth& growth)
      : terms_(terms),
        budget_(budget),
        options_(options),
        rewrites_(rewrites),
        machine_(machine),
        growth_(growth),
        born_(terms, machine) {
    for (const SaturationRule& rule : growth.rules) {
      programs_.push_back(compile_match(rule.left, rule.reads_facts, terms.egraph));
    }
  }

  void run() {
    std::size_t old_limit = terms_.egraph.node_limit();
    std::size_t limit = static_cast<std::size_t>(std::max(0, budget_.max_nodes));
    terms_.egraph.set_node_limit(std::max(limit, terms_.egraph.num_nodes()));
    growth_.stop_reason = "iteration limit";
    for (int pass = 0; pass < budget_.max_iters; ++pass) {
      std::int64_t before = growth_.matches_accepted, units = growth_.work_units;
      bool goes_on = run_pass(pass);
      growth_.rounds.push_back({"pass", static_cast<std::int64_t>(terms_.egraph.num_nodes()),
                                static_cast<std::int64_t>(terms_.egraph.num_classes()),
                                growth_.work_units - units, growth_.matches_accepted - before});
      if (!goes_on) break;
    }
    terms_.egraph.set_node_limit(old_limit);
    terms_.egraph.rebuild();
  }

 private:
  bool run_pass(int pass) {
    terms_.egraph.rebuild();
    ++growth_.iterations;
    std::vector<MatchTable> tables;
    std::vector<Proposal> proposals = collect(pass, tables);
    bool changed = false;
    for (const Proposal& proposal : proposals) {
      if (growth_.matches_accepted >= budget_.max_rewrites) return stop("rewrite limit");
      if (terms_.egraph.num_nodes() >= terms_.egraph.node_limit()) return stop("node limit");
      if (options_.interrupted && options_.interrupted()) return stop("time");
      ++growth_.work_units;
      Match match = tables[proposal.rule][proposal.match];
      if (!accept(proposal, match)) continue;
      if (!apply(proposal.rule, match)) continue;
      ++growth_.matches_accepted;
      changed = true;
    }
    // Nothing uphill is ever drawn at T = 0: the next pass would see the same graph and the same
    // answers.
    return changed || budget_.temperature > 0 ? true : stop("saturated");
  }

  bool stop(const char* reason) {
    growth_.stop_reason = reason;
    return false;
  }

  std::vector<Proposal> collect(int pass, std::vector<MatchTable>& tables) {
    std::vector<Proposal> proposals;
    Delta everything(terms_.egraph, Moment{});
    MatchLimits limits;
    limits.max_matches = kMatchesPerRule;
    limits.interrupted = options_.interrupted;
    for (std::size_t r = 0; r < programs_.size(); ++r) {
      tables.emplace_back(programs_[r]);
      find_matches(terms_.egraph, programs_[r], everything, limits, tables.back());
      std::uint64_t rule =
          hash_text(growth_.rules[r].name, budget_.seed + (growth_.rules[r].backward ? 1 : 0));
      for (std::size_t m = 0; m < tables[r].size(); ++m) {
        Match match = tables[r][m];
        std::uint64_t key = hash_mix(rule, static_cast<std::uint64_t>(pass));
        for (NodeId node : match.roots) key = hash_mix(key, born_.hash(node));
        for (NodeId node : match.vars) key = hash_mix(key, born_.hash(node));
        proposals.push_back({r, m, key});
      }
    }
    std::stable_sort(proposals.begin(), proposals.end(),
                     [](const Proposal& a, const Proposal& b) { return a.key < b.key; });
    return proposals;
  }

  bool accept(const Proposal& proposal, const Match& match) {
    const Rewrite& rewrite = *rewrites_[proposal.rule];
    DrySink sink(terms_, born_, machine_);
    std::vector<TermRef> classes = match_terms(match);
    std::vector<AttrValue> attrs = match_attrs(terms_.egraph, match, rewrite.left.attr_vars);
    std::vector<TermPair> pairs;
    if (!interpreter_.admits(rewrite, classes, attrs, sink)) return false;
    if (!interpreter_.build(rewrite, classes, attrs, sink, pairs)) return false;
    double old_price = 0, new_price = 0;
    for (NodeId root : match.roots) old_price += born_.price(root);
    for (const TermPair& pair : pairs) new_price += sink.price(pair.right);
    double delta = (new_price - old_price) / std::max(old_price, 1e-9);
    if (delta <= 0) return true;
    if (!(budget_.temperature > 0)) return false;
    return uniform(proposal.key) < std::exp(-delta / budget_.temperature);
  }

  bool apply(std::size_t index, const Match& match) {
    EGraph& egraph = terms_.egraph;
    const SaturationRule& rule = growth_.rules[index];
    std::vector<NodeId> trace, witness, roots(match.roots.size());
    egraph.set_trace(&trace);
    bool applied = rule.applier->apply(egraph, match, roots);
    egraph.set_trace(nullptr);
    if (!applied) return false;
    bool changed = false;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      if (egraph.class_of(match.roots[i]) == egraph.class_of(roots[i])) continue;
      if (!changed) {
        witness.assign(match.witnesses.begin(), match.witnesses.end());
        if (!rule.right.outputs.empty()) witness.insert(witness.end(), trace.begin(), trace.end());
        trim_witness(rule, witness);
      }
      Reason reason;
      reason.kind = ReasonKind::kRule;
      reason.backward = rule.backward;
      reason.rule = rule.rule;
      reason.witness = witness;
      changed |= egraph.unite(match.roots[i], roots[i], reason);
    }
    return changed;
  }

  TermGraph& terms_;
  const SearchBudget& budget_;
  const SearchOptions& options_;
  const std::vector<const Rewrite*>& rewrites_;
  const Machine& machine_;
  Growth& growth_;
  BornTerms born_;
  RhsInterpreter interpreter_;
  std::vector<MatchProgram> programs_;
};

}  // namespace

void grow_stochastically(TermGraph& terms, const SearchBudget& budget, const SearchOptions& options,
                         const std::vector<const Rewrite*>& rewrites, Growth& growth) {
  Machine machine =
      options.cost ? options.cost->machine() : Machine::reference(options.target, options.threads);
  Walker(terms, budget, options, rewrites, machine, growth).run();
}

}  // namespace bafe
