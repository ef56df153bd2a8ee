// In: operators, and the error bounds of their operands. Out: a first-order bound of the result's
// rounding error, or of a whole term. A pointwise operator is walked through its element tree, so a
// new one needs no line here. Invariant: nothing is negative or NaN.

#include "bafe/ir/error_factor.h"

#include <algorithm>
#include <limits>

#include "bafe/ir/builder.h"
#include "bafe/ir/rounding.h"

namespace bafe {
namespace {

double count_of(const Type& type) {
  return is_concrete(type.shape) ? static_cast<double>(num_elements(type.shape).value()) : 0x1p62;
}

double count_of(Dim size) { return size.is_const() ? static_cast<double>(size.value()) : 0x1p62; }

double largest(std::span<const double> errors) {
  return errors.empty() ? 0 : *std::max_element(errors.begin(), errors.end());
}

/// Roundings of a conversion: none where the type holds every value of the other.
double cast_error(const Type& from, const Type& to) {
  bool holds = from.dtype == DType::kBool ||
               (is_float(from.dtype) && unit_roundoff(to.dtype) <= unit_roundoff(from.dtype));
  return holds ? 0 : unit_roundoff(to.dtype);
}

/// Error of one element: what its leaves bring and what each step rounds.
class TreeError {
 public:
  TreeError(std::span<const Type> operands, const Type& type, std::span<const double> errors)
      : operands_(operands), type_(type), errors_(errors) {}

  double of(const Element& tree) const {
    const double unit = unit_roundoff(type_.dtype);
    double most = 0, sum = 0;
    for (const Element& arg : tree->args) {
      const double error = of(arg);
      most = std::max(most, error);
      sum += error;
    }
    switch (tree->prim) {
      case Prim::kArg:
        return errors_[static_cast<std::size_t>(tree->number)];
      case Prim::kCast:
        return most + cast_error(operands_[0], type_);
      case Prim::kMul:
      case Prim::kDiv:
        return sum + unit;
      case Prim::kNeg:
      case Prim::kAbs:
      case Prim::kMin:
      case Prim::kMax:
      case Prim::kSelect:
      case Prim::kFloor:
      case Prim::kCeil:
      case Prim::kRint:
        return most;
      default:
        return tree->args.empty() || is_truth(tree->prim) ? most : most + unit;
    }
  }

 private:
  static bool is_truth(Prim prim) { return prim >= Prim::kLt && prim <= Prim::kIsFinite; }

  std::span<const Type> operands_;
  const Type& type_;
  std::span<const double> errors_;
};

/// A chain of `terms` values that `kind` joins.
double chain_error(ReduceKind kind, double terms, double error, double unit) {
  switch (kind) {
    case ReduceKind::kSum:
      return error + std::max(0.0, terms - 1) * unit;
    case ReduceKind::kProd:
      return terms > 0 ? terms * error + (terms - 1) * unit : 0;
    default:
      return error;
  }
}

/// A composite is what its definition is.
double composite_error(Op op, const Attrs& attrs, std::span<const Type> operands,
                       std::span<const double> errors) {
  Graph one;
  std::vector<ValueId> ids;
  for (const Type& operand : operands) ids.push_back(one.add_input({"x", "row", false, operand}));
  one.add_root(one.add(op, ids, attrs));
  const Graph meaning = flatten_named(one);
  std::map<ValueId, double> known;
  for (ValueId id : meaning.live()) {
    const Node& node = meaning.node(id);
    if (is_input(node.op))
      known[id] = errors[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
  }
  return term_error(meaning, meaning.roots()[0], known);
}

}  // namespace

double operator_error(Op op, const Attrs& attrs, std::span<const Type> operands, const Type& type,
                      std::span<const double> errors) {
  const OpInfo& info = op_info(op);
  if (info.kind == OpKind::kNamed) return composite_error(op, attrs, operands, errors);
  const double brought = largest(errors);
  if (!is_float(type.dtype)) return brought;
  const double unit = unit_roundoff(type.dtype);
  switch (info.kind) {
    case OpKind::kPointwise:
      return TreeError(operands, type, errors).of(info.value);
    case OpKind::kReduction: {
      const double terms = count_of(operands[0]) / std::max(1.0, count_of(type));
      return chain_error(info.reduce, terms, brought, unit);
    }
    case OpKind::kScan: {
      const auto axis = static_cast<std::size_t>(attr_int(attrs, 0).value());
      return chain_error(info.reduce, count_of(type.shape[axis]), brought, unit);
    }
    case OpKind::kContraction:
      return errors[0] + errors[1] + count_of(operands[0].shape.back()) * unit;
    case OpKind::kLibrary:
      return brought + count_of(operands[0].shape.back()) * unit;
    case OpKind::kControl:
      return brought + unit;
    default:
      return brought;
  }
}

double term_error(const Graph& graph, ValueId root, std::map<ValueId, double>& known) {
  // Operands have smaller numbers, so a sweep upwards over what the root needs meets them first.
  std::vector<ValueId> open{root}, order;
  std::map<ValueId, bool> seen;
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (known.count(id) != 0 || !seen.emplace(id, true).second) continue;
    order.push_back(id);
    for (ValueId operand : graph.node(id).operands) open.push_back(operand);
  }
  std::sort(order.begin(), order.end());
  for (ValueId id : order) {
    const Node& node = graph.node(id);
    std::vector<Type> types;
    std::vector<double> errors;
    for (ValueId operand : node.operands) {
      types.push_back(graph.type(operand));
      errors.push_back(known[operand]);
    }
    known[id] = operator_error(node.op, node.attrs, types, node.type, errors);
  }
  return known[root];
}

double error_factor(const Graph& graph, ValueId root, std::map<ValueId, double>& known) {
  return term_error(graph, root, known) / unit_roundoff(graph.type(root).dtype);
}

double error_factor(const Graph& graph, ValueId root) {
  std::map<ValueId, double> known;
  return error_factor(graph, root, known);
}

double error_growth(double from, double to) {
  if (from == to) return 1;
  return from > 0 ? to / from : std::numeric_limits<double>::infinity();
}

}  // namespace bafe
