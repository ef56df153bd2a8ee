// In: what is asked of element types. Out: whether it can be, and must be. Invariant: a set of
// merged variables keeps its dtypes at the root.
#include "value.h"

#include "bafe/base/format.h"

namespace bafe::generic {

std::uint32_t dtype_bit(DType dtype) { return 1u << static_cast<unsigned>(dtype); }

std::uint32_t dtypes_where(const std::function<bool(DType)>& test) {
  std::uint32_t out = 0;
  for (int i = 0; i < kDTypeCount; ++i) {
    if (test(static_cast<DType>(i))) out |= dtype_bit(static_cast<DType>(i));
  }
  return out;
}

DTypeTerm DTypeFacts::any() {
  parent_.push_back(static_cast<int>(parent_.size()));
  allowed_.push_back(dtypes_where([](DType) { return true; }));
  return {parent_.back()};
}

DTypeTerm DTypeFacts::exactly(DType dtype) {
  DTypeTerm out = any();
  assume_in(out, dtype_bit(dtype));
  return out;
}

int DTypeFacts::root(DTypeTerm d) const {
  auto i = static_cast<std::size_t>(d.variable);
  while (parent_[i] != static_cast<int>(i)) i = static_cast<std::size_t>(parent_[i]);
  return static_cast<int>(i);
}

std::uint32_t DTypeFacts::allowed(DTypeTerm d) const {
  return allowed_[static_cast<std::size_t>(root(d))];
}

bool DTypeFacts::assume_in(DTypeTerm d, std::uint32_t allowed) {
  std::uint32_t& set = allowed_[static_cast<std::size_t>(root(d))];
  set &= allowed;
  return set != 0;
}

bool DTypeFacts::assume_same(DTypeTerm a, DTypeTerm b) {
  int from = root(a), to = root(b);
  if (from == to) return true;
  parent_[static_cast<std::size_t>(from)] = to;
  return assume_in(b, allowed_[static_cast<std::size_t>(from)]);
}

bool DTypeFacts::must_be_in(DTypeTerm d, std::uint32_t wanted) const {
  return (allowed(d) & ~wanted) == 0;
}

bool DTypeFacts::must_be_same(DTypeTerm a, DTypeTerm b) const {
  if (root(a) == root(b)) return true;
  std::uint32_t set = allowed(a);
  return set == allowed(b) && (set & (set - 1)) == 0;  // one dtype on both sides
}

void DTypeFacts::assume_different(DTypeTerm a, DTypeTerm b) {
  for (auto [one, other] : {std::pair(a, b), std::pair(b, a)}) {
    std::uint32_t set = allowed(one);
    if ((set & (set - 1)) == 0) assume_in(other, ~set);
  }
}

std::string DTypeFacts::text(DTypeTerm d) const {
  std::uint32_t set = allowed(d);
  bool one = (set & (set - 1)) == 0;
  return one ? format("dtypes{}", set) : format("dtype?{}", root(d));
}

}  // namespace bafe::generic
