// In: a graph. Out: the same program with every float type widened to f64: the reference of the
// stress test.
#include "bafe/verify/check.h"

namespace bafe {
namespace {

AttrValue widen(const AttrValue& value) {
  if (const DType* dtype = std::get_if<DType>(&value); dtype != nullptr && is_float(*dtype)) {
    return DType::kF64;
  }
  if (const Scalar* scalar = std::get_if<Scalar>(&value);
      scalar != nullptr && is_float(scalar->dtype)) {
    return scalar->cast(DType::kF64);
  }
  return value;
}

}  // namespace

Graph in_double(const Graph& graph) {
  Graph out;
  std::vector<ValueId> map(graph.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    if (is_input(node.op)) {
      InputInfo info = graph.inputs()[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
      if (is_float(info.type.dtype)) info.type.dtype = DType::kF64;
      map[i] = out.add_input(std::move(info));
      continue;
    }
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(map[operand.index()]);
    Attrs attrs;
    for (const AttrValue& value : node.attrs) attrs.push_back(widen(value));
    map[i] = out.add(node.op, std::move(operands), std::move(attrs));
  }
  for (ValueId root : graph.roots()) out.add_root(map[root.index()]);
  return out;
}

}  // namespace bafe
