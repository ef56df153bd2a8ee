#pragma once
/// Interned attribute values and records of one e-graph: equal values have equal ids, so that
/// matching compares integers.

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "bafe/base/id.h"
#include "bafe/ir/attrs.h"

namespace bafe {

using AttrValueId = Id<struct AttrValueTag>;  ///< interned AttrValue of one e-graph

class AttrTable {
 public:
  AttrValueId intern(const AttrValue& value);
  /// The empty record is AttrId{}.
  AttrId intern(const Attrs& record);
  /// An invalid id when the value was never interned: then no node can hold it.
  AttrValueId find(const AttrValue& value) const;

  /// An invalid id when the record is empty or was never interned.
  AttrId find(const Attrs& record) const;

  const AttrValue& value(AttrValueId id) const { return values_[id.index()]; }
  /// The empty record for AttrId{}.
  const Attrs& record(AttrId id) const { return id.valid() ? records_[id.index()] : empty_; }
  /// Needs field < record(id).size().
  AttrValueId field(AttrId id, std::size_t field) const {
    return fields_[first_field_[id.index()] + field];
  }
  std::size_t num_fields(AttrId id) const { return record(id).size(); }
  std::size_t memory_bytes() const;

 private:
  std::deque<AttrValue> values_;
  std::deque<Attrs> records_;
  std::vector<std::uint32_t> first_field_;
  std::vector<AttrValueId> fields_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> value_ids_, record_ids_;
  Attrs empty_;
};

}  // namespace bafe
