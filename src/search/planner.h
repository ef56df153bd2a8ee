#pragma once
/// The state of one planning: which values are stored, and the partition of the stored ones into
/// groups.

#include <functional>
#include <vector>

#include "bafe/search/plan.h"
#include "group_memo.h"

namespace bafe {

class Planner {
 public:
  Planner(Graph graph, const CostModel& cost, bool structured, const PlanAid& aid)
      : cost_(cost),
        memo_(aid.memo ? *aid.memo : own_memo_),
        stop_(aid.stop),
        keeps_sums_(aid.keeps_sums) {
    program_.graph = std::move(graph);
    if (structured) program_.structures = matrix_structures(program_.graph);
    start();
  }
  Program run();

 private:
  struct Cell {
    std::vector<ValueId> outputs;
    Group group;  // derived from outputs and stored_
  };
  const Graph& graph() const { return program_.graph; }
  void start();
  bool derive(Cell& cell);
  void collect(const std::vector<ValueId>& outputs, std::vector<ValueId>& nodes);
  void set_cell(std::size_t c, Cell cell);
  std::vector<std::size_t> readers(ValueId id) const;
  std::uint64_t surroundings(ValueId id, const std::vector<std::size_t>& into,
                             bool prologues) const;
  bool has_anchor(const Group& group) const;
  bool feeds_contraction(const Group& group, ValueId id) const;
  bool try_unstore(ValueId id, bool prologues);
  bool reaches(std::size_t from, std::size_t to, bool skip_direct);
  std::vector<std::size_t> partners(std::size_t a) const;
  bool try_join(std::size_t a, std::size_t b);
  void join();
  // plan_attention.cpp
  void find_attention();
  bool try_attention(std::size_t c);
  std::vector<ValueId> between_contractions(std::size_t c) const;
  void choose_layouts();
  bool choose_orders();
  bool choose_panels();
  int panel_of(ValueId id) const;
  bool try_layout(ValueId id, Layout next);
  bool stores_along(ValueId id, const std::vector<int>& order) const;
  bool order_is_free(ValueId id) const;
  bool readers_move_axes(ValueId id) const;
  std::vector<Group> in_execution_order() const;
  bool is_stopped() { return stopped_ = stopped_ || (stop_ && stop_()); }

  const CostModel& cost_;
  GroupMemo own_memo_;
  GroupMemo& memo_;
  const std::function<bool()>& stop_;
  bool keeps_sums_ = false;
  bool stopped_ = false;
  Program program_;
  std::vector<std::uint64_t> keys_;  // of node_keys()
  std::vector<Cell> cells_;
  std::vector<std::vector<std::size_t>> inside_;  // of each value: the cells that compute it
  std::vector<std::size_t> home_;                 // of each stored value: the cell that stores it
  std::vector<bool> stored_, is_root_;
  std::vector<std::vector<ValueId>> users_;
  std::vector<std::uint32_t> version_;  // of each cell: how often it changed
  std::vector<std::uint64_t> refused_;  // of each value: the surroundings that keep it stored
  std::vector<std::uint32_t> mark_;     // values and cells met in walk number round_
  std::uint32_t round_ = 0;
};

}  // namespace bafe
