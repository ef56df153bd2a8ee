// Element trees: constructors and text. In: parts. Out: immutable trees. Invariant: a node has as
// many arguments as its row in scalar_prims.def says (Read excepted: one an axis).
#include "bafe/ir/meaning.h"

#include <array>

#include "bafe/base/error.h"
#include "bafe/base/format.h"

namespace bafe {
namespace {

struct PrimInfo {
  std::string_view text;
  int arguments;
};

constexpr PrimInfo kPrims[] = {
#define BAFE_PRIM(name, text, arguments) {text, arguments},
#include "bafe/ir/scalar_prims.def"
#undef BAFE_PRIM
};

const PrimInfo& prim_info(Prim prim) { return kPrims[static_cast<std::size_t>(prim)]; }

Element make_leaf(Prim prim, std::int64_t number) {
  ElementNode node;
  node.prim = prim;
  node.number = number;
  return Element(std::make_shared<const ElementNode>(std::move(node)));
}

std::string extents_text(const ElementNode& node) {
  std::string out;
  for (std::size_t i = 0; i < node.extents.size(); ++i) {
    out += format("{}b{}<{}", i ? " " : "", node.number + static_cast<std::int64_t>(i),
                  node.extents[i].text());
  }
  return out;
}

}  // namespace

namespace element {

Element arg(int operand) { return make_leaf(Prim::kArg, operand); }
Element index(int axis) { return make_leaf(Prim::kIndex, axis); }
Element bound(int variable) { return make_leaf(Prim::kBound, variable); }
Element integer(std::int64_t value) { return make_leaf(Prim::kInteger, value); }

Element literal(double value) {
  ElementNode node;
  node.literal = value;
  return Element(std::make_shared<const ElementNode>(std::move(node)));
}

Element read(int operand, std::vector<Element> indices) {
  ElementNode node;
  node.prim = Prim::kRead;
  node.number = operand;
  node.args = std::move(indices);
  return Element(std::make_shared<const ElementNode>(std::move(node)));
}

Element reduce(ReduceKind kind, int first_bound, std::vector<Dim> extents, Element body) {
  ElementNode node;
  node.prim = Prim::kReduce;
  node.number = first_bound;
  node.reduce = kind;
  node.extents = std::move(extents);
  node.args = {std::move(body)};
  return Element(std::make_shared<const ElementNode>(std::move(node)));
}

Element make(Prim prim, std::vector<Element> args) {
  int expected = prim_info(prim).arguments;
  BAFE_CHECK(expected < 0 || static_cast<std::size_t>(expected) == args.size(),
             "a primitive has the arguments of its row");
  ElementNode node;
  node.prim = prim;
  node.args = std::move(args);
  return Element(std::make_shared<const ElementNode>(std::move(node)));
}

}  // namespace element

Element operator+(const Element& a, const Element& b) { return element::make(Prim::kAdd, {a, b}); }
Element operator-(const Element& a, const Element& b) { return element::make(Prim::kSub, {a, b}); }
Element operator*(const Element& a, const Element& b) { return element::make(Prim::kMul, {a, b}); }
Element operator/(const Element& a, const Element& b) { return element::make(Prim::kDiv, {a, b}); }
Element operator-(const Element& a) { return element::make(Prim::kNeg, {a}); }

std::string prim_text(Prim prim) { return std::string(prim_info(prim).text); }

std::string element_text(const Element& tree) {
  if (!tree) return "?";
  const ElementNode& node = *tree;
  if (node.prim == Prim::kLiteral) return format("{}", node.literal);
  if (node.prim == Prim::kInteger) return std::to_string(node.number);
  if (node.prim == Prim::kIndex) return format("i{}", node.number);
  if (node.prim == Prim::kBound) return format("b{}", node.number);
  if (node.prim == Prim::kArg) return format("x{}", node.number);
  std::string out = "(";
  if (node.prim == Prim::kRead) {
    out += format("read x{}", node.number);
  } else if (node.prim == Prim::kReduce) {
    static constexpr std::array<const char*, 6> kNames = {"sum", "prod",   "max",
                                                          "min", "argmax", "argmin"};
    out += format("{} [{}]", kNames[static_cast<std::size_t>(node.reduce)], extents_text(node));
  } else {
    out += prim_info(node.prim).text;
  }
  for (const Element& a : node.args) out += " " + element_text(a);
  return out + ")";
}

}  // namespace bafe
