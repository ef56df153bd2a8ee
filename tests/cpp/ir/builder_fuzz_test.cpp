// Random calls of the builder: each throws a bafe::Error or leaves a graph that check() accepts.
#include <gtest/gtest.h>

#include <random>

#include "bafe/ir/builder.h"

namespace bafe {
namespace {

class Fuzzer {
 public:
  explicit Fuzzer(unsigned seed) : random_(seed) {
    for (int i = 0; i < 4; ++i) {
      bool weak = i == 0;
      graph_.add_input({"x", "row", weak, {dtype(), weak ? Shape{} : shape()}});
    }
  }

  /// True when the call was accepted.
  bool step() {
    const OpInfo& info = all_ops()[pick(all_ops().size())];
    int arity = info.arity == kVariadic ? 1 + static_cast<int>(pick(3)) : info.arity;
    if (pick(50) == 0) arity += 1;
    std::vector<ValueId> operands;
    for (int i = 0; i < arity; ++i) operands.push_back(value());
    Attrs attrs;
    for (const AttrField& field : tensor_ops().spec(info.id).fields) attrs.push_back(attr(field));
    try {
      b_.call(info.op, operands, std::move(attrs));
      return true;
    } catch (const InternalError& error) {
      ADD_FAILURE() << info.name << ": " << error.what();
    } catch (const Error&) {
    }
    return false;
  }

  /// The builder's own methods.
  void method() {
    ValueId x = value(), y = value();
    const ValueId both[] = {x, y};
    try {
      switch (pick(8)) {
        case 0:
          b_.matmul(x, y);
          break;
        case 1:
          b_.reshape(x, list());
          break;
        case 2:
          b_.transpose(x, list());
          break;
        case 3:
          b_.reduce(Op::kMean, x, list(), pick(2) == 0);
          break;
        case 4:
          b_.reduce(Op::kArgmax, x, std::nullopt, pick(2) == 0);
          break;
        case 5:
          b_.stack(both, number());
          break;
        case 6:
          b_.squeeze(x, list());
          break;
        default:
          b_.cumsum(x, std::nullopt);
          break;
      }
    } catch (const InternalError& error) {
      ADD_FAILURE() << error.what();
    } catch (const Error&) {
    }
  }

  Graph& graph() { return graph_; }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  DType dtype() { return static_cast<DType>(pick(kDTypeCount)); }
  Dim number() {
    if (pick(40) == 0) return Dim::symbol("n");
    if (pick(60) == 0) return std::int64_t{1} << 61;
    return static_cast<std::int64_t>(pick(7)) - 2;
  }
  List list() {
    List out(pick(4));
    for (Dim& d : out) d = number();
    return out;
  }
  Shape shape() {
    Shape out(pick(4));
    for (Dim& d : out)
      d = pick(30) == 0 ? Dim::symbol("n") : Dim(static_cast<std::int64_t>(pick(4)));
    return out;
  }
  /// Mostly small ranks: a graph of refused calls tests little.
  ValueId value() {
    ValueId id(static_cast<std::uint32_t>(pick(graph_.size())));
    return graph_.type(id).rank() <= 5 ? id : ValueId(static_cast<std::uint32_t>(pick(4)));
  }
  AttrValue attr(const AttrField& field) {
    if (pick(100) == 0) return Dim(1);
    switch (field.kind) {
      case AttrKind::kInt:
        return number();
      case AttrKind::kList:
        return pick(2) == 0 ? AttrValue(list()) : AttrValue(graph_.type(value()).shape);
      case AttrKind::kDType:
        return dtype();
      case AttrKind::kScalar:
        return Scalar::of(dtype(), static_cast<double>(pick(5)) - 2);
      case AttrKind::kText:
        return std::string(pick(2) == 0 ? "row" : "order(0 1)");
      case AttrKind::kGraph:
        break;
    }
    return Dim(0);
  }

  std::mt19937 random_;
  Graph graph_;
  Builder b_{graph_};
};

/// Element rules answer a tree or none for every type that a shape rule accepts, symbols included.
void ask_for_trees(const Graph& graph) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& n = graph.node(ValueId(i));
    std::vector<Type> operands;
    for (ValueId v : n.operands) operands.push_back(graph.type(v));
    ASSERT_NO_THROW(op_element(n.op, operands, n.attrs, n.type)) << op_info(n.op).name;
  }
}

TEST(BuilderFuzz, EitherThrowsOrLeavesTheNormalForm) {
  int accepted = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    Fuzzer fuzzer(seed);
    for (int i = 0; i < 60; ++i) {
      accepted += fuzzer.step();
      fuzzer.method();
    }
    ASSERT_NO_THROW(fuzzer.graph().check()) << "seed " << seed;
    ask_for_trees(fuzzer.graph());
    std::vector<ValueId> roots = {ValueId(static_cast<std::uint32_t>(fuzzer.graph().size() - 1))};
    fuzzer.graph().set_roots(roots);
    ASSERT_NO_THROW(fuzzer.graph().compact().check()) << "seed " << seed;
    EXPECT_EQ(fuzzer.graph().compact().hash(), fuzzer.graph().hash());
    ASSERT_NO_THROW(flatten_named(fuzzer.graph()).check()) << "seed " << seed;
  }
  EXPECT_GT(accepted, 2000);  // the fuzzer must reach the rules, not only their refusals
}

}  // namespace
}  // namespace bafe
