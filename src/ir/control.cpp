// Operators with body programs: their types and their meaning. In: operands and fields. Out: result
// types, or values. Invariant: what passes control_types() has bodies whose inputs and roots fit
// the operands, so evaluation checks only what values decide.

#include "bafe/ir/control.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/interrupted.h"
#include "op_rules.h"

namespace bafe {
namespace {

constexpr std::int64_t kNoCap = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kClockEvery = 16;  // iterations between looks at the clock
constexpr auto kPollEvery = std::chrono::milliseconds(50);
thread_local std::int64_t cap = kNoCap;
std::atomic<LoopPoll> loop_poll{nullptr};

// Places of fields in ops.def.
constexpr int kBody = 0, kStates = 1, kSequences = 2, kLength = 3, kTest = 4;
constexpr int kThen = 0, kElse = 1;

[[noreturn]] void refuse(std::string fact, const std::string& fix) {
  throw ShapeError({}, "", std::move(fact)).fix(fix);
}

void require(bool holds, const char* fact) {
  if (!holds) refuse(fact, "build loops with bafe.fori_loop, scan, while_loop or cond");
}

void require_type(const std::string& what, const Type& given, const Type& wanted) {
  if (given == wanted) return;
  refuse(format("{} is {}, not {}", what, given.text(), wanted.text()),
         "give it the type that the body takes");
}

const Graph& graph_of(const Attrs& attrs, int field) {
  const auto& graph =
      std::get<std::shared_ptr<const Graph>>(attrs[static_cast<std::size_t>(field)]);
  require(graph != nullptr, "a body is missing");
  return *graph;
}

std::int64_t count_field(const Attrs& attrs, int field) {
  const Dim value = attr_int(attrs, field);
  require(value.is_const() && value.value() >= 0 && value.value() <= 1'000'000,
          "a count among the fields is no small number");
  return value.value();
}

const Type kIndex{DType::kI64, {}}, kFlag{DType::kBool, {}};

Type row_of(const Type& sequence) {
  return {sequence.dtype, Shape(sequence.shape.begin() + 1, sequence.shape.end())};
}

Type rows_of(const Type& row, Dim length) {
  Type out = row;
  out.shape.insert(out.shape.begin(), length);
  return out;
}

std::vector<Type> loop_types(std::span<const Type> operands, const Attrs& attrs) {
  const Graph& body = graph_of(attrs, kBody);
  const auto states = static_cast<std::size_t>(count_field(attrs, kStates));
  const auto sequences = static_cast<std::size_t>(count_field(attrs, kSequences));
  const bool tests = count_field(attrs, kTest) != 0;
  const Dim length = attr_int(attrs, kLength);
  require(!length.is_const() || length.value() >= 0, "the length is negative");
  require(operands.size() >= 2 + states + sequences, "operands are missing");
  require(body.inputs().size() == operands.size() - 1, "the body takes another number of inputs");
  require(body.roots().size() >= states + (tests ? 1 : 0), "the body gives too few results");
  require_type("the first iteration", operands[0], kIndex);
  require_type("the end of the iterations", operands[1], kIndex);
  require_type("the body's index", body.inputs()[0].type, kIndex);
  for (std::size_t k = 0; k < states; ++k) {
    const Type& wanted = body.inputs()[1 + k].type;
    require_type(format("state {}", k), operands[2 + k], wanted);
    require_type(format("state {} after an iteration", k), body.type(body.roots()[k]), wanted);
  }
  for (std::size_t k = states; k + 2 < operands.size(); ++k) {
    const Type& wanted = body.inputs()[1 + k].type;
    const Type& given = operands[2 + k];
    if (k >= states + sequences) {
      require_type(format("captured value {}", k - states - sequences), given, wanted);
      continue;
    }
    require(given.rank() > 0, "a sequence has no axis");
    require_type(format("sequence {}", k - states), given, rows_of(wanted, length));
  }
  if (tests) require_type("the test", body.type(body.roots().back()), kFlag);
  std::vector<Type> out;
  for (std::size_t k = 0; k + (tests ? 1 : 0) < body.roots().size(); ++k) {
    const Type& root = body.type(body.roots()[k]);
    out.push_back(k < states ? root : rows_of(root, length));
  }
  return out;
}

std::vector<Type> cond_types(std::span<const Type> operands, const Attrs& attrs) {
  const Graph &then = graph_of(attrs, kThen), &other = graph_of(attrs, kElse);
  require_type("the condition", operands[0], kFlag);
  require(then.roots().size() == other.roots().size(), "the branches give different results");
  std::vector<Type> out;
  for (const Graph* body : {&then, &other}) {
    require(body->inputs().size() == operands.size() - 1,
            "a branch takes another number of inputs");
    for (std::size_t k = 0; k + 1 < operands.size(); ++k)
      require_type(format("operand {}", k), operands[k + 1], body->inputs()[k].type);
  }
  for (std::size_t k = 0; k < then.roots().size(); ++k) {
    out.push_back(then.type(then.roots()[k]));
    require_type(format("result {} of the second branch", k), other.type(other.roots()[k]),
                 out.back());
  }
  return out;
}

Type chosen_type(Op op, std::span<const Type> operands, const Attrs& attrs) {
  const std::vector<Type> all = control_types(op, operands, attrs);
  const auto which = static_cast<std::size_t>(control_result(attrs));
  require(which < all.size(), "the result's number does not exist");
  return all[which];
}

/// Row `i` of a sequence, where it lies.
Tensor row_at(const Tensor& sequence, std::int64_t i) {
  const Type type = row_of(sequence.type());
  return Tensor::borrow(type, const_cast<std::byte*>(sequence.data()) + i * type_bytes(type));
}

void copy_into(Tensor& out, std::int64_t offset, const Tensor& from) {
  const std::int64_t bytes = type_bytes(from.type());
  if (bytes > 0) std::memcpy(out.data() + offset, from.data(), static_cast<std::size_t>(bytes));
}

std::vector<Tensor> run_loop(const LoopForm& form, std::span<const Tensor> operands,
                             std::span<const Type> results, const ConstantTable& constants) {
  const auto states = static_cast<std::size_t>(form.states);
  std::vector<Tensor> out;
  for (std::size_t k = 0; k < results.size(); ++k)
    out.push_back(k < states ? operands[2 + k] : Tensor(results[k]));
  const std::int64_t first = operands[0].as<std::int64_t>()[0];
  const std::int64_t last = operands[1].as<std::int64_t>()[0];
  check_iterations(form, first, last);
  std::int64_t done = 0;
  for (std::int64_t i = first; i < last && done < LoopCap::most(); ++i, ++done) {
    poll_loop(done);
    std::vector<Tensor> inputs{Tensor::scalar(Scalar::of_int(DType::kI64, i))};
    inputs.insert(inputs.end(), out.begin(), out.begin() + form.states);
    for (int k = 0; k < form.sequences; ++k)
      inputs.push_back(row_at(operands[static_cast<std::size_t>(form.first_sequence() + k)], i));
    inputs.insert(inputs.end(), operands.begin() + form.first_captured(), operands.end());
    std::vector<Tensor> made = evaluate(*form.body, inputs, constants);
    for (std::size_t k = 0; k < out.size(); ++k) {
      if (k < states)
        out[k] = std::move(made[k]);
      else
        copy_into(out[k], i * type_bytes(made[k].type()), made[k]);
    }
    if (form.tests && *made.back().as<std::uint8_t>() == 0) break;
  }
  return out;
}

}  // namespace

bool is_loop(Op op) { return op_info(op).shape == rules_of_ops::loop_shape; }

bool is_control(Op op) { return op_info(op).kind == OpKind::kControl; }

bool has_control(const Graph& graph) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (is_control(graph.node(ValueId(i)).op)) return true;
  }
  return false;
}

