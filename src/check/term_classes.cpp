// Classes of equal terms. In: the terms of a certificate, merges one by one. Out: which are equal,
// and facts. Facts are computed when a condition asks: from operands to users, again where a merge
// told more, at most kMostVisits times a term, so that the answer may be weak and is never wrong.
#include "term_classes.h"

#include <algorithm>
#include <cmath>

#include "bafe/ir/op.h"

namespace bafe {
namespace {

constexpr int kMostVisits = 16;

}  // namespace

bool is_constant_leaf(const Node& node) {
  return op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kScalar;
}

TermClasses::TermClasses(const Graph& terms, bool finite)
    : terms_(terms),
      finite_(finite),
      up_(terms.size()),
      members_(terms.size()),
      parents_(terms.size()),
      known_(terms.size()),
      learned_(terms.size(), 0) {
  std::map<std::string, std::uint32_t> heads;
  for (std::uint32_t i = 0; i < up_.size(); ++i) {
    const Node& node = terms.node(ValueId(i));
    up_[i] = i;
    members_[i] = {i};
    for (ValueId operand : node.operands) parents_[operand.index()].push_back(i);
    std::string head(op_info(node.op).name);
    for (const AttrValue& value : node.attrs) head += " " + attr_text(value);
    head_.push_back(heads.emplace(std::move(head), i).first->second);
    by_key_.emplace(key_of(i), i);
    stale_.insert(i);
    known_[i].range = Interval::of_dtype(node.type.dtype);
    if (is_constant_leaf(node)) known_[i].constant = attr_scalar(node.attrs, 0);
    known_[i].stored = op_info(node.op).kind == OpKind::kLeaf && !is_constant_leaf(node);
  }
}

std::uint32_t TermClasses::find(ValueId term) const {
  std::uint32_t i = term.index();
  if (i >= up_.size()) return i;  // built on the way: equal to nothing else
  while (up_[i] != i) i = up_[i] = up_[up_[i]];
  return i;
}

std::vector<std::uint32_t> TermClasses::key_of(std::uint32_t term) const {
  std::vector<std::uint32_t> key{head_[term]};
  for (ValueId operand : terms_.node(ValueId(term)).operands) key.push_back(find(operand));
  return key;
}

void TermClasses::merge(ValueId a, ValueId b) {
  work_.emplace_back(a.index(), b.index());
  while (!work_.empty()) {
    auto [x, y] = work_.back();
    work_.pop_back();
    join(find(ValueId(x)), find(ValueId(y)));
  }
}

void TermClasses::join(std::uint32_t a, std::uint32_t b) {
  if (a == b) return;
  if (members_[a].size() < members_[b].size()) std::swap(a, b);
  up_[b] = a;
  members_[a].insert(members_[a].end(), members_[b].begin(), members_[b].end());
  for (std::uint32_t parent : parents_[b]) {
    auto [twin, is_new] = by_key_.emplace(key_of(parent), parent);
    if (!is_new) work_.emplace_back(parent, twin->second);
  }
  absorb(known_[a], known_[b], terms_.type(ValueId(a)));
  stale_.insert(parents_[a].begin(), parents_[a].end());
  stale_.insert(parents_[b].begin(), parents_[b].end());
  for (std::uint32_t member : members_[b]) stale_.insert(member);
  parents_[a].insert(parents_[a].end(), parents_[b].begin(), parents_[b].end());
  members_[b].clear();
  parents_[b].clear();
}

/// Did `into` learn anything?
bool TermClasses::absorb(Known& into, const Known& from, const Type& type) const {
  Known before = into;
  if (!into.constant) into.constant = from.constant;
  into.range = intersect(into.range, from.range);
  into.structure = join_structure(into.structure, from.structure);
  into.stored = into.stored || from.stored;
  if (into.constant) {
    double value = into.constant->as_double();
    if (std::isfinite(value)) into.range = intersect(into.range, Interval::of_value(value));
    if (into.constant->is_zero() && type.rank() >= 2)
      into.structure.below = into.structure.above = -Structure::kUnbounded;
  }
  return !(into.range == before.range) || !(into.structure == before.structure) ||
         into.constant.has_value() != before.constant.has_value();
}

/// Is some term of b's class the transpose of one of a's?
bool TermClasses::holds_transpose(ValueId a, ValueId b) const {
  const std::vector<std::uint32_t>& terms = members_[find(b)];
  return std::any_of(terms.begin(), terms.end(), [&](std::uint32_t term) {
    const Node& node = terms_.node(ValueId(term));
    return node.operands.size() == 1 && same(node.operands[0], a) &&
           swaps_matrix(node.op, node.attrs, terms_.type(a), node.type);
  });
}

bool TermClasses::mirrored(const Node& node) const {
  const OpInfo& info = op_info(node.op);
  bool commutes = info.kind == OpKind::kPointwise && (info.algebra & kCommutes) != 0;
  if ((info.kind != OpKind::kContraction && !commutes) || node.operands.size() != 2) return false;
  ValueId a = node.operands[0], b = node.operands[1];
  return holds_transpose(a, b) || holds_transpose(b, a);
}

bool TermClasses::learn(std::uint32_t term) {
  const Node& node = terms_.node(ValueId(term));
  std::vector<Type> types;
  std::vector<Interval> ranges;
  std::vector<MatrixFacts> matrices;
  for (ValueId operand : node.operands) {
    const Known& known = known_[find(operand)];
    types.push_back(terms_.type(operand));
    ranges.push_back(known.range);
    std::optional<double> splat;
    if (known.constant) splat = known.constant->as_double();
    matrices.push_back(
        {terms_.type(operand), known.structure, finite_ || known.range.finite(), splat});
  }
  Known found;
  if (is_constant_leaf(node)) found.constant = attr_scalar(node.attrs, 0);
  found.stored = op_info(node.op).kind == OpKind::kLeaf && !is_constant_leaf(node);
  found.range = op_info(node.op).kind == OpKind::kLayout
                    ? ranges[0]
                    : node_range(node.op, node.attrs, types, ranges, node.type);
  found.structure = node_structure(node.op, node.attrs, matrices, node.type, mirrored(node));
  return absorb(known_[find(ValueId(term))], found, node.type);
}

void TermClasses::settle() {
  while (!stale_.empty()) {
    std::uint32_t term = *stale_.begin();
    stale_.erase(stale_.begin());
    if (learned_[term] >= kMostVisits) continue;
    ++learned_[term];
    if (!learn(term)) continue;
    const std::vector<std::uint32_t>& users = parents_[find(ValueId(term))];
    stale_.insert(users.begin(), users.end());
  }
}

std::optional<Scalar> TermClasses::constant_of(ValueId term) {
  if (term.index() < up_.size()) return known_[find(term)].constant;
  const Node& node = terms_.node(term);
  return is_constant_leaf(node) ? std::optional(attr_scalar(node.attrs, 0)) : std::nullopt;
}

bool TermClasses::is_finite(ValueId term) {
  if (!is_float(terms_.type(term).dtype)) return true;
  if (term.index() >= up_.size()) return false;
  settle();
  const Known& known = known_[find(term)];
  return known.constant ? std::isfinite(known.constant->as_double()) : known.range.finite();
}

bool TermClasses::holds(const std::string& fact, ValueId term, const std::vector<double>& args) {
  if (term.index() >= up_.size()) return false;
  const Known& known = known_[find(term)];
  if (fact == "leaf") return known.stored;
  settle();
  const Interval& r = known.range;
  const Structure& s = known.structure;
  if (fact == "finite") return r.finite();
  // Below 1e-4 a 16-bit float may round to zero what the range keeps apart from it.
  if (fact == "nonzero") return r.lo >= 1e-4 || r.hi <= -1e-4;
  if (fact == "in") return args.size() == 2 && r.finite() && r.lo >= args[0] && r.hi <= args[1];
  if (fact == "zero" && known.constant && known.constant->is_zero()) return true;
  bool result = fact == "zero"         ? s.zero()
                : fact == "identity"   ? s.identity
                : fact == "diagonal"   ? s.diagonal()
                : fact == "lower"      ? s.lower()
                : fact == "upper"      ? s.upper()
                : fact == "symmetric"  ? s.symmetric
                : fact == "orthogonal" ? s.orthogonal
                : fact == "banded" ? args.size() == 2 && s.below <= args[0] && s.above <= args[1]
                                   : false;
  rests_on_finite_ = rests_on_finite_ || (result && finite_);
  return result;
}

}  // namespace bafe
