// Kernels of reductions. In: the rows of the operator table that reduce by a sum, product or
// extreme. Out: two nests a row and dtype: along rows (the reduced elements are contiguous), and
// along columns (neighbouring results are contiguous). Invariant: floats are added in the order of
// sum_order.h, whatever the sizes.
//
// sizes: 0 reduced elements, 1 step from one outer result to the next, 2 step of the reduced
// elements, 3 inner results side by side, 4 outer results, 5 chunks of inner results.

#include "bafe/ir/op.h"
#include "bafe/ir/sum_order.h"
#include "prebuild.h"
#include "prebuilt_table.h"

namespace bafe {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 40;
constexpr std::int64_t kLevels = 40;  // of the stack of partial sums: more than any array has

class Reduction {
 public:
  Reduction(Prebuild& out, const OpInfo& info, DType dtype, bool is_row)
      : out_(out), info_(info), dtype_(dtype), acc_(accumulator_of(dtype)), is_row_(is_row) {
    const bool is_chain = info.reduce == ReduceKind::kSum || info.reduce == ReduceKind::kProd;
    is_tree_ = is_chain && is_float(dtype);
    width_ = is_row ? 1 : is_tree_ ? kPrebuiltColumns : kPrebuiltFreeColumns;
    lanes_ = is_tree_ ? kSumLanes : is_row ? 64 : 1;
  }

  void add() {
    nest_.symbol = out_.next_symbol();
    source_ = nest_.add_slot(dtype_, false, 0);
    written_ = nest_.add_slot(dtype_, true, 1);
    lanes_buffer_ = nest_.add_temporary(acc_, lanes_ * width_);
    PrebuildEntry entry;
    entry.scratch_bytes = nest_.scratch_bytes;
    if (is_tree_) {
      stack_ = nest_.add_scratch(acc_, kLevels * lanes_ * width_);
      entry.level_bytes = lanes_ * width_ * dtype_bytes(acc_);
    }
    count_ = pool_.size(0, 0, kMost);
    inner_ = pool_.size(3, 1, kMost);
    outer_ = pool_.new_var(pool_.size(4, 1, kMost));
    chunk_ = pool_.new_var(pool_.size(5, 1, kMost));
    place_ = pool_.new_var(width_);
    part_.body = {units()};
    nest_.parts.push_back(part_);
    entry.key = prebuilt_key(info_.name, {dtype_}, dtype_) + (is_row_ ? " rows" : " columns");
    out_.add(nest_, entry);
  }

 private:
  Stmt leaf(Stmt::Kind kind, int buffer) {
    Stmt s;
    s.kind = kind;
    s.buffer = buffer;
    s.reduce = info_.reduce;
    return s;
  }

  /// for var in [0, limit), at most `count` of them where that is known.
  Stmt loop(int var, std::int64_t count, Ex limit, LoopKind kind, std::vector<Stmt> body) {
    Stmt s;
    s.kind = Stmt::kLoop;
    s.loop = kind;
    s.var = var;
    s.base = pool_.integer(0);
    s.count = count;
    s.limit = limit;
    s.body = std::move(body);
    return s;
  }

  Ex column() { return pool_.add(pool_.scale(pool_.var(chunk_), width_), pool_.var(place_)); }

  Stmt beside(Stmt s) {
    if (is_row_) return s;
    const Ex left = pool_.sub(inner_, pool_.scale(pool_.var(chunk_), width_));
    return loop(place_, width_, left, LoopKind::kVector, {std::move(s)});
  }

  /// lanes[l] = lanes[l] + x[at] for this unit's columns.
  Stmt combine(Ex lane, Ex at) {
    Ex from = pool_.mul(pool_.var(outer_), pool_.size(1, 0, kMost));
    from = pool_.add(from, is_row_ ? at : pool_.mul(at, pool_.size(2, 0, kMost)));
    if (!is_row_) from = pool_.add(from, column());
    Stmt s = leaf(Stmt::kCombine, lanes_buffer_);
    s.index = is_row_ ? lane : pool_.add(pool_.scale(lane, width_), pool_.var(place_));
    s.value = pool_.load(source_, dtype_, from);
    return beside(std::move(s));
  }

