// The interpreter. In: a program, its inputs and constants. Out: the values of its roots, or of all
// live nodes. Invariant: nodes are computed in birth order, so operands are there; a value is
// dropped after its last use.
#include "bafe/ir/eval.h"

#include <cstring>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/control.h"
#include "eval_parts.h"

namespace bafe {
namespace {

class Evaluator {
 public:
  Evaluator(const Graph& graph, std::span<const Tensor> inputs, const ConstantTable& constants)
      : graph_(graph), inputs_(inputs), constants_(constants), values_(graph.size()) {
    check_inputs();
  }

  std::vector<Tensor> run(bool keep_all) {
    std::vector<int> uses = graph_.use_counts();
    std::vector<ValueId> live = graph_.live();
    // A dead user never reads its operand, so it must not keep it alive.
    std::vector<bool> is_live(graph_.size());
    for (ValueId id : live) is_live[id.index()] = true;
    for (std::size_t i = 0; i < graph_.size(); ++i) {
      if (is_live[i]) continue;
      for (ValueId v : graph_.node(ValueId(static_cast<std::uint32_t>(i))).operands)
        --uses[v.index()];
    }
    for (ValueId id : live) {
      values_[id.index()] = compute(id);
      if (keep_all) continue;
      for (ValueId v : graph_.node(id).operands) {
        if (--uses[v.index()] == 0) values_[v.index()] = Tensor();
      }
    }
    return std::move(values_);
  }

 private:
  void check_inputs() const {
    const std::vector<InputInfo>& infos = graph_.inputs();
    if (infos.size() != inputs_.size()) {
      throw ShapeError(
          {}, "evaluate",
          format("the program has {} inputs, {} were given", infos.size(), inputs_.size()))
          .fix("give one array an input, in order");
    }
    for (std::size_t i = 0; i < infos.size(); ++i) {
      if (inputs_[i].type() == infos[i].type) continue;
      throw ShapeError({}, "evaluate", format("input {} ({}) has another type", i, infos[i].name))
          .detail("declared  " + infos[i].type.text())
          .detail("given     " + inputs_[i].type().text())
          .fix("give an array of the declared type");
    }
  }

  Tensor compute(ValueId id) {
    try {
      return compute_node(graph_.node(id));
    } catch (Error& error) {
      error.place(graph_.loc(id));
      throw;
    }
  }

  Tensor compute_node(const Node& node) {
    const OpInfo& info = op_info(node.op);
    if (info.kind == OpKind::kLeaf) return leaf(node);
    std::vector<Tensor> operands;
    for (ValueId v : node.operands) operands.push_back(values_[v.index()]);
    if (info.kind == OpKind::kLayout) return operands[0];
    if (info.kind == OpKind::kNamed) return definition(node, operands);
    if (info.kind == OpKind::kControl) return control(node, operands);
    Tensor out(node.type);
    if (info.kind == OpKind::kLibrary) {
      library(info, operands, out);
      return out;
    }
    if (out.count() == 0) return out;
    std::string subject(info.name);
    if (info.kind == OpKind::kContraction) {
      eval_contraction(operands[0], operands[1], out);
      return out;
    }
    if (info.kind == OpKind::kScan) {
      eval_scan(operands[0], static_cast<int>(attr_int(node.attrs, 0).value()), out);
      return out;
    }
    Element tree = op_element(node.op, types_of(operands), node.attrs, node.type);
    BAFE_CHECK(static_cast<bool>(tree), "an operator of concrete types has an element tree");
    if (info.kind == OpKind::kPointwise) eval_pointwise(tree, operands, subject, out);
    if (info.kind == OpKind::kMovement) eval_movement(tree, operands, subject, out);
    if (info.kind == OpKind::kReduction) eval_reduction(tree, operands, subject, out);
    return out;
  }

