// Prints processor milliseconds and bytes per node for the graphs of counts_test.cpp: best of a few
// runs, matching, applying and rebuilding included, set-up of the rules excluded. Not a test: a
// program to run by hand.
//   engine_timing [largest mathematics step]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "egraph/mathematics.h"

namespace bafe::testing {
namespace {

std::string leaves(int n) {
  std::string names;
  for (int i = 0; i < n; ++i) names += " v" + std::to_string(i);
  return names;
}

std::string chain(int n, const std::string& op) {
  std::string text = "v0";
  for (int i = 1; i < n; ++i) text = "(" + op + " " + text + " v" + std::to_string(i) + ")";
  return text;
}

template <class AddTerms>
void time(const char* name, const Language& language, std::size_t steps, int runs,
          const AddTerms& add_terms) {
  double best = 1e300;
  for (int run = 0; run < runs; ++run) {
    EGraph graph(language.ops);
    add_terms(graph);
    Saturation saturation(graph, language.rules);
    std::clock_t start = std::clock();
    saturation.run(unlimited(steps));
    best = std::min(best, 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    if (run + 1 < runs) continue;
    std::size_t matches = 0;
    for (const IterationStats& step : saturation.iterations()) matches += step.matches;
    double nodes = static_cast<double>(graph.num_nodes());
    std::printf(
        "%-14s %9.2f ms  %8zu nodes %8zu born %8zu classes  %5.1f B/node, %5.1f with proofs, %zu "
        "matches, %zu accepted\n",
        name, best, graph.num_nodes(), graph.num_born(), graph.num_classes(),
        static_cast<double>(graph.memory_bytes(false)) / nodes,
        static_cast<double>(graph.memory_bytes(true)) / nodes, matches, saturation.accepted());
  }
}

}  // namespace
}  // namespace bafe::testing

int main(int argc, char** argv) {
  using namespace bafe::testing;
  std::size_t last = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 10;
  for (int n : {8, 9, 10}) {
    Language sums("+/2" + leaves(n));
    sums.rule("comm", "(+ ?a ?b) => (+ ?b ?a)");
    sums.rule("assoc", "(+ ?a (+ ?b ?c)) => (+ (+ ?a ?b) ?c)");
    time(("sum " + std::to_string(n)).c_str(), sums, 100, 5,
         [&](bafe::EGraph& graph) { sums.add(graph, chain(n, "+")); });
  }
  for (int n : {20, 40, 80}) {
    Language chains("mm/2" + leaves(n));
    chains.rule("assoc", "(mm (mm ?a ?b) ?c) <=> (mm ?a (mm ?b ?c))");
    time(("chain " + std::to_string(n)).c_str(), chains, 200, 3,
         [&](bafe::EGraph& graph) { chains.add(graph, chain(n, "mm")); });
  }
  Language m = mathematics();
  for (std::size_t step = 8; step <= last; ++step) {
    time(("math " + std::to_string(step)).c_str(), m, step, 3,
         [&](bafe::EGraph& graph) { add_mathematics_terms(m, graph); });
  }
}
