// Chooses nodes for classes. In: an e-graph with additive prices. Out: the cheapest choices found,
// all acyclic. The price of a choice counts every class once: its node, a store where a consumer
// needs a buffer, a load for each kernel that reads one.

#include "extract.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "cost_graph.h"

namespace bafe {
namespace {

constexpr double kNever = 1e29;
constexpr std::size_t kMaxCoreNodes = 4000;
constexpr std::int64_t kCoreWork = 20'000;  // edges for each candidate wanted
constexpr double kUnknown = 1e300;
constexpr std::size_t kMaxShared = 48;

class Search {
 public:
  Search(const TermGraph& terms, const NodeCosts& costs, const ExtractLimits& limits)
      : terms_(terms), costs_(costs), limits_(limits) {}
  Extraction run();
  std::vector<Candidate> around(const Candidate& center);

 private:
  using Choice = std::vector<NodeId>;
  void bound();
  Choice state_choice() const;
  /// Price, or nullopt for a cycle. `reached` gets the classes in post-order.
  std::optional<double> price(const Choice& choice, std::vector<ClassId>* reached);
  bool visit(ClassId cls, const Choice& choice, std::vector<ClassId>& order);
  double node_price(const Choice& choice, ClassId cls) const;
  bool keep(const Choice& choice, bool is_written = false);
  Choice written_choice() const;
  bool is_spent() {
    bool asks = evaluations_ % 16 == 0 && limits_.interrupted;
    return evaluations_ >= limits_.evaluations || (asks && limits_.interrupted());
  }
  void share();
  void beam();
  bool exchange(const Candidate& center);
  void branch();
  double core();
  bool branch_from(Choice& partial, std::vector<ClassId>& open, double paid, double& incumbent);

