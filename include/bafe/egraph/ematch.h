#pragma once
/// E-matching: left sides compiled to short programs, run over what changed since a moment.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "bafe/egraph/egraph.h"
#include "bafe/rules/pattern.h"

namespace bafe {

/// One step of matching one root. Registers hold nodes that stand for their classes.
struct MatchStep {
  enum class Kind : std::uint8_t {
    kBind,  ///< a node of `op` with `arity` children in the class of `reg`; children into `out`…
    kSame,  ///< `reg` and `out` are one class
    kGround,     ///< `reg` is the class of ground term `index`
    kLiteral,    ///< the constant fact of `reg` is `literal`
    kFieldIs,    ///< field `index` of the node in slot `slot` is `value`
    kFieldBind,  ///< attribute variable `var` becomes that field
    kFieldSame,  ///< attribute variable `var` equals that field
  };
  Kind kind = Kind::kBind;
  bool last_source = false;  ///< no later step can tell a new match from an old one
  std::uint16_t reg = 0, out = 0, slot = 0, arity = 0, index = 0, var = 0;
  OpId op;
  AttrValueId value;
  double literal = 0;
};

/// A subterm without variables, found by hash-cons look-up once per search.
struct GroundTerm {
  struct Node {
    OpId op;
    AttrId attr;
    std::uint16_t slot;
    std::vector<std::uint16_t> children;  ///< earlier entries of `nodes`
  };
  std::vector<Node> nodes;  ///< post-order
};

/// One root pattern as a program.
struct RootProgram {
  bool scan = false;  ///< the root is no operator: every class is tried
  OpId op;
  std::uint16_t arity = 0;
  std::uint16_t registers = 0;
  std::uint16_t first_slot = 0;  ///< witness of the root, when it is an operator
  std::uint16_t depth = 0;       ///< levels below the root at which a change can make a new match
  std::vector<MatchStep> steps;
  std::vector<GroundTerm> ground;
  std::vector<std::uint16_t>
      var_reg;                   ///< class variable → register, kNoVariable if not in this root
  std::vector<bool> binds_attr;  ///< attribute variable bound here?
  std::uint16_t root_var = kNoVariable;
};

/// A rule's left side, ready to run on one graph (literal fields are interned there).
struct MatchProgram {
  std::vector<RootProgram> roots;
  std::uint16_t witnesses = 0;  ///< operator and literal nodes of all roots, in pre-order
  std::uint16_t class_vars = 0, attr_vars = 0;
  bool reads_facts = false;

  std::size_t stride() const { return roots.size() + witnesses + class_vars + attr_vars; }
};

/// `reads_facts`: conditions or the right side look at facts of the class variables, so that a
/// change of facts makes a new match. Errors: RuleError for an unknown operator, a wrong number of
/// children or fields.
MatchProgram compile_match(const LeftSide& left, bool reads_facts, EGraph& graph);

/// One match, as a view into its MatchTable.
struct Match {
  std::span<const NodeId> roots;  ///< the matched node of every root
  std::span<const NodeId>
      witnesses;                 ///< matched operator and literal nodes of all roots, pre-order
  std::span<const NodeId> vars;  ///< class variables: nodes as they stand in the matched nodes
  std::span<const NodeId> attr_words;
  AttrValueId attr(std::size_t var) const { return AttrValueId(attr_words[var].index()); }
};

/// Matches of one rule in generation order: roots by birth, then nodes by birth.
class MatchTable {
 public:
  explicit MatchTable(const MatchProgram& program);
  std::size_t size() const { return rows_; }
  Match operator[](std::size_t i) const {
    const NodeId* row = words_.data() + i * stride_;
    const NodeId* vars = row + roots_ + witnesses_;
    return {{row, roots_}, {row + roots_, witnesses_}, {vars, vars_}, {vars + vars_, attrs_}};
  }
  const NodeId* row(std::size_t i) const { return words_.data() + i * stride_; }
  /// Keeps, of the rows from `begin` on, those for which `wanted(row)` holds.
  template <class Wanted>
  void filter(std::size_t begin, Wanted&& wanted) {
    std::size_t end = size(), to = begin;
    for (std::size_t i = begin; i < end; ++i) {
      if (!wanted(i)) continue;
      if (to != i) copy_row(row(i), words_.data() + to * stride_);
      ++to;
    }
    words_.truncate(to * stride_);
    rows_ = to;
    dropped_ += end - to;
  }
  /// Matches found, dropped ones among them.
  std::size_t found() const { return size() + dropped_; }
  /// One row, to be filled whole.
  NodeId* append() {
    constexpr std::size_t kFirst = 8192,
                          kMost = std::size_t{1} << 18;  // words; small tables double
    std::size_t size = words_.size();
    if (size + stride_ > words_.capacity() && size < kMost) {
      words_.reserve(std::max(kFirst, 2 * size + stride_));
    }
    ++rows_;
    return words_.extend(stride_);
  }
  void clear() { keep(0); }
  /// Forgets all but the first `rows`.
  void keep(std::size_t rows) {
    words_.truncate(rows * stride_);
    rows_ = rows;
    dropped_ = 0;
  }
  std::size_t memory_bytes() const { return words_.memory_bytes(); }

