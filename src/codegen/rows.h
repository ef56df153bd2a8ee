#pragma once
/// Nests with reductions. Private to src/codegen/rows*.cpp.

#include "bafe/ir/sum_order.h"
#include "kernel.h"

namespace bafe {

inline constexpr std::int64_t kPartialElements =
    16 * kSumBlock;  ///< of one unit of a large reduction

/// Reductions over the same variables that one loop computes.
struct RowPass {
  std::vector<int> vars;
  int level = 0;
  std::vector<Ex> reduces;
};

/// Buffers of one reduction while its pass runs.
struct Accumulator {
  Ex reduce;
  ReduceKind kind = ReduceKind::kSum;
  DType dtype = DType::kF32;
  bool is_tree = false;
  int lanes = -1, stack = -1;
};

/// The operator that combines two values.
Prim prim_of(ReduceKind kind);

class RowLowering {
 public:
  RowLowering(Domain domain, Lowered& lowered, KernelDraft draft)
      : d_(std::move(domain)), pool_(*d_.pool), lowered_(lowered), draft_(std::move(draft)) {}
  void run();

 private:
  enum class Role : std::uint8_t { kLane, kStep, kRun, kOuter };
  int loop_var(Role role, std::int64_t extent);

  // rows_shape.cpp: which loops there are.
  void split_positions();
  Ex position_of(Ex reduce);
  void split_nans();
  void unroll_small();
  bool is_short(const ExNode& reduce) const;
  Ex unrolled(Ex reduce);
  std::vector<Ex> reduces() const;
  bool check_dependence();
  void order_vars();
  void find_passes();
  int level_of(Ex reduce);
  void choose_side();
  std::int64_t count_of(const std::vector<int>& vars) const;
  bool is_large() const;
  std::int64_t side_width() const;

  // rows_cache.cpp: row values that are stored rather than computed again.
  void cache_shared(const RowPass& pass, std::vector<Stmt>& stores);
  std::vector<Ex> pending_roots(const RowPass& done) const;
  int cost_of(Ex e) const;

  // rows.cpp: the loops.
  std::vector<Stmt> pass_stmts(RowPass& pass);
  std::vector<Stmt> lanes_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                                const std::vector<Stmt>& caches, Ex base, std::int64_t count);
  void choose_lanes(const RowPass& pass);
  void push_runs(const std::vector<Accumulator>& accs, Ex number, std::vector<Stmt>& out);
  std::vector<Stmt> short_rows_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                                     const std::vector<Stmt>& caches);
  std::vector<Stmt> outer_runs_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                                     const std::vector<Stmt>& caches);
  std::vector<Stmt> run_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                              const std::vector<Stmt>& caches, Ex base, Ex number,
                              std::int64_t count);
  std::vector<Stmt> runs_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                               const std::vector<Stmt>& caches, Ex base, std::int64_t count);
  std::vector<Accumulator> accumulators(const RowPass& pass, std::int64_t count);
  void clear(const Accumulator& acc, std::vector<Stmt>& out);
  void finish(const Accumulator& acc, std::vector<Stmt>& out);
  Ex result_of(const Accumulator& acc, std::vector<Stmt>& out);
  std::vector<Stmt> final_stores();
  std::vector<Stmt> beside(std::vector<Stmt> leaves);
  Ex lane_index(int lane);
  bool starts_anew(const RowPass& pass) const;
  bool has_chain(const RowPass& pass) const;
  Ex tree_of(const Accumulator& acc, std::vector<Ex> values);
  bool are_flags(const std::vector<Ex>& values) const;
  Ex any_of_flags(const Accumulator& acc, const std::vector<Ex>& values);
  std::vector<Stmt> grouped_stmts(const RowPass& pass, const std::vector<Accumulator>& accs,
                                  const std::vector<Stmt>& caches, Ex base, std::int64_t count);
  ExprPool::Binding at_flat(const std::vector<int>& vars, Ex flat);
  Stmt leaf(Stmt::Kind kind, int buffer, Ex index, Ex value);
  void lower_whole();
  // rows_find.cpp: first places of extremes.
  Ex found_by(Ex reduce) const;
  bool is_search(const RowPass& pass) const;
  Ex search(int var, std::int64_t count, Ex start, Ex condition, DType dtype,
            std::vector<Stmt>& out);
  Ex place_of(int var, Ex start, Ex condition, DType dtype, std::vector<Stmt>& out);
  std::vector<Stmt> search_stmts(const RowPass& pass, Ex start);
  bool is_large_search() const;
  Ex first_chunk(const std::vector<Accumulator>& accs, const std::vector<int>& partials,
                 const std::vector<Ex>& extremes, Ex row, std::int64_t chunks,
                 std::vector<Stmt>& out);
  // rows_large.cpp: partial results of large reductions.
  void lower_large();
  void combine_stmts(const std::vector<Accumulator>& accs, const std::vector<int>& partials,
                     std::int64_t chunks, const std::vector<UnitVar>& outer);

  Domain d_;
  ExprPool& pool_;
  Lowered& lowered_;
  KernelDraft draft_;
  std::vector<int> outer_, inner_;  ///< variables all reductions depend on; the output's others
  std::vector<RowPass> passes_;
  int side_ = -1, chunk_ = -1,
      place_ = -1;  ///< outer variable walked side by side, its chunk and place
  std::int64_t width_ = 1;
  std::int64_t lanes_ = kSumLanes;  ///< of the pass at hand; others than 16 where order is free
  std::int64_t run_ = kSumRun;      ///< elements of a run of the pass at hand
  std::int64_t group_ = 1;  ///< side by side: rows combined before they reach an accumulator
  int lane_ = -1, locals_ = 0;
  std::map<std::pair<Role, std::int64_t>, int> loop_vars_;
};

}  // namespace bafe