  const TermGraph& terms_;
  const NodeCosts& costs_;
  ExtractLimits limits_;
  std::optional<StateTable> table_;
  Choice plain_;               // a node for every class, acyclic as a whole
  std::vector<double> bound_;  // lower bound of each class: own price + largest bound below
  std::vector<std::uint8_t> mark_;
  std::vector<Candidate> best_;
  std::set<std::vector<std::uint32_t>> known_;
  int evaluations_ = 0;
  std::int64_t outside_ = 0;
};

void Search::bound() {
  const EGraph& egraph = terms_.egraph;
  bound_.assign(egraph.class_bound(), kUnknown);
  std::vector<ClassId> classes = egraph.classes();
  for (bool changed = true; changed;) {
    changed = false;
    for (ClassId cls : classes) {
      for (NodeId node : egraph.nodes(cls)) {
        double below = 0;
        for (NodeId child : egraph.children(node))
          below = std::max(below, bound_[egraph.class_of(child).index()]);
        double ns = costs_.node(node).own_ns + below;
        if (!(ns < bound_[cls.index()] * (1 - 1e-12))) continue;
        bound_[cls.index()] = ns;
        changed = true;
      }
    }
  }
}

/// Nodes along the cheapest derivations of the roots' states; a class met in several states keeps
/// its first node.
Search::Choice Search::state_choice() const {
  Choice choice = plain_;
  std::set<std::size_t> seen;
  std::vector<bool> chosen(plain_.size(), false);
  std::vector<State> work;
  for (std::size_t i = terms_.roots.size(); i-- > 0;) work.push_back(table_->root_state(i));
  while (!work.empty()) {
    State state = work.back();
    work.pop_back();
    if (!seen.insert(state.index()).second) continue;
    const Derivation& d = table_->best(state);
    if (d.kind == Derivation::Kind::kNode && !chosen[state.cls.index()]) {
      chosen[state.cls.index()] = true;
      choice[state.cls.index()] = d.node;
    }
    work.insert(work.end(), d.from.begin(), d.from.end());
  }
  return choice;
}

bool Search::visit(ClassId cls, const Choice& choice, std::vector<ClassId>& order) {
  std::uint8_t& mark = mark_[cls.index()];
  if (mark == 2) return true;
  if (mark == 1 || !choice[cls.index()].valid()) return false;
  mark = 1;
  for (NodeId child : terms_.egraph.children(choice[cls.index()])) {
    if (!visit(terms_.egraph.class_of(child), choice, order)) return false;
  }
  mark = 2;
  order.push_back(cls);
  return true;
}

double Search::node_price(const Choice& choice, ClassId cls) const {
  const EGraph& egraph = terms_.egraph;
  NodeId node = choice[cls.index()];
  const NodeInfo& info = costs_.node(node);
  double ns = info.own_ns;
  bool needs_buffers = info.role == NodeRole::kContract || info.role == NodeRole::kRoutine;
  for (NodeId child : egraph.children(node)) {
    ClassId from = egraph.class_of(child);
    NodeRole role = costs_.node(choice[from.index()]).role;
    bool makes =
        role == NodeRole::kStream || role == NodeRole::kReduce || role == NodeRole::kContract;
    if (needs_buffers && makes) ns += costs_.store_ns(from);
    bool anchor = role == NodeRole::kContract || role == NodeRole::kRoutine;
    if (info.role == NodeRole::kReduce && anchor)
      ns += costs_.store_ns(from) + costs_.load_ns(from);
    if (!needs_buffers && role == NodeRole::kInput) ns += costs_.load_ns(from);
  }
  return ns;
}

std::optional<double> Search::price(const Choice& choice, std::vector<ClassId>* reached) {
  ++evaluations_;
  mark_.assign(choice.size(), 0);
  std::vector<ClassId> order;
  for (std::size_t i = 0; i < terms_.roots.size(); ++i) {
    if (!visit(terms_.root_class(i), choice, order)) return std::nullopt;
  }
  double total = 0;
  for (ClassId cls : order) total += node_price(choice, cls);
  for (std::size_t i = 0; i < terms_.roots.size(); ++i)
    total += costs_.store_ns(terms_.root_class(i));
  if (reached) *reached = std::move(order);
  if (!(total < kNever)) return std::nullopt;
  return total;
}

/// The oldest node of each class of the source: operands are older, so it is acyclic.
Search::Choice Search::written_choice() const {
  Choice choice = plain_;
  std::vector<bool> met(plain_.size(), false);
  for (NodeId node : terms_.nodes) {
    const std::size_t cls = terms_.egraph.class_of(node).index();
    if (!met[cls]) choice[cls] = node;
    met[cls] = true;
  }
  return choice;
}

bool Search::keep(const Choice& choice, bool is_written) {
  std::vector<ClassId> reached;
  auto ns = price(choice, &reached);
  if (!ns) return false;
  if (limits_.errors && !is_written && !limits_.errors->admits(terms_, choice, reached)) {
    ++outside_;
    return false;
  }
  std::vector<std::uint32_t> key;
  Candidate candidate{Choice(choice.size()), *ns};
  std::sort(reached.begin(), reached.end());
  for (ClassId cls : reached) {
    candidate.nodes[cls.index()] = choice[cls.index()];
    key.push_back(choice[cls.index()].index());
  }
  if (!known_.insert(std::move(key)).second) return false;
  auto place = std::upper_bound(best_.begin(), best_.end(), candidate.surrogate_ns,
                                [](double a, const Candidate& b) { return a < b.surrogate_ns; });
  bool front = place - best_.begin() < limits_.candidates;
  if (front) best_.insert(place, std::move(candidate));
  if (best_.size() > static_cast<std::size_t>(limits_.candidates)) best_.pop_back();
  return front;
}

/// What several consumers could share pays only when all of them change at once: a class is taken
/// as paid, consumers choose again, and it stays so where the whole becomes cheaper.
void Search::share() {
  std::vector<bool> paid(terms_.egraph.class_bound(), false);
  for (ClassId cls : shareable_classes(terms_, costs_, kMaxShared)) {
    if (is_spent()) return;
    double before = best_[0].surrogate_ns;
    paid[cls.index()] = true;
    Choice choice = cheapest_nodes(terms_, costs_, paid);
    for (std::size_t i = 0; i < choice.size(); ++i) {
      if (paid[i]) choice[i] = plain_[i];  // made of what it would be made of alone
    }
    keep(choice);
    paid[cls.index()] = best_[0].surrogate_ns < before;
  }
}

/// Single exchanges from every kept candidate, the best first, until none is new or the evaluations
/// are used.
void Search::beam() {
  std::set<std::vector<std::uint32_t>> expanded;
  for (;;) {
    std::optional<Candidate> next;
    for (const Candidate& candidate : best_) {
      std::vector<std::uint32_t> key;
      for (NodeId node : candidate.nodes) key.push_back(node.valid() ? node.index() : ~0u);
      if (!expanded.insert(std::move(key)).second) continue;
      next = candidate;
      break;
    }
    if (!next) return;
    if (!exchange(*next)) return;
  }
}

/// Every candidate one exchange away; false when the evaluations are used.
bool Search::exchange(const Candidate& center) {
  Choice choice = plain_;
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (center.nodes[i].valid()) choice[i] = center.nodes[i];
  }
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (!center.nodes[i].valid()) continue;
    NodeId old = choice[i];
    for (NodeId node : terms_.egraph.nodes(terms_.egraph.class_of(old))) {
      if (node == old || costs_.node(node).own_ns > 3 * center.surrogate_ns) continue;
      if (is_spent()) return false;
      choice[i] = node;
      keep(choice);
    }
    choice[i] = old;
  }
  return true;
}