LoopForm loop_form(const Attrs& attrs, std::size_t operands) {
  LoopForm out;
  out.body = &graph_of(attrs, kBody);
  out.states = static_cast<int>(attr_int(attrs, kStates).value());
  out.sequences = static_cast<int>(attr_int(attrs, kSequences).value());
  out.length = attr_int(attrs, kLength).value();
  out.tests = attr_int(attrs, kTest).value() != 0;
  out.stacked = static_cast<int>(out.body->roots().size()) - out.states - (out.tests ? 1 : 0);
  out.captured = static_cast<int>(operands) - 2 - out.states - out.sequences;
  return out;
}

std::vector<std::shared_ptr<const Graph>> bodies_of(const Attrs& attrs) {
  std::vector<std::shared_ptr<const Graph>> out;
  for (const AttrValue& value : attrs) {
    if (attr_kind(value) == AttrKind::kGraph)
      out.push_back(std::get<std::shared_ptr<const Graph>>(value));
  }
  return out;
}

std::vector<Type> control_types(Op op, std::span<const Type> operands, const Attrs& attrs) {
  return is_loop(op) ? loop_types(operands, attrs) : cond_types(operands, attrs);
}

/// The last field of either operator.
int control_result(const Attrs& attrs) {
  const Dim which = std::get<Dim>(attrs.back());
  require(which.is_const() && which.value() >= 0 && which.value() < 1'000'000,
          "the result's number does not exist");
  return static_cast<int>(which.value());
}

