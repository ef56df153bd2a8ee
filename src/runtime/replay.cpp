// In: a binary and how to draw its arguments. Out: whether the elements that are compared agree.
// Invariant: the binary gets copies of the arguments, and its results begin as a pattern that no
// program computes by chance.

#include "replay.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/runtime/error_bound.h"
#include "bafe/runtime/validate.h"
#include "coarse_tolerance.h"
#include "product_check.h"

namespace bafe {
namespace {

constexpr std::int64_t kPeriod = 65521;  // a prime, so that no stride of a kernel divides it
constexpr double kSlack = 4;             // what code may regroup beyond the bounds' own model
constexpr PartLimits kExactPart = {8e5, 4e4}, kBoundedPart = {1.2e5, 8e3};
constexpr PartLimits kFewPart = {1e6, 6e5};  // where else nothing would be compared
constexpr BoundLimits kBoundLimits = {3e5, 4e4, false};

bool is_row(const BufferSpec& spec) {
  for (std::size_t i = 0; i < spec.order.size(); ++i) {
    if (spec.order[i] != static_cast<int>(i)) return false;
  }
  return true;
}

/// Integers in [-most, most], eight from one draw.
template <class T, class Make>
void draw_integers(std::int64_t count, int most, SampleSource& random, T* out, Make make) {
  const auto span = static_cast<std::uint64_t>(2 * most + 1);
  for (std::int64_t i = 0; i < count;) {
    std::uint64_t bits = random.next();
    for (int k = 0; k < 4 && i < count; ++k, ++i, bits >>= 16)
      out[i] = make(static_cast<int>((bits & 0xffff) * span >> 16) - most);
  }
}

void draw_exact(const ReplayDraw& draw, SampleSource& random, Tensor& out) {
  const std::int64_t count = out.count();
  switch (out.type().dtype) {
    case DType::kF64:
      return draw_integers(count, draw.magnitude, random, out.as<double>(),
                           [](int i) { return static_cast<double>(i); });
    case DType::kF32:
      return draw_integers(count, draw.magnitude, random, out.as<float>(),
                           [](int i) { return static_cast<float>(i); });
    case DType::kF16:
      return draw_integers(count, draw.magnitude, random, out.as<std::uint16_t>(),
                           [](int i) { return f32_to_f16(static_cast<float>(i)); });
    case DType::kBF16:
      return draw_integers(count, draw.magnitude, random, out.as<std::uint16_t>(),
                           [](int i) { return f32_to_bf16(static_cast<float>(i)); });
    default:
      draw_elements(out.type(), draw.floats, draw.integers, random, out.data());
  }
}

/// Arguments, and results once it ran.
class Run {
 public:
  Run(const ReplaySubject& subject, const ReplayDraw& draw)
      : subject_(subject), outputs_(subject.executable.outputs()) {
    SampleSource random(draw.seed);
    for (const InputInfo& input : subject.traced.inputs()) {
      arguments_.emplace_back(input.type);
      fill(draw, random, arguments_.back());
    }
  }

  void run() {
    std::vector<Tensor> stored;  // copies: a kernel that writes into its arguments must show
    std::vector<void*> pointers;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const BufferSpec& spec = subject_.executable.inputs()[i];
      stored.emplace_back(arguments_[i].type());
      if (is_row(spec))
        std::copy_n(arguments_[i].data(), type_bytes(spec.type), stored.back().data());
      else
        store_in_order(spec, arguments_[i].data(), stored.back().data());
      pointers.push_back(stored.back().data());
    }
    const std::span<const BufferSpec> specs = subject_.executable.outputs();
    for (std::size_t o = 0; o < specs.size(); ++o)
      std::memset(outputs_.pointers[o], 0xcd, static_cast<std::size_t>(type_bytes(specs[o].type)));
    subject_.executable.run(pointers.data(), outputs_.pointers.data(), 1);
    for (std::size_t o = 0; o < specs.size(); ++o) {
      if (is_row(specs[o])) {
        results_.push_back(Tensor::borrow(specs[o].type, outputs_.pointers[o]));
        continue;
      }
      results_.emplace_back(specs[o].type);
      load_from_order(specs[o], outputs_.pointers[o], results_.back().data());
    }
  }

