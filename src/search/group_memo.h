#pragma once
/// Prices of groups, each computed once: the plans of one search share most of their groups, and
/// repeated layers share all of them.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bafe/cost/cost_model.h"
#include "bafe/search/plan.h"

namespace bafe {

/// What a set of nodes is as a group. Empty kind: it is none.
struct GroupPrice {
  std::optional<GroupKind> kind;
  GroupCost cost;
};

/// Keyed by the group alone: operators, types and facts of its nodes, how they are connected, which
/// are outputs and in which order, types and layouts of what they read. One cost model a memo.
class GroupMemo {
 public:
  /// Needs: nodes ascending; layouts of outputs and of operands outside are those of `program`.
  const GroupPrice& price(const Program& program, const CostModel& cost,
                          const std::vector<std::uint64_t>& node_keys,
                          const std::vector<ValueId>& nodes, const std::vector<ValueId>& outputs);
  std::size_t size() const { return prices_.size(); }

 private:
  struct Key {
    std::uint64_t a = 0, b = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.a; }
  };
  static Key key_of(const Program& program, const std::vector<std::uint64_t>& node_keys,
                    const std::vector<ValueId>& nodes, const std::vector<ValueId>& outputs);

  std::unordered_map<Key, GroupPrice, KeyHash> prices_;
};

/// Key of each node by itself: operator, attributes (not the number of an input), type, facts.
std::vector<std::uint64_t> node_keys(const Program& program);

}  // namespace bafe
