#pragma once
/// Random programs that are valid by construction, for differential tests of every layer: all
/// operators, ranks 0 to 4, sizes 0 1 2 3 5 8 17, all dtypes. Equal seeds give equal programs in
/// every process.
///
///   Graph g = random_program(seed);
///   std::vector<Tensor> out = evaluate(g, random_inputs(g, seed));

#include <map>

#include "ir/random_operands.h"

namespace bafe {

class RandomProgram : private RandomOperands {
 public:
  RandomProgram(std::uint64_t seed, RandomProgramOptions options)
      : RandomOperands(seed, std::move(options)) {
    for (const OpInfo& info : all_ops()) {
      if (makers().count(std::string(info.name)) == 0 && info.kind != OpKind::kPointwise) continue;
      if (info.kind == OpKind::kLibrary && !options_.linear_algebra) continue;
      if (info.kind == OpKind::kNamed && !options_.named) continue;
      if (!options_.allow || options_.allow(info)) ops_.push_back(info.op);
    }
  }

  Graph make() {
    int inputs = 1 + random_.below(2);
    for (int i = 0; i < inputs; ++i) keep(input(random_type()));
    for (int i = 0; i < options_.steps; ++i) step();
    set_roots();
    Graph out = graph_.compact();
    out.check();
    return out;
  }

 private:
  using Maker = std::function<ValueId(RandomProgram&, const OpInfo&)>;

  void step() {
    const OpInfo& info = op_info(random_.pick(ops_));
    ValueId made = info.kind == OpKind::kPointwise
                       ? pointwise(info)
                       : makers().at(std::string(info.name))(*this, info);
    if (made.valid() && count(made) <= 8 * options_.max_elements) keep(made);
  }

  void set_roots() {
    std::vector<int> uses = graph_.use_counts();
    std::vector<ValueId> roots = {pool_.back()};
    for (std::size_t i = pool_.size() - 1;
         i-- > 0 && static_cast<int>(roots.size()) < options_.max_roots;) {
      if (uses[pool_[i].index()] == 0 && pool_[i] != roots[0]) roots.push_back(pool_[i]);
    }
    graph_.set_roots(roots);
  }

  // --- pointwise
  static bool suits(DTypeRule rule, DType d) {
    DTypeKind kind = dtype_info(d).kind;
    if (rule == DTypeRule::kNoBool || rule == DTypeRule::kNumber) return kind != kBoolKind;
    if (rule == DTypeRule::kBits) return kind != kFloatKind;
    if (rule == DTypeRule::kShift) return kind == kIntKind || kind == kUIntKind;
    return true;
  }

  ValueId suited(ValueId v, DTypeRule rule) {
    if (suits(rule, type(v).dtype)) return v;
    return builder_.cast(v, first_fit([&](DType d) { return suits(rule, d) && d != DType::kU64; }));
  }

  ValueId pointwise(const OpInfo& info) {
    std::vector<ValueId> operands = {suited(any(), info.dtype_rule)};
    Attrs attrs;
    if (info.dtype_rule == DTypeRule::kCast) attrs = {random_dtype()};
    if (info.dtype_rule == DTypeRule::kWhere) {
      operands = {beside(operands[0]), operands[0], beside(operands[0])};
      operands[0] = builder_.cast(operands[0], DType::kBool);
    }
    while (static_cast<int>(operands.size()) < info.arity) {
      operands.push_back(suited(beside(operands[0]), info.dtype_rule));
      // u64 beside i64 is f64 in NumPy, which operators on bits refuse.
      if (!suits(info.dtype_rule, promote(type(operands[0]).dtype, type(operands.back()).dtype))) {
        operands.back() = builder_.cast(operands.back(), type(operands[0]).dtype);
      }
    }
    if (info.name == "pow") operands[1] = small_power(operands[0], operands[1]);
    if (info.name == "remainder" || info.name == "floor_divide") operands[1] = odd(operands[1]);
    return builder_.call(info.op, operands, std::move(attrs));
  }

  // --- operators with attributes
  List random_axes(int rank) {
    List axes;
    for (int i = 0; i < rank; ++i) {
      if (random_.chance(50)) axes.push_back(i);
    }
    if (axes.empty() && rank > 0) axes.push_back(random_.below(rank));
    return axes;
  }

