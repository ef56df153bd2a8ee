#include "bafe/ir/sexpr.h"

#include <gtest/gtest.h>

#include "golden.h"

namespace bafe {
namespace {

TEST(SexprReader, KeepsKindsAndPositions) {
  std::vector<Sexpr> forms =
      read_sexprs("; a rule\n(add ?x -1.5 3 :axes (0 1) \"two\")\n  [B.. m]", "r");
  ASSERT_EQ(forms.size(), 2u);
  EXPECT_TRUE(forms[0].is_form("add"));
  EXPECT_TRUE(forms[0].items[1].is_variable());
  EXPECT_EQ(forms[0].items[2].real, -1.5);
  EXPECT_EQ(forms[0].items[3].integer, 3);
  EXPECT_TRUE(forms[0].items[4].is_keyword());
  EXPECT_EQ(forms[0].items[6].text, "two");
  EXPECT_TRUE(forms[1].is_bracketed());
  EXPECT_EQ(forms[0].items[2].loc.text(), "r:2:9");
  EXPECT_EQ(forms[1].loc.text(), "r:3:3");
}

TEST(SexprReader, CountsCharactersNotBytes) {
  EXPECT_EQ(read_sexprs("(→ x)", "r")[0].items[1].loc.column, 4);
}

TEST(SexprText, RoundTrips) {
  const char* text = "(rule r (- ?x) => [B.. m] \"a \\\" b\" 1e-5 -3)";
  EXPECT_EQ(sexpr_text(read_sexprs(text, "")[0]), text);
}

TEST(SexprReader, TakesArrowsAndOperatorsAsSymbols) {
  for (const char* symbol : {"=>", "<=>", "-", "+", "->", "<=", "...", "-x", "?"}) {
    EXPECT_TRUE(read_sexprs(symbol, "")[0].is(symbol));
  }
}

TEST(SexprReader, FreezesItsMessages) {
  EXPECT_ERROR(ParseError, read_sexprs("(add ?x\n  (mul ?y", "r.rules"), "errors/sexpr_open.txt");
  EXPECT_ERROR(ParseError, read_sexprs("(add ?x))", "r.rules"), "errors/sexpr_close.txt");
  EXPECT_ERROR(ParseError, read_sexprs("(add ?x]", "r.rules"), "errors/sexpr_mixed.txt");
  EXPECT_ERROR(ParseError, read_sexprs("(add 3x)", "r.rules"), "errors/sexpr_number.txt");
  EXPECT_ERROR(ParseError, read_sexprs("\"abc", "r.rules"), "errors/sexpr_text.txt");
}

TEST(SexprReader, BoundsDepthAndIntegers) {
  EXPECT_NO_THROW(read_sexprs(std::string(200, '(') + std::string(200, ')'), ""));
  EXPECT_THROW(read_sexprs(std::string(100000, '('), ""), ParseError);
  EXPECT_THROW(read_sexprs("99999999999999999999", ""), ParseError);
  EXPECT_THROW(read_sexprs(std::string("(a\0b)", 5), ""), ParseError);
  EXPECT_TRUE(read_sexprs(" ; nothing", "").empty());
}

}  // namespace
}  // namespace bafe
