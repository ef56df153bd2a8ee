// Operators, attributes and terms come in; ids of hash-consed terms go out. Equal terms have equal
// ids.
#include <utility>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/hash.h"
#include "bafe/egraph/explain.h"

namespace bafe {

TermId TermPool::add(OpId op, AttrId attr, std::span<const TermId> children) {
  std::uint64_t hash = hash_mix(op.index(), attr.index());
  for (TermId child : children) hash = hash_mix(hash, child.index());
  auto [first, last] = index_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    const Term& term = terms_[it->second];
    if (term.op == op && term.attr == attr &&
        std::equal(children.begin(), children.end(), term.children.begin(), term.children.end())) {
      return TermId(it->second);
    }
  }
  auto id = static_cast<std::uint32_t>(terms_.size());
  terms_.push_back({op, attr, {children.begin(), children.end()}});
  index_.emplace(hash, id);
  return TermId(id);
}

TermId TermPool::at(TermId term, std::span<const std::uint32_t> position) const {
  for (std::uint32_t child : position) term = children(term)[child];
  return term;
}

TermId TermPool::replace(TermId term, std::span<const std::uint32_t> position, TermId with) {
  if (position.empty()) return with;
  std::vector<TermId> kids = children(term);
  BAFE_CHECK(position.front() < kids.size(), "a position lies in its term");
  kids[position.front()] = replace(kids[position.front()], position.subspan(1), with);
  return add(op(term), attr(term), kids);
}

std::string TermPool::text(TermId term, const OpTable& ops, const AttrTable& attrs) const {
  const OpSpec& spec = ops.spec(op(term));
  std::string fields = fields_text(spec, attrs.record(attr(term)));
  if (children(term).empty() && fields.empty()) return spec.name;
  std::string out = format("({}", spec.name);
  for (TermId child : children(term)) out += format(" {}", text(child, ops, attrs));
  return out + fields + ")";
}

}  // namespace bafe
