// The interpreter over the integers modulo p. In: a program and residues. Out: residues of the
// roots. Invariant: index arithmetic is ordinary; only values live in the field, and bools are 0
// or 1.
#include <algorithm>
#include <unordered_map>

#include "bafe/base/format.h"
#include "bafe/base/hash.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/zp.h"

namespace bafe {
namespace {

/// In which world a subtree lives.
enum class Kind : std::uint8_t { kNumber, kBool, kIndex, kAny };

Kind kind_of(DType dtype) { return dtype == DType::kBool ? Kind::kBool : Kind::kNumber; }

/// A tree with the kinds of its nodes and the strides of its reads worked out once.
struct Step {
  Prim prim = Prim::kLiteral;
  Kind kind = Kind::kNumber;  ///< of the operands
  std::int64_t number = 0;
  std::uint64_t literal = 0;
  DType from = DType::kF32;  ///< Cast: dtype of the operand
  std::vector<std::int64_t> strides, sizes;
  std::vector<Step> args;
};

class StepMaker {
 public:
  StepMaker(std::span<const ZpTensor* const> operands, DType result)
      : operands_(operands), result_(result) {}

  Step make(const Element& tree, Kind want) const {
    const ElementNode& node = *tree;
    Kind own = natural(tree);
    Step step;
    step.prim = node.prim;
    step.kind = own == Kind::kAny ? want : own;
    step.number = node.number;
    if (node.prim == Prim::kLiteral) {
      if (step.kind == Kind::kNumber)
        step.literal = zp_of_double(node.literal);
      else
        step.literal = static_cast<std::uint64_t>(static_cast<std::int64_t>(node.literal));
    }
    Kind inner = step.kind;
    if (node.prim == Prim::kRead) {
      step.sizes = concrete(operand(node).type.shape);
      step.strides = row_major_strides(step.sizes);
      inner = Kind::kIndex;
    } else if (node.prim == Prim::kOfIndex || node.prim == Prim::kLookup) {
      inner = Kind::kIndex;
    } else if (answers_truth(node.prim) || node.prim == Prim::kCast ||
               node.prim == Prim::kToIndex) {
      step.kind = inner = of_arguments(node);
    }
    if (node.prim == Prim::kCast) step.from = source_dtype(node.args[0]);
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      bool is_condition = node.prim == Prim::kSelect && i == 0;
      step.args.push_back(make(node.args[i], is_condition ? Kind::kBool : inner));
    }
    return step;
  }

 private:
  const ZpTensor& operand(const ElementNode& node) const {
    return *operands_[static_cast<std::size_t>(node.number)];
  }

  static bool answers_truth(Prim prim) {
    return prim == Prim::kLt || prim == Prim::kLe || prim == Prim::kEq || prim == Prim::kAnd ||
           prim == Prim::kOr || prim == Prim::kXor || prim == Prim::kNot || prim == Prim::kIsNan ||
           prim == Prim::kIsFinite;
  }

  Kind of_arguments(const ElementNode& node) const {
    for (const Element& a : node.args) {
      if (Kind k = natural(a); k != Kind::kAny) return k;
    }
    return Kind::kNumber;
  }

  Kind natural(const Element& tree) const {
    const ElementNode& node = *tree;
    if (answers_truth(node.prim)) return Kind::kBool;
    switch (node.prim) {
      case Prim::kArg:
      case Prim::kRead:
        return kind_of(operand(node).type.dtype);
      case Prim::kLiteral:
        return Kind::kAny;
      case Prim::kIndex:
      case Prim::kBound:
      case Prim::kInteger:
      case Prim::kToIndex:
      case Prim::kLookup:
        return Kind::kIndex;
      case Prim::kCast:
      case Prim::kOfIndex:
        return kind_of(result_);
      default:
        break;
    }
    for (std::size_t i = node.prim == Prim::kSelect ? 1 : 0; i < node.args.size(); ++i) {
      if (Kind k = natural(node.args[i]); k != Kind::kAny) return k;
    }
    return Kind::kAny;
  }

  DType source_dtype(const Element& tree) const {
    if (tree->prim == Prim::kArg || tree->prim == Prim::kRead) return operand(*tree).type.dtype;
    return tree->args.empty() ? result_ : source_dtype(tree->args[0]);
  }

  std::span<const ZpTensor* const> operands_;
  DType result_;
};

/// Evaluates steps at one output index.
class Point {
 public:
  Point(std::span<const ZpTensor* const> operands, DType result, std::string_view subject)
      : operands_(operands), result_(result), subject_(subject) {}

  std::int64_t flat = 0;
  std::vector<std::int64_t> index, bound;

