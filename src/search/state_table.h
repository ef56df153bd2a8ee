#pragma once
/// Cheapest derivation of every state (class, order, form), bottom up.

#include <cstdint>
#include <string>
#include <vector>

#include "node_cost.h"

namespace bafe {

/// Order: row, or the last two axes exchanged. Form: stream or buffer.
struct State {
  ClassId cls;
  bool col = false, buffer = false;
  std::size_t index() const { return cls.index() * 4u + (col ? 2u : 0u) + (buffer ? 1u : 0u); }
  friend bool operator==(const State&, const State&) = default;
};

/// How a state is reached: by a node, by storing or loading (cls the same), or by changing the
/// order.
struct Derivation {
  enum class Kind : std::uint8_t { kNone, kNode, kStore, kLoad, kConvert };
  Kind kind = Kind::kNone;
  NodeId node;
  double ns = 1e300;  ///< with everything below it, shared parts counted each time
  double own_ns = 0;  ///< of this step alone
  std::vector<State> from;
};

class StateTable {
 public:
  StateTable(const TermGraph& terms, const NodeCosts& costs);
  const Derivation& best(const State& state) const { return table_[state.index()]; }
  /// The node that the cheapest way to `state` uses.
  NodeId node_of(State state) const;
  /// State in which root `i` must be.
  State root_state(std::size_t i) const;
  /// Sum over the states that the roots need, each paid once.
  double dag_ns(const std::vector<State>& roots) const;

 private:
  bool relax(ClassId cls);
  bool offer(const State& to, Derivation derivation);
  void derive_node(NodeId node, ClassId cls, bool& changed);
  State cheaper(const State& a, double extra_a, const State& b, double extra_b, double& ns) const;
  Derivation contract(NodeId node, bool col) const;
  Derivation stream(NodeId node, bool col) const;

  const TermGraph& terms_;
  const NodeCosts& costs_;
  std::vector<Derivation> table_;
};

}  // namespace bafe
