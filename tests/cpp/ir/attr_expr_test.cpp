#include "bafe/ir/attr_expr.h"

#include <gtest/gtest.h>

#include <set>

#include "golden.h"

namespace bafe {
namespace {

/// ?x is f32[2, 3, n], ?i an i32[4] filled with 7; ?p and ?s are lists, ?d a dtype, ?c a scalar.
class AttrExprTest : public ::testing::Test, public FactSource {
 protected:
  const Type* type(int value) const override { return value == 0 ? &x : &i; }
  std::optional<Scalar> constant(int value) const override {
    if (value == 0) return std::nullopt;
    return Scalar::of_int(DType::kI32, 7);
  }
  bool fact(const std::string& name, int value, const std::vector<AttrValue>& args) const override {
    last_fact = name + std::to_string(value) + "/" + std::to_string(args.size());
    return name == "finite" || name == "in";
  }

  AttrExpr parse(const std::string& text) const {
    static const std::vector<std::string> attrs = {"?p", "?s", "?d", "?c"}, values = {"?x", "?i"};
    auto find = [](const std::vector<std::string>& names) {
      return [&names](const std::string& name) {
        auto it = std::find(names.begin(), names.end(), name);
        return it == names.end() ? -1 : static_cast<int>(it - names.begin());
      };
    };
    return parse_attr_expr(read_sexprs(text, "e").at(0), {find(attrs), find(values)});
  }
  std::string eval(const std::string& text) const {
    std::optional<ExprValue> value = eval_attr_expr(parse(text), vars, *this);
    if (!value) return "undefined";
    if (const bool* b = std::get_if<bool>(&*value)) return *b ? "true" : "false";
    return attr_text(std::get<AttrValue>(*value));
  }

