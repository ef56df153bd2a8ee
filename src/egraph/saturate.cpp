// Rules and a graph come in; the graph grown by every match, within counted limits, comes out. A
// rule's moment moves forward only when all of its matches up to then were applied, so that delta
// matching never loses one to a ban or a limit.
#include "bafe/egraph/saturate.h"

#include <algorithm>

namespace bafe {

const char* stop_reason_text(StopReason reason) {
  static constexpr const char* kTexts[] = {"saturated",   "iterations",    "nodes", "accepted",
                                           "interrupted", "contradiction", "memory"};
  return kTexts[static_cast<int>(reason)];
}

Saturation::Saturation(EGraph& graph, std::vector<SaturationRule> rules)
    : graph_(graph), rules_(std::move(rules)) {
  std::vector<std::string> names;
  for (const SaturationRule& rule : rules_) {
    RuleState state;
    state.program = compile_match(rule.left, rule.reads_facts, graph);
    for (const RootProgram& root : state.program.roots) {
      if (root.scan && state.program.roots.size() > 1) {
        throw RuleError({}, rule.name, "a root of a multi-pattern is not an operator")
            .fix("write an operator at every root");
      }
    }
    std::size_t outputs = rule.right.outputs.size();
    BAFE_CHECK(outputs == 0 || outputs == state.program.roots.size(),
               "a rule has one output per root");
    state.direct = rule.right.complete && outputs == 1;
    if (state.direct) {
      std::size_t made = rule.left.class_vars + rule.right.steps.size();
      state.direct = rule.right.outputs[0] < rule.left.class_vars || builds_root_last(rule);
      BAFE_CHECK(rule.right.outputs[0] < made, "a right side ends in one of its registers");
      for (const RightShape::Step& step : rule.right.steps) {
        state.step_attrs.push_back(graph.attrs().intern(step.attrs));
      }
    }
    found_.push_back({found_.size(), MatchTable(state.program), true, {}, {}, {}, 0, {}});
    state_.push_back(std::move(state));
    if (rule.rule.index() >= names.size()) names.resize(rule.rule.index() + 1);
    names[rule.rule.index()] = rule.name;
  }
  graph_.set_rule_names(std::move(names));
}

StopReason Saturation::run(const SaturationOptions& options) {
  std::optional<StopReason> end;
  for (std::size_t i = 0; i < options.max_iterations && !end; ++i) end = iterate(options);
  graph_.trim();
  return end.value_or(StopReason::kIterations);
}

std::optional<StopReason> Saturation::iterate(const SaturationOptions& options) {
  graph_.rebuild();
  Checkpoint start = graph_.mark();
  std::size_t accepted_before = accepted_, matches_before = 0, matches = 0;
  for (const RuleState& state : state_) matches_before += state.stats.matches;
  held_back_ = over_memory_ = false;
  patient_ = options.patient;
  error_.reset();
  bool unfinished = false;
  StageEnd end = StageEnd::kDone;
  std::size_t old_limit = graph_.node_limit();
  graph_.set_node_limit(std::min(old_limit, options.max_nodes));
  graph_.set_interrupt(options.interrupted);
  try {
    run_stages(options, end);
  } catch (const RuleError& error) {
    error_ = error;
  } catch (const RebuildInterrupted&) {
    end = StageEnd::kInterrupted;
    unfinished = true;
  }
  graph_.set_interrupt({});
  if (error_ || unfinished) {
    graph_.set_trace(nullptr);
    graph_.rollback(start);
  }
  graph_.set_node_limit(old_limit);
  ++iteration_;
  for (const RuleState& state : state_) matches += state.stats.matches;
  iterations_.push_back({graph_.num_nodes(), graph_.num_classes(), matches - matches_before,
                         accepted_ - accepted_before});
  if (error_) return StopReason::kContradiction;
  if (end == StageEnd::kNodes) return StopReason::kNodes;
  if (end == StageEnd::kAccepted) return StopReason::kAccepted;
  if (end == StageEnd::kInterrupted) return StopReason::kInterrupted;
  if (end == StageEnd::kMemory) return StopReason::kMemory;
  if (accepted_ != accepted_before) return std::nullopt;
  if (!held_back_) return StopReason::kSaturated;
  for (RuleState& state : state_) state.banned_until = 0;
  return std::nullopt;
}

void Saturation::run_stages(const SaturationOptions& options, StageEnd& end) {
  for (std::size_t s = 0; s < options.stages.size() && end == StageEnd::kDone; ++s) {
    for (std::uint32_t i = 0; i < options.stages[s].repeat && end == StageEnd::kDone; ++i) {
      std::size_t before = accepted_;
      end = run_stage(options.stages[s], options);
      if (accepted_ == before) break;
    }
  }
}

std::size_t Saturation::memory_bytes() const {
  std::size_t sum = graph_.memory_bytes();
  for (const Found& found : found_) sum += found.table.memory_bytes();
  return sum;
}

Saturation::StageEnd Saturation::run_stage(const Stage& stage, const SaturationOptions& options) {
  Moment now = graph_.moment();
  std::deque<Delta> deltas;
  std::vector<Found*> found;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!((stage.sets >> rules_[i].set) & 1)) continue;
    if (!search(i, deltas, options, found)) {
      return over_memory_ ? StageEnd::kMemory : StageEnd::kInterrupted;
    }
  }
  bool many_twins = graph_.num_born() * 7 > graph_.num_nodes() * 8;
  StageEnd end = patient_ || many_twins ? apply_by_size(found, options) : apply_all(found, options);
  for (std::size_t i = 0; i < found.size() && end == StageEnd::kDone; ++i) {
    carry_late(*found[i]);
    if (found[i]->complete) state_[found[i]->rule].since = now;
  }
  graph_.rebuild();
  return end;
}

