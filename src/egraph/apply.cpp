// Matches of one round come in; the graph grown by their right sides goes out. A match whose right
// side has inner nodes that are not there yet waits until all others were applied: most of those
// nodes are then found in the classes where they belong, instead of being born as twins that
// congruence has to unite later.
#include <algorithm>

#include "bafe/egraph/saturate.h"

namespace bafe {
namespace {

constexpr std::size_t kBlock = MatchFilter::kBlock;
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

/// Counted over all rules: most of them have few matches each.
std::optional<Saturation::StageEnd> Saturation::poll(const SaturationOptions& options) {
  if (accepted_ >= options.max_accepted) return StageEnd::kAccepted;
  if (++taken_ % 256 != 0) return std::nullopt;
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

/// Matches of one rule: the given rows, or all without any.
Saturation::StageEnd Saturation::apply(Found& found, std::span<const std::uint32_t> rows,
                                       const SaturationOptions& options) {
  bool direct = state_[found.rule].direct;
  std::size_t count = rows.empty() ? found.table.size() : rows.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (std::optional<StageEnd> end = poll(options)) return *end;
    if (direct && i % kBlock == 0) look_ahead(found, rows, i, false);
    std::size_t row = rows.empty() ? i : rows[i];
    if (direct && standing_[i % kBlock] == Standing::kRedundant) {
      ++state_[found.rule].redundant;
      continue;
    }
    if (direct && standing_[i % kBlock] == Standing::kLate) {
      found.late.push_back(static_cast<std::uint32_t>(row));
      continue;
    }
    bool changed = direct ? apply_direct(found.rule, found.table[row], i % kBlock)
                          : apply_match(found.rule, found.table[row]);
    if (!count_change(found.rule, changed)) return StageEnd::kNodes;
  }
  return StageEnd::kDone;
}

Saturation::StageEnd Saturation::apply_late(Found& found, const SaturationOptions& options) {
  for (std::size_t i = 0; i < found.late.size(); ++i) {
    if (std::optional<StageEnd> end = poll(options)) return *end;
    if (i % kBlock == 0) look_ahead(found, found.late, i, true);
    if (standing_[i % kBlock] == Standing::kRedundant) continue;
    if (patient_ && is_suspect(found, found.late[i], i % kBlock)) {
      found.postponed.push_back(found.late[i]);
      continue;
    }
    bool changed = apply_direct(found.rule, found.table[found.late[i]], i % kBlock);
    if (!count_change(found.rule, changed)) return StageEnd::kNodes;
  }
  found.late.clear();
  return StageEnd::kDone;
}

void Saturation::drop_redundant(Found& found, std::size_t begin) {
  std::size_t before = found.table.size();
  look_ahead(found, {}, begin, false);
  found.table.filter(begin,
                     [&](std::size_t i) { return standing_[i - begin] != Standing::kRedundant; });
  state_[found.rule].redundant += before - found.table.size();
}

/// Looks the right sides of a block of matches up, step by step for all: most are there, equal to
/// their left sides, and what remains to be built is in the cache.
void Saturation::look_ahead(const Found& found, std::span<const std::uint32_t> rows,
                            std::size_t begin, bool late) {
  std::size_t end = rows.empty() ? found.table.size() : rows.size();
  std::size_t count = std::min(kBlock, end - begin);
  auto row_of = [&](std::size_t i) { return rows.empty() ? begin + i : rows[begin + i]; };
  const SaturationRule& rule = rules_[found.rule];
  std::size_t vars = rule.left.class_vars, registers = vars + rule.right.steps.size();
  ahead_.resize(registers * kBlock);
  standing_.assign(kBlock, Standing::kReady);
  auto column = [&](std::size_t reg) { return ahead_.data() + reg * kBlock; };
  std::size_t first_var = 1 + state_[found.rule].program.witnesses;
  for (std::size_t i = 0; i < count; ++i) {
    const NodeId* match = found.table.row(row_of(i)) + first_var;
    NodeId* to = ahead_.data() + i;
    for (std::size_t v = 0; v < vars; ++v) to[v * kBlock] = match[v];
  }
  std::size_t made = rule.right.outputs[0];
  for (std::size_t s = 0; s < rule.right.steps.size(); ++s) {
    const RightShape::Step& step = rule.right.steps[s];
    columns_.clear();
    for (std::uint16_t operand : step.operands) columns_.push_back(column(operand));
    NodeId* found_here = column(vars + s);
    if (late && !patient_ && graph_.num_nodes() < kCachedNodes) {
      std::fill_n(found_here, count, NodeId{});
      continue;
    }
    graph_.lookup_all(step.op, state_[found.rule].step_attrs[s], columns_, {found_here, count});
    if (vars + s == made) continue;
    Standing* standing = standing_.data();
    for (std::size_t i = 0; i < count; ++i) {
      if (found_here[i].valid()) continue;
      standing[i] = Standing::kLate;
      // looked up again when its turn comes: nothing more is to be found now
      for (std::size_t v = 0; v < vars && !late; ++v) column(v)[i] = {};
    }
  }
  const NodeId* result = column(made);
  for (std::size_t i = 0; i < count; ++i) {
    NodeId node = result[i], root = found.table.row(row_of(i))[0];
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
  std::size_t first = rule.left.roots[0].pattern.kind == Pattern::Kind::kOperator ? 1 : 0;
  if (witness_.size() < match.witnesses.size() + steps)
    witness_.resize(match.witnesses.size() + steps);
  NodeId* witness = witness_.data();
  for (NodeId node : match.witnesses.subspan(first)) *witness++ = node;
  auto reason = [&] {
    std::span<const NodeId> known(witness_.data(), witness);
    return Reason{ReasonKind::kRule, rule.backward, rule.rule, known};
  };
  for (std::size_t s = 0; s < steps; ++s) {
    const RightShape::Step& step = rule.right.steps[s];
    NodeId* made = ahead_.data() + (vars + s) * kBlock + place;
    bool root = !unites && s + 1 == steps;
    if (made->valid() && !root) {
      *witness++ = *made;
      continue;
    }
    std::size_t arity = step.operands.size();
    if (operands_.size() < arity) operands_.resize(arity);
    for (std::size_t k = 0; k < arity; ++k) {
      operands_[k] = ahead_[step.operands[k] * kBlock + place];
    }
    std::span<const NodeId> operands(operands_.data(), arity);
    if (root) return graph_.add_equal(step.op, attrs[s], operands, match.roots[0], reason());
    *made = graph_.add(step.op, attrs[s], operands);
    if (!made->valid()) return false;
    *witness++ = *made;
  }
  return graph_.unite(match.roots[0], ahead_[output * kBlock + place], reason());
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
