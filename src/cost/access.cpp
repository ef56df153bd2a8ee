// Accesses from element trees. In: a movement node. Out: the linear place it reads, if there is
// one. The walk asks the tree only, so a new movement operator needs no line here.

#include "bafe/cost/access.h"

#include "bafe/cost/size_sample.h"

namespace bafe {
namespace {

constexpr std::int64_t kUnknownSize = 64;

bool is_constant(const LinearIndex& index) {
  for (std::int64_t step : index.step) {
    if (step != 0) return false;
  }
  return true;
}

std::optional<LinearIndex> linear(const Element& tree, int rank);

std::optional<LinearIndex> combine(const Element& tree, int rank) {
  auto a = linear(tree->args[0], rank);
  auto b = linear(tree->args[1], rank);
  if (!a || !b) return std::nullopt;
  if (tree->prim == Prim::kMul) {
    if (is_constant(*a)) std::swap(a, b);
    if (!is_constant(*b)) return std::nullopt;
    for (std::int64_t& step : a->step) step *= b->offset;
    a->offset *= b->offset;
    return a;
  }
  std::int64_t sign = tree->prim == Prim::kSub ? -1 : 1;
  for (std::size_t i = 0; i < a->step.size(); ++i) a->step[i] += sign * b->step[i];
  a->offset += sign * b->offset;
  return a;
}

std::optional<LinearIndex> linear(const Element& tree, int rank) {
  LinearIndex result{0, std::vector<std::int64_t>(static_cast<std::size_t>(rank), 0)};
  switch (tree->prim) {
    case Prim::kIndex:
      result.step[static_cast<std::size_t>(tree->number)] = 1;
      return result;
    case Prim::kInteger:
      result.offset = tree->number;
      return result;
    case Prim::kAdd:
    case Prim::kSub:
    case Prim::kMul:
      return combine(tree, rank);
    default:
      return std::nullopt;
  }
}

Element element_of(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  const OpInfo& info = op_info(node.op);
  if (!info.element) return {};
  std::vector<Type> types;
  for (ValueId operand : node.operands) types.push_back(graph.type(operand));
  return info.element(types, node.attrs, node.type);
}

struct PrimWeight {
  Prim prim;
  double slots;
};

// Slots of a polynomial kernel in vector code, in additions, as f32 kernels take on AVX-512; a
// primitive that is not named takes one. Sine and cosine reduce arguments of any size.
constexpr PrimWeight kWeights[] = {
    {Prim::kArg, 0},     {Prim::kLiteral, 0}, {Prim::kIndex, 0},    {Prim::kBound, 0},
    {Prim::kInteger, 0}, {Prim::kRead, 0},    {Prim::kDiv, 6},      {Prim::kFloorDiv, 12},
    {Prim::kMod, 14},    {Prim::kPow, 84},    {Prim::kSqrt, 8},     {Prim::kExp, 14},
    {Prim::kExpm1, 26},  {Prim::kLog, 28},    {Prim::kLog1p, 30},   {Prim::kSin, 110},
    {Prim::kCos, 110},   {Prim::kTanh, 22},   {Prim::kSigmoid, 20}, {Prim::kErf, 66},
    {Prim::kErfc, 60},   {Prim::kGelu, 68},   {Prim::kSilu, 34},    {Prim::kSelect, 1},
    {Prim::kLookup, 4},  {Prim::kMin, 2},     {Prim::kMax, 2},
};

double tree_weight(const Element& tree) {
  double slots = 1;
  for (const PrimWeight& row : kWeights) {
    if (row.prim == tree->prim) slots = row.slots;
  }
  for (const Element& arg : tree->args) slots += tree_weight(arg);
  return slots;
}

}  // namespace

Access identity_access(int rank) {
  Access access(static_cast<std::size_t>(rank));
  for (int axis = 0; axis < rank; ++axis) {
    access[axis].step.assign(static_cast<std::size_t>(rank), 0);
    access[axis].step[axis] = 1;
  }
  return access;
}

std::optional<Access> operand_access(const Graph& graph, ValueId movement) {
  if (graph.node(movement).operands.size() != 1) return std::nullopt;
  Element tree = element_of(graph, movement);
  if (!tree || tree->prim != Prim::kRead) return std::nullopt;
  Access access;
  for (const Element& index : tree->args) {
    auto form = linear(index, graph.type(movement).rank());
    if (!form) return std::nullopt;
    access.push_back(std::move(*form));
  }
  return access;
}

Access compose(const Access& outer, const Access& inner, int domain_rank) {
  Access result;
  for (const LinearIndex& index : inner) {
    LinearIndex form{index.offset,
                     std::vector<std::int64_t>(static_cast<std::size_t>(domain_rank), 0)};
    for (std::size_t axis = 0; axis < index.step.size(); ++axis) {
      if (index.step[axis] == 0) continue;
      form.offset += index.step[axis] * outer[axis].offset;
      for (int d = 0; d < domain_rank; ++d) form.step[d] += index.step[axis] * outer[axis].step[d];
    }
    result.push_back(std::move(form));
  }
  return result;
}

std::optional<std::vector<int>> axis_permutation(const Graph& graph, ValueId movement) {
  auto access = operand_access(graph, movement);
  if (!access) return std::nullopt;
  const Shape& from = graph.type(graph.node(movement).operands[0]).shape;
  const Shape& to = graph.type(movement).shape;
  std::vector<int> map(from.size(), -1);
  std::vector<bool> used(to.size(), false);
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    const LinearIndex& index = (*access)[axis];
    if (index.offset != 0) return std::nullopt;
    for (std::size_t d = 0; d < index.step.size(); ++d) {
      if (index.step[d] == 0) continue;
      if (index.step[d] != 1 || map[axis] != -1 || used[d]) return std::nullopt;
      map[axis] = static_cast<int>(d);
      used[d] = true;
    }
    bool equal = map[axis] >= 0 ? from[axis] == to[map[axis]] : from[axis] == Dim(1);
    if (!equal) return std::nullopt;
  }
  for (std::size_t d = 0; d < to.size(); ++d) {
    if (!used[d] && to[d] != Dim(1)) return std::nullopt;
  }
  return map;
}

bool is_input(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  return op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kInt;
}

bool is_fill(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  return op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kScalar;
}

std::int64_t size_of(Dim dim) {
  if (dim.is_const()) return dim.value();
  const Binding* sample = SizeSample::current();
  return sample ? dim_value(dim, *sample).value_or(kUnknownSize) : kUnknownSize;
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (Dim dim : shape) count *= size_of(dim);
  return count;
}

double bytes_of(const Type& type) {
  return static_cast<double>(element_count(type.shape)) * dtype_bytes(type.dtype);
}

double element_weight(Op op) {
  const OpInfo& info = op_info(op);
  return info.value ? tree_weight(info.value) : 0;
}

double movement_weight(const Graph& graph, ValueId movement) {
  if (operand_access(graph, movement)) return 0;
  Element tree = element_of(graph, movement);
  // Divisions by constants become multiplications, and most index arithmetic leaves the inner loop.
  return tree ? 1 + 0.25 * tree_weight(tree) : 1;
}

bool scans_last_axis(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  if (op_info(node.op).kind != OpKind::kScan || node.type.rank() == 0) return false;
  return std::get<Dim>(node.attrs[0]) == Dim(node.type.rank() - 1);
}

}  // namespace bafe
