// Simplification, differentiation and integration with conditional rules over folded constants.
#include <optional>

#include "egraph/classical.h"

namespace bafe::testing {
namespace {

/// Integer constants of classes. A class that holds a named leaf is a variable.
class Numbers : public Analysis {
 public:
  explicit Numbers(const Language& language)
      : num_(language.ops.find("num")),
        add_(language.ops.find("+")),
        sub_(language.ops.find("-")),
        mul_(language.ops.find("*")),
        pow_(language.ops.find("pow")) {}

  std::optional<std::int64_t> value(ClassId cls) const { return values_[cls.index()]; }
  bool is_variable(const EGraph& graph, ClassId cls) const {
    for (NodeId node : graph.nodes(cls)) {
      if (graph.children(node).empty() && graph.op(node) != num_) return true;
    }
    return false;
  }

  void open(const EGraph&, ClassId cls) override {
    values_.resize(std::max<std::size_t>(values_.size(), cls.index() + 1));
    values_[cls.index()].reset();
  }
  bool learn(const EGraph& graph, NodeId node, ClassId cls) override {
    return join(graph, values_[cls.index()], of(graph, node));
  }
  MergeResult merge(const EGraph& graph, ClassId into, ClassId from) override {
    auto &a = values_[into.index()], &b = values_[from.index()];
    MergeResult result{.into_changed = !a && b, .from_changed = a && !b};
    join(graph, a, b);
    return result;
  }
  void modify(EGraph& graph, ClassId cls) override {
    if (!value(cls)) return;
    NodeId number = graph.add(num_, graph.attrs().intern(Attrs{Dim(*value(cls))}), {});
    if (!number.valid()) return;
    graph.unite(graph.nodes(graph.find(cls)).front(), number,
                {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  }

 private:
  static bool join(const EGraph& graph, std::optional<std::int64_t>& into,
                   std::optional<std::int64_t> from) {
    if (into && from && *into != *from) {
      throw RuleError({}, "e-graph", "two constants in one class").detail(graph.blame());
    }
    if (into || !from) return false;
    into = from;
    return true;
  }
  std::optional<std::int64_t> of(const EGraph& graph, NodeId node) const {
    OpId op = graph.op(node);
    if (op == num_) return attr_int(graph.attrs().record(graph.attr(node)), 0).value();
    std::span<const NodeId> kids = graph.children(node);
    if (kids.size() != 2) return std::nullopt;
    auto a = value(graph.class_of(kids[0])), b = value(graph.class_of(kids[1]));
    if (!a || !b || std::abs(*a) > 1000 || std::abs(*b) > 1000) return std::nullopt;
    if (op == add_) return *a + *b;
    if (op == sub_) return *a - *b;
    if (op == mul_) return *a * *b;
    if (op == pow_ && *b >= 0 && *b <= 3) {
      std::int64_t power = 1;
      for (std::int64_t i = 0; i < *b; ++i) power *= *a;
      return power;
    }
    return std::nullopt;
  }

  OpId num_, add_, sub_, mul_, pow_;
  std::vector<std::optional<std::int64_t>> values_;
};

class ClassicalMathematics : public ::testing::Test {
 protected:
  ClassicalMathematics()
      : m_("num:value +/2 -/2 */2 //2 pow/2 sqrt/1 ln/1 sin/1 cos/1 d/2 i/2 x y a five"),
        numbers_(m_) {
    structure();
    calculus();
  }

  void rule(const std::string& name, const std::string& text) { m_.rule(name, with_numbers(text)); }
  template <class Condition>
  void rule_if(const std::string& name, const std::string& text, Condition condition) {
    m_.rule_if(name, with_numbers(text), [condition](const EGraph& graph, const Match& match) {
      return condition(graph, graph.class_of(match.vars[0]),
                       graph.class_of(match.vars[match.vars.size() > 1 ? 1 : 0]));
    });
  }
  auto nonzero(bool second = false) {
    return [this, second](const EGraph&, ClassId first, ClassId other) {
      return numbers_.value(second ? other : first) != 0;
    };
  }

  void structure() {
    rule("comm-add", "(+ ?a ?b) => (+ ?b ?a)");
    rule("comm-mul", "(* ?a ?b) => (* ?b ?a)");
    rule("assoc-add", "(+ ?a (+ ?b ?c)) => (+ (+ ?a ?b) ?c)");
    rule("assoc-mul", "(* ?a (* ?b ?c)) => (* (* ?a ?b) ?c)");
    rule("sub-canon", "(- ?a ?b) => (+ ?a (* -1 ?b))");
    rule_if("div-canon", "(/ ?a ?b) => (* ?a (pow ?b -1))", nonzero(true));
    rule("zero-add", "(+ ?a 0) => ?a");
    rule("zero-mul", "(* ?a 0) => 0");
    rule("one-mul", "(* ?a 1) => ?a");
    rule("cancel-sub", "(- ?a ?a) => 0");
    rule_if("cancel-div", "(/ ?a ?a) => 1", nonzero());
    rule("distribute", "(* ?a (+ ?b ?c)) => (+ (* ?a ?b) (* ?a ?c))");
    rule("factor", "(+ (* ?a ?b) (* ?a ?c)) => (* ?a (+ ?b ?c))");
    rule("pow-mul", "(* (pow ?a ?b) (pow ?a ?c)) => (pow ?a (+ ?b ?c))");
    rule_if("pow0", "(pow ?x 0) => 1", nonzero());
    rule("pow1", "(pow ?x 1) => ?x");
    rule("pow2", "(pow ?x 2) => (* ?x ?x)");
    rule_if("pow-recip", "(pow ?x -1) => (/ 1 ?x)", nonzero());
    rule_if("recip-mul-div", "(* ?x (/ 1 ?x)) => 1", nonzero());
  }

  void calculus() {
    rule_if("d-variable", "(d ?x ?x) => 1", [this](const EGraph& graph, ClassId x, ClassId) {
      return numbers_.is_variable(graph, x);
    });
    rule_if("d-constant", "(d ?x ?c) => 0", [this](const EGraph& graph, ClassId x, ClassId c) {
      return numbers_.is_variable(graph, x) && x != c &&
             (numbers_.value(c) || numbers_.is_variable(graph, c));
    });
    rule("d-add", "(d ?x (+ ?a ?b)) => (+ (d ?x ?a) (d ?x ?b))");
    rule("d-mul", "(d ?x (* ?a ?b)) => (+ (* ?a (d ?x ?b)) (* ?b (d ?x ?a)))");
    rule("d-sin", "(d ?x (sin ?x)) => (cos ?x)");
    rule("d-cos", "(d ?x (cos ?x)) => (* -1 (sin ?x))");
    rule_if("d-ln", "(d ?x (ln ?x)) => (/ 1 ?x)", nonzero());
    rule_if("d-power",
            "(d ?x (pow ?f ?g)) => "
            "(* (pow ?f ?g) (+ (* (d ?x ?f) (/ ?g ?f)) (* (d ?x ?g) (ln ?f))))",
            nonzero(true));
    rule("i-one", "(i 1 ?x) => ?x");
    rule_if("i-power-const", "(i (pow ?x ?c) ?x) => (/ (pow ?x (+ ?c 1)) (+ ?c 1))",
            [this](const EGraph&, ClassId, ClassId c) { return numbers_.value(c).has_value(); });
    rule("i-cos", "(i (cos ?x) ?x) => (sin ?x)");
    rule("i-sin", "(i (sin ?x) ?x) => (* -1 (cos ?x))");
    rule("i-sum", "(i (+ ?f ?g) ?x) => (+ (i ?f ?x) (i ?g ?x))");
    rule("i-dif", "(i (- ?f ?g) ?x) => (- (i ?f ?x) (i ?g ?x))");
    rule("i-parts", "(i (* ?a ?b) ?x) => (- (* ?a (i ?b ?x)) (i (* (d ?x ?a) (i ?b ?x)) ?x))");
  }

  /// Every term is a product with 1: needed where a lone term is to be factored, slow elsewhere.
  void know_units() { rule("mul-one", "?a => (* ?a 1)"); }

  bool reaches(const std::string& start, const std::string& goal, GoalLimits limits = {}) {
    return testing::reaches(m_, &numbers_, start, goal, limits);
  }

  Language m_;
  Numbers numbers_;
};

TEST_F(ClassicalMathematics, SimplifiesSumsAndConstants) {
  know_units();
  EXPECT_TRUE(reaches("(* 0 42)", "0"));
  EXPECT_TRUE(reaches("(+ 0 (* 1 a))", "a"));
  EXPECT_TRUE(reaches("(+ x (+ x (+ x x)))", "(* 4 x)"));
  EXPECT_TRUE(reaches("(+ 1 (- a (* (- 2 1) a)))", "1"));
  EXPECT_TRUE(reaches("(* (pow 2 x) (pow 2 y))", "(pow 2 (+ x y))"));
}

TEST_F(ClassicalMathematics, SimplifiesAProductOfSums) {
  EXPECT_TRUE(reaches("(* (+ x 3) (+ x 1))", "(+ (+ (* x x) (* 4 x)) 3)"));
}

TEST_F(ClassicalMathematics, SimplifiesRoots) {
  EXPECT_TRUE(reaches("(/ 1 (- (/ (+ 1 (sqrt five)) 2) (/ (- 1 (sqrt five)) 2)))",
                      "(/ 1 (sqrt five))",
                      {.iterations = 75, .nodes = 150'000, .shows_goal = false}));
}

TEST_F(ClassicalMathematics, Differentiates) {
  EXPECT_TRUE(reaches("(d x x)", "1"));
  EXPECT_TRUE(reaches("(d x y)", "0"));
  EXPECT_TRUE(reaches("(d x (+ 1 (* 2 x)))", "2"));
  EXPECT_TRUE(reaches("(d x (+ 1 (* y x)))", "y"));
  EXPECT_TRUE(reaches("(d x (ln x))", "(/ 1 x)"));
  EXPECT_TRUE(reaches("(d x (pow x 3))", "(* 3 (pow x 2))"));
}

TEST_F(ClassicalMathematics, DifferentiatesAPolynomial) {
  EXPECT_TRUE(reaches("(d x (- (pow x 3) (* 7 (pow x 2))))", "(* x (- (* 3 x) 14))",
                      {.iterations = 60, .nodes = 60'000, .shows_goal = true}));
}

TEST_F(ClassicalMathematics, Integrates) {
  EXPECT_TRUE(reaches("(i 1 x)", "x"));
  EXPECT_TRUE(reaches("(i (cos x) x)", "(sin x)"));
  EXPECT_TRUE(reaches("(i (pow x 1) x)", "(/ (pow x 2) 2)"));
}

TEST_F(ClassicalMathematics, IntegratesByParts) {
  know_units();
  EXPECT_TRUE(reaches("(i (* x (cos x)) x)", "(+ (* x (sin x)) (cos x))"));
  EXPECT_TRUE(reaches("(i (* (cos x) x) x)", "(+ (* x (sin x)) (cos x))"));
  EXPECT_TRUE(reaches("(i (ln x) x)", "(- (* x (ln x)) x)"));
}

TEST_F(ClassicalMathematics, DoesNotProveWhatIsFalse) {
  GoalLimits few{.iterations = 8, .nodes = 20'000, .shows_goal = true};
  EXPECT_FALSE(reaches("(+ x y)", "(/ x y)", few));
  EXPECT_FALSE(reaches("(/ 0 0)", "1", few));
  EXPECT_FALSE(reaches("(d x y)", "1", few));
  EXPECT_FALSE(reaches("(- x y)", "(- y x)", few));
}

}  // namespace
}  // namespace bafe::testing