  std::uint64_t value(const Step& s) const {
    switch (s.prim) {
      case Prim::kArg:
        return operands_[static_cast<std::size_t>(s.number)]
            ->values[static_cast<std::size_t>(flat)];
      case Prim::kLiteral:
        return s.literal;
      case Prim::kRead:
        return read(s);
      case Prim::kSelect:
        return value(s.args[0]) != 0 ? value(s.args[1]) : value(s.args[2]);
      case Prim::kCast:
        return zp_cast(s.from, result_, value(s.args[0]));
      case Prim::kOfIndex: {
        std::int64_t i = position(s.args[0]);
        return result_ == DType::kBool ? std::uint64_t{i != 0} : zp_of_int(i);
      }
      default:
        break;
    }
    if (s.kind == Kind::kIndex) {
      std::int64_t a = position(s.args[0]), b = s.args.size() > 1 ? position(s.args[1]) : 0;
      return s.prim == Prim::kLt ? a < b : s.prim == Prim::kLe ? a <= b : a == b;
    }
    std::uint64_t a = value(s.args[0]), b = s.args.size() > 1 ? value(s.args[1]) : 0;
    return s.kind == Kind::kBool ? zp_bool_prim(s.prim, a, b) : zp_prim(s.prim, a, b);
  }

 private:
  std::uint64_t read(const Step& s) const {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      std::int64_t p = position(s.args[i]);
      BAFE_CHECK(p >= 0 && p < s.sizes[i], "a read that is reached lies inside its operand");
      at += p * s.strides[i];
    }
    return operands_[static_cast<std::size_t>(s.number)]->values[static_cast<std::size_t>(at)];
  }

  std::int64_t position(const Step& s) const {
    switch (s.prim) {
      case Prim::kIndex:
        return index[static_cast<std::size_t>(s.number)];
      case Prim::kBound:
        return bound[static_cast<std::size_t>(s.number)];
      case Prim::kInteger:
        return s.number;
      case Prim::kLiteral:
        return static_cast<std::int64_t>(s.literal);
      case Prim::kToIndex:
        return zp_signed(value(s.args[0]));
      case Prim::kSelect:
        return value(s.args[0]) != 0 ? position(s.args[1]) : position(s.args[2]);
      default:
        break;
    }
    std::int64_t a = position(s.args[0]), b = s.args.size() > 1 ? position(s.args[1]) : 0;
    switch (s.prim) {
      case Prim::kNeg:
        return -a;
      case Prim::kAdd:
        return a + b;
      case Prim::kSub:
        return a - b;
      case Prim::kMul:
        return a * b;
      case Prim::kMin:
        return std::min(a, b);
      case Prim::kMax:
        return std::max(a, b);
      case Prim::kFloorDiv:
        return b == 0 ? 0 : a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
      case Prim::kMod:
        return b == 0 ? 0 : (a % b + b) % b;
      case Prim::kLookup:
        break;
      default:
        BAFE_CHECK(false, "index trees use integer arithmetic");
    }
    std::int64_t wrapped = a < 0 ? a + b : a;
    if (wrapped >= 0 && wrapped < b) return wrapped;
    throw ShapeError({}, std::string(subject_),
                     format("index {} is out of range for an axis of size {}", a, b))
        .fix(format("use indices from {} to {}", -b, b - 1));
  }

  std::span<const ZpTensor* const> operands_;
  DType result_;
  std::string_view subject_;
};

/// Row-major successor; false after the last.
bool advance(std::vector<std::int64_t>& index, const std::vector<std::int64_t>& sizes) {
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (++index[i] < sizes[i]) return true;
    index[i] = 0;
  }
  return false;
}

struct Reduction {
  ReduceKind kind;
  Kind values;
  std::uint64_t result = 0;
  std::uint64_t best = 0;
  std::int64_t count = 0;

  void take(std::uint64_t x) {
    auto combine = [&](Prim prim) {
      return values == Kind::kBool ? zp_bool_prim(prim, result, x) : zp_prim(prim, result, x);
    };
    bool is_first = count++ == 0;
    bool beats = is_first;
    switch (kind) {
      case ReduceKind::kSum:
        result = is_first ? x : combine(Prim::kAdd);
        return;
      case ReduceKind::kProd:
        result = is_first ? x : combine(Prim::kMul);
        return;
      case ReduceKind::kMax:
        result = is_first ? x : combine(Prim::kMax);
        return;
      case ReduceKind::kMin:
        result = is_first ? x : combine(Prim::kMin);
        return;
      case ReduceKind::kArgMax:
        beats |= zp_signed(x) > zp_signed(best);
        break;
      case ReduceKind::kArgMin:
        beats |= zp_signed(x) < zp_signed(best);
        break;
    }
    if (!beats) return;
    best = x;
    result = static_cast<std::uint64_t>(count - 1);
  }
  std::uint64_t finish() const { return count == 0 && kind == ReduceKind::kProd ? 1 : result; }
};

class ZpEvaluator {
 public:
  ZpEvaluator(const Graph& graph, std::span<const ZpTensor> inputs)
      : graph_(graph), inputs_(inputs) {
    BAFE_CHECK(inputs.size() == graph.inputs().size(), "evaluate_zp gets one array an input");
  }

