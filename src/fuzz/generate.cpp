// In: a seed and limits. Out: a compact program in normal form. A step that no proposal fits is
// left out; a value that is no number on the probes is mostly mended or left out too.

#include "bafe/fuzz/generate.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/ir/used_inputs.h"
#include "idioms.h"
#include "propose.h"

namespace bafe {
namespace {

constexpr int kProposals = 40;

bool suits(DTypeRule rule, DType dtype) {
  const DTypeKind kind = dtype_info(dtype).kind;
  if (rule == DTypeRule::kNoBool || rule == DTypeRule::kNumber) return kind != kBoolKind;
  if (rule == DTypeRule::kBits) return kind != kFloatKind;
  if (rule == DTypeRule::kShift) return kind == kIntKind || kind == kUIntKind;
  return true;
}

/// Operands and fields of a composite from its parameters "?x ?lo :axes".
struct Parameters {
  int operands = 0;
  std::vector<AttrField> fields;
};

Parameters parameters_of(const OpInfo& info) {
  const OpSpec& spec = tensor_ops().spec(info.id);
  Parameters out;
  if (spec.parameters.empty()) {
    out.operands = info.arity;
    out.fields = spec.fields;
    return out;
  }
  std::size_t at = 0;
  while (at < spec.parameters.size()) {
    const std::size_t end = std::min(spec.parameters.find(' ', at), spec.parameters.size());
    const std::string word = spec.parameters.substr(at, end - at);
    if (word[0] == '?') ++out.operands;
    if (word[0] == ':')
      out.fields.push_back({word.substr(1), word == ":eps" ? AttrKind::kScalar : AttrKind::kList});
    at = end + 1;
  }
  return out;
}

class Drawer {
 public:
  Drawer(std::uint64_t seed, const GenerateLimits& limits) : pool_(seed, limits), propose_(pool_) {
    for (const OpInfo& info : all_ops()) {
      const bool is_made = info.kind != OpKind::kControl && !is_input(info.op);
      if (is_made) ops_.push_back(&info);
    }
  }

  Graph draw() {
    const int inputs = 1 + chance().below(2);
    for (int i = 0; i < inputs; ++i) pool_.keep(pool_.input(pool_.any_type()));
    const int steps = 1 + chance().below(pool_.limits().most_steps);
    if (chance().percent(30)) keep(guarded([&] { return add_idiom(pool_); }));
    for (int i = 0; i < steps; ++i) step();
    set_roots();
    Graph out = pool_.graph.compact();
    out.check();
    return without_unused_inputs(out);
  }

 private:
  Chance& chance() { return pool_.chance; }
  const Type& type(ValueId v) const { return pool_.type(v); }

  template <class Make>
  ValueId guarded(Make make) {
    try {
      return make();
    } catch (const Error&) {
      return {};
    }
  }

  void step() {
    if (chance().percent(6)) {
      keep(guarded([&] { return add_idiom(pool_); }));
      return;
    }
    const OpInfo& info = *chance().of(ops_);
    for (int i = 0; i < kProposals; ++i) {
      const ValueId made = guarded([&] { return make(info, i > 2); });
      if (!made.valid()) continue;
      const ValuePool::Judgement judged = pool_.judge(made);
      if ((judged.fails || judged.is_wild) && !chance().percent(2)) continue;
      keep(made);
      return;
    }
  }

  void keep(ValueId made) {
    if (!made.valid() || pool_.count(made) > 8 * pool_.limits().most_elements) return;
    if (type(made).rank() > pool_.limits().most_rank + 1) return;
    const ValuePool::Judgement judged = pool_.judge(made);
    if (!judged.is_wild || chance().percent(3)) pool_.keep(made);
  }

  /// tame: float operands are made positive first, so that roots, logarithms and divisions have
  /// values.
  ValueId make(const OpInfo& info, bool is_tame) {
    if (info.kind == OpKind::kPointwise) return pointwise(info, is_tame);
    const Parameters parameters = parameters_of(info);
    std::vector<Type> types;
    const int count = info.arity == kVariadic ? 1 + chance().below(4) : parameters.operands;
    ValueId first;
    if (count > 0) {
      first = info.kind == OpKind::kLibrary ? safe_matrix(pool_, chance().percent(50))
              : info.kind == OpKind::kExpand || info.kind == OpKind::kNamed ? pool_.floats()
                                                                            : pool_.any();
      types.push_back(type(first));
    }
    return fitted(info, parameters, first, std::move(types), count);
  }