  Type x{DType::kF32, {2, 3, Dim::symbol("n")}};
  Type i{DType::kI32, {4}};
  std::vector<AttrValue> vars = {List{2, 0, 1}, List{0, 2}, DType::kF16,
                                 Scalar::of(DType::kF32, 1.5)};
  mutable std::string last_fact;
};

TEST_F(AttrExprTest, AsksTypes) {
  EXPECT_EQ(eval("(shape ?x)"), "(2 3 n)");
  EXPECT_EQ(eval("(rank ?x)"), "3");
  EXPECT_EQ(eval("(dim ?x 1)"), "3");
  EXPECT_EQ(eval("(dim ?x -1)"), "n");
  EXPECT_EQ(eval("(dim ?x 3)"), "undefined");
  EXPECT_EQ(eval("(dtype ?i)"), "i32");
  EXPECT_EQ(eval("?d"), "f16");
}

TEST_F(AttrExprTest, CalculatesOnIntsListsAndScalars) {
  EXPECT_EQ(eval("(+ 1 2 3)"), "6");
  EXPECT_EQ(eval("(- 5)"), "-5");
  EXPECT_EQ(eval("(+ (dim ?x 2) 1)"), "n + 1");
  EXPECT_EQ(eval("(* (1 2) 3)"), "(3 6)");
  EXPECT_EQ(eval("(- (shape ?x) (1 1 1))"), "(1 2 n - 1)");
  EXPECT_EQ(eval("(+ (1 2) (1 2 3))"), "undefined");
  EXPECT_EQ(eval("(min (dim ?x 2) 4)"), "undefined");
  EXPECT_EQ(eval("(max (dim ?x 2) (+ (dim ?x 2) 2))"), "n + 2");
  EXPECT_EQ(eval("(exact-div 12 4)"), "3");
  EXPECT_EQ(eval("(exact-div 12 5)"), "undefined");
  EXPECT_EQ(eval("(exact-div 12 0)"), "undefined");
  EXPECT_EQ(eval("(* ?c 2)"), "0x1.8p+1:f32");
  EXPECT_EQ(eval("(+ ?c 0.5)"), "0x1p+1:f32");
  EXPECT_EQ(eval("(* 4611686018427387903 2)"), "undefined");
}

TEST_F(AttrExprTest, CalculatesOnLists) {
  EXPECT_EQ(eval("(list 1 (rank ?x))"), "(1 3)");
  EXPECT_EQ(eval("(list)"), "()");
  EXPECT_EQ(eval("(append (1 2) 3 (4))"), "(1 2 3 4)");
  EXPECT_EQ(eval("(len ?p)"), "3");
  EXPECT_EQ(eval("(at ?p -1)"), "1");
  EXPECT_EQ(eval("(at ?p 3)"), "undefined");
  EXPECT_EQ(eval("(part (4 5 6 7) 1 3)"), "(5 6)");
  EXPECT_EQ(eval("(part (4 5) 1 3)"), "undefined");
  EXPECT_EQ(eval("(gather (shape ?x) ?s)"), "(2 n)");
  EXPECT_EQ(eval("(put (4 5 6) 1 9)"), "(4 9 6)");
  EXPECT_EQ(eval("(put (shape ?x) ?s 1)"), "(1 3 1)");
  EXPECT_EQ(eval("(put (4 5) (0 1) (7 8))"), "(7 8)");
  EXPECT_EQ(eval("(iota 3)"), "(0 1 2)");
  EXPECT_EQ(eval("(iota 2 4)"), "(2 3)");
  EXPECT_EQ(eval("(iota 1000000000000)"), "undefined");
  EXPECT_EQ(eval("(sort (3 1 2))"), "(1 2 3)");
  EXPECT_EQ(eval("(prod (shape ?x))"), "6*n");
  EXPECT_EQ(eval("(minus (0 1 2 3) (1 3))"), "(0 2)");
  EXPECT_EQ(eval("(union (2 0) (1 2))"), "(0 1 2)");
  EXPECT_EQ(eval("(inverse ?p)"), "(1 2 0)");
  EXPECT_EQ(eval("(inverse (0 0))"), "undefined");
  EXPECT_EQ(eval("(swap-last 3)"), "(0 2 1)");
  EXPECT_EQ(eval("(swap-last 1)"), "undefined");
}

TEST_F(AttrExprTest, TestsOnlyWhatIsDecidable) {
  EXPECT_EQ(eval("(= (shape ?x) (list 2 3 (dim ?x 2)))"), "true");
  EXPECT_EQ(eval("(= (dim ?x 2) 4)"), "undefined");
  EXPECT_EQ(eval("(= (dim ?x 2) (+ (dim ?x 2) 1))"), "false");
  EXPECT_EQ(eval("(= ?c 1.5)"), "true");
  EXPECT_EQ(eval("(= ?d f16)"), "true");
  EXPECT_EQ(eval("(< 1 2)"), "true");
  EXPECT_EQ(eval("(<= (dim ?x 2) (dim ?x 2))"), "true");
  EXPECT_EQ(eval("(divides 3 12)"), "true");
  EXPECT_EQ(eval("(divides 0 12)"), "undefined");
  EXPECT_EQ(eval("(subset ?s (0 1 2))"), "true");
  EXPECT_EQ(eval("(disjoint ?s (1 3))"), "true");
  EXPECT_EQ(eval("(and (< 1 2) (not (< 2 1)))"), "true");
  EXPECT_EQ(eval("(and (< 2 1) (= (dim ?x 2) 4))"), "false");
  EXPECT_EQ(eval("(or (= (dim ?x 2) 4) (< 1 2))"), "true");
  EXPECT_EQ(eval("(or (= (dim ?x 2) 4) (< 2 1))"), "undefined");
  EXPECT_FALSE(eval_condition(parse("(= (dim ?x 2) 4)"), vars, *this));
}

TEST_F(AttrExprTest, AsksFacts) {
  EXPECT_EQ(eval("(is-float ?x)"), "true");
  EXPECT_EQ(eval("(is-float ?i)"), "false");
  EXPECT_EQ(eval("(const ?i)"), "7:i32");
  EXPECT_EQ(eval("(const ?x)"), "undefined");
  EXPECT_EQ(eval("(finite ?x)"), "true");
  EXPECT_EQ(eval("(in ?i 0 9)"), "true");
  EXPECT_EQ(last_fact, "in1/2");
  EXPECT_EQ(eval("(orthogonal ?x)"), "false");
  EXPECT_TRUE(eval_condition(parse("(and (const ?i) (finite ?x))"), vars, *this));
}

TEST_F(AttrExprTest, FreezesItsMessages) {
  EXPECT_ERROR(ParseError, parse("(inverze ?p)"), "errors/expr_function.txt");
  EXPECT_ERROR(ParseError, parse("(+ 1\n  ?unknown)"), "errors/expr_variable.txt");
  EXPECT_ERROR(ParseError, parse("(+ ?x 1)"), "errors/expr_tensor.txt");
  EXPECT_ERROR(ParseError, parse("(dim ?x)"), "errors/expr_arity.txt");
  EXPECT_ERROR(ParseError, parse("(+ 1 foo)"), "errors/expr_symbol.txt");
}

TEST(AttrFunctions, AreDocumentedOnce) {
  std::set<std::string> names;
  for (const AttrFunctionInfo& f : attr_functions()) {
    EXPECT_TRUE(names.insert(f.name).second) << f.name;
    EXPECT_FALSE(f.doc.empty()) << f.name;
    EXPECT_LE(f.min_args, f.max_args);
  }
}

}  // namespace
}  // namespace bafe
