#pragma once
/// Programs that the tests of search share.

#include <string>
#include <vector>

#include "bafe/cost/roofline.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/graph.h"
#include "bafe/search/optimize.h"
#include "bafe/search/plan.h"

namespace bafe::programs {

inline ValueId input(Graph& graph, const std::string& name, Shape shape, DType dtype = DType::kF32,
                     const std::string& layout = "row") {
  InputInfo info;
  info.name = name;
  info.layout = layout;
  info.type = {dtype, std::move(shape)};
  return graph.add_input(info);
}

inline ValueId call(Graph& graph, const std::string& op, std::vector<ValueId> operands,
                    Attrs attrs = {}) {
  return Builder(graph).call(op, operands, std::move(attrs));
}

inline RooflineModel reference_cost() {
  return RooflineModel(Machine::reference(Target{Isa::kAvx512, true}));
}

inline Program planned(const Graph& graph) {
  Program program = plan_groups(plan_form(graph), reference_cost());
  check_program(program);
  return program;
}

inline SearchOptions plain() {
  SearchOptions options;
  options.target.isa = Isa::kAvx512;
  options.target.fma = true;
  return options;
}

/// Every search of a test keeps what a Program promises.
inline SearchResult searched(const Graph& graph, const SearchOptions& options = plain()) {
  SearchResult result = optimize(graph, options);
  check_program(result.program);
  return result;
}

/// Contractions among the live values.
inline int products(const Graph& graph) {
  int count = 0;
  for (ValueId id : graph.live()) count += op_info(graph.node(id).op).kind == OpKind::kContraction;
  return count;
}

}  // namespace bafe::programs
