#pragma once
/// The append-only log of unions, a few bytes each: what explanations and rollback read.

#include <cstdint>
#include <span>
#include <vector>

#include "bafe/base/id.h"
#include "bafe/egraph/flat_array.h"

namespace bafe {

/// Why two nodes are equal. Every union has exactly one reason.
enum class ReasonKind : std::uint8_t {
  kRule,        ///< a rule, in one direction, for one match
  kCompute,     ///< a fold or a fact that can be evaluated again
  kAc,          ///< both sides flattened under one associative (commutative) operator are equal
  kDefine,      ///< a composite and its definition
  kInstance,    ///< a template proved elsewhere
  kCongruence,  ///< same operator, equal children; made by rebuild() only
};

struct Reason {
  ReasonKind kind = ReasonKind::kCompute;
  bool backward = false;  ///< the rule's right side was matched
  RuleId rule;            ///< of kRule; below 65,536
  /// kRule: the matched operator and literal nodes of all roots in pre-order, then the nodes that
  /// the right side's steps gave (saturate.h records them). Otherwise whatever the caller keeps.
  std::span<const NodeId> witness;
};

class UnionLog {
 public:
  struct Entry {
    NodeId a, b;
    ReasonKind kind = ReasonKind::kCompute;
    bool backward = false;
    bool keep_b = false;    ///< the class of b swallowed that of a
    bool absorbed = false;  ///< b was born into the class of a
    RuleId rule;
    std::vector<NodeId> witness;
  };

  void append(NodeId a, NodeId b, const Reason& reason, bool keep_b, bool absorbed);
  /// The union at `at`, which moves to the next one; start at 0, end at size().
  Entry read(std::size_t& at) const;
  std::size_t size() const { return bytes_.size(); }
  /// Forgets all from `size` on, which is where an entry begins.
  void truncate(std::size_t size) { bytes_.truncate(size); }
  void trim() { bytes_.trim(); }
  std::size_t memory_bytes() const { return bytes_.memory_bytes(); }

 private:
  FlatArray<std::uint8_t> bytes_;
};

}  // namespace bafe
