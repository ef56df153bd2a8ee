// Rules with sums that are nearly right. None may be proven: a proof here is a hole in the prover.
// The right twin of each family is proven, so that a refusal says something.
#include <gtest/gtest.h>

#include "../../../src/verify/generic/sum_rule.h"
#include "../../../src/verify/smt_child.h"
#include "bafe/rules/rule_set.h"

namespace bafe::generic {
namespace {

bool proven(const std::string& text) {
  RuleSet rules;
  rules.add(text);
  const Rewrite& rewrite = rules.rule(RuleId(0)).rewrites[0];
  return prove_sums(rewrite, find_smt_program(), {}).proven;
}

struct Case {
  const char* name;
  const char* text;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class WrongSum : public ::testing::TestWithParam<Case> {};
class RightSum : public ::testing::TestWithParam<Case> {};

std::string rule_of(const Case& c) { return std::string("(rule r ") + c.text + " :class reals)"; }

TEST_P(WrongSum, IsNotProven) { EXPECT_FALSE(proven(rule_of(GetParam()))); }
TEST_P(RightSum, IsProven) {
  if (find_smt_program().empty()) GTEST_SKIP() << "no bafe-smt program";
  EXPECT_TRUE(proven(rule_of(GetParam())));
}

const Case kRight[] = {
    {"regroup", R"((matmul (matmul ?a ?b) ?c) => (matmul ?a (matmul ?b ?c))
       :types (?a [B.. m k]) (?b [B.. k n]) (?c [B.. n p]))"},
    {"sum_over_nothing", R"((reduce_sum ?x :axes ?a) => ?x
       :when (= (prod (gather (shape ?x) ?a)) 1))"},
    {"sum_of_broadcast", R"((reduce_sum (broadcast_to ?x :shape ?s) :axes ?a)
       => (mul (broadcast_to ?x :shape (put ?s ?a 1)) (splat (prod (gather ?s ?a))))
       :when (= (prod (gather (shape ?x) ?a)) 1))"},
    {"max_of_concat", R"((reduce_max (concat ?x ?y :axis ?j) :axes ?a)
       => (maximum (reduce_max ?x :axes ?a) (reduce_max ?y :axes ?a))
       :when (subset (list ?j) ?a) (< 0 (dim ?x ?j)) (< 0 (dim ?y ?j)))"},
    {"identity", R"((matmul ?i ?b) => ?b :types (?i [B.. m m]) (?b [B.. m n])
       :when (identity ?i))"},
};

const Case kWrong[] = {
    {"operands_swapped", R"((matmul ?a ?b) => (matmul ?b ?a)
       :types (?a [n n]) (?b [n n]))"},
    {"regrouped_out_of_order", R"((matmul (matmul ?a ?b) ?c) => (matmul ?a (matmul ?c ?b))
       :types (?a [n n]) (?b [n n]) (?c [n n]))"},
    {"transposition_missing", R"((transpose (matmul ?a ?b) :perm (1 0)) => (matmul ?b ?a)
       :types (?a [n n]) (?b [n n]))"},
    {"one_transposition_missing", R"((transpose (matmul ?a ?b) :perm (1 0))
       => (matmul (transpose ?b :perm (1 0)) ?a) :types (?a [n n]) (?b [n n]))"},
    {"factors_not_swapped", R"((transpose (matmul ?a ?b) :perm (1 0))
       => (matmul (transpose ?a :perm (1 0)) (transpose ?b :perm (1 0)))
       :types (?a [n n]) (?b [n n]))"},
    {"over_nothing_without_condition", R"((reduce_sum ?x :axes (0)) => (slice ?x :start (0 0)
       :size (list 1 (dim ?x 1)) :step (1 1)) :types (?x [m n]) :when (< 0 (dim ?x 0)))"},
    {"over_nothing_of_size_two", R"((reduce_sum ?x :axes ?a) => (slice ?x :start (0) :size (1)
       :step (1)) :types (?x [2]) :when (= ?a (list 0)))"},
    {"broadcast_without_count", R"((reduce_sum (broadcast_to ?x :shape ?s) :axes ?a)
       => (broadcast_to ?x :shape (put ?s ?a 1)) :when (= (prod (gather (shape ?x) ?a)) 1))"},
    {"broadcast_counts_operand", R"((reduce_sum (broadcast_to ?x :shape ?s) :axes ?a)
       => (mul (broadcast_to ?x :shape (put ?s ?a 1)) (splat (prod (gather (shape ?x) ?a))))
       :when (= (prod (gather (shape ?x) ?a)) 1))"},
    {"broadcast_counts_everything", R"((reduce_sum (broadcast_to ?x :shape ?s) :axes ?a)
       => (mul (broadcast_to ?x :shape (put ?s ?a 1)) (splat (prod ?s)))
       :when (= (prod (gather (shape ?x) ?a)) 1))"},
    {"scaled_along_the_axis", R"((reduce_sum (mul ?x (broadcast_to ?s :shape ?h)) :axes (1))
       => (mul (reduce_sum ?x :axes (1)) (reduce_sum ?s :axes (1)))
       :types (?x [m n]) (?s [m n]))"},
    {"max_over_one_part", R"((reduce_max (concat ?x ?y :axis ?j) :axes ?a)
       => (reduce_max ?x :axes ?a) :when (subset (list ?j) ?a) (< 0 (dim ?x ?j)))"},
    {"max_over_empty_part", R"((reduce_max (concat ?x ?y :axis ?j) :axes ?a)
       => (maximum (reduce_max ?x :axes ?a) (reduce_max ?y :axes ?a))
       :when (subset (list ?j) ?a))"},
    {"sum_of_concat_one_part", R"((reduce_sum (concat ?x ?y :axis 0) :axes (0))
       => (reduce_sum ?x :axes (0)) :types (?x [m n]) (?y [k n]))"},
    {"sum_of_concat_twice", R"((reduce_sum (concat ?x ?y :axis 0) :axes (0))
       => (add (reduce_sum ?x :axes (0)) (reduce_sum ?x :axes (0)))
       :types (?x [m n]) (?y [m n]))"},
    {"sum_of_concat_beside_on_axis", R"((reduce_sum (concat ?x ?y :axis ?k) :axes ?a)
       => (add (reduce_sum ?x :axes ?a) (reduce_sum ?y :axes ?a))
       :when (= (shape ?x) (shape ?y)))"},
    {"max_as_sum", R"((reduce_max ?x :axes ?a) => (reduce_sum ?x :axes ?a) :when (is-float ?x))"},
    {"max_as_min", R"((reduce_max (neg ?x) :axes ?a) => (neg (reduce_max ?x :axes ?a))
       :when (is-float ?x))"},
    {"max_of_sum", R"((reduce_max (add ?x ?y) :axes ?a)
       => (add (reduce_max ?x :axes ?a) (reduce_max ?y :axes ?a)) :when (is-float ?x))"},
    {"max_of_minimum", R"((reduce_max (minimum ?x ?y) :axes ?a)
       => (minimum (reduce_max ?x :axes ?a) (reduce_max ?y :axes ?a)))"},
    {"max_of_square", R"((reduce_max (square ?x) :axes ?a) => (square (reduce_max ?x :axes ?a))
       :when (is-float ?x))"},
    {"max_scaled_by_any_sign", R"((reduce_max (mul ?x (broadcast_to ?s :shape ?h)) :axes ?a)
       => (let ?m (reduce_max ?x :axes ?a) (mul ?m (broadcast_to ?s :shape (shape ?m))))
       :when (= (prod (gather (shape ?s) ?a)) 1) (is-float ?x))"},
    {"max_of_shift_along_axis", R"((reduce_max (add ?x ?r) :axes (1))
       => (add (reduce_max ?x :axes (1)) (slice ?r :start (0 0) :size (list (dim ?r 0) 1)
       :step (1 1))) :types (?x [m n]) (?r [m n]) :when (is-float ?x) (< 0 (dim ?x 1)))"},
    {"sum_of_exp", R"((reduce_sum (exp ?x) :axes ?a) => (exp (reduce_sum ?x :axes ?a)))"},
    {"sum_of_product", R"((reduce_sum (mul ?x ?y) :axes ?a)
       => (mul (reduce_sum ?x :axes ?a) (reduce_sum ?y :axes ?a)) :when (is-float ?x))"},
    {"square_of_sum", R"((square (reduce_sum ?x :axes ?a)) => (reduce_sum (square ?x) :axes ?a)
       :when (is-float ?x))"},
    {"rows_for_columns", R"((reduce_sum (reduce_sum ?x :axes (0)) :axes (1))
       => (reduce_sum ?x :axes (1)) :types (?x [n n]))"},
    {"wrong_axis_of_product", R"((reduce_sum (matmul ?a ?b) :axes (1))
       => (matmul (reduce_sum ?a :axes (1)) ?b) :types (?a [n 1]) (?b [1 n]))"},
    {"sum_of_columns_of_left", R"((reduce_sum (matmul ?a ?b) :axes (0))
       => (reduce_sum (matmul ?b ?a) :axes (0)) :types (?a [n n]) (?b [n n]))"},
    {"transposed_axes_kept", R"((reduce_sum (transpose ?x :perm ?p) :axes ?s)
       => (transpose (reduce_sum ?x :axes ?s) :perm ?p))"},
    {"transposed_by_inverse", R"((reduce_sum (transpose ?x :perm ?p) :axes ?s)
       => (transpose (reduce_sum ?x :axes (sort (gather (inverse ?p) ?s))) :perm ?p))"},
    {"argmax_of_neg_is_argmax", R"((argmax (neg ?x) :axes ?a) => (argmax ?x :axes ?a)
       :when (is-float ?x))"},
    {"argmax_of_square", R"((argmax (square ?x) :axes ?a) => (argmax ?x :axes ?a)
       :when (is-float ?x))"},
    {"argmax_of_transpose_many_axes", R"((argmax (transpose ?x :perm (1 0)) :axes (0 1))
       => (transpose (argmax ?x :axes (0 1)) :perm (1 0)) :types (?x [m n]))"},
    {"argmax_reversed", R"((argmax ?x :axes (0)) => (argmax (slice ?x :start (list (- (dim ?x 0) 1))
       :size (shape ?x) :step (list -1)) :axes (0)) :types (?x [n]))"},
    {"diagonal_is_identity", R"((matmul ?i ?b) => ?b :types (?i [B.. m m]) (?b [B.. m n])
       :when (diagonal ?i))"},
    {"lower_is_diagonal", R"((matmul ?d ?b)
       => (let ?v (expand_dims (diagonal ?d :k 0) :axes (list (- (rank ?d) 1)))
       (mul (broadcast_to ?v :shape (shape ?b)) ?b))
       :types (?d [B.. m m]) (?b [B.. m n]) :when (lower ?d) (is-float ?d))"},
    {"columns_scaled_for_rows", R"((matmul ?d ?b)
       => (let ?v (expand_dims (diagonal ?d :k 0) :axes (0))
       (mul (broadcast_to ?v :shape (shape ?b)) ?b))
       :types (?d [m m]) (?b [m m]) :when (diagonal ?d) (is-float ?d))"},
    {"sum_of_shifted_diag", R"((reduce_sum (diag ?v :k 1) :axes (1))
       => (expand_dims (concat ?v (slice ?v :start (0) :size (1) :step (1)) :axis 0) :axes (1))
       :types (?v [n]) :when (< 0 (dim ?v 0)))"},
    {"diagonal_off_by_one", R"((diagonal (matmul ?a ?b) :k 1)
       => (squeeze (reduce_sum (mul ?a (transpose ?b :perm (1 0))) :axes (1)) :axes (1))
       :types (?a [n k]) (?b [k n]) :when (is-float ?a))"},
    {"tril_for_triu", R"((tril ?x :k 0) => ?x :when (upper ?x))"},
    {"tril_cuts_below", R"((tril ?x :k ?k) => ?x :when (lower ?x) (<= ?k 0))"},
    {"triangles_share_the_diagonal", R"((add (tril ?x :k 0) (triu ?x :k 0)) => ?x
       :when (is-float ?x))"},
    {"mixed_triangles", R"((tril (matmul (tril ?a :k 0) (triu ?b :k 0)) :k 0)
       => (matmul (tril ?a :k 0) (triu ?b :k 0)) :types (?a [n n]) (?b [n n]))"},
    {"band_of_products", R"((tril (matmul (tril ?a :k 1) (tril ?b :k 1)) :k 1)
       => (matmul (tril ?a :k 1) (tril ?b :k 1)) :types (?a [n n]) (?b [n n]))"},
    {"inner_concats_crossed", R"((matmul (concat ?a ?b :axis 1) (concat ?c ?d :axis 0))
       => (add (matmul ?a ?d) (matmul ?b ?c))
       :types (?a [m k]) (?b [m k]) (?c [k n]) (?d [k n]))"},
    {"inner_concats_one_missing", R"((matmul (concat ?a ?b :axis 1) (concat ?c ?d :axis 0))
       => (matmul ?a ?c) :types (?a [m k]) (?b [m l]) (?c [k n]) (?d [l n]))"},
    {"orthogonal_from_the_wrong_side", R"((matmul ?q (matmul ?q ?x)) => ?x
       :types (?q [n n]) (?x [n m]) :when (orthogonal ?q))"},
    {"inverse_is_itself", R"((matmul (inv ?a) ?b) => (solve ?b ?a)
       :types (?a [n n]) (?b [n n]))"},
    {"inverse_of_orthogonal_untransposed", R"((inv ?q) => ?q :types (?q [n n])
       :when (orthogonal ?q))"},
    {"solve_of_products", R"((solve ?a (matmul ?b ?c)) => (matmul ?b (solve ?a ?c))
       :types (?a [n n]) (?b [n n]) (?c [n n]))"},
    {"inverse_of_diagonal_not_inverted", R"((inv (diag ?d :k 0)) => (diag ?d :k 0)
       :types (?d [n]) :when (nonzero ?d))"},
    {"mean_over_fewer_axes", R"((reduce_sum (sub ?x (broadcast_to (mean ?x :axes ?a) :shape ?h))
       :axes ?b) => 0 :when (subset ?b ?a) (is-float ?x))"},
    {"normalised_sum_of_any_sign", R"((reduce_sum (div ?e (broadcast_to (reduce_sum ?e :axes ?a)
       :shape ?h)) :axes ?a) => 1 :when (is-float ?e))"},
    {"normalised_sum_of_nothing", R"((reduce_sum (div ?e (broadcast_to (reduce_sum ?e :axes ?a)
       :shape ?h)) :axes ?a) => 1 :when (in ?e 1e-30 1e30))"},
    {"rows_taken_twice", R"((matmul (take ?e ?i :axis 0) ?b) => (take ?b ?i :axis 1)
       :types (?e [n n]) (?i [r]) (?b [n n]) :when (identity ?e))"},
    {"product_of_powers", R"((reduce_prod (add ?x ?y) :axes ?a)
       => (add (reduce_prod ?x :axes ?a) (reduce_prod ?y :axes ?a)) :when (is-float ?x))"},
};

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Rules, WrongSum, ::testing::ValuesIn(kWrong), name_of);
INSTANTIATE_TEST_SUITE_P(Rules, RightSum, ::testing::ValuesIn(kRight), name_of);

}  // namespace
}  // namespace bafe::generic