bool are_siblings(const Node& a, const Node& b) {
  if (a.op != b.op || !is_control(a.op) || a.operands != b.operands) return false;
  Attrs other = b.attrs;
  other.back() = a.attrs.back();
  return attrs_equal(a.attrs, other);
}

bool is_first_sibling(const Graph& graph, ValueId id) {
  for (std::uint32_t i = 0; i < id.index(); ++i) {
    if (are_siblings(graph.node(ValueId(i)), graph.node(id))) return false;
  }
  return true;
}

std::optional<std::int64_t> known_iterations(const Graph& graph, const Node& node) {
  std::int64_t bounds[2] = {0, 0};
  for (std::size_t k = 0; k < 2; ++k) {
    const Node& bound = graph.node(node.operands[k]);
    if (!is_fill(bound.op)) return std::nullopt;
    bounds[k] = attr_scalar(bound.attrs, 0).as_int();
  }
  return std::max<std::int64_t>(0, bounds[1] - bounds[0]);
}

std::int64_t assumed_iterations(const Graph& graph, const Node& node) {
  if (!is_loop(node.op)) return 1;
  constexpr std::int64_t kUnknown = 16;
  return std::min(known_iterations(graph, node).value_or(kUnknown), LoopCap::most());
}

void check_iterations(const LoopForm& form, std::int64_t first, std::int64_t last) {
  const bool counts = form.sequences > 0 || form.stacked > 0;
  if (!counts || first >= last || (first >= 0 && last <= form.length)) return;
  throw ShapeError(
      {}, "loop",
      format("iterations {} to {} lie outside of a sequence of {}", first, last, form.length))
      .fix("iterate over the rows that there are");
}

std::vector<Tensor> evaluate_control(Op op, std::span<const Tensor> operands, const Attrs& attrs,
                                     std::span<const Type> results,
                                     const ConstantTable& constants) {
  if (is_loop(op)) return run_loop(loop_form(attrs, operands.size()), operands, results, constants);
  const bool holds = *operands[0].as<std::uint8_t>() != 0;
  return evaluate(graph_of(attrs, holds ? kThen : kElse), operands.subspan(1), constants);
}

LoopCap::LoopCap(std::int64_t most) : before_(cap) { cap = std::min(cap, most); }
LoopCap::~LoopCap() { cap = before_; }
std::int64_t LoopCap::most() { return cap; }

void set_loop_poll(LoopPoll poll) { loop_poll = poll; }

void poll_loop(std::int64_t iteration) {
  if (iteration % kClockEvery != kClockEvery - 1) return;
  const LoopPoll poll = loop_poll;
  thread_local std::chrono::steady_clock::time_point asked;
  const auto now = std::chrono::steady_clock::now();
  if (!poll || now - asked < kPollEvery) return;
  asked = now;
  if (poll()) throw Interrupted();
}

namespace rules_of_ops {

Type loop_shape(Operands operands, const Attrs& attrs) {
  return chosen_type(Op::kLoop, operands, attrs);
}

Type cond_shape(Operands operands, const Attrs& attrs) {
  return chosen_type(Op::kCond, operands, attrs);
}

}  // namespace rules_of_ops
}  // namespace bafe
