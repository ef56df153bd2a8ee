// Found matches come in; the order in which they are applied goes out. Where many twins are born,
// that is, nodes that congruence has to unite later, small classes go first. A patient run also
// lets those matches wait that likely build twins. Invariant: a match that waits stays in its
// table, and the rule's moment moves on.
#include <algorithm>

#include "bafe/egraph/key.h"
#include "bafe/egraph/saturate.h"

namespace bafe {
namespace {

constexpr std::size_t kSizes = 256;  ///< larger terms are as large as this

}  // namespace

Saturation::StageEnd Saturation::apply_all(const std::vector<Found*>& found,
                                           const SaturationOptions& options) {
  StageEnd end = StageEnd::kDone;
  for (std::size_t i = 0; i < found.size() && end == StageEnd::kDone; ++i) {
    if (found[i]->table.size() > 0) end = apply(*found[i], {}, options);
  }
  for (std::size_t i = 0; i < found.size() && end == StageEnd::kDone; ++i) {
    end = apply_late(*found[i], options);
  }
  return end;
}

/// Small classes first, so that larger ones find their nodes; in a patient run, inner nodes of
/// classes more than twice as large as the smallest that gets some wait.
Saturation::StageEnd Saturation::apply_by_size(const std::vector<Found*>& found,
                                               const SaturationOptions& options) {
  std::vector<std::uint32_t> sizes = class_sizes();
  seen_.clear();
  auto size_of = [&](const Found& one, std::size_t row) {
    return sizes[graph_.class_of(one.table.row(row)[0]).index()];
  };
  std::vector<std::uint32_t> first;
  for (Found* one : found) {
    first.assign(kSizes + 1, 0);
    std::vector<std::uint8_t> size(one->table.size());
    for (std::size_t i = 0; i < size.size(); ++i) {
      size[i] = static_cast<std::uint8_t>(std::min<std::uint32_t>(size_of(*one, i), kSizes - 1));
      ++first[size[i] + 1u];
    }
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    one->bounds.assign(first.begin() + 1, first.end());
    one->order.resize(size.size());
    for (std::size_t i = 0; i < size.size(); ++i) {
      one->order[first[size[i]]++] = static_cast<std::uint32_t>(i);
    }
  }
  StageEnd end = StageEnd::kDone;
  std::size_t limit = kSizes;
  for (std::size_t s = 0; s < kSizes; ++s) {
    for (std::size_t i = 0; i < found.size() && end == StageEnd::kDone; ++i) {
      std::uint32_t begin = s > 0 ? found[i]->bounds[s - 1] : 0;
      std::span<const std::uint32_t> rows(found[i]->order.data() + begin,
                                          found[i]->bounds[s] - begin);
      if (!rows.empty()) end = apply(*found[i], rows, options);
    }
    for (std::size_t i = 0; i < found.size() && end == StageEnd::kDone; ++i) {
      if (found[i]->late.empty()) continue;
      if (patient_ && limit == kSizes) limit = std::min(2 * s, kSizes - 1);
      if (s <= limit) end = apply_late(*found[i], options);
    }
  }
  return end;
}

/// Would the match build `op(x, rest)` with a new x in a class that got `op(y, rest)` with a new y
/// in this round? x and y are then likely one class, which the next round knows.
bool Saturation::is_suspect(const Found& found, std::uint32_t row, std::size_t place) {
  const SaturationRule& rule = rules_[found.rule];
  if (rule.right.outputs[0] < rule.left.class_vars) return false;
  const RightShape::Step& last = rule.right.steps.back();
  std::uint64_t key = key_start(last.op.index());
  key = key_word(key, graph_.class_of(found.table.row(row)[0]).index());
  bool missing = false;
  for (std::uint16_t reg : last.operands) {
    NodeId node = ahead_[reg * MatchFilter::kBlock + place];
    missing |= !node.valid();
    key = key_word(key, node.valid() ? graph_.class_of(node).index() : ~0u);
  }
  return missing && !seen_.insert(key_end(key)).second;
}

/// Matches that were not applied wait for the next round.
void Saturation::carry_late(Found& found) {
  found.carried = 0;
  if (!patient_) return;
  found.late.insert(found.late.end(), found.postponed.begin(), found.postponed.end());
  found.postponed.clear();
  std::sort(found.late.begin(), found.late.end());
  std::size_t next = 0;
  found.table.filter(0, [&](std::size_t i) {
    bool kept = next < found.late.size() && found.late[next] == i;
    next += kept;
    return kept;
  });
  held_back_ |= next > 0;
  found.carried = next;
}

/// Operators of the smallest term of each class, roughly: one pass in birth order.
std::vector<std::uint32_t> Saturation::class_sizes() const {
  std::vector<std::uint32_t> sizes(graph_.class_bound(), ~0u);
  for (std::uint32_t i = 0; i < graph_.num_born(); ++i) {
    std::uint64_t sum = 1;
    for (NodeId child : graph_.children(NodeId(i))) sum += sizes[graph_.class_of(child).index()];
    std::uint32_t& size = sizes[graph_.class_of(NodeId(i)).index()];
    size = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, sum));
  }
  return sizes;
}

}  // namespace bafe
