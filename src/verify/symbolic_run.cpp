// In: a graph with concrete sizes. Out: normal forms of its roots, element by element. The trees of
// ops.def are the only source of meaning: no operator is named here.
#include "symbolic_run.h"

#include "bafe/base/format.h"
#include "promises.h"

namespace bafe {
namespace {

using Id = ScalarTerms::Id;
using Values = std::vector<Id>;

class NodeRun {
 public:
  NodeRun(ScalarTerms& terms, const Graph& graph, const Node& node,
          const std::vector<Values>& values)
      : terms_(terms), graph_(graph), node_(node), values_(values) {}

  Values run() {
    std::vector<Type> operands;
    for (ValueId id : node_.operands) operands.push_back(graph_.type(id));
    Element tree = op_element(node_.op, operands, node_.attrs, node_.type);
    if (!tree) {
      throw NotRepresentable(format("{} has no element tree", op_info(node_.op).name));
    }
    std::vector<std::int64_t> sizes = concrete(node_.type.shape);
    index_.assign(sizes.size(), 0);
    std::int64_t count = num_elements(node_.type.shape).value();
    Values out;
    for (flat_ = 0; flat_ < count; ++flat_) {
      out.push_back(value(tree));
      for (std::size_t i = sizes.size(); i-- > 0;) {
        if (++index_[i] < sizes[i]) break;
        index_[i] = 0;
      }
    }
    return out;
  }

 private:
  Id read(const ElementNode& tree) {
    auto operand = static_cast<std::size_t>(tree.number);
    std::vector<std::int64_t> sizes = concrete(graph_.type(node_.operands[operand]).shape);
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      std::int64_t at = index(tree.args[i]);
      if (at < 0 || at >= sizes[i]) throw NotRepresentable("an index is out of range");
      flat = flat * sizes[i] + at;
    }
    return values_[node_.operands[operand].index()][static_cast<std::size_t>(flat)];
  }

  static bool is_index(const Element& tree) {
    if (tree->prim == Prim::kArg || tree->prim == Prim::kRead || tree->prim == Prim::kLiteral)
      return false;
    for (const Element& arg : tree->args) {
      if (!is_index(arg)) return false;
    }
    return true;
  }

  std::int64_t index(const Element& tree) {
    const ElementNode& n = *tree;
    auto arg = [&](std::size_t i) { return index(n.args[i]); };
    auto floor_div = [](std::int64_t a, std::int64_t b) {
      return b == 0 ? 0 : a / b - (a % b != 0 && (a < 0) != (b < 0));
    };
    switch (n.prim) {
      case Prim::kIndex:
        return index_[static_cast<std::size_t>(n.number)];
      case Prim::kBound:
        return bound_.at(static_cast<std::size_t>(n.number));
      case Prim::kInteger:
        return n.number;
      case Prim::kNeg:
        return -arg(0);
      case Prim::kAdd:
        return arg(0) + arg(1);
      case Prim::kSub:
        return arg(0) - arg(1);
      case Prim::kMul:
        return arg(0) * arg(1);
      case Prim::kFloorDiv:
        return floor_div(arg(0), arg(1));
      case Prim::kMod:
        return arg(0) - floor_div(arg(0), arg(1)) * arg(1);
      case Prim::kMin:
        return std::min(arg(0), arg(1));
      case Prim::kMax:
        return std::max(arg(0), arg(1));
      case Prim::kLt:
        return arg(0) < arg(1);
      case Prim::kLe:
        return arg(0) <= arg(1);
      case Prim::kEq:
        return arg(0) == arg(1);
      case Prim::kAnd:
        return arg(0) != 0 && arg(1) != 0;
      case Prim::kOr:
        return arg(0) != 0 || arg(1) != 0;
      case Prim::kNot:
        return arg(0) == 0;
      case Prim::kSelect:
        return arg(0) != 0 ? arg(1) : arg(2);
      case Prim::kToIndex:
        return number(n.args[0]);
      case Prim::kLookup: {
        std::int64_t at = arg(0), extent = arg(1);
        return at < 0 ? at + extent : at;
      }
      default:
        throw NotRepresentable("an index has no fixed value");
    }
  }

  std::int64_t number(const Element& tree) {
    std::optional<Rational> value = terms_.constant(this->value(tree));
    if (!value || !value->is_integer()) throw NotRepresentable("an index depends on data");
    return value->integer();
  }

  Id reduce(const ElementNode& n) {
    auto first = static_cast<std::size_t>(n.number);
    std::int64_t count = 1;
    for (Dim extent : n.extents) count *= extent.value();
    if (bound_.size() < first + n.extents.size()) bound_.resize(first + n.extents.size());
    std::optional<Id> total;
    for (std::int64_t k = 0; k < count; ++k) {
      std::int64_t rest = k;
      for (std::size_t i = n.extents.size(); i-- > 0;) {
        bound_[first + i] = rest % n.extents[i].value();
        rest /= n.extents[i].value();
      }
      Id next = value(n.args[0]);
      total = total ? combine(n.reduce, *total, next) : next;
    }
    if (total) return *total;
    if (n.reduce == ReduceKind::kSum) return terms_.number(0);
    if (n.reduce == ReduceKind::kProd) return terms_.number(1);
    throw NotRepresentable("an empty reduction");
  }