  ValueId reshape() {
    ValueId x = any();
    std::int64_t left = count(x);
    List shape;
    if (left == 0) return builder_.reshape(x, {0, 3});
    while (left > 1 && static_cast<int>(shape.size()) + 1 < options_.max_rank) {
      std::int64_t n = random_.pick(options_.sizes);
      if (n < 2 || left % n != 0) n = random_.chance(50) ? left : 1;
      shape.push_back(n);
      left /= n;
    }
    if (left > 1 || (shape.empty() && random_.chance(50))) shape.push_back(left);
    return builder_.reshape(x, shape);
  }

  ValueId slice() {
    ValueId x = any();
    List start, sizes, step;
    for (int i = 0; i < type(x).rank(); ++i) {
      std::int64_t n = size(x, i), by = 1 + random_.below(3);
      bool is_empty = n == 0 || random_.chance(5);
      std::int64_t taken = is_empty ? 0 : 1 + random_.below(static_cast<int>((n - 1) / by) + 1);
      std::int64_t slack = is_empty ? 0 : n - 1 - (taken - 1) * by;
      std::int64_t first = slack > 0 ? random_.below(static_cast<int>(slack) + 1) : 0;
      bool is_backward = !is_empty && random_.chance(30);
      start.push_back(is_backward ? first + (taken - 1) * by : first);
      sizes.push_back(taken);
      step.push_back(is_backward ? -by : by);
    }
    return builder_.slice(x, start, sizes, step);
  }

  ValueId windows(const OpInfo& info) {
    ValueId x = of_rank(1);
    int axis = random_.below(type(x).rank());
    if (size(x, axis) == 0 || type(x).rank() >= options_.max_rank) return {};
    int count = 1 + random_.below(static_cast<int>(std::min<std::int64_t>(size(x, axis), 3)));
    int spread =
        count == 1 ? 2 : 1 + random_.below(static_cast<int>((size(x, axis) - 1) / (count - 1)));
    return builder_.call(info.op, std::vector{x},
                         {List{axis}, List{count}, List{1 + random_.below(3)}, List{spread}});
  }

  ValueId pad(const OpInfo& info) {
    ValueId x = any();
    List low, high;
    for (int i = 0; i < type(x).rank(); ++i) {
      low.push_back(random_.below(3));
      high.push_back(random_.below(3));
    }
    return builder_.call(info.op, std::vector{x},
                         {low, high, Scalar::of(type(x).dtype, random_.below(5))});
  }

  ValueId concat(bool is_stack) {
    ValueId x = of_rank(is_stack ? 0 : 1);
    int axis = random_.below(type(x).rank() + (is_stack ? 1 : 0));
    std::vector<ValueId> parts = {x};
    for (int more = random_.below(3); more-- > 0;) {
      Type t = type(x);
      if (!is_stack) t.shape[static_cast<std::size_t>(axis)] = random_.pick(options_.sizes);
      parts.push_back(random_.chance(30) ? x : input(t));
    }
    return is_stack ? builder_.stack(parts, axis) : builder_.concat(parts, axis);
  }

  /// Indices are inputs of their own; random_inputs() keeps them inside the axis.
  ValueId indexed(const OpInfo& info, bool is_gather) {
    ValueId x = of_rank(1);
    int axis = random_.below(type(x).rank());
    Shape shape = is_gather ? type(x).shape : random_shape(random_.below(3));
    if (is_gather) shape[static_cast<std::size_t>(axis)] = random_.pick(options_.sizes);
    if (size(x, axis) == 0) return {};
    static constexpr DType kIndexTypes[] = {DType::kI64, DType::kI32, DType::kI8, DType::kU16};
    ValueId index = input({kIndexTypes[random_.below(4)], shape});
    return builder_.call(info.op, std::vector{x, index}, {Dim(axis)});
  }

  ValueId reduce(const OpInfo& info) {
    ValueId x = any();
    bool needs_elements = info.reduce != ReduceKind::kSum && info.reduce != ReduceKind::kProd;
    if (needs_elements && count(x) == 0) return {};
    bool is_position = info.reduce == ReduceKind::kArgMax || info.reduce == ReduceKind::kArgMin;
    if (is_position && type(x).rank() == 0) return {};
    std::optional<List> axes = random_axes(type(x).rank());
    if (is_position) axes = List{random_.below(type(x).rank())};
    if (random_.chance(20)) axes.reset();
    return builder_.reduce(info.op, x, axes, random_.chance(50));
  }

  ValueId matmul() {
    ValueId x = of_rank(1);
    Type other = type(x);
    Shape& shape = other.shape;
    Dim inner = shape.back();
    if (random_.chance(20)) {
      shape = {inner};
    } else if (shape.size() == 1) {
      shape = {inner, random_.pick(options_.sizes)};
    } else {
      if (random_.chance(30)) shape.erase(shape.begin(), shape.end() - 2);
      shape[shape.size() - 2] = inner;
      shape.back() = random_.pick(options_.sizes);
    }
    return builder_.matmul(x, input(other));
  }

