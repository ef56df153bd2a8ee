// Matches of one round come in; the graph grown by their right sides goes out. A match whose right
// side has inner nodes that are not there yet waits until all others were applied: most of those
// nodes are then found in the classes where they belong, instead of being born as twins that
// congruence has to unite later.
#include <algorithm>

#include "bafe/egraph/saturate.h"

namespace bafe {
namespace {

constexpr std::size_t kBlock = 128;  ///< matches looked at together
/// A graph of fewer nodes lies in the cache: late matches need not be looked up before they add.
constexpr std::size_t kCachedNodes = 20'000;

}  // namespace

void trim_witness(const SaturationRule& rule, std::vector<NodeId>& witness) {
  if (rule.left.roots.size() != 1) return;
  if (builds_root_last(rule)) witness.pop_back();
  if (rule.left.roots[0].pattern.kind == Pattern::Kind::kOperator) witness.erase(witness.begin());
}

bool builds_root_last(const SaturationRule& rule) {
  return !rule.right.outputs.empty() && !rule.right.steps.empty() &&
         rule.right.outputs[0] + 1u == rule.left.class_vars + rule.right.steps.size();
}

std::optional<Saturation::StageEnd> Saturation::poll(std::size_t row,
                                                     const SaturationOptions& options) const {
  if (accepted_ >= options.max_accepted) return StageEnd::kAccepted;
  if (row % 256 != 255) return std::nullopt;
  if (options.interrupted && options.interrupted()) return StageEnd::kInterrupted;
  if (memory_bytes() > options.max_bytes) return StageEnd::kMemory;
  return std::nullopt;
}

bool Saturation::count_change(std::size_t rule, bool changed) {
  if (!changed) return graph_.num_nodes() < graph_.node_limit();
  ++state_[rule].stats.accepted;
  ++accepted_;
  graph_.close();
  return true;
}

Saturation::StageEnd Saturation::apply(Found& found, const SaturationOptions& options) {
  bool direct = state_[found.rule].direct;
  for (std::size_t i = 0; i < found.table.size(); ++i) {
    if (std::optional<StageEnd> end = poll(i, options)) return *end;
    if (direct && i % kBlock == 0) look_ahead(found, false, i);
    if (direct && standing_[i % kBlock] == Standing::kRedundant) continue;
    if (direct && standing_[i % kBlock] == Standing::kLate) {
      found.late.push_back(static_cast<std::uint32_t>(i));
      continue;
    }
    bool changed = direct ? apply_direct(found.rule, found.table[i], i % kBlock)
                          : apply_match(found.rule, found.table[i]);
    if (!count_change(found.rule, changed)) return StageEnd::kNodes;
  }
  return StageEnd::kDone;
}

Saturation::StageEnd Saturation::apply_late(Found& found, const std::vector<std::uint32_t>& sizes,
                                            const SaturationOptions& options) {
  if (!sizes.empty()) {
    auto size_of = [&](std::uint32_t row) {
      std::uint32_t cls = graph_.class_of(found.table.row(row)[0]).index();
      return cls < sizes.size() ? sizes[cls] : ~0u;
    };
    std::stable_sort(found.late.begin(), found.late.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return size_of(a) < size_of(b); });
  }
  for (std::size_t i = 0; i < found.late.size(); ++i) {
    if (std::optional<StageEnd> end = poll(i, options)) return *end;
    if (i % kBlock == 0) look_ahead(found, true, i);
    if (standing_[i % kBlock] == Standing::kRedundant) continue;
    bool changed = apply_direct(found.rule, found.table[found.late[i]], i % kBlock);
    if (!count_change(found.rule, changed)) return StageEnd::kNodes;
  }
  return StageEnd::kDone;
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

/// Looks the right sides of a block of matches up, step by step for all: most are there, equal to
/// their left sides, and what remains to be built is in the cache.
void Saturation::look_ahead(const Found& found, bool late, std::size_t begin) {
  std::size_t rows = late ? found.late.size() : found.table.size();
  std::size_t count = std::min(kBlock, rows - begin);
  auto row_of = [&](std::size_t i) { return late ? found.late[begin + i] : begin + i; };
  const SaturationRule& rule = rules_[found.rule];
  std::size_t vars = rule.left.class_vars, registers = vars + rule.right.steps.size();
  ahead_.resize(registers * kBlock);
  standing_.assign(kBlock, Standing::kReady);
  auto column = [&](std::size_t reg) { return ahead_.data() + reg * kBlock; };
  for (std::size_t i = 0; i < count; ++i) {
    const NodeId* match = found.table[row_of(i)].vars.data();
    for (std::size_t v = 0; v < vars; ++v) column(v)[i] = match[v];
  }
  std::size_t made = rule.right.outputs[0];
  for (std::size_t s = 0; s < rule.right.steps.size(); ++s) {
    const RightShape::Step& step = rule.right.steps[s];
    columns_.clear();
    for (std::uint16_t operand : step.operands) columns_.push_back(column(operand));
    NodeId* found_here = column(vars + s);
    if (late && graph_.num_nodes() < kCachedNodes) {
      std::fill_n(found_here, count, NodeId{});
      continue;
    }
    graph_.lookup_all(step.op, state_[found.rule].step_attrs[s], columns_, {found_here, count});
    for (std::size_t i = 0; i < count && vars + s != made; ++i) {
      if (!found_here[i].valid()) standing_[i] = Standing::kLate;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    NodeId node = column(made)[i], root = found.table.row(row_of(i))[0];
    if (node.valid() && graph_.class_of(node) == graph_.class_of(root)) {
      standing_[i] = Standing::kRedundant;
    }
  }
}

/// Builds what look_ahead() did not find of match `place` of its block, the root into its class.
bool Saturation::apply_direct(std::size_t index, const Match& match, std::size_t place) {
  const SaturationRule& rule = rules_[index];
  const std::vector<AttrId>& attrs = state_[index].step_attrs;
  std::size_t vars = rule.left.class_vars, steps = rule.right.steps.size();
  std::size_t output = rule.right.outputs[0];
  bool unites = output < vars;
  auto first = rule.left.roots[0].pattern.kind == Pattern::Kind::kOperator ? 1 : 0;
  witness_.assign(match.witnesses.begin() + first, match.witnesses.end());
  for (std::size_t s = 0; s < steps; ++s) {
    const RightShape::Step& step = rule.right.steps[s];
    NodeId* made = ahead_.data() + (vars + s) * kBlock + place;
    bool root = !unites && s + 1 == steps;
    if (made->valid() && !root) {
      witness_.push_back(*made);
      continue;
    }
    operands_.clear();
    for (std::uint16_t operand : step.operands)
      operands_.push_back(ahead_[operand * kBlock + place]);
    if (root) {
      return graph_.add_equal(step.op, attrs[s], operands_, match.roots[0],
                              {ReasonKind::kRule, rule.backward, rule.rule, witness_});
    }
    *made = graph_.add(step.op, attrs[s], operands_);
    if (!made->valid()) return false;
    witness_.push_back(*made);
  }
  return graph_.unite(match.roots[0], ahead_[output * kBlock + place],
                      {ReasonKind::kRule, rule.backward, rule.rule, witness_});
}

bool Saturation::apply_match(std::size_t index, const Match& match) {
  const SaturationRule& rule = rules_[index];
  trace_.clear();
  roots_.assign(match.roots.size(), NodeId{});
  graph_.set_trace(&trace_);
  bool applied = rule.applier->apply(graph_, match, roots_);
  graph_.set_trace(nullptr);
  if (!applied) {
    ++state_[index].stats.refused;
    return false;
  }
  bool changed = false;
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    if (graph_.class_of(match.roots[i]) == graph_.class_of(roots_[i])) continue;
    if (!changed) {
      bool shaped = !rule.right.outputs.empty();
      BAFE_CHECK(!shaped || trace_.size() == rule.right.steps.size(),
                 "an applier adds what its right side shows, once each");
      witness_.assign(match.witnesses.begin(), match.witnesses.end());
      if (shaped) witness_.insert(witness_.end(), trace_.begin(), trace_.end());
      trim_witness(rule, witness_);
    }
    changed |= graph_.unite(match.roots[i], roots_[i],
                            {.kind = ReasonKind::kRule,
                             .backward = rule.backward,
                             .rule = rule.rule,
                             .witness = witness_});
  }
  return changed;
}

}  // namespace bafe
