#pragma once
/// Facts of classes. The e-graph knows when facts must be made, joined and read again; what they
/// are, and where they are kept, is the implementation's business.

#include <string>

#include "bafe/base/id.h"

namespace bafe {

class EGraph;

/// What joining the facts of two classes changed.
struct MergeResult {
  bool into_changed = false;  ///< the joined facts differ from those of `into`
  bool from_changed = false;  ///< the joined facts differ from those of `from`
};

/// Facts form a join semi-lattice of finite height, kept by the implementation in arrays indexed by
/// ClassId. A provable contradiction is a RuleError; `graph.blame()` names the rule and the match.
class Analysis {
 public:
  virtual ~Analysis() = default;
  /// Class `cls` begins (also an id that was used before): no fact is known.
  virtual void open(const EGraph& graph, ClassId cls) = 0;
  /// Joins what `node` says (from its operator, its attributes and its children's facts) into the
  /// facts of its class; true when they changed. Called at birth and whenever a child's facts
  /// changed.
  virtual bool learn(const EGraph& graph, NodeId node, ClassId cls) = 0;
  /// Joins the facts of `from` into those of `into`, before the two classes become `into`.
  virtual MergeResult merge(const EGraph& graph, ClassId into, ClassId from) = 0;
  /// May add nodes to the graph and unite them with `cls` (constant folding). Called in rebuild()
  /// for every class whose facts are new or changed.
  virtual void modify(EGraph& graph, ClassId cls) { (void)graph, (void)cls; }
  /// Literal patterns: a node of `cls` that shows it to be `literal` in every element; invalid if
  /// unknown.
  virtual NodeId literal_node(const EGraph& graph, ClassId cls, double literal) const {
    (void)graph, (void)cls, (void)literal;
    return {};
  }
};

}  // namespace bafe
