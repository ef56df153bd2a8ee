// Comes in: a matrix product and the output of its group. Goes out: a GemmSpec: operands as strided
// buffers or load callbacks, the rest of the group as fast operations or as an epilogue. Invariant:
// callbacks have no side effects.

#include "product.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "effects.h"

namespace bafe {

ProductDraft::ProductDraft(const LowerScope& scope, ValueId product, ValueId output,
                           std::set<std::string>& functions)
    : scope_(scope),
      graph_(scope.program.graph),
      product_(product),
      output_(output),
      functions_(functions),
      draft_(scope) {
  const Node& node = graph_.node(product);
  const Shape& shape = node.type.shape;
  std::size_t rank = shape.size();
  for (std::size_t d = 0; d + 2 < rank; ++d) {
    spec_.batch.push_back(shape[d].value());
    batch_.push_back(pool_.new_var(shape[d].value()));
  }
  spec_.m = shape[rank - 2].value();
  spec_.n = shape[rank - 1].value();
  spec_.k = graph_.type(node.operands[0]).shape.back().value();
  spec_.dtype = accumulator_of(node.type.dtype);
  spec_.strict = scope.options.bits;
  spec_.rounds = scope.options.fast && !scope.options.bits;
  spec_.pairs = scope.options.pairs;
  i_ = pool_.new_var(spec_.m);
  j_ = pool_.new_var(spec_.n);
  k_ = pool_.new_var(spec_.k);
  acc_ = pool_.local(0, spec_.dtype, 0);
}

/// What the pull could not compute in place needs a buffer.
void ProductDraft::note(const Puller& puller, Ex value) {
  needs_buffer_.insert(puller.needs_buffer().begin(), puller.needs_buffer().end());
  for (Ex e : pool_.reachable({value})) {
    if (pool_.node(e).kind == ExKind::kReduce) needs_buffer_.insert(puller.reduction_of(e));
  }
}

Ex ProductDraft::operand(ValueId id, int row_var, int col_var) {
  Puller puller(
      graph_, pool_, [&](ValueId v) { return draft_.read(v); }, scope_.options.bits);
  std::vector<Ex> indices;
  for (int b : batch_) indices.push_back(pool_.var(b));
  indices.push_back(pool_.var(row_var));
  indices.push_back(pool_.var(col_var));
  Ex value = puller.value(id, indices);
  note(puller, value);
  if (has_effects(value)) needs_buffer_.insert(id);
  return value;
}

bool ProductDraft::has_effects(Ex value) const {
  for (Ex e : pool_.reachable({value})) {
    const ExNode& n = pool_.node(e);
    if (may_fail(pool_, n)) return true;
  }
  return false;
}

/// Indices of the output as functions of the product's variables.
bool ProductDraft::output_indices(std::vector<Ex>& indices) {
  const Type& type = graph_.type(output_);
  std::vector<int> vars = batch_;
  vars.push_back(i_);
  vars.push_back(j_);
  if (output_ == product_) {
    for (int v : vars) indices.push_back(pool_.var(v));
    return true;
  }
  std::vector<Ex> own;
  std::vector<int> own_vars;
  for (Dim size : type.shape) {
    own_vars.push_back(pool_.new_var(size.value()));
    own.push_back(pool_.var(own_vars.back()));
  }
  KernelDraft probe_draft(scope_);
  Puller probe(
      graph_, pool_, [&](ValueId v) { return probe_draft.read(v); }, scope_.options.bits);
  probe.bind_anywhere(product_, acc_);
  Ex value = probe.computed(output_, own);
  if (!probe.asked()) return false;
  for (ValueId id : probe.needs_buffer()) needs_buffer_.insert(id);
  for (Ex e : pool_.reachable({value})) {
    if (pool_.node(e).kind == ExKind::kReduce) return false;
  }
  // A permutation of axes: each axis of the product is one axis of the output.
  ExprPool::Binding inverse;
  bool is_permutation = !probe.failed();
  for (std::size_t a = 0; a < vars.size() && is_permutation; ++a) {
    const ExNode& n = pool_.node((*probe.asked())[a]);
    if (pool_.extent(vars[a]) == 1) continue;
    is_permutation = n.kind == ExKind::kVar &&
                     pool_.extent(static_cast<int>(n.number)) == pool_.extent(vars[a]) &&
                     inverse.emplace(static_cast<int>(n.number), pool_.var(vars[a])).second;
  }
  for (std::size_t a = 0; a < own.size() && is_permutation; ++a) {
    is_permutation = pool_.extent(own_vars[a]) == 1 || inverse.contains(own_vars[a]);
  }
  if (is_permutation) {
    for (Ex e : own) indices.push_back(pool_.substitute(e, inverse));
    return true;
  }
  // A reshape: equal row-major positions.
  if (num_elements(type.shape) != num_elements(graph_.type(product_).shape)) return false;
  Ex flat = pool_.integer(0);
  for (int v : vars) flat = pool_.add(pool_.scale(flat, pool_.extent(v)), pool_.var(v));
  indices.assign(own.size(), Ex{});
  for (std::size_t a = own.size(); a-- > 0;) {
    indices[a] = pool_.modulo(flat, type.shape[a].value());
    flat = pool_.quotient(flat, type.shape[a].value());
  }
  return true;
}

std::optional<GemmOperand> ProductDraft::strided(Ex index, int buffer, int row_var,
                                                 int col_var) const {
  GemmOperand operand;
  bool hidden = false;
  std::uint64_t known = 0;
  auto step = [&](int v) {
    known |= std::uint64_t{1} << v;
    return pool_.coefficient(index, v, &hidden);
  };
  operand.row = step(row_var);
  operand.col = step(col_var);
  for (int b : batch_) operand.batch.push_back(step(b));
  const ExNode& n = pool_.node(index);
  if (hidden || (n.free & ~known) != 0) return std::nullopt;
  if (n.kind == ExKind::kLinear) {
    operand.offset = n.number;
    for (auto& term : n.terms) {
      if (pool_.node(term.first).kind != ExKind::kVar) return std::nullopt;
    }
  } else if (n.kind != ExKind::kVar) {
    return std::nullopt;
  }
  operand.slot = draft_.nest.buffers[static_cast<std::size_t>(buffer)].slot;
  return operand;
}

GemmOperand ProductDraft::gemm_operand(Ex value, const Structure& band, int row_var, int col_var) {
  if (auto banded = banded_operand(value, band, row_var, col_var)) return *banded;
  ExNode n = pool_.node(value);
  if (n.kind == ExKind::kCast && n.dtype == DType::kF32) {  // bf16 widened is bf16 all the same
    const ExNode& from = pool_.node(n.args[0]);
    if (from.kind == ExKind::kLoad && from.dtype == DType::kBF16) n = from;
  }
  std::optional<GemmOperand> plain;
  if (n.kind == ExKind::kLoad) {
    plain = strided(n.args[0], static_cast<int>(n.number), row_var, col_var);
    if (plain && n.dtype == spec_.dtype) return *plain;
    if (plain && n.dtype == DType::kBF16) plain->stored = DType::kBF16;
  }
  GemmOperand operand;
  if (plain) operand = *plain;
  for (Ex e :
       pool_.reachable({value})) {  // which index runs fastest, from the first load that says so
    const ExNode& l = pool_.node(e);
    if (plain || l.kind != ExKind::kLoad || pool_.coefficient(l.args[0], row_var) != 1) continue;
    operand.row = 1;
    operand.col = pool_.extent(row_var);
    break;
  }
  operand.load = [this, value, row_var, col_var](const std::string& row, const std::string& col) {
    return value_c(value, row_var, col_var, row, col);
  };
  return operand;
}

std::string ProductDraft::variables_c(const std::string& row, const std::string& col, int row_var,
                                      int col_var) {
  std::string s;
  for (std::size_t d = 0; d < batch_.size(); ++d)
    s += format("const long long i{} = b{}; ", batch_[d], d);
  s += format("const long long i{} = {}; ", row_var, row);
  return s + format("const long long i{} = {}; ", col_var, col);
}

std::string ProductDraft::value_c(Ex value, int row_var, int col_var, const std::string& row,
                                  const std::string& col) {
  CExprWriter writer(pool_, draft_.nest.buffers, functions_);
  for (int b : batch_) writer.define_var(b);
  writer.define_var(row_var);
  writer.define_var(col_var);
  writer.count_uses({value});
  std::string declared = writer.declarations({value}, true, " ");
  std::replace(declared.begin(), declared.end(), '\n', ' ');
  return format("__extension__ ({{ {}{}({})({}); }})", variables_c(row, col, row_var, col_var),
                declared, compute_c(spec_.dtype), writer.text(value));
}

/// y of a fast operation: a stored matrix, row or column of the product's type.
bool ProductDraft::fast_operand(Ex e, GemmOperand& y) const {
  const ExNode& n = pool_.node(e);
  if (n.kind != ExKind::kLoad || n.dtype != spec_.dtype) return false;
  std::optional<GemmOperand> plain = strided(n.args[0], static_cast<int>(n.number), i_, j_);
  if (!plain || (plain->col != 0 && plain->col != 1)) return false;
  y = *plain;
  return true;
}

/// A chain of operations on the accumulator, outermost first.
bool ProductDraft::fast_ops(Ex value) {
  std::vector<GemmFastOp> ops;
  while (value != acc_) {
    const ExNode n = pool_.node(value);
    if (n.kind != ExKind::kPrim || n.args.size() != 2 || n.dtype != spec_.dtype) return false;
    auto holds_acc = [&](Ex e) {
      for (Ex inner : pool_.reachable({e})) {
        if (inner == acc_) return true;
      }
      return false;
    };
    bool is_left = holds_acc(n.args[0]);
    if (is_left == holds_acc(n.args[1])) return false;
    Ex other = n.args[is_left ? 1 : 0];
    GemmFastOp op;
    const ExNode& o = pool_.node(other);
    if (n.prim == Prim::kMax) {
      bool is_zero = o.kind == ExKind::kConst && Scalar{o.dtype, o.bits}.is_zero() && o.bits == 0;
      if (!is_zero) return false;
      op.kind = GemmFastOp::Kind::kRelu;
    } else {
      if (n.prim == Prim::kAdd)
        op.kind = GemmFastOp::Kind::kAdd;
      else if (n.prim == Prim::kMul)
        op.kind = GemmFastOp::Kind::kMul;
      else if (n.prim == Prim::kSub && is_left)
        op.kind = GemmFastOp::Kind::kSub;
      else
        return false;
      if (!fast_operand(other, op.y)) return false;
    }
    ops.push_back(std::move(op));
    value = n.args[is_left ? 0 : 1];
  }
  spec_.fast.assign(ops.rbegin(), ops.rend());
  return true;
}

std::string ProductDraft::prelude_c() const {
  std::string s;
  for (std::size_t i = 0; i < draft_.nest.buffers.size(); ++i) {
    const Buffer& b = draft_.nest.buffers[i];
    const char* qualifier = b.is_written ? "" : "const ";
    s += format("  {0}{1} *p{2} = ({0}{1} *)slot[{3}]; (void)p{2};\n", qualifier,
                dtype_info(b.dtype).c_text.data(), i, b.slot);
  }
  return s;
}

bool ProductDraft::epilogue() {
  std::vector<Ex> indices;
  if (!output_indices(indices)) return false;
  Puller puller(
      graph_, pool_, [&](ValueId v) { return draft_.read(v); }, scope_.options.bits);
  std::vector<Ex> place;
  for (int b : batch_) place.push_back(pool_.var(b));
  place.push_back(pool_.var(i_));
  place.push_back(pool_.var(j_));
  DType dtype = graph_.type(product_).dtype;
  Ex known =
      accumulator_of(dtype) != dtype && scope_.options.bits ? pool_.round(acc_, dtype) : acc_;
  puller.bind(product_, place, known);
  store_.value = output_ == product_ ? known : puller.computed(output_, indices);
  note(puller, store_.value);
  if (puller.failed() || has_effects(store_.value)) return false;
  std::vector<std::int64_t> strides = scope_.strides(output_);
  store_.index = pool_.integer(0);
  for (std::size_t a = 0; a < indices.size(); ++a) {
    store_.index = pool_.add(store_.index, pool_.scale(indices[a], strides[a]));
  }
  store_.buffer = draft_.write(output_);
  return true;
}

bool ProductDraft::lower() {
  const Node& node = graph_.node(product_);
  for (const bool is_b : {true, false}) {
    const ValueId source =
        is_b ? window_source(node.operands[1], k_, j_) : window_source(node.operands[0], i_, k_);
    reads_windows_ = reads_windows_ || source.valid();
    if (source.valid() && !scope_.stored.contains(source)) needs_buffer_.insert(source);
  }
  if (!needs_buffer_.empty()) return false;
  a_ = operand(node.operands[0], i_, k_);
  b_ = operand(node.operands[1], k_, j_);
  if (!needs_buffer_.empty() || !epilogue() || !needs_buffer_.empty()) return false;
  note_bands();
  spec_.a = gemm_operand(a_, spec_.a_band, i_, k_);
  spec_.b = gemm_operand(b_, spec_.b_band, k_, j_);
  std::optional<GemmOperand> c = strided(store_.index, store_.buffer, i_, j_);
  DType out = graph_.type(output_).dtype;
  bool is_direct =
      c && out == spec_.dtype && (is_float(out) ? fast_ops(store_.value) : store_.value == acc_);
  spec_.c = c.value_or(GemmOperand{});
  spec_.c.slot = draft_.nest.buffers[static_cast<std::size_t>(store_.buffer)].slot;
  if (!c) spec_.c.row = spec_.n;
  spec_.half = c && is_halved();
  spec_.prelude = prelude_c();
  if (is_direct) return true;
  spec_.epilogue = [this](const std::string& row, const std::string& col, const std::string& acc) {
    return store_c(row, col, acc);
  };
  return true;
}

/// Statement that stores the finished element `acc`.
std::string ProductDraft::store_c(const std::string& row, const std::string& col,
                                  const std::string& acc) {
  CExprWriter writer(pool_, draft_.nest.buffers, functions_);
  for (int v : batch_) writer.define_var(v);
  writer.define_var(i_);
  writer.define_var(j_);
  writer.define_local(0);
  writer.count_uses({store_.index, store_.value});
  std::string s = "{ " + variables_c(row, col, i_, j_);
  s += format("const {} v0 = {};\n", compute_c(spec_.dtype), acc);
  s += writer.declarations({store_.index, store_.value}, true, "    ");
  DType dtype = graph_.type(output_).dtype;
  return s + format("    {}[{}] = {}; }}\n", writer.buffer_name(store_.buffer),
                    writer.text(store_.index), writer.stored(store_.value, dtype));
}

int ProductDraft::add_packed(int temporary, std::int64_t bytes) {
  int buffer = draft_.temporary(temporary, bytes, DType::kU8, true);
  return draft_.nest.buffers[static_cast<std::size_t>(buffer)].slot;
}

std::optional<int> ProductDraft::constant_slot(bool is_a) const {
  std::optional<int> slot;
  for (Ex e : pool_.reachable({is_a ? a_ : b_})) {
    const ExNode& n = pool_.node(e);
    if (n.kind != ExKind::kLoad) continue;
    int at = draft_.nest.buffers[static_cast<std::size_t>(n.number)].slot;
    ValueId id = draft_.slots[static_cast<std::size_t>(at)].value;
    const Node& node = graph_.node(id);
    bool is_constant = op_info(node.op).kind == OpKind::kLeaf &&
                       std::holds_alternative<std::string>(node.attrs[0]);
    if (!is_constant || (slot && *slot != at)) return std::nullopt;
    slot = at;
  }
  return slot;
}

int ProductDraft::panel(bool is_a) const {
  std::optional<int> slot = constant_slot(is_a);
  if (!slot) return 0;
  ValueId id = draft_.slots[static_cast<std::size_t>(*slot)].value;
  const Layout& layout = scope_.program.layouts[id.index()];
  return layout.tensor_core ? 48 : layout.blocked;
}

}  // namespace bafe