  /// The first field of a leaf says where its value comes from.
  Tensor leaf(const Node& node) {
    switch (attr_kind(node.attrs[0])) {
      case AttrKind::kInt:
        return aligned(inputs_[static_cast<std::size_t>(attr_int(node.attrs, 0).value())]);
      case AttrKind::kScalar: {
        Tensor out(node.type);
        Scalar value = attr_scalar(node.attrs, 0);
        if (value.bits == 0) return out;
        for (std::int64_t i = 0; i < out.count(); ++i) out.set(i, value);
        return out;
      }
      default:
        return constant(node);
    }
  }

  Tensor constant(const Node& node) const {
    const std::string& digest = attr_string(node.attrs, 0);
    auto it = constants_.find(digest);
    if (it == constants_.end()) {
      throw ShapeError({}, "constant", "no array with digest " + digest + " was given")
          .fix("pass the arrays of the program's constants");
    }
    if (it->second.type() != node.type) {
      throw ShapeError({}, "constant", "the array with digest " + digest + " has another type")
          .detail("declared  " + node.type.text())
          .detail("given     " + it->second.type().text())
          .fix("pass the array that the program was made with");
    }
    return aligned(it->second);
  }

  /// Borrowed memory may lie anywhere; columns and products want natural alignment.
  static Tensor aligned(const Tensor& x) {
    auto address = reinterpret_cast<std::uintptr_t>(x.data());
    int bytes = dtype_bytes(x.type().dtype);
    if (address % static_cast<std::uintptr_t>(bytes) == 0) return x;
    Tensor copy(x.type());
    std::memcpy(copy.data(), x.data(), static_cast<std::size_t>(x.count() * bytes));
    return copy;
  }

  /// A named composite is its definition, as a program of its own.
  static Tensor definition(const Node& node, const std::vector<Tensor>& operands) {
    Graph body;
    std::vector<ValueId> inputs;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      inputs.push_back(body.add_input({format("x{}", i), "row", false, operands[i].type()}));
    }
    body.add_root(body.add(node.op, inputs, node.attrs));
    return evaluate(flatten_named(body), operands)[0];
  }

  /// Siblings are results of one execution.
  Tensor control(const Node& node, const std::vector<Tensor>& operands) {
    const auto which = static_cast<std::size_t>(control_result(node.attrs));
    for (const auto& [run, results] : runs_) {
      if (are_siblings(*run, node)) return results[which];
    }
    const std::vector<Type> types = control_types(node.op, types_of(operands), node.attrs);
    runs_.emplace_back(&node, evaluate_control(node.op, operands, node.attrs, types, constants_));
    return runs_.back().second[which];
  }

  static void library(const OpInfo& info, const std::vector<Tensor>& operands, Tensor& out) {
    LibraryRoutine routine = library_routine(info.name);
    BAFE_CHECK(routine != nullptr, "a library operator has a routine");
    int status = routine(operands, out);
    if (status == 0) return;
    bool is_singular = status == 3;
    throw ShapeError({}, std::string(info.name),
                     is_singular ? "a matrix is singular" : "a matrix is not positive definite")
        .fix(is_singular ? "add a small multiple of the identity, or use a least-squares solution"
                         : "make it symmetric with positive eigenvalues");
  }

  const Graph& graph_;
  std::span<const Tensor> inputs_;
  const ConstantTable& constants_;
  std::vector<Tensor> values_;
  std::vector<std::pair<const Node*, std::vector<Tensor>>> runs_;  // of loops and branches
};

}  // namespace

std::vector<Tensor> evaluate(const Graph& graph, std::span<const Tensor> inputs,
                             const ConstantTable& constants) {
  std::vector<Tensor> values = Evaluator(graph, inputs, constants).run(false);
  std::vector<Tensor> roots;
  for (ValueId root : graph.roots()) roots.push_back(values[root.index()]);
  return roots;
}

std::vector<Tensor> evaluate_all(const Graph& graph, std::span<const Tensor> inputs,
                                 const ConstantTable& constants) {
  return Evaluator(graph, inputs, constants).run(true);
}

}  // namespace bafe