 private:
  void copy_row(const NodeId* from, NodeId* to) const {
    for (std::size_t i = 0; i < stride_; ++i) to[i] = from[i];
  }

  std::size_t stride_, roots_, witnesses_, vars_, attrs_;
  std::size_t rows_ = 0, dropped_ = 0;
  FlatArray<NodeId> words_;
};

/// Looks at matches while they are found, and may filter those from `begin` on.
class MatchFilter {
 public:
  static constexpr std::size_t kBlock = 128;  ///< matches at once, at most
  virtual ~MatchFilter() = default;
  virtual void look(MatchTable& table, std::size_t begin) = 0;
};

/// Counts, not clocks.
struct MatchLimits {
  std::size_t max_matches = 0xffffffffu;  ///< stop when one more is found
  std::size_t fuel = ~std::size_t{0};     ///< candidate nodes looked at
  std::function<bool()> interrupted;      ///< polled every few thousand candidates; may be empty
  MatchFilter* filter = nullptr;          ///< of single-root patterns
};

enum class MatchEnd : std::uint8_t { kComplete, kTooMany, kOutOfFuel, kInterrupted };

/// What changed since a moment, and which nodes of an operator a change can concern. Shared by all
/// rules that were last run at that moment; valid until the graph changes.
class Delta {
 public:
  Delta(const EGraph& graph, const Moment& since);
  const Moment& since() const { return since_; }
  bool everything() const { return since_.tick == 0; }
  /// Did nothing change, so that no match can be new?
  bool empty();
  /// Live nodes of `op` that have a change at most `depth` levels below them, and those that are
  /// new: each list by birth, the second younger than the first.
  std::array<std::span<const NodeId>, 2> candidates(OpId op, std::uint16_t depth);
  /// Live nodes of `op`, by birth.
  std::span<const NodeId> all(OpId op);

 private:
  /// Nodes by operator, then by birth.
  struct OpLists {
    std::vector<std::uint32_t> first;  ///< per operator; empty before fill()
    std::vector<NodeId> nodes;
    void fill(const EGraph& graph, const std::vector<NodeId>& nodes_by_birth);
    std::span<const NodeId> of(OpId op) const;
  };
  void spread(std::uint16_t depth);
  void collect_near(std::uint16_t depth, OpLists& lists);

  const EGraph& graph_;
  Moment since_;
  std::uint16_t spread_to_ = 0;
  bool any_ = false;
  std::vector<std::uint8_t>
      level_;  ///< per class: levels below it at which the nearest change lies
  std::vector<ClassId> front_;
  OpLists new_, all_;
  std::deque<OpLists> near_;  ///< per depth, from 1
};

/// Finds every match that did not exist at `delta.since()`; Moment{} finds all. Several roots are
/// joined by hashing on the classes of the variables that they share.
///
/// Needs:   graph.is_rebuilt().
/// Order:   deterministic (see MatchTable).
MatchEnd find_matches(const EGraph& graph, const MatchProgram& program, Delta& delta,
                      const MatchLimits& limits, MatchTable& out);

}  // namespace bafe
