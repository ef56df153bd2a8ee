// In: a program and its executable. Out: whether they agree on drawn inputs. A rewrite within its
// numeric class may move low bits, and behind a comparison or a floor that can move whole elements;
// so few elements may disagree, and the kernel is refused only when two draws of one kind disagree
// in more.

#include "bafe/runtime/validate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/ir/op.h"
#include "bafe/ir/rounding.h"
#include "bafe/runtime/samples.h"
#include "bafe/search/flops.h"

namespace bafe {
namespace {

constexpr int kKinds = 2;             // positive, of both signs
constexpr int kDisagreements = 2;     // of one kind: refused
constexpr double kMostStrays = 0.02;  // share of the elements
constexpr double kAsWritten = 8;      // a program as written may cost this much more than planned

/// What the float arithmetic of this program may move: relative to its largest finite intermediate.
struct Tolerance {
  bool is_exact = true;
  double absolute = 0;
};

/// The largest Euclidean length of a row of `value` along its `axis`-th axis from the end.
double longest(const Tensor& value, std::size_t axis) {
  const std::vector<std::int64_t> sizes = concrete(value.type().shape);
  std::int64_t count = sizes[sizes.size() - axis], apart = axis == 1 ? 1 : sizes.back();
  double most = 0;
  for (std::int64_t i = 0; i < value.count(); ++i) {
    if (i / apart % count != 0) continue;
    double sum = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      const double x = value.at(i + k * apart).as_double();
      if (std::isfinite(x)) sum += x * x;
    }
    most = std::max(most, std::sqrt(sum));
  }
  return most;
}

/// What products of operands rounded to bf16 may err: the bound of amx.h, with sum |a||b| no larger
/// than the longest row by the longest column.
double rounding_of(const Graph& traced, const std::vector<Tensor>& values, double largest) {
  double error = 0;
  for (std::uint32_t i = 0; i < traced.size(); ++i) {
    const Node& node = traced.node(ValueId(i));
    if (op_info(node.op).kind != OpKind::kContraction || node.type.dtype != DType::kF32) continue;
    const Tensor &a = values[node.operands[0].index()], &b = values[node.operands[1].index()];
    if (!a.data() || !b.data() || a.count() == 0 || b.count() == 0) continue;
    const double k = static_cast<double>(concrete(a.type().shape).back());
    const double relative = 0x1p-7 + 0x1p-15 + k * 0x1p-23;
    error = std::max(error, relative * std::max(longest(a, 1) * longest(b, 2), largest));
  }
  return error;
}

Tolerance tolerance_of(const Graph& traced, const std::vector<Tensor>& values, bool rounds) {
  Tolerance out;
  double largest = 0, coarsest = 0;
  for (const Tensor& value : values) {
    if (!value.data() || !is_float(value.type().dtype)) continue;
    out.is_exact = false;
    coarsest = std::max(coarsest, unit_roundoff(value.type().dtype));
    for (std::int64_t i = 0; i < value.count(); ++i) {
      double size = std::fabs(value.at(i).as_double());
      if (std::isfinite(size)) largest = std::max(largest, size);
    }
  }
  out.absolute = std::max(64 * coarsest, std::min(4096 * coarsest, 1e-3)) * largest;
  if (rounds) out.absolute = std::max(out.absolute, rounding_of(traced, values, largest));
  return out;
}

bool agrees(Scalar want, Scalar got, const Tolerance& tolerance) {
  if (tolerance.is_exact || !is_float(want.dtype)) return want.as_int() == got.as_int();
  double a = want.as_double(), b = got.as_double();
  if (!std::isfinite(a)) return true;  // the class `finite` promises nothing here
  return std::fabs(a - b) <= tolerance.absolute || a == b;
}

/// What the interpreter does for the program as the user wrote it, which the plan's price says
/// nothing about: a few elements of a huge value may be all that the plan computes.
std::pair<double, double> work_as_written(const Graph& traced) {
  double bytes = 0;
  for (std::uint32_t i = 0; i < traced.size(); ++i) {
    const Type& type = traced.type(ValueId(i));
    double size = dtype_bytes(type.dtype);
    for (std::int64_t dim : concrete(type.shape)) size *= static_cast<double>(dim);
    bytes += size;
  }
  return {static_cast<double>(graph_flops(traced)), bytes};
}

/// Empty when the outputs agree, else where they do not.
std::string compare(const Executable& executable, const Buffers& outputs,
                    const std::vector<Tensor>& wanted, const Tolerance& tolerance) {
  for (std::size_t o = 0; o < wanted.size(); ++o) {
    const BufferSpec& spec = executable.outputs()[o];
    Tensor got(spec.type);
    load_from_order(spec, outputs.pointers[o], got.data());
    std::int64_t strays = 0, first = -1;
    for (std::int64_t i = 0; i < got.count(); ++i) {
      if (agrees(wanted[o].at(i), got.at(i), tolerance)) continue;
      if (strays++ == 0) first = i;
    }
    double most = tolerance.is_exact ? 0 : kMostStrays * static_cast<double>(got.count());
    if (static_cast<double>(strays) > most) {
      return format("output {} differs in {} of {} elements, first at {}: {} for {}", o, strays,
                    got.count(), first, got.at(first).as_double(), wanted[o].at(first).as_double());
    }
  }
  return {};
}

struct DrawnSample {
  int kind = 0, attempt = 0;
  Integers integers = Integers::kBits;
  bool rounds = false;  // does the plan round operands of products?
};

std::string validate_draw(const Graph& traced, const Executable& executable,
                          const ConstantTable& constants, const DrawnSample& sample) {
  SampleSource random(static_cast<std::uint64_t>(sample.kind + kKinds * sample.attempt));
  const Floats floats = sample.kind == 0 ? Floats::kPositive : Floats::kSigned;
  std::vector<Tensor> inputs;
  Buffers in(executable.inputs()), out(executable.outputs());
  for (const Block& block : out.blocks)
    std::memset(block.data(), 0xcd, static_cast<std::size_t>(block.bytes()));
  for (std::size_t i = 0; i < traced.inputs().size(); ++i) {
    const Type& type = traced.inputs()[i].type;
    inputs.emplace_back(type);
    draw_elements(type, floats, sample.integers, random, inputs.back().data());
    store_in_order(executable.inputs()[i], inputs.back().data(), in.pointers[i]);
  }
  std::vector<Tensor> values = evaluate_all(traced, inputs, constants);
  std::vector<Tensor> wanted;
  for (ValueId root : traced.roots()) wanted.push_back(values[root.index()]);
  executable.run(in.pointers.data(), out.pointers.data(), 1);
  return compare(executable, out, wanted, tolerance_of(traced, values, sample.rounds));
}

enum class Agreement : std::uint8_t { kAgrees, kDiffers, kRefused };

/// Samples of one kind until one agrees or enough disagree. Samples that the program itself refuses
/// are followed by some without zeros: divisors.
Agreement validate_kind(const Graph& traced, const Executable& executable,
                        const ConstantTable& constants, DrawnSample sample, std::string& found) {
  const Integers first = sample.kind == 0 ? Integers::kBits : Integers::kSmall;
  int disagreements = 0;
  for (Integers integers : {first, first, Integers::kNonZero, Integers::kOnes}) {
    sample.integers = integers;
    try {
      std::string differs = validate_draw(traced, executable, constants, sample);
      if (differs.empty()) return Agreement::kAgrees;
      found = std::move(differs);
      if (++disagreements == kDisagreements) return Agreement::kDiffers;
    } catch (const ShapeError& error) {
      log("validate", format("a sample is refused: {}", error.what()));
    }
    ++sample.attempt;
  }
  return disagreements > 0 ? Agreement::kDiffers : Agreement::kRefused;
}

template <class Copy>
void for_each_element(const BufferSpec& spec, Copy copy) {
  std::vector<std::int64_t> sizes = concrete(spec.type.shape);
  std::size_t rank = sizes.size();
  std::vector<std::int64_t> stride(rank, 1);  // of the dense buffer in `order`, by axis
  std::int64_t step = 1, count = 1;
  for (std::size_t i = rank; i-- > 0;) {
    std::size_t axis = static_cast<std::size_t>(spec.order[i]);
    stride[axis] = step;
    step *= sizes[axis];
  }
  for (std::int64_t size : sizes) count *= size;
  std::vector<std::int64_t> at(rank, 0);
  for (std::int64_t row = 0, place = 0; row < count; ++row) {
    copy(row, place);
    for (std::size_t axis = rank; axis-- > 0;) {
      place += stride[axis];
      if (++at[axis] < sizes[axis]) break;
      place -= stride[axis] * sizes[axis];
      at[axis] = 0;
    }
  }
}

}  // namespace

