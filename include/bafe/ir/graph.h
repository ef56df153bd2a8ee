#pragma once
/// The program: a hash-consed DAG of typed nodes with several roots. Pure; one result a node.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bafe/base/error.h"
#include "bafe/base/id.h"
#include "bafe/ir/op.h"

namespace bafe {

struct Node {
  Op op;
  std::vector<ValueId> operands;
  Attrs attrs;
  Type type;
};

/// How the caller stores an input, as BAFE 0.1 names it: the axis order of its dense buffer.
/// row = 0 1 2 …; col = … 2 1 0; another order by name "order(0 2 1)"; "blocked" and "tc" are
/// packed on entry.
struct InputInfo {
  std::string name;  ///< for people only; never in a key or a source
  std::string layout = "row";
  bool weak = false;  ///< a Python scalar: its dtype bends (NEP 50)
  Type type;
};

/// Nodes are numbered in birth order, so operands precede users and equal programs have equal
/// numbers.
class Graph {
 public:
  /// Adds (or finds) a node. The type comes from the operator's rule; operands must obey the normal
  /// form (builder.h). Errors: ShapeError, DTypeError of the rule.
  ValueId add(Op op, std::vector<ValueId> operands, Attrs attrs = {});
  ValueId add_input(InputInfo info);  ///< node input{inputs().size()}
  ValueId add_fill(Scalar value, Shape shape);
  void add_root(ValueId value) { roots_.push_back(value); }
  void set_roots(std::vector<ValueId> roots) { roots_ = std::move(roots); }

  const Node& node(ValueId id) const { return nodes_[id.index()]; }
  const Type& type(ValueId id) const { return nodes_[id.index()].type; }
  std::size_t size() const { return nodes_.size(); }
  std::span<const ValueId> roots() const { return roots_; }
  const std::vector<InputInfo>& inputs() const { return inputs_; }
  InputInfo& input(int i) { return inputs_[static_cast<std::size_t>(i)]; }

  /// Side table: where the user wrote a node. Not part of identity.
  void set_loc(ValueId id, SourceLoc loc);
  SourceLoc loc(ValueId id) const;

  /// Number of users of each node; a root counts as one use.
  std::vector<int> use_counts() const;
  /// The nodes that the roots need, operands first.
  std::vector<ValueId> live() const;
  /// A copy with only live nodes (inputs are all kept), numbered anew in topological order.
  Graph compact() const;
  /// Asserts the normal form; InternalError names the node and the clause.
  void check() const;
  /// Hash of structure, types and roots, without names and locations; equal in every process.
  std::uint64_t hash() const;

 private:
  static std::uint64_t key_of(const Node& n);
  std::vector<Node> nodes_;
  std::vector<ValueId> roots_;
  std::vector<InputInfo> inputs_;
  std::unordered_multimap<std::uint64_t, ValueId> by_hash_;
  std::unordered_map<ValueId, SourceLoc> locs_;
};

}  // namespace bafe
