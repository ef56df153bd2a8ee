// In: a seed. Out: operands for steps, and what a step's result is worth. Every node is evaluated
// once, on its operands' probe elements.

#include "pool.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/fuzz/case.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

const std::vector<std::int64_t> kSmallSizes = {0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8};
/// Register tiles are 6, 8, 12, 14 rows by 16, 24, 32, 48, 64 columns; 16 lanes make a sum.
const std::vector<std::int64_t> kTileSizes = {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 65};

DType dtype_number(int i) { return static_cast<DType>(i); }

}  // namespace

ValuePool::ValuePool(std::uint64_t seed, const GenerateLimits& limits)
    : chance(seed), builder(graph), limits_(limits) {
  const int count = 1 + chance.below(3);
  for (int i = 0; i < count; ++i) favourites_.push_back(dtype_number(chance.below(kDTypeCount)));
  if (chance.percent(60)) favourites_.push_back(chance.percent(70) ? DType::kF32 : DType::kF64);
  is_edgy_ = chance.percent(30);
}

DType ValuePool::dtype() {
  return chance.percent(85) ? chance.of(favourites_) : dtype_number(chance.below(kDTypeCount));
}

DType ValuePool::float_dtype() {
  for (int i = 0; i < 4; ++i) {
    if (const DType d = dtype(); is_float(d)) return d;
  }
  return chance.percent(70) ? DType::kF32 : DType::kF64;
}

std::int64_t ValuePool::size() {
  return chance.of(is_edgy_ && chance.percent(70) ? kTileSizes : kSmallSizes);
}

Shape ValuePool::shape(int rank) {
  Shape out;
  std::int64_t elements = 1;
  for (int i = 0; i < rank; ++i) {
    std::int64_t n = size();
    if (n == 0 && !chance.percent(25)) n = 2;  // empty arrays are worth a few programs
    if (elements * n > limits_.most_elements) n = 1 + chance.below(2);
    elements *= std::max<std::int64_t>(n, 1);
    out.push_back(n);
  }
  return out;
}

ValueId ValuePool::input(Type type, bool weak) {
  InputInfo info;
  info.name = format("x{}", graph.inputs().size());
  info.weak = weak;
  if (type.rank() > 1 && !weak && chance.percent(20)) info.layout = "col";
  if (type.rank() == 3 && !weak && chance.percent(10)) info.layout = "order(1 0 2)";
  info.type = std::move(type);
  return graph.add_input(std::move(info));
}

ValueId ValuePool::pick(const std::function<bool(const Type&)>& passes,
                        const std::function<Type()>& fresh) {
  std::vector<ValueId> fit;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!passes(type(values_[i]))) continue;
    fit.insert(fit.end(), i + 3 >= values_.size() ? 4 : 1, values_[i]);
  }
  if (!fit.empty() && !chance.percent(10)) return chance.of(fit);
  const ValueId made = input(fresh());
  keep(made);
  return made;
}

ValueId ValuePool::any(int least_rank) {
  return pick([&](const Type& t) { return t.rank() >= least_rank; },
              [&] {
                const int rank = chance.below(limits_.most_rank + 1);
                return Type{dtype(), shape(std::max(least_rank, rank))};
              });
}

ValueId ValuePool::floats(int least_rank) {
  return pick([&](const Type& t) { return t.rank() >= least_rank && is_float(t.dtype); },
              [&] {
                const int rank = chance.below(limits_.most_rank + 1);
                return Type{float_dtype(), shape(std::max(least_rank, rank))};
              });
}

ValueId ValuePool::beside(ValueId x) {
  const Type own = type(x);
  if (chance.percent(15)) return x;
  if (chance.percent(20))
    return graph.add_fill(Scalar::of(own.dtype, chance.below(7) - 3), own.shape);
  if (chance.percent(8)) {
    const bool is_real = is_float(own.dtype) || chance.percent(30);
    return input({is_real ? DType::kF64 : DType::kI64, {}}, true);
  }
  if (chance.percent(25)) {
    Shape stretched = own.shape;
    for (Dim& n : stretched) {
      if (chance.percent(30)) n = 1;
    }
    if (!stretched.empty() && chance.percent(30)) stretched.erase(stretched.begin());
    return input({chance.percent(80) ? own.dtype : dtype(), stretched});
  }
  return pick([&](const Type& t) { return t.shape == own.shape; }, [&] { return own; });
}

Tensor ValuePool::probe(const Type& type) {
  Tensor out(type);
  for (std::int64_t i = 0; i < out.count(); ++i) {
    const double x = chance.between(-3, 3);
    out.set(i, is_float(type.dtype) ? Scalar::of(type.dtype, x)
                                    : Scalar::of_int(type.dtype, chance.below(2)));
  }
  return out;
}

/// The node alone, on the probe elements of its operands.
Tensor ValuePool::evaluate_node(const Node& node) {
  if (is_input(node.op)) return probe(node.type);
  Graph alone;
  std::vector<ValueId> operands;
  std::vector<Tensor> values;
  for (ValueId v : node.operands) {
    InputInfo info;
    info.type = type(v);
    operands.push_back(alone.add_input(std::move(info)));
    values.push_back(probes_[v.index()]);
    if (!values.back().data() && values.back().count() == 0 && count(v) > 0) return Tensor();
  }
  alone.add_root(alone.add(node.op, operands, node.attrs));
  return evaluate(alone, values, fuzz_constants(alone))[0];
}

ValuePool::Judgement ValuePool::judge(ValueId value) {
  Judgement out;
  for (std::size_t i = probes_.size(); i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(static_cast<std::uint32_t>(i)));
    try {
      probes_.push_back(evaluate_node(node));
    } catch (const Error&) {
      probes_.emplace_back();
    }
  }
  const Tensor& probed = probes_[value.index()];
  out.fails = probed.type() != type(value);
  if (out.fails || !is_float(type(value).dtype)) return out;
  const double most = type(value).dtype == DType::kF16 ? 500 : 1e4;
  for (std::int64_t i = 0; i < probed.count() && !out.is_wild; ++i)
    out.is_wild = !(std::fabs(probed.at(i).as_double()) <= most);
  return out;
}

}  // namespace bafe
