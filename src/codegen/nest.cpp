// Comes in: declarations of buffers. Goes out: their places. Also the C spelling of types and
// literals, which every reader of nests shares. Invariant: scratch buffers are 64-byte aligned and
// never overlap.

#include "bafe/codegen/nest.h"

#include <bit>
#include <cmath>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/format.h"

namespace bafe {

std::int64_t Nest::units() const {
  std::int64_t sum = 0;
  for (const NestPart& part : parts) {
    BAFE_CHECK(part.units != kSized, "the units are known before the kernel runs");
    sum += part.units;
  }
  return sum;
}

int Nest::add_slot(DType dtype, bool is_written, int slot) {
  buffers.push_back({Buffer::kSlot, dtype, is_written, slot, 0, 0});
  return static_cast<int>(buffers.size()) - 1;
}

int Nest::add_stack(DType dtype, std::int64_t count) {
  buffers.push_back({Buffer::kStack, dtype, true, -1, count, 0});
  return static_cast<int>(buffers.size()) - 1;
}

int Nest::add_scratch(DType dtype, std::int64_t count) {
  buffers.push_back({Buffer::kScratch, dtype, true, -1, count, scratch_bytes});
  scratch_bytes += (count * dtype_bytes(dtype) + 63) / 64 * 64;
  return static_cast<int>(buffers.size()) - 1;
}

int Nest::add_temporary(DType dtype, std::int64_t count) {
  return count * dtype_bytes(dtype) <= 4096 ? add_stack(dtype, count) : add_scratch(dtype, count);
}

DType accumulator_of(DType dtype) {
  return is_float(dtype) && dtype_info(dtype).bits == 16 ? DType::kF32 : dtype;
}

const char* compute_c(DType dtype) { return dtype_info(accumulator_of(dtype)).c_text.data(); }

Scalar neutral_of(ReduceKind kind, DType dtype) {
  if (kind == ReduceKind::kSum) return Scalar::of_int(dtype, 0);
  if (kind == ReduceKind::kProd) return Scalar::of_int(dtype, 1);
  bool is_lowest = kind == ReduceKind::kMax || kind == ReduceKind::kArgMax;
  const DTypeInfo& info = dtype_info(dtype);
  double infinity = std::numeric_limits<double>::infinity();
  if (info.kind == kFloatKind) return Scalar::of(dtype, is_lowest ? -infinity : infinity);
  if (info.kind == kBoolKind) return Scalar::of_int(dtype, is_lowest ? 0 : 1);
  std::uint64_t all = info.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << info.bits) - 1;
  if (info.kind == kUIntKind) return Scalar{dtype, is_lowest ? 0 : all};
  std::uint64_t top = std::uint64_t{1} << (info.bits - 1);
  return Scalar{dtype, is_lowest ? top : top - 1};
}

std::string literal_c(Scalar value) {
  const DTypeInfo& info = dtype_info(value.dtype);
  if (info.kind == kFloatKind) {
    double x = value.as_double();
    const char* suffix = info.bits == 64 ? "" : "f";
    if (std::isnan(x)) return format("__builtin_nan{}(\"\")", suffix);
    if (std::isinf(x)) return format("{}__builtin_inf{}()", x < 0 ? "-" : "", suffix);
    char text[64];
    std::snprintf(text, sizeof text, "%a", x);
    return (std::signbit(x) ? "(" + std::string(text) : std::string(text)) + suffix +
           (std::signbit(x) ? ")" : "");
  }
  if (info.kind == kUIntKind) return format("{}{}", value.bits, info.bits == 64 ? "ULL" : "u");
  std::int64_t x = value.as_int();
  if (x == std::numeric_limits<std::int64_t>::min()) return "(-9223372036854775807LL - 1)";
  if (x == std::numeric_limits<std::int32_t>::min() && info.bits == 32) return "(-2147483647 - 1)";
  std::string digits = format("{}{}", x, info.bits == 64 ? "LL" : "");
  return x < 0 ? "(" + digits + ")" : digits;
}

}  // namespace bafe
