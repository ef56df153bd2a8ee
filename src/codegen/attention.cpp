// Comes in: the form of an attention group. Goes out: its parts as expressions over queries i, keys
// j, depth t and columns c, and how the kernel is cut. Invariant: locals 0 to 4 of the expressions
// are the score, the row's peak, its total, the power or the sum of powers times v, the product.

#include "attention.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/vector_c.h"
#include "bafe/ir/op.h"
#include "effects.h"
#include "plan_builder.h"
#include "sizes.h"

namespace bafe {
namespace {

constexpr std::int64_t kBlockKeys = 128;

struct TileSize {
  std::int64_t vectors, tile;
};
// Accumulators, a row of vectors and one broadcast fill the registers.
constexpr TileSize kTiles32[] = {{4, 6}, {3, 8}, {2, 12}, {1, 12}};  // 32 registers
constexpr TileSize kTiles16[] = {{3, 4}, {2, 6}, {1, 8}};            // 16 registers

}  // namespace

AttentionDraft::AttentionDraft(const LowerScope& scope, const AttentionForm& form, ValueId output,
                               std::set<std::string>& functions)
    : scope_(scope),
      graph_(scope.program.graph),
      form_(form),
      output_(output),
      functions_(functions),
      draft_(scope) {
  const Shape &scores = graph_.type(form.scores).shape, &out = graph_.type(form.product).shape;
  std::size_t rank = scores.size();
  for (std::size_t d = 0; d + 2 < rank; ++d) batch_.push_back(pool_.new_var(scores[d].value()));
  m_ = scores[rank - 2].value();
  n_ = scores[rank - 1].value();
  depth_ = graph_.type(graph_.node(form.scores).operands[0]).shape.back().value();
  width_ = out[rank - 1].value();
  i_ = pool_.new_var(m_);
  j_ = pool_.new_var(n_);
  t_ = pool_.new_var(depth_);
  c_ = pool_.new_var(width_);
  tiling_.dtype = graph_.type(form.scores).dtype;
}

std::int64_t AttentionDraft::batch() const {
  std::int64_t count = 1;
  for (int b : batch_) count *= pool_.extent(b);
  return count;
}
std::int64_t AttentionDraft::blocks() const { return ceil_div(m_, tiling_.queries); }
std::int64_t AttentionDraft::units() const { return batch() * blocks(); }
std::int64_t AttentionDraft::padded(std::int64_t columns) const {
  return ceil_div(columns, tiling_.tile) * tiling_.tile;
}

std::string AttentionDraft::label() const {
  return format("attention {} queries, {} keys, tile {}x{}", tiling_.queries, tiling_.keys,
                tiling_.tile, tiling_.queries);
}

/// Of the tiles that fit the registers, the one that computes and loads least.
void AttentionDraft::choose_tiling() {
  tiling_.lanes = vector_lanes(tiling_.dtype, scope_.target);
  bool is_wide = scope_.target.isa == Isa::kAvx512;
  double best = 0;
  for (const TileSize& size :
       is_wide ? std::span<const TileSize>(kTiles32) : std::span<const TileSize>(kTiles16)) {
    std::int64_t queries = size.vectors * tiling_.lanes;
    double rows = static_cast<double>(ceil_div(m_, queries) * queries);
    std::int64_t keys = ceil_div(n_, size.tile) * size.tile, columns = ceil_div(width_, size.tile);
    double madds = static_cast<double>(keys * depth_ + n_ * columns * size.tile);
    double loads = static_cast<double>(size.vectors + size.tile) /
                   static_cast<double>(2 * size.vectors * size.tile);
    double cost = rows * madds * (1 + loads);
    if (best > 0 && cost >= best) continue;
    best = cost;
    tiling_.vectors = size.vectors;
    tiling_.tile = size.tile;
  }
  tiling_.queries = tiling_.vectors * tiling_.lanes;
  tiling_.keys = padded(ceil_div(n_, ceil_div(n_, kBlockKeys)));
}

std::vector<Ex> AttentionDraft::at(int row_var, int col_var) {
  std::vector<Ex> indices;
  for (int b : batch_) indices.push_back(pool_.var(b));
  indices.push_back(pool_.var(row_var));
  indices.push_back(col_var < 0 ? pool_.integer(0) : pool_.var(col_var));
  return indices;
}

void AttentionDraft::note(const Puller& puller, Ex value) {
  needs_buffer_.insert(puller.needs_buffer().begin(), puller.needs_buffer().end());
  for (Ex e : pool_.reachable({value})) {
    if (pool_.node(e).kind == ExKind::kReduce) needs_buffer_.insert(puller.reduction_of(e));
  }
}

bool AttentionDraft::has_effects(Ex value) const {
  for (Ex e : pool_.reachable({value})) {
    const ExNode& n = pool_.node(e);
    if (may_fail(pool_, n)) return true;
  }
  return false;
}

void AttentionDraft::bind_rows(Puller& puller) {
  DType dtype = tiling_.dtype;
  puller.bind(form_.scores, at(i_, j_), pool_.local(kScore, dtype, 0));
  if (form_.peak.valid()) puller.bind(form_.peak, at(i_, -1), pool_.local(kPeak, dtype, 0));
  puller.bind(form_.total, at(i_, -1), pool_.local(kTotal, dtype, 0));
}

/// with_rows: scores, powers and the row's reductions are known.
Ex AttentionDraft::pull(ValueId id, const std::vector<Ex>& indices, bool with_rows) {
  Puller puller(
      graph_, pool_, [&](ValueId v) { return draft_.read(v); }, scope_.options.bits);
  if (with_rows) {
    bind_rows(puller);
    puller.bind(form_.power, at(i_, j_), pool_.local(kPower, tiling_.dtype, 0));
  }
  Ex value = puller.value(id, indices);
  note(puller, value);
  return puller.failed() || has_effects(value) ? Ex{} : value;
}

Ex AttentionDraft::exponent_of(Ex gap) {
  if (!gap.valid()) return gap;
  Puller puller(
      graph_, pool_, [&](ValueId v) { return draft_.read(v); }, scope_.options.bits);
  puller.bind(form_.gap, at(i_, j_), gap);
  Ex value = puller.value(form_.exponent, at(i_, j_));
  note(puller, value);
  return puller.failed() ? Ex{} : value;
}

/// A number that scales every key scales every query instead: there are fewer of a unit's.
void AttentionDraft::take_key_factor(Ex& key) {
  const ExNode n = pool_.node(key);
  if (n.kind != ExKind::kPrim || n.prim != Prim::kMul) return;
  for (std::size_t side = 0; side < 2; ++side) {
    if (pool_.node(n.args[side]).kind != ExKind::kConst) continue;
    query_ = pool_.prim(Prim::kMul, n.dtype, {query_, n.args[side]});
    key = n.args[1 - side];
    return;
  }
}

/// In exp(c (x - max x)) with a number c > 0 the kernel's own maximum of c x is c max x, rounding
/// included. The factor of a bare score goes to the queries.
void AttentionDraft::merge_factor(Ex logits, Ex shift) {
  Ex peak = pool_.local(kPeak, tiling_.dtype, 0), score = pool_.local(kScore, tiling_.dtype, 0);
  if (!logits_.valid() || !query_.valid() || shift != peak || peaked_ != logits) return;
  const ExNode n = pool_.node(logits_);
  if (n.kind != ExKind::kPrim || n.prim != Prim::kMul) return;
  std::size_t side = n.args[0] == logits ? 1 : 0;
  const ExNode factor = pool_.node(n.args[side]);
  bool is_positive = factor.kind == ExKind::kConst && n.args[1 - side] == logits &&
                     Scalar{factor.dtype, factor.bits}.as_double() > 0;
  if (!is_positive) return;
  for (Ex e : pool_.reachable({weight_})) {
    if (e == peak) return;
  }
  shift_ = peak;
  if (logits == score) {
    query_ = pool_.prim(Prim::kMul, n.dtype, {query_, n.args[side]});
    logits_ = score;
  }
  peaked_ = logits_;
}

bool AttentionDraft::pull_parts() {
  query_ = pull(graph_.node(form_.scores).operands[0], at(i_, t_), false);
  weight_ = pull(form_.weight, at(i_, j_), true);
  if (!form_.gap.valid()) {
    logits_ = pull(form_.exponent, at(i_, j_), true);
    return query_.valid() && weight_.valid() && logits_.valid();
  }
  Ex logits = pull(form_.logits, at(i_, j_), true), shift = pull(form_.shift, at(i_, j_), true);
  logits_ = exponent_of(logits);
  shift_ = exponent_of(shift);
  peaked_ = pull(form_.peaked, at(i_, j_), true);
  merge_factor(logits, shift);
  return query_.valid() && weight_.valid() && logits_.valid() && shift_.valid() &&
         peaked_.valid() && !pool_.depends(shift_, j_);
}

/// The output's value and place as functions of the product's; only permutations of axes follow it.
bool AttentionDraft::pull_output() {
  std::vector<Ex> indices, place = at(i_, c_);
  Ex product = pool_.local(kProduct, tiling_.dtype, 0);
  if (output_ == form_.product) {
    indices = place;
    store_.value = product;
  } else {
    std::vector<int> own;
    std::vector<Ex> own_indices;
    for (Dim size : graph_.type(output_).shape) {
      own.push_back(pool_.new_var(size.value()));
      own_indices.push_back(pool_.var(own.back()));
    }
    KernelDraft probe_draft(scope_);
    Puller probe(
        graph_, pool_, [&](ValueId v) { return probe_draft.read(v); }, scope_.options.bits);
    probe.bind_anywhere(form_.product, product);
    probe.computed(output_, own_indices);
    if (!probe.asked() || probe.failed()) return false;
    ExprPool::Binding inverse;
    for (std::size_t a = 0; a < place.size(); ++a) {
      const ExNode& n = pool_.node((*probe.asked())[a]);
      if (n.kind != ExKind::kVar) continue;
      inverse.emplace(static_cast<int>(n.number), place[a]);
    }
    for (std::size_t a = 0; a < own.size(); ++a) {
      if (pool_.extent(own[a]) != 1 && !inverse.contains(own[a])) return false;
      indices.push_back(pool_.substitute(own_indices[a], inverse));
      if (pool_.extent(own[a]) == 1) indices.back() = pool_.integer(0);
    }
    Puller puller(
        graph_, pool_, [&](ValueId v) { return draft_.read(v); }, scope_.options.bits);
    bind_rows(puller);
    puller.bind(form_.product, place, product);
    store_.value = puller.computed(output_, indices);
    note(puller, store_.value);
    if (puller.failed() || has_effects(store_.value)) return false;
  }
  std::vector<std::int64_t> strides = scope_.strides(output_);
  store_.index = pool_.integer(0);
  for (std::size_t a = 0; a < indices.size(); ++a)
    store_.index = pool_.add(store_.index, pool_.scale(indices[a], strides[a]));
  store_.buffer = draft_.write(output_);
  return true;
}

BroadcastOperand AttentionDraft::broadcast(Ex value, int key_var, int column_var) {
  BroadcastOperand operand;
  operand.value = value;
  const ExNode n = pool_.node(value);
  bool hidden = false;
  if (n.kind == ExKind::kLoad && n.dtype == tiling_.dtype) {
    operand.by_key = pool_.coefficient(n.args[0], key_var, &hidden);
    operand.by_column = pool_.coefficient(n.args[0], column_var, &hidden);
    operand.is_direct = !hidden;
    operand.buffer = static_cast<int>(n.number);
    ExprPool::Binding first{{key_var, pool_.integer(0)}, {column_var, pool_.integer(0)}};
    operand.base = pool_.substitute(n.args[0], first);
  }
  if (!operand.is_direct) {
    operand.by_key = pool_.extent(column_var);
    operand.by_column = 1;
  }
  return operand;
}

/// The largest parts of the logits that need queries and keys but no score, if they load something.
void AttentionDraft::stage_masks() {
  std::vector<Ex> roots{logits_};
  if (peaked_.valid()) roots.push_back(peaked_);
  std::vector<Ex> order = pool_.reachable(roots);
  std::vector<char> scored(pool_.size(), 0), loads(pool_.size(), 0), wanted(pool_.size(), 0);
  auto is_clean = [&](Ex e) {
    const ExNode& n = pool_.node(e);
    return !scored[e.id] && loads[e.id] && !n.is_index && pool_.depends(e, i_);
  };
  for (Ex e : order) {
    const ExNode& n = pool_.node(e);
    scored[e.id] = n.kind == ExKind::kLocal;
    loads[e.id] = n.kind == ExKind::kLoad;
    for (Ex a : n.args) {
      scored[e.id] |= scored[a.id];
      loads[e.id] |= loads[a.id];
    }
  }
  for (Ex e : order) {
    if (!scored[e.id]) continue;
    for (Ex a : pool_.node(e).args) wanted[a.id] = is_clean(a);
  }
  ExprPool::NodeMap locals;
  for (Ex e : order) {
    if (!wanted[e.id]) continue;
    int local = kFirstStaged + static_cast<int>(staged_.size());
    locals[e.id] = pool_.local(local, pool_.node(e).dtype, 0);
    staged_.push_back({e, local});
  }
  if (locals.empty()) return;
  logits_ = pool_.replace(logits_, locals);
  if (peaked_.valid()) peaked_ = pool_.replace(peaked_, locals);
}

bool AttentionDraft::lower() {
  Ex key = pull(graph_.node(form_.scores).operands[1], at(t_, j_), false);
  Ex value = pull(graph_.node(form_.product).operands[1], at(j_, c_), false);
  if (!key.valid() || !value.valid() || !pull_parts()) return false;
  if (pool_.depends(weight_, j_) || !pull_output() || !needs_buffer_.empty()) return false;
  take_key_factor(key);
  choose_tiling();
  key_ = broadcast(key, j_, t_);
  value_ = broadcast(value, j_, c_);
  stage_masks();
  return true;
}

std::optional<bool> PlanBuilder::lower_attention_once(const AttentionForm& form,
                                                      const Group& group) {
  AttentionDraft draft(scope_, form, group.outputs[0], math_);
  if (!draft.lower()) {
    if (draft.needs_buffer().empty()) return false;
    for (ValueId id : draft.needs_buffer()) {
      bool is_inside = id == form.scores || id == form.product || id == form.peak ||
                       id == form.total || id == group.outputs[0];
      if (is_inside) return false;
      materialise(id, group);
    }
    return std::nullopt;
  }
  StepDraft step;
  step.step.symbol = next_symbol();
  step.step.label = label(group) + " " + draft.label();
  step.step.units = draft.units();
  step.step.scratch_bytes = draft.scratch_bytes();
  step.uses = draft.uses();
  kernels_c_ += draft.text(step.step.symbol) + "\n";
  uses_vectors_ = true;
  drafts_.push_back(std::move(step));
  return true;
}

bool PlanBuilder::lower_attention(const Group& group) {
  bool has_kernel = scope_.options.attention && !scope_.options.bits && target_.isa != Isa::kPlain;
  std::optional<AttentionForm> form;
  if (has_kernel) form = attention_form(graph_, group.nodes, group.outputs);
  for (int round = 0; form && round < 100; ++round) {
    std::optional<bool> done = lower_attention_once(*form, group);
    if (done) return *done;
  }
  return false;
}

}  // namespace bafe
