// Lambda calculus: rules with conditions on free variables, and a right side that invents names.
#include <optional>
#include <set>

#include "egraph/classical.h"

namespace bafe::testing {
namespace {

/// Free variables (as class ids of their names) and integer or boolean constants of classes.
class FreeVariables : public Analysis {
 public:
  struct Known {
    std::set<std::uint32_t> free;  ///< an upper bound: joined by intersection
    std::optional<std::int64_t> constant;
    bool seen = false;
  };
  explicit FreeVariables(const OpTable& ops) : ops_(ops) {}

  const Known& of(ClassId cls) const { return known_[cls.index()]; }

  void open(const EGraph&, ClassId cls) override {
    known_.resize(std::max<std::size_t>(known_.size(), cls.index() + 1));
    known_[cls.index()] = {};
  }
  bool learn(const EGraph& graph, NodeId node, ClassId cls) override {
    return join(graph, known_[cls.index()], read(graph, node));
  }
  MergeResult merge(const EGraph& graph, ClassId into, ClassId from) override {
    Known old = known_[from.index()];
    MergeResult result;
    result.into_changed = join(graph, known_[into.index()], old);
    result.from_changed =
        old.free != known_[into.index()].free || old.constant != known_[into.index()].constant;
    return result;
  }
  void modify(EGraph& graph, ClassId cls) override {
    if (!of(cls).constant) return;
    OpId num = ops_.find("num");
    NodeId number = graph.add(num, graph.attrs().intern(Attrs{Dim(*of(cls).constant)}), {});
    if (!number.valid()) return;
    graph.unite(graph.nodes(graph.find(cls)).front(), number,
                {.kind = ReasonKind::kCompute, .backward = false, .rule = {}, .witness = {}});
  }

 private:
  static bool join(const EGraph& graph, Known& into, const Known& from) {
    if (!from.seen) return false;
    if (into.constant && from.constant && *into.constant != *from.constant) {
      throw RuleError({}, "e-graph", "two constants in one class").detail(graph.blame());
    }
    Known joined = into.seen ? into : from;
    if (into.seen) {
      std::erase_if(joined.free, [&](std::uint32_t name) { return !from.free.count(name); });
    }
    if (!joined.constant) joined.constant = from.constant;
    bool changed = !into.seen || joined.free != into.free || joined.constant != into.constant;
    into = joined;
    return changed;
  }
  Known read(const EGraph& graph, NodeId node) const {
    const std::string& name = ops_.spec(graph.op(node)).name;
    std::span<const NodeId> kids = graph.children(node);
    Known made{{}, std::nullopt, true};
    if (name == "num") {
      made.constant = attr_int(graph.attrs().record(graph.attr(node)), 0).value();
    }
    if (name == "var") made.free.insert(graph.class_of(kids[0]).index());
    if (name == "var" || kids.empty()) return made;
    for (NodeId kid : kids) {
      const Known& below = of(graph.class_of(kid));
      made.free.insert(below.free.begin(), below.free.end());
    }
    bool binds = name == "lam" || name == "let" || name == "fix";
    if (binds) {
      made.free.erase(graph.class_of(kids[0]).index());
      if (name == "let") {  // the bound term stands outside the scope of the name
        const Known& value = of(graph.class_of(kids[1]));
        made.free.insert(value.free.begin(), value.free.end());
      }
    }
    if (kids.size() != 2) return made;
    auto a = of(graph.class_of(kids[0])).constant, b = of(graph.class_of(kids[1])).constant;
    if (a && b && name == "+") made.constant = *a + *b;
    if (a && b && name == "eq") made.constant = *a == *b ? 1 : 0;
    return made;
  }

  const OpTable& ops_;
  std::vector<Known> known_;
};

/// (let v1 e (lam v2 body)): the substitution goes below the binder, which is renamed first when
/// its name is free in e.
class AvoidCapture : public Applier {
 public:
  AvoidCapture(const Language& language, const FreeVariables& facts)
      : facts_(facts),
        lam_(language.ops.find("lam")),
        let_(language.ops.find("let")),
        var_(language.ops.find("var")),
        fresh_(language.ops.find("fresh")) {}

  bool apply(EGraph& graph, const Match& match, std::span<NodeId> roots) override {
    NodeId v1 = match.vars[0], e = match.vars[1], v2 = match.vars[2], body = match.vars[3];
    if (graph.class_of(v1) == graph.class_of(v2)) return false;
    NodeId name = v2, inner = body;
    if (facts_.of(graph.class_of(e)).free.count(graph.class_of(v2).index())) {
      // one new name a class, not one a search: the rule would never come to rest
      Attrs number{Dim(static_cast<std::int64_t>(graph.class_of(match.roots[0]).index()))};
      name = graph.add(fresh_, graph.attrs().intern(number), {});
      if (!name.valid()) return false;
      NodeId used = graph.add(var_, std::vector<NodeId>{name});
      if (!used.valid()) return false;
      inner = graph.add(let_, std::vector<NodeId>{v2, used, body});
    }
    if (!inner.valid()) return false;
    NodeId below = graph.add(let_, std::vector<NodeId>{v1, e, inner});
    if (!below.valid()) return false;
    roots[0] = graph.add(lam_, std::vector<NodeId>{name, below});
    return roots[0].valid();
  }