  /// What is longer than a period repeats it: drawing costs more than copying.
  static void fill(const ReplayDraw& draw, SampleSource& random, Tensor& out) {
    const std::int64_t first = std::min(out.count(), kPeriod);
    Tensor head = Tensor::borrow({out.type().dtype, {Dim(first)}}, out.data());
    if (draw.magnitude > 0)
      draw_exact(draw, random, head);
    else
      draw_elements(head.type(), draw.floats, draw.integers, random, head.data());
    const std::int64_t width = dtype_bytes(out.type().dtype);
    for (std::int64_t at = first; at < out.count(); at += first)
      std::memcpy(out.data() + at * width, out.data(),
                  static_cast<std::size_t>(std::min(first, out.count() - at) * width));
  }

  const std::vector<Tensor>& arguments() const { return arguments_; }
  const std::vector<Tensor>& results() const { return results_; }

 private:
  const ReplaySubject& subject_;
  Buffers outputs_;
  std::vector<Tensor> arguments_, results_;
};

/// Some elements of the results, as a program and its arguments.
struct Reference {
  const Graph* graph = nullptr;
  std::vector<Tensor> arguments;
  const PartProgram* part = nullptr;  ///< nullptr: all elements
  const Graph* chosen = nullptr;      ///< the same elements as they are computed
  std::vector<Tensor> chosen_arguments;
};

class Comparison {
 public:
  Comparison(const ReplaySubject& subject, const ReplayDraw& draw, const Run& run)
      : subject_(subject), draw_(draw), run_(run) {
    for (const Tensor& result : run.results()) out_.elements += result.count();
  }

  ReplayResult all() {
    if (subject_.is_small) {
      Reference whole{&subject_.traced, run_.arguments(), nullptr, subject_.chosen, {}};
      if (whole.chosen) whole.chosen_arguments = run_.arguments();
      compare(whole, subject_.constants);
    } else {
      compare_parts();
      if (draw_.magnitude > 0) check_products();
    }
    return std::move(out_);
  }

 private:
  void compare_parts() {
    std::vector<Type> types;
    for (ValueId root : subject_.traced.roots()) types.push_back(subject_.traced.type(root));
    const PartLimits& limits = draw_.magnitude > 0 ? kExactPart : kBoundedPart;
    for (bool many_columns : {true, false}) {
      for (int level = 0; level < kPickLevels && out_.difference.empty(); ++level) {
        const std::vector<Picks> picks = sample_picks(types, level, many_columns, draw_.seed);
        if (compare_picks(picks, limits)) break;
      }
    }
    for (int level = 0; level < kPickLevels && out_.compared == 0; ++level)
      compare_picks(sample_picks(types, level, true, draw_.seed), kFewPart);
  }

  /// False when the part is too large.
  bool compare_picks(const std::vector<Picks>& picks, const PartLimits& limits) {
    const auto part = part_of(subject_.traced, picks, limits);
    if (!part) return false;
    Reference some{
        &part->graph, part->arguments(run_.arguments(), subject_.constants), &*part, nullptr, {}};
    std::optional<PartProgram> chosen;
    if (subject_.chosen && draw_.magnitude == 0) {
      chosen = part_of(*subject_.chosen, picks, limits);
      if (!chosen) return false;
      some.chosen = &chosen->graph;
      some.chosen_arguments = chosen->arguments(run_.arguments(), subject_.constants);
    }
    compare(some, {});
    return true;
  }

