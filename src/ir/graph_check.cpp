// The checker of the normal form (builder.h). In: any graph. Out: nothing, or an
// InternalError that names the node and the clause. Invariant: whatever Graph::add and the builder
// make passes.
#include "bafe/base/format.h"
#include "bafe/ir/graph.h"

namespace bafe {
namespace {

[[noreturn]] void fail(const Graph& graph, std::size_t node, std::string clause) {
  const Node& n = graph.node(ValueId(static_cast<std::uint32_t>(node)));
  throw InternalError({}, format("node {} ({})", node, op_info(n.op).name), std::move(clause));
}

void check_pointwise(const Graph& graph, std::size_t i, const std::vector<Type>& operands) {
  for (const Type& t : operands) {
    if (t.shape != operands[0].shape)
      fail(graph, i, "clause 1: pointwise operands have equal shapes");
  }
}

void check_reduction(const Graph& graph, std::size_t i, const Node& n,
                     const std::vector<Type>& operands) {
  if (n.type.rank() != operands[0].rank()) fail(graph, i, "clause 3: reductions keep their axes");
  for (Dim axis : attr_list(n.attrs, 0)) {
    if (n.type.shape[static_cast<std::size_t>(axis.value())] != Dim(1)) {
      fail(graph, i, "clause 3: reduced axes have size 1");
    }
  }
}

void check_contraction(const Graph& graph, std::size_t i, const std::vector<Type>& operands) {
  const Type &a = operands[0], &b = operands[1];
  if (a.rank() < 2 || a.rank() != b.rank())
    fail(graph, i, "clause 4: products have equal ranks of at least 2");
  for (std::size_t k = 0; k + 2 < a.shape.size(); ++k) {
    if (a.shape[k] != b.shape[k]) fail(graph, i, "clause 4: products have equal batch sizes");
  }
}

void check_input(const Graph& graph, std::size_t i, const Node& n) {
  Dim index = attr_int(n.attrs, 0);
  if (!index.is_const() || index.value() < 0 ||
      index.value() >= static_cast<std::int64_t>(graph.inputs().size())) {
    fail(graph, i, "clause 5: an input's number is below the number of inputs");
  }
  const InputInfo& info = graph.inputs()[static_cast<std::size_t>(index.value())];
  if (info.type != n.type) fail(graph, i, "clause 5: an input has the type of its row");
  if (info.weak && n.type.rank() != 0) fail(graph, i, "clause 5: a weak input is 0-d");
}

}  // namespace

void Graph::check() const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& n = nodes_[i];
    const OpInfo& info = op_info(n.op);
    std::vector<Type> operands;
    for (ValueId v : n.operands) {
      if (v.index() >= i) fail(*this, i, "operands precede their users");
      operands.push_back(nodes_[v.index()].type);
    }
    if (info.kind == OpKind::kExpand) fail(*this, i, "abbreviations are expanded");
    Type type;
    try {
      type = infer_type(n.op, operands, n.attrs);
    } catch (const Error& error) {
      fail(*this, i, std::string("operands obey the operator's rule: ") + error.what());
    }
    if (type != n.type)
      fail(*this, i, format("the type is {}, not {}", type.text(), n.type.text()));
    if (info.kind == OpKind::kPointwise) check_pointwise(*this, i, operands);
    if (info.kind == OpKind::kReduction) check_reduction(*this, i, n, operands);
    if (info.kind == OpKind::kContraction) check_contraction(*this, i, operands);
    if (is_input(n.op)) check_input(*this, i, n);
    int same = 0;
    for (auto [it, end] = by_hash_.equal_range(key_of(n)); it != end; ++it) {
      const Node& other = nodes_[it->second.index()];
      same += other.op == n.op && other.operands == n.operands && attrs_equal(other.attrs, n.attrs);
    }
    if (same != 1) fail(*this, i, "equal nodes are one node");
  }
  for (ValueId root : roots_) BAFE_CHECK(root.index() < nodes_.size(), "a root is a node");
}

}  // namespace bafe
