// Propositional logic: few rules a proof, constants folded, and sentences that do not follow.
#include "egraph/classical.h"

namespace bafe::testing {
namespace {

/// Sentences over x y z; `names` says which rules may be used.
Language logic(const std::vector<std::string>& names) {
  Language l("->/2 &/2 or/2 ~/1 true false x y z");
  const std::map<std::string, std::string> rules{
      {"def-imply", "(-> ?a ?b) <=> (or (~ ?a) ?b)"},
      {"double-neg", "(~ (~ ?a)) <=> ?a"},
      {"assoc-or", "(or ?a (or ?b ?c)) <=> (or (or ?a ?b) ?c)"},
      {"dist-and-or", "(& ?a (or ?b ?c)) <=> (or (& ?a ?b) (& ?a ?c))"},
      {"dist-or-and", "(or ?a (& ?b ?c)) <=> (& (or ?a ?b) (or ?a ?c))"},
      {"comm-or", "(or ?a ?b) => (or ?b ?a)"},
      {"comm-and", "(& ?a ?b) => (& ?b ?a)"},
      {"lem", "(or ?a (~ ?a)) => true"},
      {"or-true", "(or ?a true) => true"},
      {"and-true", "(& ?a true) => ?a"},
      {"and-false", "(& ?a false) => false"},
      {"or-false", "(or ?a false) => ?a"},
      {"contrapositive", "(-> ?a ?b) => (-> (~ ?b) (~ ?a))"},
      {"lem-imply", "(& (-> ?a ?b) (-> (~ ?a) ?c)) => (or ?b ?c)"}};
  for (const std::string& name : names) l.rule(name, rules.at(name));
  return l;
}

const std::vector<std::string> kAll{"def-imply",      "double-neg", "assoc-or",  "dist-and-or",
                                    "dist-or-and",    "comm-or",    "comm-and",  "lem",
                                    "or-true",        "and-true",   "and-false", "or-false",
                                    "contrapositive", "lem-imply"};

TEST(ClassicalLogic, ProvesTheContrapositive) {
  Language l = logic({"def-imply", "double-neg", "comm-or"});
  for (const char* goal :
       {"(or (~ x) y)", "(or (~ x) (~ (~ y)))", "(or (~ (~ y)) (~ x))", "(-> (~ y) (~ x))"}) {
    EXPECT_TRUE(reaches(l, nullptr, "(-> x y)", goal)) << goal;
  }
}

TEST(ClassicalLogic, ChainsImplications) {
  Language l = logic({"def-imply", "double-neg", "comm-and", "comm-or", "lem-imply"});
  l.rule("contrapositive", "(-> ?a ?b) => (-> (~ ?b) (~ ?a))");
  for (const char* goal : {"(& (-> (~ y) (~ x)) (-> y z))", "(& (-> y z) (-> (~ y) (~ x)))",
                           "(or z (~ x))", "(or (~ x) z)", "(-> x z)"}) {
    EXPECT_TRUE(reaches(l, nullptr, "(& (-> x y) (-> y z))", goal)) << goal;
  }
}

TEST(ClassicalLogic, FoldsConstants) {
  Language l = logic(kAll);
  EXPECT_TRUE(reaches(l, nullptr, "(or (& false true) (& true false))", "false"));
  EXPECT_TRUE(reaches(l, nullptr, "(-> x x)", "true"));
  EXPECT_TRUE(reaches(l, nullptr, "(or (-> x y) (~ (-> x y)))", "true"));
}

TEST(ClassicalLogic, DoesNotProveWhatDoesNotFollow) {
  // one-way rules that only weaken are left out: what remains are equivalences
  Language l = logic({"def-imply", "double-neg", "assoc-or", "dist-and-or", "dist-or-and",
                      "comm-or", "comm-and", "lem", "or-true", "and-true", "contrapositive"});
  GoalLimits few{.iterations = 8, .nodes = 20'000, .shows_goal = true};
  EXPECT_FALSE(reaches(l, nullptr, "(-> x y)", "(-> y x)", few));
  EXPECT_FALSE(reaches(l, nullptr, "(or x y)", "(& x y)", few));
  EXPECT_FALSE(reaches(l, nullptr, "(or x y)", "true", few));
}

}  // namespace
}  // namespace bafe::testing
