// The checker's evaluator of expressions against the one that the search uses, on drawn texts.
#include "../../../src/check/expressions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bafe/base/error.h"
#include "bafe/ir/attr_expr.h"

namespace bafe {
namespace {

/// ?x is f32[2, 3, n], ?i an i32[4] filled with 7, ?f an f32[] filled with 2.5.
const Type kTypes[] = {
    {DType::kF32, {2, 3, Dim::symbol("n")}}, {DType::kI32, {4}}, {DType::kF32, {}}};

std::optional<Scalar> constant_at(int value) {
  if (value == 0) return std::nullopt;
  return value == 1 ? Scalar::of_int(DType::kI32, 7) : Scalar::of(DType::kF32, 2.5);
}

bool fact_at(const std::string& name, int value) { return name == "finite" || value == 1; }

class OfSearch : public FactSource {
 public:
  const Type* type(int value) const override { return &kTypes[value]; }
  std::optional<Scalar> constant(int value) const override { return constant_at(value); }
  bool fact(const std::string& name, int value, const std::vector<AttrValue>&) const override {
    return fact_at(name, value);
  }
};

class OfChecker : public KnownFacts {
 public:
  const Type& type_of(ValueId term) const override { return kTypes[term.index()]; }
  std::optional<Scalar> constant_of(ValueId term) override {
    return constant_at(static_cast<int>(term.index()));
  }
  bool holds(const std::string& fact, ValueId term, const std::vector<double>&) override {
    return fact_at(fact, static_cast<int>(term.index()));
  }
  bool same(ValueId a, ValueId b) const override { return a == b; }
};

class ExpressionText {
 public:
  explicit ExpressionText(unsigned seed) : random_(seed) {}

  std::string value(int depth) {
    if (depth == 0 || draw(4) == 0)
      return any({"0",
                  "1",
                  "2",
                  "-1",
                  "3",
                  "7",
                  "4611686018427387903",
                  "2.5",
                  "()",
                  "(0 2)",
                  "(2 0 1)",
                  "(1 1)",
                  "(0 1 2)",
                  "?p",
                  "?s",
                  "?c",
                  "?k",
                  "(shape ?x)",
                  "(shape ?i)",
                  "(dim ?x 2)",
                  "(rank ?x)",
                  "(const ?i)",
                  "(const ?f)",
                  "(const ?x)"});
    const std::string two = " " + value(depth - 1) + " " + value(depth - 1) + ")";
    switch (draw(4)) {
      case 0:
        return "(" + any({"+", "-", "*", "min", "max", "exact-div"}) + two;
      case 1:
        return "(" + any({"gather", "at", "minus", "union", "append", "list", "iota"}) + two;
      case 2:
        return "(" + any({"sort", "inverse", "len", "prod", "swap-last", "iota", "-"}) + " " +
               value(depth - 1) + ")";
      default:
        return "(" + any({"part", "put"}) + " " + value(depth - 1) + two;
    }
  }

  std::string truth(int depth) {
    const std::string two = " " + value(depth) + " " + value(depth) + ")";
    switch (depth == 0 ? 0 : draw(4)) {
      case 1:
        return "(" + any({"and", "or"}) + " " + truth(depth - 1) + " " + truth(depth - 1) + ")";
      case 2:
        return "(not " + truth(depth - 1) + ")";
      case 3:
        return any({"(is-float ?x)", "(is-float ?i)", "(finite ?x)", "(zero ?x)", "(lower ?i)",
                    "(const ?x)", "(const ?f)"});
      default:
        return "(" + any({"=", "<", "<=", "divides", "subset", "disjoint"}) + two;
    }
  }

 private:
  unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::string any(const std::vector<std::string>& of) {
    return of[draw(static_cast<unsigned>(of.size()))];
  }
  std::mt19937 random_;
};

/// Sizes that leave their range are undefined for both.
template <class Evaluate>
auto or_undefined(Evaluate evaluate) -> decltype(evaluate()) {
  try {
    return evaluate();
  } catch (const ShapeError&) {
    return {};
  }
}

/// The checker may know less of symbolic sizes and of sums out of range; it never says more.
TEST(CheckerExpressions, SayNothingThatTheSearchDoesNot) {
  const std::vector<std::string> attrs = {"?p", "?s", "?c", "?k"}, values = {"?x", "?i", "?f"};
  const std::vector<AttrValue> given = {List{2, 0, 1}, List{0, 2}, Scalar::of(DType::kF32, 1.5),
                                        Dim(3)};
  auto find = [](const std::vector<std::string>& names) {
    return [&names](const std::string& name) {
      auto it = std::find(names.begin(), names.end(), name);
      return it == names.end() ? -1 : static_cast<int>(it - names.begin());
    };
  };
  MatchBindings bound;
  for (std::size_t i = 0; i < attrs.size(); ++i) bound.values[attrs[i]] = given[i];
  for (std::uint32_t i = 0; i < 3; ++i) bound.terms[values[i]] = ValueId(i);
  OfSearch search_facts;
  OfChecker facts;
  int read = 0, defined = 0, held = 0, apart = 0;
  for (unsigned seed = 0; seed < 16'000; ++seed) {
    ExpressionText draw(seed);
    const bool is_truth = seed % 2 == 0;
    const std::string text = is_truth ? draw.truth(2) : draw.value(3);
    const Sexpr form = read_sexprs(text, "e").at(0);
    std::optional<AttrExpr> parsed;
    try {
      parsed = parse_attr_expr(form, {find(attrs), find(values)});
    } catch (const ParseError&) {
      continue;
    }
    ++read;
    ExpressionWalk walk(bound, facts);
    if (is_truth) {
      const bool holds = walk.condition(form);
      held += holds ? 1 : 0;
      const bool same =
          holds == or_undefined([&] { return eval_condition(*parsed, given, search_facts); });
      apart += same ? 0 : 1;
      EXPECT_TRUE(same || !holds) << text;
      continue;
    }
    const auto mine = walk.value(form);
    const auto theirs = or_undefined([&] { return eval_attr(*parsed, given, search_facts); });
    defined += mine ? 1 : 0;
    const bool same =
        mine.has_value() == theirs.has_value() && (!mine || attrs_equal({*mine}, {*theirs}));
    apart += same ? 0 : 1;
    EXPECT_TRUE(same || !mine) << text << " checker: " << (mine ? attr_text(*mine) : "undefined")
                               << " search: " << (theirs ? attr_text(*theirs) : "undefined");
  }
  EXPECT_GT(read, 8'000);
  EXPECT_LT(apart, read / 1000);
  EXPECT_GT(defined, 800);
  EXPECT_GT(held, 300);
}

}  // namespace
}  // namespace bafe