std::vector<Candidate> Search::around(const Candidate& center) {
  plain_ = cheapest_nodes(terms_, costs_);
  exchange(center);
  return std::move(best_);
}

/// Depth first over open classes; a branch ends when what is paid and the largest open bound reach
/// the incumbent.
bool Search::branch_from(Choice& partial, std::vector<ClassId>& open, double paid,
                         double& incumbent) {
  if (is_spent()) return false;
  double rest = 0;
  for (ClassId cls : open)
    rest = std::max(rest, partial[cls.index()].valid() ? 0 : bound_[cls.index()]);
  if (paid + rest >= incumbent) return true;
  while (!open.empty() && partial[open.back().index()].valid()) open.pop_back();
  if (open.empty()) {
    Choice full = partial;
    for (std::size_t i = 0; i < full.size(); ++i) {
      if (!full[i].valid()) full[i] = plain_[i];
    }
    if (keep(full)) incumbent = std::min(incumbent, best_[0].surrogate_ns);
    return true;
  }
  ClassId cls = open.back();
  bool complete = true;
  for (NodeId node : terms_.egraph.nodes(cls)) {
    ++evaluations_;
    std::vector<ClassId> next = open;
    next.pop_back();
    for (NodeId child : terms_.egraph.children(node)) next.push_back(terms_.egraph.class_of(child));
    partial[cls.index()] = node;
    complete &= branch_from(partial, next, paid + costs_.node(node).own_ns, incumbent);
    partial[cls.index()] = NodeId{};
    if (!complete) break;
  }
  return complete;
}

void Search::branch() {
  bound();
  Choice partial(plain_.size());
  std::vector<ClassId> open;
  for (std::size_t i = 0; i < terms_.roots.size(); ++i) open.push_back(terms_.root_class(i));
  double incumbent = best_[0].surrogate_ns;
  branch_from(partial, open, 0, incumbent);
}

/// The plain problem, nodes alone, is solved apart: its choice is one more candidate, its bound
/// holds here too, since stores and loads come on top.
double Search::core() {
  if (terms_.egraph.num_nodes() > kMaxCoreNodes) return 0;
  TermCosts plain = term_costs(terms_, costs_);
  DagChoice found = extract_dag(plain.graph, {kCoreWork * limits_.candidates});
  Choice choice = plain_;
  for (std::size_t i = 0; i < plain.classes.size(); ++i) {
    if (found.node_of_class[i] != kNoNode)
      choice[plain.classes[i].index()] = plain.nodes[found.node_of_class[i]];
  }
  keep(choice);
  double lower = found.lower_bound;
  for (std::size_t i = 0; i < terms_.roots.size(); ++i)
    lower += costs_.store_ns(terms_.root_class(i));
  return lower;
}

Extraction Search::run() {
  plain_ = cheapest_nodes(terms_, costs_);
  table_.emplace(terms_, costs_);
  if (limits_.errors) keep(written_choice(), true);
  keep(state_choice());
  keep(plain_);
  if (limits_.candidates > 1) {
    int all = limits_.evaluations;
    limits_.evaluations = all * 3 / 4;
    share();
    beam();
    limits_.evaluations = all;
    branch();
  } else {
    bound();
  }
  Extraction result;
  if (limits_.candidates > 1) result.lower_bound_ns = core();
  result.candidates = std::move(best_);
  result.outside = outside_;
  for (std::size_t i = 0; i < terms_.roots.size(); ++i) {
    result.lower_bound_ns = std::max(result.lower_bound_ns, bound_[terms_.root_class(i).index()]);
  }
  result.evaluations = evaluations_;
  return result;
}

}  // namespace

std::vector<Candidate> neighbours(const TermGraph& terms, const NodeCosts& costs,
                                  const Candidate& center, int count, const ErrorLimit* errors) {
  return Search(terms, costs, {count, 500, {}, errors}).around(center);
}

Extraction extract_candidates(const TermGraph& terms, const NodeCosts& costs,
                              const ExtractLimits& limits) {
  return Search(terms, costs, limits).run();
}

}  // namespace bafe
