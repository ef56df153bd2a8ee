// A match program and a delta come in; a table of matches goes out. One root runs as it is. Several
// are enumerated one by one, each row with its freshness, and joined from left to right; a joined
// row is kept if any part of it is fresh.
#include "bafe/egraph/ematch.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "bafe/egraph/key.h"
#include "machine.h"

namespace bafe {

Delta::Delta(const EGraph& graph, const Moment& since)
    : graph_(graph), since_(graph.usable(since)) {}

void Delta::spread(std::uint16_t depth) {
  if (level_.empty()) {
    level_.assign(graph_.class_bound(), 0xff);
    for (std::uint32_t i = 0; i < level_.size(); ++i) {
      ClassId cls(i);
      if (!graph_.is_canonical(cls)) continue;
      bool new_node = graph_.nodes(cls).back().index() >= since_.nodes;
      if (!new_node && !graph_.changed(cls, since_)) continue;
      level_[i] = 0;
      any_ = true;
      front_.push_back(cls);
    }
    spread_to_ = 1;
  }
  for (; spread_to_ < depth && spread_to_ < 0xff; ++spread_to_) {
    std::vector<ClassId> next;
    for (ClassId cls : front_) {
      for (NodeId parent : graph_.parents(cls)) {
        if (!graph_.is_live(parent)) continue;
        std::uint8_t& level = level_[graph_.class_of(parent).index()];
        if (level != 0xff) continue;
        level = static_cast<std::uint8_t>(spread_to_);
        next.push_back(graph_.class_of(parent));
      }
    }
    front_ = std::move(next);
  }
}

bool Delta::empty() {
  if (everything()) return false;
  spread(1);
  return !any_;
}

void Delta::OpLists::fill(const EGraph& graph, const std::vector<NodeId>& nodes_by_birth) {
  first.assign(graph.ops().size() + 1, 0);
  for (NodeId node : nodes_by_birth) ++first[graph.op(node).index() + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  nodes.resize(nodes_by_birth.size());
  for (NodeId node : nodes_by_birth) nodes[next[graph.op(node).index()]++] = node;
}

std::span<const NodeId> Delta::OpLists::of(OpId op) const {
  std::uint32_t begin = first[op.index()];
  return {nodes.data() + begin, first[op.index() + 1] - begin};
}

/// Old nodes with a class below them, at most `depth` levels, that changed.
void Delta::collect_near(std::uint16_t depth, OpLists& lists) {
  spread(depth);
  std::vector<std::uint64_t> near(since_.nodes / 64 + 1);
  for (std::uint32_t i = 0; i < level_.size(); ++i) {
    if (level_[i] >= depth) continue;
    for (NodeId parent : graph_.parents(ClassId(i))) {
      if (parent.index() >= since_.nodes || !graph_.is_live(parent)) continue;
      near[parent.index() / 64] |= std::uint64_t{1} << parent.index() % 64;
    }
  }
  std::vector<NodeId> nodes;
  for (std::size_t word = 0; word < near.size(); ++word) {
    for (std::uint64_t bits = near[word]; bits; bits &= bits - 1) {
      auto bit = static_cast<std::size_t>(std::countr_zero(bits));
      nodes.push_back(NodeId(static_cast<std::uint32_t>(word * 64 + bit)));
    }
  }
  lists.fill(graph_, nodes);
}

std::array<std::span<const NodeId>, 2> Delta::candidates(OpId op, std::uint16_t depth) {
  if (new_.first.empty()) {
    std::vector<NodeId> nodes;
    for (std::uint32_t i = since_.nodes; i < graph_.num_born(); ++i) {
      if (graph_.is_live(NodeId(i))) nodes.push_back(NodeId(i));
    }
    new_.fill(graph_, nodes);
  }
  if (depth == 0 || everything()) return {std::span<const NodeId>{}, new_.of(op)};
  if (near_.size() < depth) near_.resize(depth);
  OpLists& near = near_[depth - 1u];
  if (near.first.empty()) collect_near(depth, near);
  return {near.of(op), new_.of(op)};
}

std::span<const NodeId> Delta::all(OpId op) {
  if (everything()) return candidates(op, 0)[1];
  if (all_.first.empty()) {
    std::vector<NodeId> nodes;
    for (std::uint32_t i = 0; i < graph_.num_born(); ++i) {
      if (graph_.is_live(NodeId(i))) nodes.push_back(NodeId(i));
    }
    all_.fill(graph_, nodes);
  }
  return all_.of(op);
}

namespace {

/// Rows of one root of a multi-pattern.
struct RootRows {
  explicit RootRows(const MatchProgram& program) : table(program) {}
  MatchTable table;
  std::vector<bool> fresh;
};

class Joiner {
 public:
  Joiner(const EGraph& graph, const MatchProgram& program, const Moment& since,
         const MatchLimits& limits, std::size_t* fuel)
      : graph_(graph),
        program_(program),
        layout_(program),
        since_(since),
        limits_(limits),
        fuel_(fuel) {}

  /// `joined` and `next` in that order; the variables that both bind must agree.
  MatchEnd join(RootRows& joined, RootRows& next, std::size_t next_root, bool last) {
    pick_shared(joined.table, next.table);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> index;
    for (std::size_t i = 0; i < next.table.size(); ++i) {
      index.emplace_back(key(next.table[i]), static_cast<std::uint32_t>(i));
    }
    std::sort(index.begin(), index.end());
    RootRows result(program_);
    MatchEnd end = MatchEnd::kComplete;
    for (std::size_t i = 0; i < joined.table.size() && end == MatchEnd::kComplete; ++i) {
      std::pair<std::uint64_t, std::uint32_t> probe{key(joined.table[i]), 0};
      for (auto it = std::lower_bound(index.begin(), index.end(), probe);
           it != index.end() && it->first == probe.first; ++it) {
        if (*fuel_ == 0) {
          end = MatchEnd::kOutOfFuel;
          break;
        }
        --*fuel_;
        bool fresh = joined.fresh[i] || next.fresh[it->second] ||
                     met(joined.table[i], next.table[it->second]);
        if ((last && !fresh) || !agree(joined.table[i], next.table[it->second])) continue;
        if (last && result.table.size() >= limits_.max_matches) {
          end = MatchEnd::kTooMany;
          break;
        }
        combine(joined.table[i], next.table[it->second], next_root, result.table.append());
        result.fresh.push_back(fresh);
      }
      if (i % 1024 == 1023 && limits_.interrupted && limits_.interrupted()) {
        end = MatchEnd::kInterrupted;
      }
    }
    joined = std::move(result);
    return end;
  }

 private:
  void pick_shared(const MatchTable& a, const MatchTable& b) {
    vars_.clear();
    attrs_.clear();
    if (a.size() == 0 || b.size() == 0) return;
    for (std::size_t v = 0; v < program_.class_vars; ++v) {
      if (a[0].vars[v].valid() && b[0].vars[v].valid()) vars_.push_back(v);
    }
    for (std::size_t v = 0; v < program_.attr_vars; ++v) {
      if (a[0].attr_words[v].valid() && b[0].attr_words[v].valid()) attrs_.push_back(v);
    }
  }

  /// May two old rows agree only now, because classes of their shared variables were merged?
  bool met(const Match& a, const Match& b) const {
    auto moved = [this](NodeId node) { return graph_.moved(node, since_); };
    return std::any_of(vars_.begin(), vars_.end(),
                       [&](std::size_t v) { return moved(a.vars[v]) || moved(b.vars[v]); });
  }

  std::uint64_t key(const Match& match) const {
    std::uint64_t hash = key_start(0);
    for (std::size_t v : vars_) hash = key_word(hash, graph_.class_of(match.vars[v]).index());
    for (std::size_t v : attrs_) hash = key_word(hash, match.attr_words[v].index());
    return hash;
  }

  bool agree(const Match& a, const Match& b) const {
    for (std::size_t v : vars_) {
      if (graph_.class_of(a.vars[v]) != graph_.class_of(b.vars[v])) return false;
    }
    for (std::size_t v : attrs_) {
      if (a.attr_words[v] != b.attr_words[v]) return false;
    }
    return true;
  }

  void combine(const Match& a, const Match& b, std::size_t next_root, NodeId* row) const {
    for (std::size_t i = 0; i < next_root; ++i) row[i] = a.roots[i];
    row[next_root] = b.roots[next_root];
    auto either = [&](std::span<const NodeId> x, std::span<const NodeId> y, std::size_t at) {
      for (std::size_t i = 0; i < x.size(); ++i) row[at + i] = x[i].valid() ? x[i] : y[i];
    };
    either(a.witnesses, b.witnesses, layout_.witnesses);
    either(a.vars, b.vars, layout_.vars);
    either(a.attr_words, b.attr_words, layout_.attrs);
  }

  const EGraph& graph_;
  const MatchProgram& program_;
  RowLayout layout_;
  Moment since_;
  const MatchLimits& limits_;
  std::size_t* fuel_;
  std::vector<std::size_t> vars_, attrs_;
};

}  // namespace

MatchEnd find_matches(const EGraph& graph, const MatchProgram& program, Delta& delta,
                      const MatchLimits& limits, MatchTable& out) {
  std::size_t fuel = limits.fuel;
  if (program.roots.size() == 1) {
    return MatchMachine(graph, program, 0, delta, limits, out, &fuel).run();
  }
  if (delta.empty()) return MatchEnd::kComplete;
  MatchLimits unlimited;  // rows of one root are no matches yet; only fuel bounds them
  unlimited.interrupted = limits.interrupted;
  Joiner joiner(graph, program, delta.since(), limits, &fuel);
  RootRows joined(program);
  MatchEnd end = MatchEnd::kComplete;
  for (std::size_t i = 0; i < program.roots.size() && end == MatchEnd::kComplete; ++i) {
    RootRows rows(program);
    end = MatchMachine(graph, program, i, delta, unlimited, rows.table, &fuel, &rows.fresh).run();
    if (i == 0) {
      joined = std::move(rows);
    } else if (end == MatchEnd::kComplete) {
      end = joiner.join(joined, rows, i, i + 1 == program.roots.size());
    }
  }
  if (end == MatchEnd::kComplete || end == MatchEnd::kTooMany) {
    for (std::size_t i = 0; i < joined.table.size(); ++i) {
      const NodeId* row = joined.table[i].roots.data();
      std::copy(row, row + program.stride(), out.append());
    }
  }
  return end;
}

}  // namespace bafe
