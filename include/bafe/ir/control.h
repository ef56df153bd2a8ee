#pragma once
/// Operators with body programs: loop and cond. Each result is a node of its own; nodes that differ
/// in `result` alone are siblings, computed together.
///
///   loop  operands  first, last (i64[]), the states, the sequences, what the body captures
///         body      (i: i64[], states, one row of each sequence, captured)
///                   -> the new states, one row for each stacked result, and if `test`: bool[]
///         means     i from first while i < last; with `test`, no further once it was false.
///         results   the states after the last iteration; then the stacked rows, [length, ...]:
///                   row i is of iteration i, rows of no iteration are 0.
///         With sequences or stacked rows every iteration lies in [0, length).
///   cond  operands  pred (bool[]), what both bodies take
///         results   the roots of `then` where pred holds, else those of `else`; the other body is
///                   not evaluated.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// How the operands and roots of a loop are divided.
struct LoopForm {
  const Graph* body = nullptr;
  int states = 0, sequences = 0, stacked = 0, captured = 0;
  bool tests = false;
  std::int64_t length = 0;  ///< of sequences and stacked results
  int first_state() const { return 2; }
  int first_sequence() const { return 2 + states; }
  int first_captured() const { return 2 + states + sequences; }
};

bool is_loop(Op op);
bool is_control(Op op);
bool has_control(const Graph& graph);  ///< any node, live or not
/// Of a loop's fields; `operands` is how many it has. Needs a checked node with a known length.
LoopForm loop_form(const Attrs& attrs, std::size_t operands);
/// The body programs among the fields, in their order.
std::vector<std::shared_ptr<const Graph>> bodies_of(const Attrs& attrs);
/// Types of all results, in their order. Errors: ShapeError, DTypeError where operands, bodies and
/// fields do not fit together.
std::vector<Type> control_types(Op op, std::span<const Type> operands, const Attrs& attrs);
int control_result(const Attrs& attrs);  ///< which result a node is
/// Are both results of one execution?
bool are_siblings(const Node& a, const Node& b);
/// Of the results of one execution that the graph holds, is this the one that came first?
bool is_first_sibling(const Graph& graph, ValueId id);
/// Iterations of a loop whose bounds are literals; nullopt where they are computed.
std::optional<std::int64_t> known_iterations(const Graph& graph, const Node& node);
/// What to plan for: 1 for a branch, a guess where the bounds are computed, no more than LoopCap.
std::int64_t assumed_iterations(const Graph& graph, const Node& node);

/// Errors: ShapeError when sequences or stacked rows lack an iteration in [first, last).
void check_iterations(const LoopForm& form, std::int64_t first, std::int64_t last);
/// All results. Errors: ShapeError when an iteration lies outside of a sequence; those of the body.
std::vector<Tensor> evaluate_control(Op op, std::span<const Tensor> operands, const Attrs& attrs,
                                     std::span<const Type> results, const ConstantTable& constants);

/// While one lives, loops that this thread runs, interpreted or compiled, end after `most`
/// iterations: what a replay on drawn inputs can afford, whatever it drew as a bound.
class LoopCap {
 public:
  explicit LoopCap(std::int64_t most);
  ~LoopCap();
  LoopCap(const LoopCap&) = delete;
  LoopCap& operator=(const LoopCap&) = delete;
  static std::int64_t most();  ///< the largest integer where there is none

 private:
  std::int64_t before_;
};

/// Asked now and then by long loops, on the thread that runs them: true ends the loop with
/// Interrupted.
using LoopPoll = bool (*)();
void set_loop_poll(LoopPoll poll);
/// Throws Interrupted when the host asks to stop; `iteration` thins out the questions.
void poll_loop(std::int64_t iteration);

}  // namespace bafe