  Id combine(ReduceKind kind, Id a, Id b) {
    switch (kind) {
      case ReduceKind::kSum:
        return terms_.apply(Prim::kAdd, {a, b});
      case ReduceKind::kProd:
        return terms_.apply(Prim::kMul, {a, b});
      case ReduceKind::kMax:
        return terms_.apply(Prim::kMax, {a, b});
      case ReduceKind::kMin:
        return terms_.apply(Prim::kMin, {a, b});
      default:
        throw NotRepresentable("the index of an extreme element");
    }
  }

  Id value(const Element& tree) {
    const ElementNode& n = *tree;
    switch (n.prim) {
      case Prim::kArg:
        return values_[node_.operands[static_cast<std::size_t>(n.number)].index()]
                      [static_cast<std::size_t>(flat_)];
      case Prim::kLiteral:
        if (node_.type.dtype == DType::kBool && op_info(node_.op).kind != OpKind::kPointwise) {
          return terms_.truth(n.literal != 0);
        }
        return terms_.literal(n.literal);
      case Prim::kInteger:
        return terms_.number(n.number);
      case Prim::kOfIndex:
        return terms_.number(index(n.args[0]));
      case Prim::kRead:
        return read(n);
      case Prim::kReduce:
        return reduce(n);
      case Prim::kCast: {
        DType from = graph_.type(node_.operands[0]).dtype;
        return terms_.cast(value(n.args[0]), from, node_.type.dtype);
      }
      case Prim::kSelect:
        if (is_index(n.args[0])) return value(n.args[index(n.args[0]) != 0 ? 1 : 2]);
        break;
      default:
        break;
    }
    Values args;
    for (const Element& arg : n.args) args.push_back(value(arg));
    return terms_.apply(n.prim, std::move(args));
  }

  ScalarTerms& terms_;
  const Graph& graph_;
  const Node& node_;
  const std::vector<Values>& values_;
  std::vector<std::int64_t> index_, bound_;
  std::int64_t flat_ = 0;
};

/// The elements that a promised structure (zeros, a unit diagonal) leaves free keep this value.
constexpr double kFree = 7;

Tensor structure_of(const Node& node, const std::vector<FactPromise>& promises) {
  Tensor structure(Type{DType::kF64, node.type.shape});
  for (std::int64_t i = 0; i < structure.count(); ++i)
    structure.set(i, Scalar::of(DType::kF64, kFree));
  for (const FactPromise& promise : promises) {
    bool interval = promise.name == "in" || promise.name == "finite" || promise.name == "nonzero";
    if (!interval) keep_promise(structure, promise);
  }
  return structure;
}

/// What `in` and `nonzero` say about every element.
std::optional<ValueRange> promised_range(const FactPromise& promise) {
  ValueRange range;
  range.nonzero = promise.name == "nonzero";
  if (promise.name == "in" && promise.args.size() == 2) {
    range.low = promised_number(promise.args[0]);
    range.high = promised_number(promise.args[1]);
    return range;
  }
  return range.nonzero ? std::optional(range) : std::nullopt;
}

Values input_symbols(const Node& node, const std::vector<FactPromise>& promises, ScalarTerms& terms,
                     bool number_indices) {
  Values out;
  std::int64_t number = attr_int(node.attrs, 0).value();
  Tensor structure = structure_of(node, promises);
  for (std::int64_t i = 0; i < structure.count(); ++i) {
    double fixed = structure.at(i).as_double();
    if (number_indices && is_integer(node.type.dtype)) {
      out.push_back(terms.number(i % 2));
    } else if (fixed != kFree) {
      out.push_back(terms.number(Rational::of(fixed)));
    } else {
      Id symbol = terms.symbol(format("x{}_{}", number, i), node.type.dtype == DType::kBool);
      for (const FactPromise& promise : promises) {
        if (auto range = promised_range(promise)) terms.assume_range(symbol, *range);
      }
      out.push_back(symbol);
    }
  }
  return out;
}

std::size_t index_of(const Node& input) {
  return static_cast<std::size_t>(attr_int(input.attrs, 0).value());
}

Values fill_values(const Node& node, ScalarTerms& terms) {
  Scalar scalar = attr_scalar(node.attrs, 0);
  bool is_bool = scalar.dtype == DType::kBool;
  Id id = is_bool ? terms.truth(!scalar.is_zero()) : terms.number(Rational::of(scalar.as_double()));
  return Values(static_cast<std::size_t>(num_elements(node.type.shape).value()), id);
}

}  // namespace

std::vector<Values> run_symbolic(const Graph& graph,
                                 const std::vector<std::vector<FactPromise>>& promises,
                                 ScalarTerms& terms, bool number_indices) {
  std::vector<Values> values(graph.size());
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (is_input(node.op)) {
      values[id.index()] = input_symbols(node, promises[index_of(node)], terms, number_indices);
    } else if (is_fill(node.op)) {
      values[id.index()] = fill_values(node, terms);
    } else if (op_info(node.op).kind == OpKind::kLayout) {
      values[id.index()] = values[node.operands[0].index()];
    } else {
      values[id.index()] = NodeRun(terms, graph, node, values).run();
    }
  }
  std::vector<Values> roots;
  for (ValueId root : graph.roots()) roots.push_back(values[root.index()]);
  return roots;
}

}  // namespace bafe
