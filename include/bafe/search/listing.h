#pragma once
/// Programs and plans as lines for people.

#include <string>
#include <vector>

#include "bafe/cost/schedule.h"

namespace bafe {

/// What one source line computes.
struct SourceLine {
  std::string place;  ///< "model.py:12"; empty when unknown
  std::string text;   ///< "t2 = relu(t1 + b)"
};

/// A program by source lines, operands first; values made in one line and read in another are named
/// t1, t2, …
std::vector<SourceLine> list_program(const Graph& graph);

/// One kernel or call of a plan.
struct KernelLine {
  std::string kind;       ///< "matmul", "row", …
  std::string operators;  ///< "matmul add relu"
  std::string results;    ///< "f32[64, 512]@row"
  double predicted_ns = 0, flops = 0, bytes = 0;
};

/// The kernels of a plan in execution order.
std::vector<KernelLine> list_kernels(const Program& program);

/// What is known of matrices and used: "a @ b: lower", for every computed or given matrix with a
/// structure.
std::vector<std::string> list_facts(const Program& program);

}  // namespace bafe
