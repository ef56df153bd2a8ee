#pragma once
/// Element trees: the value of one output element of an operator, written once. Walkers turn the
/// tree into numbers, integers modulo p, intervals, SMT-LIB and C text.
///
/// A pointwise operator's tree reads its operands with Arg. A shaped operator's tree is a function
/// of the output index: it reads operands at index trees (Read) and may reduce over bound variables
/// (Reduce).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bafe/ir/attrs.h"
#include "bafe/ir/type.h"

namespace bafe {

enum class Prim : std::uint8_t {
#define BAFE_PRIM(name, text, arguments) k##name,
#include "bafe/ir/scalar_prims.def"
#undef BAFE_PRIM
};

/// How Reduce combines: the neutral element and the step belong to the kind. ArgMax/ArgMin give the
/// index (row-major over the bound variables) of the first extreme element; a NaN is the extreme,
/// as in NumPy.
enum class ReduceKind : std::uint8_t { kSum, kProd, kMax, kMin, kArgMax, kArgMin };

struct ElementNode;
/// An immutable tree, cheap to copy. Default-constructed: no tree.
class Element {
 public:
  Element() = default;
  explicit Element(std::shared_ptr<const ElementNode> node) : node_(std::move(node)) {}
  explicit operator bool() const { return node_ != nullptr; }
  const ElementNode& operator*() const { return *node_; }
  const ElementNode* operator->() const { return node_.get(); }

 private:
  std::shared_ptr<const ElementNode> node_;
};

struct ElementNode {
  Prim prim = Prim::kLiteral;
  std::int64_t number =
      0;  ///< operand, axis, bound variable, integer, or the first bound variable of Reduce
  double literal = 0;
  ReduceKind reduce = ReduceKind::kSum;
  std::vector<Dim> extents;  ///< Reduce: sizes of bound variables number, number + 1, …
  std::vector<Element> args;
};

/// Constructors used by ops.def and by shape_meaning.cpp.
namespace element {
Element arg(int operand);
Element literal(double value);
Element index(int axis);
Element bound(int variable);
Element integer(std::int64_t value);
Element read(int operand, std::vector<Element> indices);
Element reduce(ReduceKind kind, int first_bound, std::vector<Dim> extents, Element body);
Element make(Prim prim, std::vector<Element> args);
}  // namespace element

/// The vocabulary of ops.def: arithmetic on trees.
Element operator+(const Element& a, const Element& b);
Element operator-(const Element& a, const Element& b);
Element operator*(const Element& a, const Element& b);
Element operator/(const Element& a, const Element& b);
Element operator-(const Element& a);

std::string prim_text(Prim prim);
std::string element_text(const Element& tree);

}  // namespace bafe