  ValueId fitted(const OpInfo& info, const Parameters& parameters, ValueId first,
                 std::vector<Type> types, int count) {
    for (int i = 0; i < kProposals; ++i) {
      types.resize(std::min<std::size_t>(types.size(), 1));
      while (static_cast<int>(types.size()) < count)
        types.push_back(propose_.related(types[0], chance().below(7)));
      const Attrs attrs = propose_.attrs(parameters.fields, types);
      try {
        const Type result = infer_type(info.op, types, attrs);
        if (num_elements(result.shape).value() > 8 * pool_.limits().most_elements) continue;
      } catch (const Error&) {
        continue;
      }
      return call(info, first, types, attrs);
    }
    return {};
  }

  ValueId call(const OpInfo& info, ValueId first, const std::vector<Type>& types,
               const Attrs& attrs) {
    std::vector<ValueId> operands;
    for (const Type& t : types) {
      if (operands.empty()) {
        operands.push_back(first);
      } else if (t == types[0] && chance().percent(30)) {
        operands.push_back(first);
      } else {
        operands.push_back(
            chance().percent(50)
                ? fresh(t)
                : pool_.pick([&](const Type& own) { return own == t; }, [&] { return t; }));
      }
    }
    if (info.kind == OpKind::kNamed) return pool_.builder.named(info.op, operands);
    if (info.kind == OpKind::kReduction && chance().percent(50))
      return pool_.builder.reduce(info.op, operands[0], attr_list(attrs, 0), false);
    if (info.kind == OpKind::kLeaf) return pool_.graph.add(info.op, operands, attrs);
    return pool_.builder.call(info.op, operands, attrs);
  }

  ValueId fresh(const Type& t) { return pool_.input(t); }

  ValueId suited(ValueId v, DTypeRule rule) {
    if (suits(rule, type(v).dtype)) return v;
    return pool_.builder.cast(
        v, rule == DTypeRule::kBits || rule == DTypeRule::kShift ? DType::kI32 : DType::kF32);
  }

  ValueId tamed(ValueId x) {
    if (!is_float(type(x).dtype)) {
      if (dtype_info(type(x).dtype).kind == kBoolKind) return x;
      const ValueId three = pool_.builder.literal(Scalar::of(type(x).dtype, 3), x);
      const ValueId one = pool_.builder.literal(Scalar::of(type(x).dtype, 1), x);
      const ValueId low = pool_.builder.call("bitwise_and", std::vector{x, three});
      return pool_.builder.call("bitwise_or", std::vector{low, one});
    }
    const ValueId half = pool_.builder.literal(Scalar::of(type(x).dtype, 0.5), x);
    const ValueId size = pool_.builder.call("abs", std::vector{x});
    return pool_.builder.call("add", std::vector{size, half});
  }

  ValueId pointwise(const OpInfo& info, bool is_tame) {
    std::vector<ValueId> operands = {suited(pool_.any(), info.dtype_rule)};
    while (static_cast<int>(operands.size()) < info.arity)
      operands.push_back(suited(pool_.beside(operands[0]), info.dtype_rule));
    if (is_tame) operands.back() = tamed(operands.back());
    if (info.dtype_rule == DTypeRule::kWhere)
      operands[0] = pool_.builder.cast(operands[0], DType::kBool);
    Attrs attrs;
    if (info.dtype_rule == DTypeRule::kCast) attrs.emplace_back(pool_.dtype());
    return pool_.builder.call(info.op, operands, std::move(attrs));
  }

  void set_roots() {
    const std::vector<ValueId>& values = pool_.values();
    const std::vector<int> uses = pool_.graph.use_counts();
    std::vector<ValueId> roots = {values.back()};
    const auto most = static_cast<std::size_t>(1 + chance().below(pool_.limits().most_roots));
    for (std::size_t i = values.size() - 1; i-- > 0 && roots.size() < most;) {
      const bool is_used = uses[values[i].index()] > 0;
      if (std::find(roots.begin(), roots.end(), values[i]) == roots.end() &&
          (!is_used || chance().percent(10)))
        roots.push_back(values[i]);
    }
    pool_.graph.set_roots(roots);
  }

  /// Inputs of proposals that were left out; three in a hundred stay.
  Graph without_unused_inputs(const Graph& graph) {
    std::vector<bool> keep = used_inputs(graph);
    for (std::size_t i = 0; i < keep.size(); ++i) keep[i] = keep[i] || chance().percent(3);
    Graph out = keep_inputs(graph, keep);
    for (std::size_t i = 0; i < out.inputs().size(); ++i) {
      out.input(static_cast<int>(i)).name = "x" + std::to_string(i);
    }
    return out;
  }

  ValuePool pool_;
  Proposer propose_;
  std::vector<const OpInfo*> ops_;
};

}  // namespace

Graph generate_program(std::uint64_t seed, const GenerateLimits& limits) {
  return Drawer(seed, limits).draw();
}

}  // namespace bafe
