// Attribute values and records come in, ids of their interned copies go out. Two ids of one kind
// are equal exactly when the values are (scalars by bits), and an id never changes its value.
#include "bafe/egraph/attr_table.h"

namespace bafe {

AttrValueId AttrTable::find(const AttrValue& value) const {
  auto [first, last] = value_ids_.equal_range(attr_hash(value));
  for (auto it = first; it != last; ++it) {
    if (attrs_equal({values_[it->second]}, {value})) return AttrValueId(it->second);
  }
  return {};
}

AttrValueId AttrTable::intern(const AttrValue& value) {
  AttrValueId known = find(value);
  if (known.valid()) return known;
  auto id = static_cast<std::uint32_t>(values_.size());
  values_.push_back(value);
  value_ids_.emplace(attr_hash(value), id);
  return AttrValueId(id);
}

AttrId AttrTable::find(const Attrs& record) const {
  if (record.empty()) return {};
  auto [first, last] = record_ids_.equal_range(attrs_hash(record));
  for (auto it = first; it != last; ++it) {
    if (attrs_equal(records_[it->second], record)) return AttrId(it->second);
  }
  return {};
}

AttrId AttrTable::intern(const Attrs& record) {
  if (record.empty()) return {};
  AttrId known = find(record);
  if (known.valid()) return known;
  std::uint64_t hash = attrs_hash(record);
  auto id = static_cast<std::uint32_t>(records_.size());
  records_.push_back(record);
  first_field_.push_back(static_cast<std::uint32_t>(fields_.size()));
  for (const AttrValue& value : record) fields_.push_back(intern(value));
  record_ids_.emplace(hash, id);
  return AttrId(id);
}

std::size_t AttrTable::memory_bytes() const {
  constexpr std::size_t kIndexEntry = 32;  // of one unordered_multimap node, allocator included
  return values_.size() * (sizeof(AttrValue) + kIndexEntry) +
         records_.size() * (sizeof(Attrs) + kIndexEntry + sizeof(std::uint32_t)) +
         fields_.capacity() * (sizeof(AttrValueId) + sizeof(AttrValue));
}

}  // namespace bafe
