#pragma once
/// A whole plan in the nest interpreter: which steps are nests, and what they compute over the
/// integers modulo p. Steps that are not nests (tiles written by hand, library and host routines)
/// leave in their results what evaluate_zp says, so that the nests around them are still tested.

#include <memory>
#include <span>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/codegen/nest_interpreter.h"
#include "bafe/ir/eval.h"

namespace bafe {

/// One step of a plan.
struct NestStep {
  struct Use {
    ValueId value;  ///< of the program; invalid: a temporary of the step's group
    bool is_written = false;
  };
  std::shared_ptr<const Nest> nest;  ///< nullptr: not a nest
  std::vector<Use> uses;             ///< by Step::slots
};

struct NestPlan {
  Plan plan;                           ///< the one that build_plan() makes
  std::vector<NestStep> setup, steps;  ///< by Plan::setup, Plan::steps
};

NestPlan nest_plan(const Program& program, const Target& target, const LowerOptions& options = {});

struct NestReplay {
  int status = kKernelOk;
  std::optional<NestFault> fault;
  std::vector<ZpTensor> outputs;  ///< row-major; empty after a fault or a status
  int nests = 0, others = 0;      ///< steps interpreted, and steps whose results were given
};

/// Runs the plan on row-major inputs, `unit_step` units at a time. Deterministic.
NestReplay replay_nests(const Graph& graph, const NestPlan& plan, std::span<const ZpTensor> inputs,
                        std::int64_t unit_step = 3);

/// Where residues say nothing about a program: it converts numbers that are known when it is
/// compiled, which keep their residue in evaluate_zp but are rounded in a nest; or it names the
/// ends of a type's range, which order residues otherwise. Empty where they do say something.
std::string replay_obstacle(const Graph& graph);

}  // namespace bafe