/// What is redundant now is so when it would be applied: such matches need not be kept.
class Saturation::Redundant : public MatchFilter {
 public:
  Redundant(Saturation& saturation, Found& found) : saturation_(saturation), found_(found) {}
  void look(MatchTable&, std::size_t begin) override { saturation_.drop_redundant(found_, begin); }

 private:
  Saturation& saturation_;
  Found& found_;
};

bool Saturation::search(std::size_t rule, std::deque<Delta>& deltas,
                        const SaturationOptions& options, std::vector<Found*>& found) {
  RuleState& state = state_[rule];
  if (iteration_ < state.banned_until) {
    held_back_ = true;
    return true;
  }
  Delta* delta = nullptr;
  for (Delta& known : deltas) {
    if (known.since().tick == graph_.usable(state.since).tick) delta = &known;
  }
  if (!delta) delta = &deltas.emplace_back(graph_, state.since);
  MatchLimits limits;
  limits.fuel = options.fuel;
  limits.interrupted = [this, &options] {
    over_memory_ = memory_bytes() > options.max_bytes;
    return over_memory_ || (options.interrupted && options.interrupted());
  };
  std::size_t threshold = options.match_limit << std::min<std::size_t>(state.bans, 40);
  if (options.match_limit > 0) limits.max_matches = threshold;
  Found& result = found_[rule];
  if (graph_.usable(state.since).tick == 0) result.carried = 0;  // all are found again
  std::size_t carried = result.carried;
  limits.max_matches += std::min(carried, ~std::size_t{0} - limits.max_matches);
  result.table.keep(carried);
  result.late.clear();
  result.postponed.clear();
  Redundant redundant(*this, result);
  // the matches that stay are looked up once more, which pays where few do
  if (state.direct && state.redundant * 2 > state.stats.matches) limits.filter = &redundant;
  MatchEnd end = find_matches(graph_, state.program, *delta, limits, result.table);
  ++state.stats.searches;
  state.stats.matches += result.table.found() - carried;
  if (end == MatchEnd::kInterrupted) return false;
  if (end == MatchEnd::kTooMany) {
    state.banned_until =
        iteration_ + 1 + (options.ban_length << std::min<std::size_t>(state.bans, 40));
    ++state.bans;
    ++state.stats.bans;
    held_back_ = true;
    return true;
  }
  result.complete = end != MatchEnd::kOutOfFuel;
  found.push_back(&result);
  return true;
}

}  // namespace bafe
