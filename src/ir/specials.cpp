// Which programs tell NaN or Inf from other values. In: a program. Out: yes where some node may, so
// that a rewrite which loses or makes such a value would be seen.

#include "bafe/ir/specials.h"

#include <cmath>
#include <map>

#include "bafe/base/format.h"
#include "bafe/ir/control.h"
#include "bafe/ir/op.h"
#include "bafe/ir/specials_reach.h"

namespace bafe {
namespace {

bool tells_specials(const Element& tree) {
  if (tree->prim == Prim::kIsNan || tree->prim == Prim::kIsFinite) return true;
  for (const Element& arg : tree->args) {
    if (tells_specials(arg)) return true;
  }
  return false;
}

bool compares(const Element& tree) {
  if (tree->prim == Prim::kEq || tree->prim == Prim::kLt || tree->prim == Prim::kLe) return true;
  return tree->prim == Prim::kNot && compares(tree->args[0]);
}

/// Values that are equal by their form have one number.
class ValueNumbers {
 public:
  explicit ValueNumbers(const Graph& graph) : graph_(graph), numbers_(graph.size()) {
    std::map<std::string, std::size_t> known;
    for (ValueId id : graph.live()) {
      const Node& node = graph.node(id);
      std::string key = format("{}", static_cast<int>(node.op));
      for (ValueId operand : node.operands) key += format(" {}", numbers_[operand.index()]);
      for (const AttrValue& value : node.attrs) key += " " + attr_text(value);
      numbers_[id.index()] = known.emplace(key, known.size()).first->second;
    }
  }

  std::size_t of(ValueId id) const { return numbers_[id.index()]; }

  /// The value that `id` is made from, element by element, with nothing but constants.
  std::size_t origin(ValueId id) const {
    for (;;) {
      const Node& node = graph_.node(id);
      OpKind kind = op_info(node.op).kind;
      bool walks = kind == OpKind::kPointwise || kind == OpKind::kMovement;
      ValueId from;
      for (ValueId operand : node.operands) {
        if (is_constant(operand)) continue;
        if (from.valid() && of(from) != of(operand)) walks = false;
        from = operand;
      }
      if (!from.valid() || !(walks || kind == OpKind::kLayout)) return of(id);
      id = from;
    }
  }

 private:
  bool is_constant(ValueId id) const {
    const Node& node = graph_.node(id);
    OpKind kind = op_info(node.op).kind;
    if (kind == OpKind::kLeaf) return attr_kind(node.attrs[0]) != AttrKind::kInt;
    return kind == OpKind::kMovement && node.operands.size() == 1 && is_constant(node.operands[0]);
  }

  const Graph& graph_;
  std::vector<std::size_t> numbers_;
};

/// NaN is not equal to itself: a comparison of a value with itself tells NaN apart as isnan does,
/// and so does equality with what one value alone became, as in y == y * 1.
bool tells_nan_by_comparison(const Graph& graph, ValueId id, const ValueNumbers& numbers) {
  const Node& node = graph.node(id);
  const Element& value = op_info(node.op).value;
  if (node.operands.size() != 2 || !value || !compares(value)) return false;
  ValueId a = node.operands[0], b = node.operands[1];
  if (!is_float(graph.type(a).dtype)) return false;
  if (numbers.of(a) == numbers.of(b)) return true;
  bool equality = (op_info(node.op).algebra & kCommutes) != 0;
  return equality && numbers.origin(a) == numbers.origin(b);
}

thread_local bool in_reach = false;

}  // namespace

SpecialsInReach::SpecialsInReach(bool seen) : before_(in_reach) { in_reach = in_reach || seen; }
SpecialsInReach::~SpecialsInReach() { in_reach = before_; }

bool sees_specials(const Graph& graph) {
  if (in_reach) return true;
  const ValueNumbers numbers(graph);
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    for (const auto& body : bodies_of(node.attrs)) {
      if (sees_specials(*body)) return true;
    }
    for (const AttrValue& value : node.attrs) {
      if (attr_kind(value) != AttrKind::kScalar) continue;
      Scalar scalar = std::get<Scalar>(value);
      if (is_float(scalar.dtype) && !std::isfinite(scalar.as_double())) return true;
    }
    if (op_info(node.op).value && tells_specials(op_info(node.op).value)) return true;
    if (tells_nan_by_comparison(graph, id, numbers)) return true;
    // A mean of nothing is 0 / 0.
    if (op_info(node.op).kind == OpKind::kReduction) {
      const Shape& reduced = graph.type(node.operands[0]).shape;
      if (is_concrete(reduced) && num_elements(reduced) == Dim(0)) return true;
    }
  }
  return false;
}

}  // namespace bafe