void store_in_order(const BufferSpec& spec, const void* row_major, void* out) {
  std::size_t width = static_cast<std::size_t>(dtype_bytes(spec.type.dtype));
  for_each_element(spec, [&](std::int64_t row, std::int64_t place) {
    std::memcpy(static_cast<char*>(out) + place * static_cast<std::int64_t>(width),
                static_cast<const char*>(row_major) + row * static_cast<std::int64_t>(width),
                width);
  });
}

void load_from_order(const BufferSpec& spec, const void* in, void* row_major) {
  std::size_t width = static_cast<std::size_t>(dtype_bytes(spec.type.dtype));
  for_each_element(spec, [&](std::int64_t row, std::int64_t place) {
    std::memcpy(static_cast<char*>(row_major) + row * static_cast<std::int64_t>(width),
                static_cast<const char*>(in) + place * static_cast<std::int64_t>(width), width);
  });
}

Validation validate(const Graph& traced, const Executable& executable,
                    const ConstantTable& constants, double flops, double bytes,
                    const ValidationLimits& limits) {
  TraceSpan span("validate");
  if (flops > limits.flops || bytes > limits.bytes) {
    return {true, format("skipped: {:.3g} operations, {:.3g} bytes", flops, bytes)};
  }
  const auto [written_flops, written_bytes] = work_as_written(traced);
  if (written_flops > kAsWritten * limits.flops || written_bytes > kAsWritten * limits.bytes) {
    return {true, format("skipped: as written {:.3g} operations, {:.3g} bytes", written_flops,
                         written_bytes)};
  }
  int agreed = 0;
  for (int kind = 0; kind < kKinds; ++kind) {
    std::string found;
    const DrawnSample sample{kind, 0, Integers::kBits, limits.rounds};
    const Agreement verdict = validate_kind(traced, executable, constants, sample, found);
    if (verdict == Agreement::kDiffers) return {false, found};
    agreed += verdict == Agreement::kAgrees;
  }
  if (agreed == 0) return {true, "not compared: the program refuses every sample"};
  return {true, agreed == kKinds ? format("{} kinds of samples agree", kKinds)
                                 : std::string("1 kind of samples agrees, the other is refused")};
}

}  // namespace bafe
