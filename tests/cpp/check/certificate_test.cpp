#include <gtest/gtest.h>

#include <cmath>

#include "bafe/ir/eval.h"
#include "bafe/ir/op.h"
#include "check/proofs.h"

namespace bafe {
namespace {

SearchResult searched(const std::string& text, SearchOptions options = {}) {
  return optimize(parse_program(text), options);
}

void expect_proven(const std::string& name, const std::string& program, SearchOptions options) {
  RuleBook book = builtin_book();
  Graph graph = parse_program(program);
  SearchResult result = optimize(graph, options);
  CertificateVerdict verdict = check_certificate(result.certificate, book);
  EXPECT_TRUE(verdict.accepted) << name << ": line " << verdict.line << ": " << verdict.reason
                                << "\n"
                                << lines_around(result.certificate, verdict.line)
                                << (getenv("SHOW") ? result.certificate : std::string());
  if (!verdict.accepted) return;
  EXPECT_TRUE(states_program(verdict.traced, graph)) << name;
  EXPECT_TRUE(states_program(verdict.chosen, result.program.graph)) << name;
}

TEST(Certificate, ProvesTheChosenProgram) {
  SearchResult result = searched(
      "program main(a: f32[512, 512], b: f32[512, 512], v: f32[512, 1]) -> f32[512, 1]"
      " { return matmul (matmul a b) v }");
  RuleBook book = builtin_book();
  CertificateVerdict verdict = check_certificate(result.certificate, book);
  EXPECT_TRUE(verdict.accepted) << verdict.line << verdict.reason << result.certificate;
  EXPECT_EQ(verdict.program_class, "reals");
  EXPECT_EQ(verdict.steps, 1);
}

TEST(Certificate, ProvesEveryGoldenProgram) {
  for (Math math : {Math::kReals, Math::kBits, Math::kFast}) {
    for (const auto& [name, text] : golden_programs()) {
      SearchOptions options;
      options.math = math;
      expect_proven(name, text, options);
    }
  }
}

TEST(Certificate, ProvesWhatStochasticAndDeepSearchesChoose) {
  for (const auto& [name, text] : golden_programs()) {
    SearchOptions options;
    options.budget = SearchBudget{};
    expect_proven(name + " budget", text, options);
    options.budget->enable_multi_pass = false;
    expect_proven(name + " classic", text, options);
  }
}

TEST(Certificate, KeepsNanInEveryPieceOfAProgramThatTellsIt) {
  Graph graph;
  Type type{DType::kF32, {4, 4}};
  ValueId x = graph.add_input({"x", "row", false, type});
  ValueId w = graph.add_input({"w", "row", false, type});
  ValueId zero = graph.add_fill(Scalar::of(DType::kF32, 0), type.shape), h = x;
  for (int i = 0; i < 140; ++i) {  // more than is searched at once
    ValueId product = graph.add(*op_from_text("matmul"), {h, w});
    ValueId nothing = graph.add(*op_from_text("mul"), {product, zero});
    h = graph.add(*op_from_text("add"), {nothing, x});
  }
  graph.add_root(graph.add(*op_from_text("isnan"), {h}));
  SearchResult result = optimize(graph, {});
  RuleBook book = builtin_book();
  CertificateVerdict verdict = check_certificate(result.certificate, book);
  EXPECT_TRUE(verdict.accepted) << verdict.line << ": " << verdict.reason;
  Tensor values(type), weights(type);
  weights.set(3, Scalar::of(DType::kF32, std::nan("")));
  std::vector<Tensor> inputs{values, weights};
  EXPECT_EQ(evaluate(result.program.graph, inputs)[0].at(3).as_int(),
            evaluate(graph, inputs)[0].at(3).as_int());
}

TEST(Certificate, OfAnUnknownRuleTextIsRejected) {
  SearchResult result = searched(
      "program main(a: f32[64, 64], b: f32[64, 64], v: f32[64, 1]) -> f32[64, 1]"
      " { return matmul (matmul a b) v }");
  RuleBook empty;
  CertificateVerdict verdict = check_certificate(result.certificate, empty);
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.rule, "matmul-regroup");
  RuleBook other;
  other.add("(rule matmul-regroup (matmul ?a ?b) => (matmul ?a ?b))", "other");
  EXPECT_FALSE(check_certificate(result.certificate, other).accepted);
}

}  // namespace
}  // namespace bafe
