// Bottom-up bounds over states. In: an e-graph with prices. Out: for each state its cheapest
// derivation. Only strict improvements are taken and every step costs something, so following
// derivations always ends at leaves.

#include "state_table.h"

#include <set>

#include "bafe/base/error.h"
#include "bafe/cost/schedule.h"

namespace bafe {
namespace {

bool input_is_col(const TermGraph& terms, NodeId node) {
  const Attrs& attrs = terms.egraph.attrs().record(terms.egraph.attr(node));
  if (attr_kind(attrs[0]) != AttrKind::kInt) return false;
  const InputInfo& info =
      terms.source.inputs()[static_cast<std::size_t>(attr_int(attrs, 0).value())];
  std::vector<int> order = layout_from_text(info.layout, info.type.rank()).order;
  std::size_t rank = order.size();
  return rank >= 2 && order[rank - 1] == static_cast<int>(rank) - 2;
}

/// A constant is packed once, when its kernel is loaded: every order of it is there for nothing.
bool is_constant(const TermGraph& terms, NodeId node) {
  return attr_kind(terms.egraph.attrs().record(terms.egraph.attr(node))[0]) == AttrKind::kText;
}

}  // namespace

StateTable::StateTable(const TermGraph& terms, const NodeCosts& costs)
    : terms_(terms), costs_(costs) {
  table_.resize(terms.egraph.class_bound() * 4u);
  std::vector<ClassId> classes = terms.egraph.classes();
  for (int pass = 0; pass < 200; ++pass) {
    bool changed = false;
    for (ClassId cls : classes) changed |= relax(cls);
    if (!changed) return;
  }
}

bool StateTable::offer(const State& to, Derivation derivation) {
  Derivation& known = table_[to.index()];
  if (!(derivation.ns < known.ns * (1 - 1e-12))) return false;  // NaN is refused too
  known = std::move(derivation);
  return true;
}

State StateTable::cheaper(const State& a, double extra_a, const State& b, double extra_b,
                          double& ns) const {
  double via_a = best(a).ns + extra_a, via_b = best(b).ns + extra_b;
  ns += via_b < via_a ? via_b : via_a;
  return via_b < via_a ? b : a;
}

Derivation StateTable::contract(NodeId node, bool col) const {
  Derivation d{
      Derivation::Kind::kNode, node, costs_.node(node).own_ns, costs_.node(node).own_ns, {}};
  auto children = terms_.egraph.children(node);
  for (int i = 0; i < 2; ++i) {
    ClassId cls = terms_.egraph.class_of(children[static_cast<std::size_t>(i)]);
    int role = col ? 1 - i : i;  // a product made in column order is the product of the transposes
    double before = d.ns;
    State state =
        cheaper({cls, col, true}, 0, {cls, !col, true}, costs_.col_operand_ns(cls, role), d.ns);
    double pulled = costs_.stream_operand_ns(cls);
    double ns = before;
    State stream = cheaper({cls, false, false}, pulled, {cls, true, false}, pulled, ns);
    if (ns < d.ns) {
      d.ns = ns;
      state = stream;
    }
    d.own_ns += d.ns - before - best(state).ns;
    d.from.push_back(state);
  }
  return d;
}

Derivation StateTable::stream(NodeId node, bool col) const {
  const NodeInfo& info = costs_.node(node);
  Derivation d{Derivation::Kind::kNode, node, info.own_ns, info.own_ns, {}};
  for (NodeId child : terms_.egraph.children(node)) {
    ClassId cls = terms_.egraph.class_of(child);
    bool matrix = terms_.analysis.facts(cls).type.rank() >= 2;
    bool wanted = matrix && (info.swaps_order ? !col : col);
    State state{cls, wanted, info.role == NodeRole::kRoutine};
    d.ns += best(state).ns;
    d.from.push_back(state);
  }
  return d;
}

void StateTable::derive_node(NodeId node, ClassId cls, bool& changed) {
  const NodeInfo& info = costs_.node(node);
  bool matrix = terms_.analysis.facts(cls).type.rank() >= 2;
  for (bool col : {false, true}) {
    if (col && !matrix) continue;
    if (info.role == NodeRole::kInput) {
      if (is_constant(terms_, node) || col == input_is_col(terms_, node)) {
        changed |=
            offer({cls, col, true}, {Derivation::Kind::kNode, node, info.own_ns, info.own_ns, {}});
      }
    } else if (info.role == NodeRole::kContract) {
      changed |= offer({cls, col, false}, contract(node, col));
    } else if (info.role == NodeRole::kRoutine) {
      if (!col) changed |= offer({cls, col, true}, stream(node, col));
    } else {
      changed |= offer({cls, col, false}, stream(node, col));
      // Exchanging the axes of a buffer is the same bytes under another order.
      if (info.swaps_order) {
        Derivation d = stream(node, col);
        d.ns -= best(d.from[0]).ns;
        d.from[0].buffer = true;
        d.ns += best(d.from[0]).ns;
        changed |= offer({cls, col, true}, std::move(d));
      }
    }
  }
}

bool StateTable::relax(ClassId cls) {
  bool changed = false;
  for (NodeId node : terms_.egraph.nodes(cls)) derive_node(node, cls, changed);
  double load = costs_.load_ns(cls), store = costs_.store_ns(cls);
  bool matrix = terms_.analysis.facts(cls).type.rank() >= 2;
  for (bool col : {false, true}) {
    if (col && !matrix) continue;
    State stream{cls, col, false}, buffer{cls, col, true};
    changed |=
        offer(buffer, {Derivation::Kind::kStore, {}, best(stream).ns + store, store, {stream}});
    changed |= offer(stream, {Derivation::Kind::kLoad, {}, best(buffer).ns + load, load, {buffer}});
    if (!matrix) continue;
    State other{cls, !col, true};
    double across = 3 * load;
    changed |= offer(
        buffer,
        {Derivation::Kind::kConvert, {}, best(other).ns + across + store, across + store, {other}});
    changed |=
        offer(stream, {Derivation::Kind::kConvert, {}, best(other).ns + across, across, {other}});
  }
  return changed;
}

NodeId StateTable::node_of(State state) const {
  const Derivation* d = &best(state);
  while (d->kind != Derivation::Kind::kNode) {
    BAFE_CHECK(d->kind != Derivation::Kind::kNone, "every class has a derivation");
    d = &best(d->from[0]);
  }
  return d->node;
}

State StateTable::root_state(std::size_t i) const {
  ClassId cls = terms_.root_class(i);
  int rank = terms_.analysis.facts(cls).type.rank();
  bool col = false;
  if (!terms_.root_layouts[i].empty() && rank >= 2) {
    std::vector<int> order = layout_from_text(terms_.root_layouts[i][0], rank).order;
    col = order[order.size() - 1] == rank - 2;
  }
  return {cls, col, true};
}

double StateTable::dag_ns(const std::vector<State>& roots) const {
  std::set<std::size_t> seen;
  std::vector<State> work = roots;
  double total = 0;
  while (!work.empty()) {
    State state = work.back();
    work.pop_back();
    if (!seen.insert(state.index()).second) continue;
    const Derivation& d = best(state);
    total += d.own_ns;
    work.insert(work.end(), d.from.begin(), d.from.end());
  }
  return total;
}

}  // namespace bafe
