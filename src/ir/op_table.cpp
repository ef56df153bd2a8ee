#include "bafe/ir/op_table.h"

#include "bafe/base/error.h"

namespace bafe {

OpId OpTable::add(OpSpec spec) {
  OpId id(static_cast<std::uint32_t>(specs_.size()));
  bool is_new = by_name_.emplace(spec.name, id).second;
  BAFE_CHECK(is_new, "operator names are unique");
  specs_.push_back(std::move(spec));
  return id;
}

OpId OpTable::find(std::string_view name) const {
  auto it = by_name_.find(std::string(name));
  return it == by_name_.end() ? OpId{} : it->second;
}

}  // namespace bafe
