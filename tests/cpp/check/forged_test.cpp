// Certificates written by hand: none of them proves what it says.
#include <gtest/gtest.h>

#include "bafe/base/format.h"
#include "check/proofs.h"

namespace bafe {
namespace {

CertificateVerdict verdict_of(RuleBook& book, const std::string& math, const std::string& rule,
                              const std::string& block, const std::string& premises = "") {
  std::string text = "bafe-certificate 1\nmath " + math + "\n" + premises;
  if (!rule.empty()) text += format("use {} {}\n", rule, book.find(rule)->hash);
  return check_certificate(text + "block\n" + block + "end\n", book);
}

TEST(Forged, ComparisonOfFloatsKeepsTheClassOfItsRule) {
  RuleBook book = builtin_book();
  const std::string block =
      "input f32 (3)\ninput f32 (3)\nless 0 1\nlogical_not 2\ngreater_equal 0 1\n"
      "written 3\nchosen 4\nrule 0+ 3 4\n";
  CertificateVerdict verdict = verdict_of(book, "reals", "not-less", block, "premises finite\n");
  EXPECT_TRUE(verdict.accepted) << verdict.line << verdict.reason;
  EXPECT_EQ(verdict.program_class, "finite");  // NaN < NaN and NaN >= NaN are false
  EXPECT_FALSE(verdict_of(book, "bits", "not-less", block, "premises finite\n").accepted);
}

TEST(Forged, WhatIsDecidedByRoundedNumbersIsNotBits) {
  RuleBook book;
  book.add("(rule shift (less (add ?x ?c) (add ?y ?c)) => (less ?x ?y) :class reals)", "test");
  const std::string block =
      "input f32 (3)\ninput f32 (3)\ninput f32 (3)\nadd 0 2\nadd 1 2\nless 3 4\nless 0 1\n"
      "written 5\nchosen 6\nrule 0+ 5 6\n";
  EXPECT_FALSE(verdict_of(book, "bits", "shift", block).accepted);
  const std::string whole =
      "input i32 (3)\ninput i32 (3)\ninput i32 (3)\nadd 0 2\nadd 1 2\nless 3 4\nless 0 1\n"
      "written 5\nchosen 6\nrule 0+ 5 6\n";
  EXPECT_EQ(verdict_of(book, "bits", "shift", whole).program_class, "bits");
}

void expect_computed(bool accepted, const std::string& terms, const std::string& math = "bits") {
  RuleBook book;
  CertificateVerdict verdict =
      verdict_of(book, math, "", terms + "written 1\nchosen 2\ncompute 1 2\n");
  EXPECT_EQ(verdict.accepted, accepted) << terms << verdict.line << verdict.reason;
}

TEST(Forged, ComputedConstantsAreThoseOfTheInterpreter) {
  expect_computed(true, "fill 2:f32 (3)\nneg 0\nfill -2:f32 (3)\n");
  expect_computed(false, "fill 0:f32 (3)\nneg 0\nfill 0:f32 (3)\n");
  expect_computed(false, "fill 2:f32 (3)\nneg 0\nfill 2:f32 (3)\n");
  expect_computed(false, "fill 1e30:f32 (3)\nsquare 0\nfill 1e38:f32 (3)\n");
  expect_computed(false, "fill 2:f32 (3)\nreduce_sum (0) 0\nfill 6:f32 (1)\n");
  expect_computed(true, "fill 2:f32 (3)\nreduce_sum (0) 0\nfill 6:f32 (1)\n", "reals");
  expect_computed(false, "fill 2:f32 (3)\nreduce_prod (0) 0\nfill 8:f32 (1)\n", "reals");
  expect_computed(false, "fill 2:f32 (3,3)\ntril 0 0\nfill 2:f32 (3,3)\n", "reals");
  expect_computed(false, "fill 2:f32 (3)\npad (1) (1) 0:f32 0\nfill 2:f32 (5)\n", "reals");
}

TEST(Forged, RootsAndInstancesMustBeThoseOfTheirBlocks) {
  RuleBook book;
  EXPECT_FALSE(
      verdict_of(book, "bits", "", "input f32 (3)\ninput f32 (3)\nwritten 0\nchosen 1\n").accepted);
  EXPECT_FALSE(
      verdict_of(book, "bits", "", "input f32 (3)\nneg 0\nneg 1\nwritten 2\nchosen 0\ndefine 2 0\n")
          .accepted);
  const std::string equal = "input f32 (3)\nfill 0:f32 (3)\nwritten 0\nchosen 0\nblock\n";
  EXPECT_FALSE(verdict_of(book, "bits", "",
                          equal + "input f32 (3)\ninput f32 (3)\nwritten 0\nchosen 1\n"
                                  "instance 0 0 0 1 0\n")
                   .accepted);
  EXPECT_FALSE(
      verdict_of(book, "bits", "", "input f32 (3)\nwritten 0\nchosen 0\ninstance 0 0 0 0 0\n")
          .accepted);
}

}  // namespace
}  // namespace bafe
