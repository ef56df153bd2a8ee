// In: steps of right sides. Out: nodes of a graph, which infers and checks their types.
#include "bafe/rules/graph_sink.h"

#include <cmath>

namespace bafe {

// The pointer is good until the next node: adding one may move the table.
const Type* GraphSink::type(TermRef term) const { return &graph_.type(value_of(term)); }

std::optional<Scalar> GraphSink::constant(TermRef term) const {
  const Node* node = &graph_.node(value_of(term));
  bool fill = op_info(node->op).kind == OpKind::kLeaf && !node->attrs.empty() &&
              attr_kind(node->attrs[0]) == AttrKind::kScalar;
  if (!fill) return std::nullopt;
  return attr_scalar(node->attrs, 0);
}

bool GraphSink::fact(const std::string& name, TermRef term, const std::vector<AttrValue>&) const {
  std::optional<Scalar> value = constant(term);
  if (!value) return false;
  if (name == "zero") return value->is_zero();
  return name == "finite" && std::isfinite(value->as_double());
}

TermRef GraphSink::node(OpId op, std::span<const TermRef> operands, Attrs attrs) {
  std::vector<ValueId> values;
  for (TermRef operand : operands) values.push_back(value_of(operand));
  return term_of(graph_.add(op_of(op), std::move(values), std::move(attrs)));
}

TermRef GraphSink::splat(Scalar value, TermRef like) {
  Shape shape = graph_.type(value_of(like)).shape;
  return term_of(graph_.add_fill(value, std::move(shape)));
}

}  // namespace bafe
