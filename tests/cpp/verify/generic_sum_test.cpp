#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "../../../src/verify/generic/op_meaning.h"
#include "../../../src/verify/generic/sum_prover.h"
#include "../../../src/verify/generic/sum_rule.h"
#include "../../../src/verify/smt_child.h"
#include "bafe/rules/rule_set.h"

namespace bafe::generic {
namespace {

/// Tensors of unknown rank and sizes, and operators on them.
class Sums : public ::testing::Test {
 protected:
  Sums() : known(find_smt_program()) {}

  GenericValue tensor(int number, IntTerm rank) {
    IntList shape;
    shape.length = rank;
    std::string size = "n" + std::to_string(number);
    shape.at = [size](IntTerm t) { return applied(size, {t}); };
    known.assume_for_all(
        [=](IntTerm t) { return implies(in_range(t, rank), at_most(0, applied(size, {t}))); });
    shapes[number] = shape;
    return {{dtypes.exactly(DType::kF32), shape},
            [number](const AxisIndex& at) { return read_form(number, at); }};
  }

  GenericValue make(const char* op, std::vector<GenericValue> operands,
                    std::vector<GenericField> fields = {}) {
    GenericCall call;
    call.info = &op_info(*op_from_text(op));
    call.operands = std::move(operands);
    call.fields = std::move(fields);
    call.dtypes = &dtypes;
    Claims claims;
    GenericValue out = generic_meaning(call, claims);
    known.assume(claims, dtypes);
    return out;
  }

  static GenericField list(const IntList& value) {
    GenericField field;
    field.kind = AttrKind::kList;
    field.list = value;
    return field;
  }

  bool same(const GenericValue& a, const GenericValue& b) {
    SumProver prover({}, [&](int number) { return shapes.at(number); });
    known.assume_for_all([&](IntTerm t) {
      IntTerm at = applied("I", {t});
      return implies(in_range(t, a.type.shape.length),
                     both(at_most(0, at), less(at, a.type.shape.at(t))));
    });
    auto at = [](IntTerm t) { return applied("I", {t}); };
    SumForm x = prover.form_of(a.element(at), known), y = prover.form_of(b.element(at), known);
    bool equal = prover.equal_forms(x, y, known);
    if (!equal)
      printf("open: %s\nqueries %d\n%s", prover.open_question().c_str(), known.queries(),
             known.script().substr(0, 3000).c_str());
    return equal;
  }

  TermScope scope;
  Knowledge known;
  DTypeFacts dtypes;
  std::map<int, IntList> shapes;
};

TEST_F(Sums, RegroupProducts) {
  IntTerm r = symbol("r");
  GenericValue a = tensor(0, r), b = tensor(1, r), c = tensor(2, r);
  EXPECT_TRUE(same(make("matmul", {make("matmul", {a, b}), c}),
                   make("matmul", {a, make("matmul", {b, c})})));
}

TEST_F(Sums, MergeAcrossAxes) {
  IntTerm r = symbol("r");
  GenericValue x = tensor(0, r);
  IntList a = symbolic_list("a", symbol("len_a"));
  EXPECT_TRUE(same(make("reduce_sum", {x}, {list(a)}), make("reduce_sum", {x}, {list(a)})));
}

TEST_F(Sums, DifferWhenOperandsSwap) {
  IntTerm r = symbol("r");
  GenericValue a = tensor(0, r), b = tensor(1, r);
  EXPECT_FALSE(same(make("matmul", {a, b}), make("matmul", {b, a})));
}

TEST(SumTable, DISABLED_PrintsWhatIsProven) {
  const char* theme = std::getenv("BAFE_THEME");
  const char* only = std::getenv("BAFE_RULE");
  RuleSet rules = RuleSet::builtin();
  int proven = 0, all = 0;
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(RuleId(i));
    if (theme != nullptr && rule.theme != theme) continue;
    if (only != nullptr && rule.name.find(only) == std::string::npos) continue;
    for (const Rewrite& rewrite : rule.rewrites) {
      auto begin = std::chrono::steady_clock::now();
      GenericProof proof = prove_generic(rewrite, find_smt_program(), {});
      double first =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
              .count();
      bool quick = proof.proven;
      if (!quick) proof = prove_sums(rewrite, find_smt_program(), {});
      double ms =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
              .count();
      proven += proof.proven;
      ++all;
      std::printf("%s %-9s %-32s %7.1f %7.1f ms %d %s\n",
                  proof.proven ? (quick ? "FORM  " : "proven") : "-     ", rule.theme.c_str(),
                  rule.name.c_str(), first, ms, proof.queries,
                  proof.proven ? "" : proof.detail.substr(0, only ? 3000 : 300).c_str());
      std::fflush(stdout);
    }
  }
  std::printf("%d of %d\n", proven, all);
}

}  // namespace
}  // namespace bafe::generic