  /// Elements [first, first + count): whole rows of lanes, then the rest.
  std::vector<Stmt> lanes(Ex first, Ex count, std::int64_t most) {
    const Ex whole = pool_.quotient(count, lanes_);
    const int step = pool_.new_var(kMost), lane = pool_.new_var(lanes_);
    const int rest = pool_.new_var(lanes_);
    const Ex row = pool_.add(first, pool_.scale(pool_.var(step), lanes_));
    Stmt full = combine(pool_.var(lane), pool_.add(row, pool_.var(lane)));
    if (lanes_ > 1) {
      full = loop(lane, lanes_, {}, is_row_ ? LoopKind::kLanes : LoopKind::kSerial, {full});
    }
    const bool is_known = pool_.is_constant(count);
    std::vector<Stmt> out = {loop(step, is_known ? most / lanes_ : kSized, is_known ? Ex{} : whole,
                                  LoopKind::kSerial, {full})};
    if (lanes_ == 1 || is_known) return out;
    const Ex last = pool_.add(first, pool_.add(pool_.scale(whole, lanes_), pool_.var(rest)));
    out.push_back(loop(rest, lanes_, pool_.modulo(count, lanes_), LoopKind::kSerial,
                       {combine(pool_.var(rest), last)}));
    return out;
  }

  Stmt clear() {
    Stmt s = leaf(Stmt::kClear, lanes_buffer_);
    s.value = pool_.constant(neutral_of(info_.reduce, acc_));
    s.count = lanes_ * width_;
    return s;
  }

  /// One run of the tree, pushed as its run `number`.
  std::vector<Stmt> run(Ex number, Ex count) {
    std::vector<Stmt> body = {clear()};
    for (Stmt& s : lanes(pool_.scale(number, kSumRun), count, kSumRun))
      body.push_back(std::move(s));
    Stmt push = leaf(Stmt::kPush, lanes_buffer_);
    push.buffer2 = stack_;
    push.index = number;
    push.count = lanes_ * width_;
    body.push_back(push);
    return body;
  }

  std::vector<Stmt> all_elements() {
    if (!is_tree_) {
      std::vector<Stmt> body = {clear()};
      for (Stmt& s : lanes(pool_.integer(0), count_, kMost)) body.push_back(std::move(s));
      return body;
    }
    const Ex full = pool_.quotient(count_, kSumRun), rest = pool_.modulo(count_, kSumRun);
    const int number = pool_.new_var(kMost), last = pool_.new_var(std::int64_t{2});
    const Ex has_rest = pool_.quotient(pool_.add(rest, pool_.integer(kSumRun - 1)), kSumRun);
    std::vector<Stmt> body = {loop(number, kSized, full, LoopKind::kSerial,
                                   run(pool_.var(number), pool_.integer(kSumRun)))};
    body.push_back(loop(last, 1, has_rest, LoopKind::kSerial, run(full, rest)));
    Stmt merge = leaf(Stmt::kMerge, stack_);
    merge.count = lanes_ * width_;
    body.push_back(merge);
    return body;
  }

  Stmt units() {
    std::vector<Stmt> body = all_elements();
    const int result = is_tree_ ? stack_ : lanes_buffer_;
    if (lanes_ > 1) {
      Stmt fold = leaf(Stmt::kFold, result);
      fold.count = width_;
      fold.step = lanes_;
      body.push_back(fold);
    }
    Stmt store = leaf(Stmt::kStore, written_);
    store.index = pool_.var(outer_);
    if (!is_row_) store.index = pool_.add(pool_.mul(store.index, inner_), column());
    store.value = pool_.load(result, acc_, is_row_ ? pool_.integer(0) : pool_.var(place_));
    body.push_back(beside(store));
    Stmt s;
    s.kind = Stmt::kUnits;
    s.unit_vars = {{outer_, kSized}};
    if (!is_row_) s.unit_vars.push_back({chunk_, kSized});
    s.body = std::move(body);
    return s;
  }

  Prebuild& out_;
  const OpInfo& info_;
  DType dtype_, acc_;
  bool is_row_, is_tree_ = false;
  std::int64_t width_ = 1, lanes_ = 1;
  Nest nest_;
  NestPart part_{std::make_shared<ExprPool>(), {}, kSized, {}};
  ExprPool& pool_ = *part_.pool;
  int source_ = -1, written_ = -1, lanes_buffer_ = -1, stack_ = -1;
  int outer_ = -1, chunk_ = -1, place_ = -1;
  Ex count_, inner_;
};

}  // namespace

void prebuild_reductions(Prebuild& out) {
  for (const OpInfo& info : all_ops()) {
    const bool is_place = info.reduce == ReduceKind::kArgMax || info.reduce == ReduceKind::kArgMin;
    if (info.kind != OpKind::kReduction || is_place) continue;
    for (DType dtype : prebuilt_dtypes()) {
      Reduction(out, info, dtype, true).add();
      Reduction(out, info, dtype, false).add();
    }
  }
}

}  // namespace bafe