  /// Square, finite and well conditioned: tanh(x) @ tanh(x).T + n I, or tanh(x) + n I.
  ValueId safe_matrix(bool is_symmetric) {
    std::int64_t n = 1 + random_.below(5);
    Shape shape = random_.chance(30) ? Shape{2, n, n} : Shape{n, n};
    ValueId x = input({random_.chance(50) ? DType::kF32 : DType::kF64, shape});
    ValueId zero = builder_.literal(Scalar::of(type(x).dtype, 0), x);
    ValueId finite = builder_.call("isfinite", std::vector{x});
    ValueId tame =
        builder_.call("tanh", std::vector{builder_.call("where", std::vector{finite, x, zero})});
    if (is_symmetric) {
      List perm = shape.size() == 3 ? List{0, 2, 1} : List{1, 0};
      tame = builder_.matmul(tame, builder_.transpose(tame, perm));
    }
    ValueId ones = graph_.add_fill(Scalar::of(type(x).dtype, static_cast<double>(n) + 1), {n});
    ValueId diagonal = builder_.call("diag", std::vector{ones}, {Dim(0)});
    return builder_.call("add", std::vector{tame, diagonal});
  }

  ValueId library(const OpInfo& info) {
    ValueId a = safe_matrix(info.name == "cholesky");
    if (info.arity == 1) return builder_.call(info.op, std::vector{a});
    Type right = type(a);
    right.shape.back() = 1 + random_.below(3);
    return builder_.call(info.op, std::vector{a, input(right)});
  }

  ValueId fused(const OpInfo& info) {
    ValueId x = floats(2);
    std::vector<ValueId> operands = {x};
    Type bias{type(x).dtype, {type(x).shape.back()}};
    const std::string& parameters = tensor_ops().spec(info.id).parameters;
    if (parameters.find("?a") != std::string::npos) {
      Type b = type(x);
      b.shape[b.shape.size() - 2] = b.shape.back();
      b.shape.back() = random_.pick(options_.sizes);
      bias.shape = {b.shape.back()};
      operands.push_back(input(b));
    }
    if (parameters.find("?c") != std::string::npos || parameters.find("?x") != std::string::npos) {
      operands.push_back(input(bias));
    }
    return builder_.named(info.op, operands);
  }

  ValueId composite_over_axes(const OpInfo& info) {
    ValueId x = floats(1);
    if (count(x) == 0) return {};
    Attrs attrs;
    attrs.push_back(random_axes(type(x).rank()));
    if (tensor_ops().spec(info.id).parameters.find(":eps") != std::string::npos) {
      attrs.push_back(Scalar::of(DType::kF64, 1e-5));
    }
    return builder_.call(info.op, std::vector{x}, std::move(attrs));
  }

  ValueId transpose() {
    ValueId x = any();
    List perm;
    for (int i = 0; i < type(x).rank(); ++i)
      perm.insert(perm.begin() + random_.below(i + 1), Dim(i));
    return builder_.transpose(x, perm);
  }

  ValueId broadcast() {
    ValueId x = any();
    Shape shape = type(x).shape;
    for (Dim& n : shape) {
      if (n == Dim(1)) n = random_.pick(options_.sizes);
    }
    if (static_cast<int>(shape.size()) < options_.max_rank)
      shape.insert(shape.begin(), 1 + random_.below(3));
    return builder_.broadcast(x, shape);
  }

  ValueId expand_dims() {
    ValueId x = any();
    if (type(x).rank() >= options_.max_rank) return {};
    return builder_.expand_dims(x, {random_.below(type(x).rank() + 1)});
  }

  ValueId with_k(const OpInfo& info, int rank, bool is_exact) {
    ValueId x = is_exact ? operand([&](const Type& t) { return t.rank() == rank; },
                                   [&] {
                                     return Type{random_dtype(), random_shape(rank)};
                                   })
                         : of_rank(rank);
    int k = info.name == "diagonal" ? 0 : random_.below(5) - 2;
    return builder_.call(info.op, std::vector{x}, {Dim(k)});
  }

  ValueId iota(const OpInfo& info) {
    int rank = 1 + random_.below(options_.max_rank);
    return builder_.call(info.op, {},
                         {random_dtype(), random_shape(rank), Dim(random_.below(rank))});
  }

