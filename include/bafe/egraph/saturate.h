#pragma once
/// Equality saturation for any language: search all rules of a stage, apply all matches, rebuild.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "bafe/base/error.h"
#include "bafe/egraph/ematch.h"

namespace bafe {

/// Builds the right sides of a rule.
class Applier {
 public:
  virtual ~Applier() = default;
  /// Adds the right sides for `match` and stores one node per root of the rule, in order. False:
  /// the rule does not apply (a condition, an undefined attribute, or add() gave an invalid id).
  ///
  /// Operands are the nodes of match.vars as they are. Where the rule has a `right` shape, add() is
  /// called once per step of it, in order, and for nothing else: explanations are read off those
  /// calls.
  virtual bool apply(EGraph& graph, const Match& match, std::span<NodeId> roots) = 0;
};

/// What an applier adds: steps over registers, as in the rule bytecode. Registers below the number
/// of class variables are the match; step i writes register class_vars + i.
struct RightShape {
  struct Step {
    std::vector<std::uint16_t> operands;  ///< empty for leaves and literals
    OpId op;                              ///< where the shape is complete
    Attrs attrs;                          ///< likewise
  };
  std::vector<Step> steps;
  std::vector<std::uint16_t> outputs;  ///< per root of the left side: the register made equal to it
  /// Operators and attributes are all there and nothing else is to be decided: the engine builds
  /// the right side itself and does not ask the applier.
  bool complete = false;
};

/// One direction of a rule.
struct SaturationRule {
  std::string name;
  LeftSide left;
  /// Without outputs the rule is opaque to explanations: a step leads from the matched instance to
  /// the added term as the graph holds it.
  RightShape right;
  std::shared_ptr<Applier> applier;
  RuleId rule;            ///< shared by both directions
  bool backward = false;  ///< this direction matches the rule's right side
  bool reads_facts = false;
  std::uint32_t set = 0;  ///< below 32
};

/// Rules whose set is in `sets` are searched together, up to `repeat` times or until nothing
/// changes.
struct Stage {
  std::uint32_t sets = 0xffffffffu;  ///< bit i: set i
  std::uint32_t repeat = 1;
};

/// Everything is a count, so that a result never depends on the speed of the machine.
struct SaturationOptions {
  std::vector<Stage> stages = std::vector<Stage>(1);  ///< of one iteration, in order
  std::size_t max_iterations = 30;
  std::size_t max_nodes = 10'000;              ///< live nodes; never exceeded
  std::size_t max_bytes = ~std::size_t{0};     ///< of graph and matches; checked every 256 matches
  std::size_t max_accepted = ~std::size_t{0};  ///< matches that changed the graph
  std::size_t fuel = ~std::size_t{0};          ///< per rule and search, in candidate nodes
  /// Backoff: a rule with more matches than `match_limit << bans` is banned for `ban_length <<
  /// bans` iterations. 0 turns it off.
  std::size_t match_limit = 1000;
  std::size_t ban_length = 5;
  /// Polled while searching, applying and rebuilding; true stops. What was applied stays, unless
  /// facts were still on their way: then the iteration is rolled back.
  std::function<bool()> interrupted;
  /// Matches that likely build nodes which a later union shows to be twins wait for a later round.
  /// The saturated graph is the same with fewer nodes born; the graphs between are others, so this
  /// is for runs that end in saturation.
  bool patient = false;
};

enum class StopReason : std::uint8_t {
  kSaturated,
  kIterations,
  kNodes,
  kAccepted,
  kInterrupted,
  kContradiction,  ///< error() says which rule and match; the iteration was rolled back
  kMemory,
};
const char* stop_reason_text(StopReason reason);

struct RuleStats {
  std::size_t searches = 0, matches = 0, accepted = 0, refused = 0, bans = 0;
};

struct IterationStats {
  std::size_t nodes = 0, classes = 0, matches = 0, accepted = 0;
};

/// Runs rules on one graph. May be run on after more nodes were added: rules then see what is new.
///
/// Errors: RuleError for a pattern that does not fit the operator table (in the constructor). A
///         contradiction does not throw.
class Saturation {
 public:
  Saturation(EGraph& graph, std::vector<SaturationRule> rules);
  StopReason run(const SaturationOptions& options);
  /// One iteration; nullopt when it changed the graph and no limit was met.
  std::optional<StopReason> iterate(const SaturationOptions& options);

