#pragma once
/// Runs the program of one root over candidate nodes and appends rows to a match table.

#include <vector>

#include "bafe/egraph/ematch.h"

namespace bafe {

/// Where the parts of a row stand in a table of one rule.
struct RowLayout {
  explicit RowLayout(const MatchProgram& program)
      : witnesses(program.roots.size()),
        vars(witnesses + program.witnesses),
        attrs(vars + program.class_vars),
        stride(program.stride()) {}
  std::size_t witnesses, vars, attrs, stride;
};

class MatchMachine {
 public:
  /// `enumerate_all`: old matches are wanted too, each with its freshness in `fresh_rows`.
  MatchMachine(const EGraph& graph, const MatchProgram& program, std::size_t root, Delta& delta,
               const MatchLimits& limits, MatchTable& out, std::size_t* fuel,
               std::vector<bool>* fresh_rows = nullptr);
  MatchEnd run();

 private:
  bool find_ground_terms();
  bool run_roots();
  bool run_nodes(std::span<const NodeId> nodes);
  bool run_scan();
  bool try_root(NodeId node, std::span<const NodeId> kids);
  bool step(std::size_t pc, bool fresh);
  bool bind(const MatchStep& step, std::size_t pc, bool fresh);
  bool field(const MatchStep& step);
  void plan_row();
  bool emit(bool fresh);
  bool spend() { return --budget_ > 0 || refill(); }
  bool refill();
  void filter();
  bool is_new(NodeId node) const { return everything_ || node.index() >= since_.nodes; }
  bool moved(NodeId node) const { return everything_ || graph_.moved(node, since_); }
  bool changed(ClassId cls) const { return everything_ || graph_.changed(cls, since_); }

  const EGraph& graph_;
  const MatchProgram& program_;
  const RootProgram& root_;
  std::size_t root_index_;
  Delta& delta_;
  Moment since_;
  bool everything_;
  const MatchLimits& limits_;
  MatchTable& out_;
  std::size_t* fuel_;
  std::vector<bool>* fresh_rows_;
  RowLayout layout_;
  std::vector<NodeId> regs_, slots_;
  std::vector<const NodeId*> row_sources_;  ///< of each word of a row, attribute words left out
  std::vector<AttrValueId> attrs_;
  std::vector<ClassId> ground_class_;
  std::vector<bool> ground_new_;
  MatchEnd end_ = MatchEnd::kComplete;
  bool polled_ = false;
  std::size_t budget_ = 1;  ///< candidates until fuel and interruption are looked at, and one
  std::size_t filtered_;    ///< rows of out_ that the filter has seen
};

}  // namespace bafe
