// The C++ core without Python: parse a program, search, compile, run.

#include <cmath>
#include <cstdio>
#include <vector>

#include "bafe/ir/text.h"
#include "bafe/runtime/engine.h"

int main() {
  const bafe::Graph graph = bafe::parse_program(
      "program main(a: f32[64, 64], b: f32[64, 64], v: f32[64, 1]) -> f32[64, 1] {"
      "  return matmul (matmul a b) v }");
  const auto executable = bafe::Engine::shared().prepare(graph, {});
  std::vector<float> a(64 * 64, 0.5f), b(64 * 64, 2.0f), v(64, 1.0f), out(64);
  void* inputs[] = {a.data(), b.data(), v.data()};
  void* outputs[] = {out.data()};
  executable->run(inputs, outputs);
  std::printf("written %s\nchosen  %s\nout[0] = %g\n",
              executable->provenance().traced_brief.c_str(),
              executable->provenance().chosen_brief.c_str(), static_cast<double>(out[0]));
  return std::fabs(out[0] - 4096.0f) < 1e-3f ? 0 : 1;
}