  /// Over one operand, or with the extra operands that the parameters of a composite name.
  ValueId composite(const OpInfo& info) {
    ValueId x = floats(info.name == "bias_add" ? 1 : 0);
    const std::string& parameters = tensor_ops().spec(info.id).parameters;
    std::vector<ValueId> operands = {x};
    if (parameters.find("?lo") != std::string::npos) {
      operands.push_back(builder_.literal(Scalar::of(type(x).dtype, -1), x));
      operands.push_back(builder_.literal(Scalar::of(type(x).dtype, 2), x));
    }
    if (parameters.find("?b") != std::string::npos)
      operands.push_back(input({type(x).dtype, {type(x).shape.back()}}));
    if (parameters.find("?s") != std::string::npos) operands.push_back(input({type(x).dtype, {}}));
    return builder_.call(info.op, operands);
  }

  ValueId fill() { return graph_.add_fill(Scalar::of(random_dtype(), 2), random_type().shape); }

  ValueId cumsum() {
    ValueId x = of_rank(1);
    return builder_.cumsum(x, Dim(random_.below(type(x).rank())));
  }

  static const std::map<std::string, Maker>& makers();

  std::vector<Op> ops_;
};

inline const std::map<std::string, RandomProgram::Maker>& RandomProgram::makers() {
  using P = RandomProgram;
  auto reduce = [](P& p, const OpInfo& o) { return p.reduce(o); };
  auto composite = [](P& p, const OpInfo& o) { return p.composite(o); };
  auto over_axes = [](P& p, const OpInfo& o) { return p.composite_over_axes(o); };
  auto library = [](P& p, const OpInfo& o) { return p.library(o); };
  auto fused = [](P& p, const OpInfo& o) { return p.fused(o); };
  auto matrix = [](P& p, const OpInfo& o) { return p.with_k(o, 2, false); };
  static const std::map<std::string, Maker> kMakers = {
      {"fill", [](P& p, const OpInfo&) { return p.fill(); }},
      {"transpose", [](P& p, const OpInfo&) { return p.transpose(); }},
      {"reshape", [](P& p, const OpInfo&) { return p.reshape(); }},
      {"broadcast_to", [](P& p, const OpInfo&) { return p.broadcast(); }},
      {"expand_dims", [](P& p, const OpInfo&) { return p.expand_dims(); }},
      {"squeeze", [](P& p, const OpInfo&) { return p.builder_.squeeze(p.any(), std::nullopt); }},
      {"slice", [](P& p, const OpInfo&) { return p.slice(); }},
      {"concat", [](P& p, const OpInfo&) { return p.concat(p.random_.chance(30)); }},
      {"pad", [](P& p, const OpInfo& o) { return p.pad(o); }},
      {"windows", [](P& p, const OpInfo& o) { return p.windows(o); }},
      {"take", [](P& p, const OpInfo& o) { return p.indexed(o, false); }},
      {"gather", [](P& p, const OpInfo& o) { return p.indexed(o, true); }},
      {"tril", matrix},
      {"triu", matrix},
      {"diagonal", matrix},
      {"diag", [](P& p, const OpInfo& o) { return p.with_k(o, 1, true); }},
      {"iota", [](P& p, const OpInfo& o) { return p.iota(o); }},
      {"layout_transform",
       [](P& p, const OpInfo& o) {
         return p.builder_.call(o.op, std::vector{p.any()},
                                {std::string(p.random_.chance(50) ? "row" : "col")});
       }},
      {"matmul", [](P& p, const OpInfo&) { return p.matmul(); }},
      {"reduce_sum", reduce},
      {"reduce_prod", reduce},
      {"reduce_max", reduce},
      {"reduce_min", reduce},
      {"argmax", reduce},
      {"argmin", reduce},
      {"cumsum", [](P& p, const OpInfo&) { return p.cumsum(); }},
      {"solve", library},
      {"cholesky", library},
      {"inv", library},
      {"clip", composite},
      {"bias_add", composite},
      {"scale", composite},
      {"mean", over_axes},
      {"norm", over_axes},
      {"softmax", over_axes},
      {"logsumexp", over_axes},
      {"layer_norm", over_axes},
      {"fused_matmul_relu", fused},
      {"fused_matmul_bias", fused},
      {"fused_matmul_bias_relu", fused},
      {"fused_bias_relu", fused}};
  return kMakers;
}

inline Graph random_program(std::uint64_t seed, RandomProgramOptions options = {}) {
  return RandomProgram(seed, std::move(options)).make();
}

}  // namespace bafe