  std::vector<ZpTensor> run() {
    values_.resize(graph_.size());
    for (ValueId id : graph_.live()) {
      ZpTensor& out = values_[id.index()];
      out.type = graph_.type(id);
      out.values.resize(static_cast<std::size_t>(num_elements(out.type.shape).value()));
      compute(graph_.node(id), out);
    }
    std::vector<ZpTensor> roots;
    for (ValueId root : graph_.roots()) roots.push_back(values_[root.index()]);
    return roots;
  }

 private:
  void compute(const Node& node, ZpTensor& out) {
    const OpInfo& info = op_info(node.op);
    std::vector<const ZpTensor*> operands;
    for (ValueId v : node.operands) operands.push_back(&values_[v.index()]);
    switch (info.kind) {
      case OpKind::kLeaf:
        return leaf(node, out);
      case OpKind::kLayout:
        out.values = operands[0]->values;
        return;
      case OpKind::kScan:
        return scan(*operands[0], static_cast<std::size_t>(attr_int(node.attrs, 0).value()), out);
      case OpKind::kLibrary:
        return library(info, operands, out);
      default:
        break;
    }
    if (out.values.empty()) return;
    std::vector<Type> types;
    for (const ZpTensor* x : operands) types.push_back(x->type);
    Element tree = op_element(node.op, types, node.attrs, node.type);
    BAFE_CHECK(static_cast<bool>(tree), "an operator of concrete types has an element tree");
    elements(tree, operands, info.name, out);
  }

  static void elements(const Element& tree, std::span<const ZpTensor* const> operands,
                       std::string_view subject, ZpTensor& out) {
    bool reduces = tree->prim == Prim::kReduce;
    Step step = StepMaker(operands, out.type.dtype)
                    .make(reduces ? tree->args[0] : tree, kind_of(out.type.dtype));
    std::vector<std::int64_t> sizes = concrete(out.type.shape);
    std::vector<std::int64_t> bounds =
        reduces ? concrete(tree->extents) : std::vector<std::int64_t>{};
    bool is_empty = std::find(bounds.begin(), bounds.end(), 0) != bounds.end();
    Point point(operands, out.type.dtype, subject);
    point.index.assign(sizes.size(), 0);
    for (std::uint64_t& result : out.values) {
      if (reduces) {
        Reduction reduction{tree->reduce, kind_of(operands[0]->type.dtype)};
        point.bound.assign(bounds.size(), 0);
        for (bool more = !is_empty; more; more = advance(point.bound, bounds))
          reduction.take(point.value(step));
        result = reduction.finish();
      } else {
        result = point.value(step);
      }
      advance(point.index, sizes);
      ++point.flat;
    }
  }

  /// The first field of a leaf says where its value comes from; constants are hashes of their
  /// digest.
  void leaf(const Node& node, ZpTensor& out) const {
    AttrKind kind = attr_kind(node.attrs[0]);
    if (kind == AttrKind::kInt) {
      const ZpTensor& x = inputs_[static_cast<std::size_t>(attr_int(node.attrs, 0).value())];
      BAFE_CHECK(x.type == out.type && x.values.size() == out.values.size(),
                 "an input has its declared type");
      out.values = x.values;
    } else if (kind == AttrKind::kScalar) {
      std::fill(out.values.begin(), out.values.end(), zp_of_scalar(attr_scalar(node.attrs, 0)));
    } else {
      for (std::uint64_t i = 0; i < out.values.size(); ++i) {
        std::uint64_t x = zp_hash(attr_string(node.attrs, 0), std::span(&i, 1));
        out.values[i] = out.type.dtype == DType::kBool ? x & 1 : x;
      }
    }
  }

  static void scan(const ZpTensor& x, std::size_t axis, ZpTensor& out) {
    std::vector<std::int64_t> sizes = concrete(x.type.shape);
    auto inner = static_cast<std::size_t>(row_major_strides(sizes)[axis]),
         n = static_cast<std::size_t>(sizes[axis]);
    out.values = x.values;
    for (std::size_t i = inner; i < out.values.size(); ++i) {
      if (i / inner % n != 0) out.values[i] = zp_add(out.values[i], out.values[i - inner]);
    }
  }

  /// Every element is a hash of all operands: a routine is opaque.
  static void library(const OpInfo& info, std::span<const ZpTensor* const> operands,
                      ZpTensor& out) {
    std::uint64_t all = 0;
    for (const ZpTensor* x : operands) all = hash_mix(all, zp_hash(info.name, x->values));
    for (std::uint64_t i = 0; i < out.values.size(); ++i) {
      std::uint64_t key[] = {all, i};
      out.values[i] = zp_hash(info.name, key);
    }
  }

  const Graph& graph_;
  std::span<const ZpTensor> inputs_;
  std::vector<ZpTensor> values_;
};

}  // namespace

std::vector<ZpTensor> evaluate_zp(const Graph& graph, std::span<const ZpTensor> inputs) {
  Graph plain = flatten_named(graph);
  return ZpEvaluator(plain, inputs).run();
}

}  // namespace bafe
