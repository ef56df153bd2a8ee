// Programs as text that knows no names. In: a graph. Out: its nodes in the order of compact(), with
// everything that decides what they compute. Invariant: nothing is abbreviated to a hash, so equal
// texts are equal programs.

#include "bafe/base/format.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

std::string field_text(const AttrValue& value) {
  if (attr_kind(value) != AttrKind::kGraph) return attr_text(value);
  const auto& body = std::get<std::shared_ptr<const Graph>>(value);
  return body ? "{" + canonical_text(*body) + "}" : "{}";
}

}  // namespace

std::string canonical_text(const Graph& graph) {
  Graph compact = graph.compact();
  std::string out;
  for (const InputInfo& input : compact.inputs()) {
    out += format("{} {} {};", input.type.text(), input.layout, input.weak ? "weak" : "array");
  }
  for (std::uint32_t i = 0; i < compact.size(); ++i) {
    const Node& node = compact.node(ValueId(i));
    out += format("\n{} {} (", op_info(node.op).name, node.type.text());
    for (ValueId operand : node.operands) out += format(" {}", operand.index());
    out += " )";
    for (const AttrValue& attr : node.attrs) out += " " + field_text(attr);
  }
  for (ValueId root : compact.roots()) out += format("\nroot {}", root.index());
  return out;
}

bool graphs_equal(const Graph& a, const Graph& b) { return canonical_text(a) == canonical_text(b); }

}  // namespace bafe
