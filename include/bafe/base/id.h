#pragma once
/// Ids are types, not integers: an id of one table cannot index another.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace bafe {

/// A 32-bit index into one table, in birth order. The default value is "none".
template <class Tag>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(std::uint32_t index) : index_(index) {}
  constexpr std::uint32_t index() const { return index_; }
  constexpr bool valid() const { return index_ != kNone; }
  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  static constexpr std::uint32_t kNone = 0xffffffffu;
  std::uint32_t index_ = kNone;
};

using ValueId = Id<struct ValueTag>;  ///< node of an ir::Graph
using NodeId = Id<struct NodeTag>;    ///< e-node
using ClassId = Id<struct ClassTag>;  ///< e-class
using OpId = Id<struct OpTag>;        ///< row of an OpTable
using AttrId = Id<struct AttrTag>;    ///< interned attribute record of one e-graph
using RuleId = Id<struct RuleTag>;    ///< rule of one RuleSet
using GroupId = Id<struct GroupTag>;  ///< fused group of a schedule
using SlotId = Id<struct SlotTag>;    ///< buffer of a plan

}  // namespace bafe

template <class Tag>
struct std::hash<bafe::Id<Tag>> {
  std::size_t operator()(bafe::Id<Tag> id) const noexcept {
    return std::hash<std::uint32_t>{}(id.index());
  }
};
