#include <gtest/gtest.h>

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

}  // namespace
}  // namespace bafe
