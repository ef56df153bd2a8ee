// In: a program and an edit. Out: the program anew, node by node, every type inferred again.

#include "edit.h"

#include "bafe/base/error.h"
#include "bafe/base/format.h"

namespace bafe {
namespace {

class Editor {
 public:
  Editor(const Graph& graph, const GraphEdit& edit) : graph_(graph), edit_(edit) {
    made_.resize(graph.size());
    inputs_.resize(graph.inputs().size());
  }

  Graph run() {
    const std::vector<ValueId> roots(graph_.roots().begin(), graph_.roots().end());
    std::vector<ValueId> kept;
    for (ValueId root : edit_.roots.empty() ? roots : edit_.roots) kept.push_back(value(root));
    out_.set_roots(kept);
    Graph out = out_.compact();
    out.check();
    return out;
  }

 private:
  ValueId value(ValueId id) {
    ValueId& known = made_[id.index()];
    if (!known.valid()) known = id == edit_.place ? stand_in(id) : copy(id);
    return known;
  }

  ValueId add_input(InputInfo info) {
    info.name = format("x{}", out_.inputs().size());
    for (Dim& n : info.type.shape) n = edit_.size(n);
    info.type.dtype = edit_.dtype(info.type.dtype);
    if (edit_.plain_layouts) info.layout = "row";
    return out_.add_input(std::move(info));
  }

  ValueId stand_in(ValueId id) {
    const Node& node = graph_.node(id);
    switch (edit_.stand) {
      case Stand::kInput: {
        InputInfo info;
        info.type = node.type;
        return add_input(std::move(info));
      }
      case Stand::kZero:
        return out_.add_fill(Scalar::of_int(node.type.dtype, 0), node.type.shape);
      case Stand::kOne:
        return out_.add_fill(Scalar::of_int(node.type.dtype, 1), node.type.shape);
      case Stand::kOperand:
        return value(node.operands[static_cast<std::size_t>(edit_.operand)]);
      case Stand::kNode:
        break;
    }
    return copy(id);
  }

  ValueId copy(ValueId id) {
    const Node& node = graph_.node(id);
    if (is_input(node.op)) {
      const auto number = static_cast<std::size_t>(attr_int(node.attrs, 0).value());
      if (!inputs_[number].valid()) inputs_[number] = add_input(graph_.inputs()[number]);
      return inputs_[number];
    }
    std::vector<ValueId> operands;
    for (ValueId v : node.operands) operands.push_back(value(v));
    return out_.add(node.op, std::move(operands), attrs(node.attrs));
  }

  Attrs attrs(Attrs all) {
    for (AttrValue& attr : all) {
      if (List* list = std::get_if<List>(&attr)) {
        for (Dim& n : *list) n = edit_.size(n);
      } else if (DType* dtype = std::get_if<DType>(&attr)) {
        *dtype = edit_.dtype(*dtype);
      } else if (Scalar* scalar = std::get_if<Scalar>(&attr)) {
        *scalar = scalar->cast(edit_.dtype(scalar->dtype));
      }
    }
    return all;
  }

  const Graph& graph_;
  const GraphEdit& edit_;
  Graph out_;
  std::vector<ValueId> made_, inputs_;
};

}  // namespace

std::optional<Graph> edited(const Graph& graph, const GraphEdit& edit) {
  try {
    return Editor(graph, edit).run();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace bafe
