// Kernels of pointwise operators. In: the rows of the operator table. Out: one nest an operator and
// its operand types, over blocks of kPrebuiltStep elements; buffers are filled up to whole steps,
// so loops have no tail. Operators that may fail see exactly the elements there are.

#include "bafe/base/error.h"
#include "bafe/codegen/pull.h"
#include "bafe/ir/op.h"
#include "effects.h"
#include "prebuild.h"
#include "prebuilt_table.h"

namespace bafe {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 40;

bool may_fail_somewhere(const ExprPool& pool, Ex value) {
  for (Ex e : pool.reachable({value})) {
    if (may_fail(pool, pool.node(e))) return true;
  }
  return false;
}

Stmt units_of(int var, std::vector<Stmt> body, LoopKind kind) {
  Stmt s;
  s.kind = Stmt::kUnits;
  s.loop = kind;
  s.unit_vars = {{var, kSized}};
  s.body = std::move(body);
  return s;
}

/// out[i] = op(a[i], b[i], c[i]). Slot 0 is the result.
void add_operator(Prebuild& out, const OpInfo& info, const std::vector<DType>& operands,
                  const Attrs& attrs) {
  Graph graph;
  std::vector<ValueId> inputs;
  std::vector<Type> types;
  for (DType d : operands) types.push_back({d, {Dim(kMostElements)}});
  for (const Type& type : types) inputs.push_back(graph.add_input({"x", "row", false, type}));
  const ValueId root = graph.add(info.op, inputs, attrs);
  Nest nest;
  nest.symbol = out.next_symbol();
  const DType result = graph.type(root).dtype;
  const int written = nest.add_slot(result, true, 0);
  std::map<ValueId, Source> sources;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const int buffer = nest.add_slot(operands[i], false, static_cast<int>(i) + 1);
    sources[inputs[i]] = {buffer, {1}};
  }
  NestPart part;
  part.pool = std::make_shared<ExprPool>();
  ExprPool& pool = *part.pool;
  auto value_at = [&](Ex index) {
    Puller puller(
        graph, pool, [&](ValueId id) { return sources.contains(id) ? &sources.at(id) : nullptr; },
        true);
    return puller.computed(root, {index});
  };
  const int unit = pool.new_var(pool.size(0, 1, kMostElements / kPrebuiltStep));
  const int place = pool.new_var(kPrebuiltStep);
  Ex index = pool.add(pool.scale(pool.var(unit), kPrebuiltStep), pool.var(place));
  const bool is_exact = may_fail_somewhere(pool, value_at(index));
  if (is_exact) index = pool.var(unit);
  Stmt store;
  store.kind = Stmt::kStore;
  store.buffer = written;
  store.index = index;
  store.value = value_at(index);
  if (is_exact) {
    part.body = {units_of(unit, {store}, LoopKind::kVector)};
  } else {
    Stmt loop;
    loop.kind = Stmt::kLoop;
    loop.loop = LoopKind::kVector;
    loop.var = place;
    loop.base = pool.integer(0);
    loop.count = kPrebuiltStep;
    loop.body = {store};
    part.body = {units_of(unit, {loop}, LoopKind::kSerial)};
  }
  nest.parts.push_back(std::move(part));
  PrebuildEntry entry;
  entry.key = prebuilt_key(info.name, operands, result);
  entry.elements = is_exact ? 1 : kPrebuiltStep;
  out.add(nest, entry);
}

bool has_kernel(const OpInfo& info, const std::vector<DType>& operands, const Attrs& attrs) {
  std::vector<Type> types;
  for (DType d : operands) types.push_back({d, {Dim(1)}});
  try {
    infer_type(info.op, types, attrs);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void prebuild_pointwise(Prebuild& out) {
  for (const OpInfo& info : all_ops()) {
    if (info.kind != OpKind::kPointwise) continue;
    const bool is_cast = info.dtype_rule == DTypeRule::kCast;
    for (DType d : prebuilt_dtypes()) {
      std::vector<DType> operands(static_cast<std::size_t>(info.arity), d);
      if (info.dtype_rule == DTypeRule::kWhere) operands[0] = DType::kBool;
      std::vector<DType> results = is_cast ? prebuilt_dtypes() : std::vector<DType>{d};
      for (DType to : results) {
        if (is_cast && to == d) continue;
        const Attrs attrs = is_cast ? Attrs{to} : Attrs{};
        if (has_kernel(info, operands, attrs)) add_operator(out, info, operands, attrs);
      }
    }
  }
}

}  // namespace bafe
