// In: a program and its executable. Out: whether they agree on drawn inputs. Exact replays are
// refused at the first difference; replays with floats when two draws differ, since a rewrite
// within its numeric class may move an element over a jump that the bounds did not see.

#include "bafe/runtime/validate.h"

#include <algorithm>
#include <optional>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/control.h"
#include "bafe/runtime/exact_range.h"
#include "bafe/search/flops.h"
#include "replay.h"

namespace bafe {
namespace {

constexpr int kDisagreements = 2;  // of one kind: refused
constexpr double kAsWritten = 2;   // a program as written may cost this much more than planned
constexpr double kMostBytes = 1e9;
constexpr double kLoopWork = 8;          // times as much for a loop, of which no part can be taken
constexpr std::int64_t kIterations = 3;  // of every loop: both buffers of a state are written

/// What the interpreter does for the program as the user wrote it, which the plan's price says
/// nothing about: a few elements of a huge value may be all that the plan computes.
std::pair<double, double> work_as_written(const Graph& traced) {
  double bytes = 0;
  for (ValueId id : traced.live()) {
    const Type& type = traced.type(id);
    double size = dtype_bytes(type.dtype);
    for (std::int64_t dim : concrete(type.shape)) size *= static_cast<double>(dim);
    bytes += size;
  }
  return {static_cast<double>(graph_flops(traced)), bytes};
}

double argument_bytes(const Executable& executable) {
  double bytes = 0;
  for (const BufferSpec& spec : executable.inputs()) bytes += double(type_bytes(spec.type));
  for (const BufferSpec& spec : executable.outputs()) bytes += double(type_bytes(spec.type));
  return bytes;
}

enum class Agreement : std::uint8_t { kAgrees, kDiffers, kRefused };

struct Verdict {
  Agreement agreement = Agreement::kRefused;
  ReplayResult last;
};

/// Replays until one agrees or enough disagree. Draws that the program itself refuses are followed
/// by some without zeros: divisors.
Verdict replay_kind(const ReplaySubject& subject, ReplayDraw draw) {
  Verdict out;
  const Integers first = draw.floats == Floats::kPositive ? Integers::kBits : Integers::kSmall;
  int disagreements = 0, attempt = 0;
  for (Integers integers : {first, Integers::kBits, Integers::kNonZero, Integers::kOnes}) {
    draw.integers = integers;
    draw.seed = static_cast<std::uint64_t>(1 + 8 * attempt++ + (draw.magnitude > 0 ? 4 : 0)) +
                static_cast<std::uint64_t>(draw.floats);
    try {
      out.last = replay(subject, draw);
      if (out.last.difference.empty()) {
        out.agreement = Agreement::kAgrees;
        return out;
      }
      if (++disagreements == kDisagreements || draw.magnitude > 0) break;
    } catch (const ShapeError& error) {
      log("validate", format("a sample is refused: {}", error.what()));
    }
  }
  if (disagreements > 0) out.agreement = Agreement::kDiffers;
  return out;
}

std::string told(const ReplayDraw& draw, const ReplayResult& result) {
  const std::string name = draw.magnitude > 0                 ? "integers"
                           : draw.floats == Floats::kPositive ? "positive floats"
                                                              : "floats";
  std::string out = result.compared >= result.elements
                        ? format("{}: all {} elements", name, result.elements)
                        : format("{}: {} of {} elements", name, result.compared, result.elements);
  out += draw.magnitude > 0  ? " equal in every bit"
         : result.is_bounded ? " within the derived bound"
                             : " within a coarse tolerance";
  if (result.checked_products > 0) out += ", every row of the product by Freivalds";
  return out;
}

/// What is replayed: integers where the program lets them pass exactly, and floats.
std::vector<ReplayDraw> draws_of(const ReplaySubject& subject, const ValidationLimits& limits) {
  int magnitude = exact_magnitude(subject.traced, subject.constants, subject.rounds);
  if (magnitude > 0 && subject.chosen)
    magnitude =
        std::min(magnitude, exact_magnitude(*subject.chosen, subject.constants, subject.rounds));
  const ReplayDraw exact{magnitude, Floats::kSigned, Integers::kBits, 0};
  const ReplayDraw positive{0, Floats::kPositive, Integers::kBits, 0};
  const ReplayDraw mixed{0, Floats::kSigned, Integers::kBits, 0};
  const bool once = limits.predicted_ns > limits.most_ns;
  if (magnitude > 0) return once ? std::vector{exact} : std::vector{exact, mixed};
  if (once || !subject.is_small) return {positive};  // roots and logarithms have values
  return {positive, mixed};
}

}  // namespace

Validation validate(const Graph& given, const Executable& executable,
                    const ConstantTable& constants, double flops, double bytes,
                    const ValidationLimits& limits) {
  TraceSpan span("validate");
  if (limits.predicted_ns > limits.never_ns && !has_control(given))
    return {true, format("skipped: predicted to take {:.3g} s", limits.predicted_ns * 1e-9)};
  if (argument_bytes(executable) > kMostBytes)
    return {true, format("skipped: arguments of {:.3g} bytes", argument_bytes(executable))};
  const Graph traced = flatten_named(given);
  std::optional<Graph> chosen;
  if (limits.chosen && limits.chosen->hash() != traced.hash())
    chosen = flatten_named(*limits.chosen);
  std::optional<LoopCap> cap;  // drawn bounds may be anything, and bodies repeat
  const bool loops = has_control(traced);
  if (loops) cap.emplace(kIterations);
  const auto [written_flops, written_bytes] = work_as_written(traced);
  const double more = loops ? kLoopWork : 1;
  const bool is_small = (loops || (flops <= limits.flops && bytes <= limits.bytes)) &&
                        written_flops <= more * kAsWritten * limits.flops &&
                        written_bytes <= more * kAsWritten * limits.bytes;
  if (loops && !is_small) return {true, "not compared: loops over much data"};
  const ReplaySubject subject{
      traced, chosen ? &*chosen : nullptr, executable, constants, limits.rounds, is_small};
  std::string record;
  bool any = false;
  for (const ReplayDraw& draw : draws_of(subject, limits)) {
    const Verdict verdict = replay_kind(subject, draw);
    if (verdict.agreement == Agreement::kDiffers) return {false, verdict.last.difference};
    if (!record.empty()) record += "; ";
    const bool is_nothing = verdict.last.elements > 0 && verdict.last.compared == 0 &&
                            verdict.last.checked_products == 0;
    if (verdict.agreement == Agreement::kAgrees && is_nothing) {
      any = true;
      record += "not compared: each element depends on too many";
      continue;
    }
    any = any || verdict.agreement == Agreement::kAgrees;
    record += verdict.agreement == Agreement::kAgrees ? told(draw, verdict.last)
                                                      : std::string("a kind of samples is refused");
  }
  if (!any) record = "not compared: the program refuses every sample";
  return {true, record};
}

}  // namespace bafe