  void compare(const Reference& reference, const ConstantTable& constants) {
    if (draw_.magnitude > 0)
      return compare_values(reference, evaluate(*reference.graph, reference.arguments, constants),
                            nullptr, {});
    const auto bounds = both_bounds(reference, constants);
    if (bounds)
      return compare_values(reference, evaluate(*reference.graph, reference.arguments, constants),
                            &*bounds, {});
    if (!reference.part) {  // too large for bounds as a whole
      compare_parts();
      if (out_.compared > 0) return;
    }
    const std::vector<Tensor> values =
        evaluate_all(*reference.graph, reference.arguments, constants);
    std::vector<Tensor> wanted;
    for (ValueId root : reference.graph->roots()) wanted.push_back(values[root.index()]);
    out_.is_bounded = false;
    compare_values(reference, wanted, nullptr,
                   tolerance_of(*reference.graph, values, subject_.rounds));
  }

  std::optional<std::vector<Tensor>> both_bounds(const Reference& reference,
                                                 const ConstantTable& constants) const {
    BoundLimits limits = kBoundLimits;
    limits.rounds = subject_.rounds;
    auto bounds = error_bounds(*reference.graph, reference.arguments, constants, limits);
    if (!bounds) return bounds;
    std::optional<std::vector<Tensor>> others;
    if (reference.chosen)
      others = error_bounds(*reference.chosen, reference.chosen_arguments, constants, limits);
    for (std::size_t o = 0; o < bounds->size(); ++o) {
      double* of = (*bounds)[o].as<double>();
      for (std::int64_t i = 0; i < (*bounds)[o].count(); ++i)
        of[i] = kSlack * (of[i] + (others ? (*others)[o].as<double>()[i] : of[i]));
    }
    return bounds;
  }

  /// Neither bounds nor tolerance: exact.
  void compare_values(const Reference& reference, const std::vector<Tensor>& wanted,
                      const std::vector<Tensor>* bounds, const Tolerance& tolerance) {
    for (std::size_t o = 0; o < wanted.size() && out_.difference.empty(); ++o) {
      std::int64_t strays = 0, first = -1;
      const Tensor& got = run_.results()[o];
      for (std::int64_t i = 0; i < wanted[o].count(); ++i) {
        const std::int64_t at =
            reference.part ? reference.part->wanted[o][static_cast<std::size_t>(i)] : i;
        const double* bound = bounds ? (*bounds)[o].as<double>() + i : nullptr;
        if (agrees(wanted[o].at(i), got.at(at), bound, tolerance)) continue;
        if (strays++ == 0) first = i;
      }
      out_.compared += wanted[o].count();
      const bool is_coarse = !bounds && !tolerance.is_exact;
      if (static_cast<double>(strays) <= (is_coarse ? 0.02 : 0) * double(wanted[o].count()))
        continue;
      const std::int64_t at =
          reference.part ? reference.part->wanted[o][static_cast<std::size_t>(first)] : first;
      out_.difference =
          format("output {} differs in {} of {} elements, first at {}: {} for {}", o, strays,
                 wanted[o].count(), at, got.at(at).as_double(), wanted[o].at(first).as_double());
    }
  }

  bool agrees(Scalar want, Scalar got, const double* bound, const Tolerance& tolerance) const {
    if (bound && std::isinf(*bound)) return true;  // next to a jump, or no statement
    if (!is_float(want.dtype)) return want.as_int() == got.as_int() || (bound && *bound > 0);
    const double a = want.as_double(), b = got.as_double();
    if (a == b) return true;
    if (!std::isfinite(a)) return draw_.magnitude == 0;  // the class `finite` promises nothing here
    if (bound) return std::fabs(a - b) <= *bound;
    return !tolerance.is_exact && std::fabs(a - b) <= tolerance.absolute;
  }

  void check_products() {
    for (std::size_t o = 0; o < run_.results().size() && out_.difference.empty(); ++o) {
      const auto found = product_difference(subject_.traced, o, run_.arguments(),
                                            subject_.constants, run_.results()[o]);
      if (!found) continue;
      ++out_.checked_products;
      out_.difference = *found;
    }
  }

  const ReplaySubject& subject_;
  const ReplayDraw& draw_;
  const Run& run_;
  ReplayResult out_;
};

}  // namespace

ReplayResult replay(const ReplaySubject& subject, const ReplayDraw& draw) {
  Run run(subject, draw);
  run.run();
  return Comparison(subject, draw, run).all();
}

}  // namespace bafe