 private:
  const FreeVariables& facts_;
  OpId lam_, let_, var_, fresh_;
};

class ClassicalLambda : public ::testing::Test {
 protected:
  ClassicalLambda()
      : l_("num:value fresh:number true/0 var/1 +/2 eq/2 app/2 lam/2 let/3 fix/2 if/3 a b f g x y "
           "n five"),
        facts_(l_.ops) {
    l_.rule("if-true", with_numbers("(if 1 ?then ?else) => ?then"));
    l_.rule("if-false", with_numbers("(if 0 ?then ?else) => ?else"));
    l_.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
    l_.rule("assoc", "(+ (+ ?a ?b) ?c) => (+ ?a (+ ?b ?c))");
    l_.rule("eq-comm", "(eq ?a ?b) => (eq ?b ?a)");
    l_.rule("fix", "(fix ?v ?e) => (let ?v (fix ?v ?e) ?e)");
    l_.rule("beta", "(app (lam ?v ?body) ?e) => (let ?v ?e ?body)");
    l_.rule("let-app", "(let ?v ?e (app ?a ?b)) => (app (let ?v ?e ?a) (let ?v ?e ?b))");
    l_.rule("let-add", "(let ?v ?e (+ ?a ?b)) => (+ (let ?v ?e ?a) (let ?v ?e ?b))");
    l_.rule("let-eq", "(let ?v ?e (eq ?a ?b)) => (eq (let ?v ?e ?a) (let ?v ?e ?b))");
    l_.rule("let-if",
            "(let ?v ?e (if ?c ?a ?b)) => (if (let ?v ?e ?c) (let ?v ?e ?a) (let ?v ?e ?b))");
    l_.rule_if("let-const", "(let ?v ?e ?c) => ?c", [this](const EGraph& graph, const Match& m) {
      return facts_.of(graph.class_of(m.vars[2])).constant.has_value();
    });
    l_.rule("let-var-same", "(let ?v ?e (var ?v)) => ?e");
    l_.rule_if("let-var-diff", "(let ?v ?e (var ?w)) => (var ?w)",
               [](const EGraph& graph, const Match& m) {
                 return graph.class_of(m.vars[0]) != graph.class_of(m.vars[2]);
               });
    l_.rule("let-lam-same", "(let ?v ?e (lam ?v ?body)) => (lam ?v ?body)");
    l_.rule_by("let-lam-diff", "(let ?v ?e (lam ?w ?body))",
               std::make_shared<AvoidCapture>(l_, facts_));
    // (if (x = e) then else) is `else` when both branches agree where x is e
    l_.rule_by("if-elim", "(if (eq (var ?x) ?e) ?then ?else)", std::make_shared<Eliminate>(l_));
  }

  class Eliminate : public Applier {
   public:
    explicit Eliminate(const Language& language) : let_(language.ops.find("let")) {}
    bool apply(EGraph& graph, const Match& match, std::span<NodeId> roots) override {
      NodeId x = match.vars[0], e = match.vars[1], then = match.vars[2], other = match.vars[3];
      NodeId left = graph.add(let_, std::vector<NodeId>{x, e, then});
      NodeId right = graph.add(let_, std::vector<NodeId>{x, e, other});
      if (!left.valid() || !right.valid()) return false;
      if (graph.class_of(left) != graph.class_of(right)) return false;
      roots[0] = other;
      return true;
    }

   private:
    OpId let_;
  };

  bool reaches(const std::string& start, const std::string& goal, GoalLimits limits = {}) {
    return testing::reaches(l_, &facts_, start, goal, limits);
  }

  Language l_;
  FreeVariables facts_;
};

TEST_F(ClassicalLambda, ReducesUnderABinder) {
  const char* start = "(lam x (+ 4 (app (lam y (var y)) 4)))";
  EXPECT_TRUE(reaches(start, "(lam x (+ 4 (let y 4 (var y))))"));
  EXPECT_TRUE(reaches(start, "(lam x (+ 4 4))"));
  EXPECT_TRUE(reaches(start, "(lam x 8)"));
}

TEST_F(ClassicalLambda, SubstitutesAndFolds) {
  EXPECT_TRUE(reaches("(let x 0 (let y 1 (+ (var x) (var y))))", "1"));
  EXPECT_TRUE(reaches("(if (eq 1 1) 7 9)", "7"));
  EXPECT_TRUE(reaches("(app (app (lam x (lam y (+ (var x) (var y)))) 2) 3)", "5"));
}

TEST_F(ClassicalLambda, BranchesThatAgreeAreOne) {
  EXPECT_TRUE(reaches("(if (eq (var a) (var b)) (+ (var a) (var a)) (+ (var a) (var b)))",
                      "(+ (var a) (var b))"));
}

TEST_F(ClassicalLambda, ComposesFunctions) {
  EXPECT_TRUE(
      reaches("(let f (lam x (+ (var x) 1)) (let g (lam y (+ (var y) (var y))) "
              "(app (var f) (app (var g) 5))))",
              "11"));
  EXPECT_TRUE(
      reaches("(app (fix f (lam n (if (eq (var n) 0) 0 "
              "(+ (var n) (app (var f) (+ (var n) -1)))))) 3)",
              "6"));
}

TEST_F(ClassicalLambda, DoesNotCaptureVariables) {
  GoalLimits few{.iterations = 8, .nodes = 20'000, .shows_goal = true};
  EXPECT_FALSE(reaches("(let x 1 (lam x (var x)))", "(lam x 1)", few));
  EXPECT_FALSE(
      reaches("(let y (+ (var x) (var x)) (lam x (var y)))", "(lam x (+ (var x) (var x)))", few));
}

}  // namespace
}  // namespace bafe::testing