  const std::vector<SaturationRule>& rules() const { return rules_; }
  const RuleStats& stats(std::size_t rule) const { return state_[rule].stats; }
  const std::vector<IterationStats>& iterations() const { return iterations_; }
  std::size_t accepted() const { return accepted_; }
  /// Set when the last iteration ended in kContradiction.
  const std::optional<RuleError>& error() const { return error_; }

 private:
  struct RuleState {
    MatchProgram program;
    Moment since;
    std::size_t bans = 0, banned_until = 0;
    RuleStats stats;
    std::vector<AttrId> step_attrs;  ///< of a complete right side
    std::size_t redundant = 0;       ///< matches whose right side was there already
    bool direct = false;  ///< one root, complete right side that ends in the root or is a variable
  };
  /// Matches of a rule; kept from round to round, so that their memory is used again.
  struct Found {
    std::size_t rule;
    MatchTable table;
    bool complete = true;
    std::vector<std::uint32_t> late;   ///< rows whose right side has inner nodes that are not there
    std::vector<std::uint32_t> order;  ///< rows by the size of the root's class, where that is used
    std::vector<std::uint32_t> postponed;  ///< late rows that wait for the next round
    std::size_t carried = 0;               ///< first rows of the table, which waited
    std::vector<std::uint32_t> bounds;     ///< of `order`: where each size ends
  };
  class Redundant;  ///< drops matches while they are found
  enum class StageEnd : std::uint8_t { kDone, kNodes, kAccepted, kInterrupted, kMemory };

  StageEnd run_stage(const Stage& stage, const SaturationOptions& options);
  void run_stages(const SaturationOptions& options, StageEnd& end);
  std::size_t memory_bytes() const;
  bool search(std::size_t rule, std::deque<Delta>& deltas, const SaturationOptions& options,
              std::vector<Found*>& found);
  StageEnd apply_all(const std::vector<Found*>& found, const SaturationOptions& options);
  StageEnd apply_by_size(const std::vector<Found*>& found, const SaturationOptions& options);
  StageEnd apply(Found& found, std::span<const std::uint32_t> rows,
                 const SaturationOptions& options);
  StageEnd apply_late(Found& found, const SaturationOptions& options);
  std::optional<StageEnd> poll(const SaturationOptions& options);
  bool apply_match(std::size_t rule, const Match& match);
  void drop_redundant(Found& found, std::size_t begin);
  void look_ahead(const Found& found, std::span<const std::uint32_t> rows, std::size_t begin,
                  bool late);
  bool apply_direct(std::size_t rule, const Match& match, std::size_t place);
  bool is_suspect(const Found& found, std::uint32_t row, std::size_t place);
  void carry_late(Found& found);
  std::vector<std::uint32_t> class_sizes() const;
  bool count_change(std::size_t rule, bool changed);

  EGraph& graph_;
  std::vector<SaturationRule> rules_;
  std::vector<RuleState> state_;
  std::deque<Found> found_;  ///< one a rule
  std::vector<IterationStats> iterations_;
  std::vector<NodeId> trace_, witness_, roots_;
  /// Of a block of matches whose right sides were looked up.
  enum class Standing : std::uint8_t { kReady, kLate, kRedundant };
  std::vector<Standing> standing_;
  std::vector<NodeId> ahead_;           ///< registers, a column of the block each
  std::vector<const NodeId*> columns_;  ///< of ahead_: operands of one step
  std::vector<NodeId> operands_;
  std::optional<RuleError> error_;
  std::size_t iteration_ = 0, accepted_ = 0;
  std::size_t taken_ = 0;  ///< matches taken up by apply, of all rules
  bool over_memory_ = false;
  std::unordered_set<std::uint64_t> seen_;  ///< of is_suspect()
  bool patient_ = false;
  bool held_back_ = false;  ///< some rule of this iteration has matches that were not applied
};

/// The log leaves out of a single-root rule's witness what the union itself says: the matched root
/// and the root that was built. explain.h puts them back.
void trim_witness(const SaturationRule& rule, std::vector<NodeId>& witness);
/// Does the last step of the right side build its first root?
bool builds_root_last(const SaturationRule& rule);

}  // namespace bafe
