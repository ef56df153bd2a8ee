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
#include "bafe/base/trace.h"
#include "bafe/runtime/arena.h"
#include "bafe/search/flops.h"

namespace bafe {
namespace {

constexpr int kKinds = 2;  // positive, of both signs
constexpr int kAttempts = 2;
constexpr double kMostStrays = 0.02;  // share of the elements
constexpr double kAsWritten = 8;      // a program as written may cost this much more than planned

/// A fixed sequence: equal programs are validated equally in every process.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Kind 0 is positive, so that roots and logarithms have values; kind 1 has both signs.
Tensor draw_input(const Type& type, int kind, Draw& random) {
  Tensor out(type);
  bool is_positive = kind == 0;
  for (std::int64_t i = 0; i < out.count(); ++i) {
    if (is_float(type.dtype)) {
      double value = is_positive ? 0.25 + random.unit() : 2 * random.unit() - 1;
      out.set(i, Scalar::of(DType::kF64, value));
    } else {
      std::int64_t value = static_cast<std::int64_t>(random.next() % (is_positive ? 2 : 7));
      out.set(i, Scalar::of_int(DType::kI64, value));
    }
  }
  return out;
}

double unit_roundoff(DType dtype) {
  switch (dtype_info(dtype).bits) {
    case 64:
      return 0x1p-53;
    case 32:
      return 0x1p-24;
    default:
      return dtype == DType::kBF16 ? 0x1p-8 : 0x1p-11;
  }
}

/// What the float arithmetic of this program may move: relative to its largest finite intermediate.
struct Tolerance {
  bool is_exact = true;
  double absolute = 0;
};

Tolerance tolerance_of(const std::vector<Tensor>& values) {
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

struct Buffers {
  std::vector<Block> blocks;
  std::vector<void*> pointers;
  explicit Buffers(std::span<const BufferSpec> specs) {
    for (const BufferSpec& spec : specs) {
      blocks.emplace_back(std::max<std::int64_t>(type_bytes(spec.type), 1));
      std::memset(blocks.back().data(), 0xcd, static_cast<std::size_t>(blocks.back().bytes()));
      pointers.push_back(blocks.back().data());
    }
  }
};

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

std::string validate_draw(const Graph& traced, const Executable& executable,
                          const ConstantTable& constants, int kind, int attempt) {
  Draw random(static_cast<std::uint64_t>(kind + kKinds * attempt));
  std::vector<Tensor> inputs;
  Buffers in(executable.inputs()), out(executable.outputs());
  for (std::size_t i = 0; i < traced.inputs().size(); ++i) {
    inputs.push_back(draw_input(traced.inputs()[i].type, kind, random));
    store_in_order(executable.inputs()[i], inputs.back().data(), in.pointers[i]);
  }
  std::vector<Tensor> values = evaluate_all(traced, inputs, constants);
  std::vector<Tensor> wanted;
  for (ValueId root : traced.roots()) wanted.push_back(values[root.index()]);
  executable.run(in.pointers.data(), out.pointers.data(), 1);
  return compare(executable, out, wanted, tolerance_of(values));
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
  for (int kind = 0; kind < kKinds; ++kind) {
    std::string found;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      try {
        found = validate_draw(traced, executable, constants, kind, attempt);
      } catch (const ShapeError& error) {  // drawn values that the program itself refuses
        found.clear();
      }
      if (found.empty()) break;
    }
    if (!found.empty()) return {false, found};
  }
  return {true, format("{} kinds of samples agree", kKinds)};
}

}  // namespace bafe
