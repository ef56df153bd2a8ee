// Runs one case of the engine benchmark and prints one JSON line a run: processor milliseconds of
// saturation (matching, applying, rebuilding; set-up of the rules excluded), sizes, bytes a node.
//   engine_timing [--no-proofs] <case> <runs>      case: sum-10, chain-80, math-11
// benchmarks/bench_egraph.py runs it beside benchmarks/peers/egg.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "egraph/mathematics.h"

namespace bafe::testing {
namespace {

double processor_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Case {
  Language language;
  SaturationOptions options;
  std::vector<std::string> terms;
};

Case make_case(const std::string& kind, int size) {
  if (kind == "sum") return {sums_of(size), patient(200), {left_deep(size, "+")}};
  if (kind == "chain") return {chains_of(size), patient(200), {left_deep(size, "mm")}};
  return {mathematics(), unlimited(static_cast<std::size_t>(size)), mathematics_terms()};
}

void run(const std::string& name, const Case& work, bool proofs) {
  EGraph graph(work.language.ops);
  graph.keep_proofs(proofs);
  for (const std::string& term : work.terms) work.language.add(graph, term);
  Saturation saturation(graph, work.language.rules);
  double start = processor_ms();
  saturation.run(work.options);
  double ms = processor_ms() - start;
  std::size_t matches = 0;
  for (const IterationStats& step : saturation.iterations()) matches += step.matches;
  double nodes = static_cast<double>(graph.num_nodes());
  std::printf(
      "{\"case\": \"%s\", \"ms\": %.4f, \"nodes\": %zu, \"classes\": %zu, \"born\": %zu, "
      "\"matches\": %zu, \"accepted\": %zu, \"bytes\": %.1f, \"bytes_with_proofs\": %.1f}\n",
      name.c_str(), ms, graph.num_nodes(), graph.num_classes(), graph.num_born(), matches,
      saturation.accepted(), static_cast<double>(graph.memory_bytes(false)) / nodes,
      static_cast<double>(graph.memory_bytes(true)) / nodes);
}

}  // namespace
}  // namespace bafe::testing

int main(int argc, char** argv) {
  bool proofs = argc < 2 || std::strcmp(argv[1], "--no-proofs") != 0;
  int first = proofs ? 1 : 2;
  std::string name = argc > first ? argv[first] : "";
  std::size_t dash = name.find('-');
  if (argc != first + 2 || dash == std::string::npos) {
    std::fputs("usage: engine_timing [--no-proofs] <case> <runs>\n", stderr);
    return 2;
  }
  bafe::testing::Case work =
      bafe::testing::make_case(name.substr(0, dash), std::atoi(name.c_str() + dash + 1));
  for (int i = 0; i < std::atoi(argv[first + 1]); ++i) bafe::testing::run(name, work, proofs);
  return 0;
}
