#pragma once
/// A rule application read back from the union log: variables bound to nodes, both sides as terms.

#include <functional>
#include <vector>

#include "bafe/egraph/explain.h"

namespace bafe {

class MatchedRule {
 public:
  using Position = std::vector<std::uint32_t>;
  /// Rewrites the term of the first node, standing at a position, into the term of the second.
  using Prove = std::function<void(NodeId, NodeId, const Position&)>;
  using TermOf = std::function<TermId(NodeId)>;

  MatchedRule(const EGraph& graph, const SaturationRule& rule, const EGraph::Union& entry);

  /// From the term of the matched root to the instance of the left side.
  void match_left(const Position& at, const Prove& prove) const;
  TermId left_term(TermPool& terms, const TermOf& term_of) const;
  std::vector<TermId> left_terms(TermPool& terms, const TermOf& term_of) const;  ///< of all roots
  std::size_t num_roots() const { return left_slot_.size(); }
  std::size_t root() const { return root_; }
  std::span<const NodeId> bound() const { return bound_; }
  /// The matched operator and literal nodes of all roots.
  std::span<const NodeId> matched() const { return std::span(witness_).first(right_slot_); }
  TermId right_term(TermPool& terms, const TermOf& term_of) const;
  /// From the instance of the right side to the term of the root that was built or found.
  void connect_right(const Position& at, const Prove& prove) const;

 private:
  void find_root();
  void bind(const Pattern& pattern, NodeId node, std::size_t slot);
  void match(const Pattern& pattern, NodeId node, std::size_t slot, const Position& at,
             const Prove& prove) const;
  TermId left(const Pattern& pattern, NodeId node, std::size_t slot, TermPool& terms,
              const TermOf& term_of) const;
  NodeId connect(std::uint16_t reg, const Position& at, const Prove& prove) const;
  NodeId node_of(std::uint16_t reg) const;

  const EGraph& graph_;
  const SaturationRule& rule_;
  NodeId a_, b_;
  std::size_t root_ = 0;
  std::vector<NodeId> witness_, bound_;
  std::vector<std::size_t> left_slot_;
  std::size_t right_slot_ = 0;  ///< first right node in witness_
};

}  // namespace bafe
