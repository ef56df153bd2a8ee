// Columns from and to memory. In: elements of any dtype. Out: columns of the dtype's lane, and
// back. Invariant: a value is rounded at most once on each way.
#include <bit>
#include <cstring>

#include "bafe/base/error.h"
#include "bafe/ir/scalar_math.h"
#include "bafe/ir/walk.h"

namespace bafe {
namespace {

/// How a dtype is stored and computed.
template <class StorageT, class ValueT>
struct Plain {
  using Storage = StorageT;
  using Value = ValueT;
  static Value load(Storage x) { return static_cast<Value>(x); }
  static Storage store(Value x) { return static_cast<Storage>(x); }
};
struct Half {
  using Storage = std::uint16_t;
  using Value = float;
  static Value load(Storage x) { return f16_to_f32(x); }
  static Storage store(Value x) { return f32_to_f16(x); }
};
struct Brain {
  using Storage = std::uint16_t;
  using Value = float;
  static Value load(Storage x) { return bf16_to_f32(x); }
  static Storage store(Value x) { return f32_to_bf16(x); }
};

template <class F>
void with_number(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool:
      return f(Plain<std::uint8_t, std::uint8_t>{});
    case DType::kI8:
      return f(Plain<std::int8_t, std::int64_t>{});
    case DType::kI16:
      return f(Plain<std::int16_t, std::int64_t>{});
    case DType::kI32:
      return f(Plain<std::int32_t, std::int64_t>{});
    case DType::kI64:
      return f(Plain<std::int64_t, std::int64_t>{});
    case DType::kU8:
      return f(Plain<std::uint8_t, std::uint64_t>{});
    case DType::kU16:
      return f(Plain<std::uint16_t, std::uint64_t>{});
    case DType::kU32:
      return f(Plain<std::uint32_t, std::uint64_t>{});
    case DType::kU64:
      return f(Plain<std::uint64_t, std::uint64_t>{});
    case DType::kF16:
      return f(Half{});
    case DType::kBF16:
      return f(Brain{});
    case DType::kF32:
      return f(Plain<float, float>{});
    case DType::kF64:
      return f(Plain<double, double>{});
  }
}

template <class F>
void with_bits(int bytes, F&& f) {
  if (bytes == 1) return f(Plain<std::uint8_t, std::uint64_t>{});
  if (bytes == 2) return f(Plain<std::uint16_t, std::uint64_t>{});
  if (bytes == 4) return f(Plain<std::uint32_t, std::uint64_t>{});
  return f(Plain<std::uint64_t, std::uint64_t>{});
}

template <class F>
void with_storage(DType dtype, Lane lane, F&& f) {
  if (lane == Lane::kRaw) {
    with_bits(dtype_bytes(dtype), f);
  } else {
    with_number(dtype, f);
  }
}

template <class T>
T element_at(const std::byte* base, std::int64_t flat) {
  T x;
  std::memcpy(&x, base + flat * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return x;
}

/// One float lane value to the lane of `to`.
template <class From>
void convert_float(const From* in, DType to, int n, Column& out) {
  const DTypeInfo& info = dtype_info(to);
  if (to == DType::kF64) {
    for (int i = 0; i < n; ++i) out.fill<double>()[i] = static_cast<double>(in[i]);
  } else if (to == DType::kF32) {
    for (int i = 0; i < n; ++i) out.fill<float>()[i] = static_cast<float>(in[i]);
  } else if (to == DType::kF16) {
    for (int i = 0; i < n; ++i)
      out.fill<float>()[i] = f16_to_f32(f64_to_f16(static_cast<double>(in[i])));
  } else if (to == DType::kBF16) {
    for (int i = 0; i < n; ++i)
      out.fill<float>()[i] = bf16_to_f32(f64_to_bf16(static_cast<double>(in[i])));
  } else if (info.kind == kBoolKind) {
    for (int i = 0; i < n; ++i) out.fill<std::uint8_t>()[i] = in[i] != 0;
  } else {
    bool is_unsigned = info.kind == kUIntKind;
    auto* room = out.fill<std::uint64_t>();
    for (int i = 0; i < n; ++i) {
      room[i] = scalar::float_to_int(static_cast<double>(in[i]), info.bits, is_unsigned);
    }
  }
}

/// Integers widen to 64 bits; storing narrows them, but a cast inside a tree must wrap at once.
std::uint64_t wrap_to(std::uint64_t wide, const DTypeInfo& info) {
  if (info.bits == 64) return wide;
  int unused = 64 - info.bits;
  if (info.kind == kUIntKind) return (wide << unused) >> unused;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(wide << unused) >> unused);
}

template <class From>
void convert_integer(const From* in, DType to, int n, Column& out) {
  const DTypeInfo& info = dtype_info(to);
  if (to == DType::kF32) {
    for (int i = 0; i < n; ++i) out.fill<float>()[i] = static_cast<float>(in[i]);
  } else if (info.kind == kFloatKind) {
    Column wide;
    for (int i = 0; i < n; ++i) wide.fill<double>()[i] = static_cast<double>(in[i]);
    convert_float(wide.get<double>(), to, n, out);
  } else if (info.kind == kBoolKind) {
    for (int i = 0; i < n; ++i) out.fill<std::uint8_t>()[i] = in[i] != 0;
  } else {
    auto* room = out.fill<std::uint64_t>();
    for (int i = 0; i < n; ++i) room[i] = wrap_to(static_cast<std::uint64_t>(in[i]), info);
  }
}

}  // namespace

Lane lane_of(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == kBoolKind) return Lane::kBool;
  if (info.kind == kIntKind) return Lane::kI64;
  if (info.kind == kUIntKind) return Lane::kU64;
  return info.bits == 64 ? Lane::kF64 : Lane::kF32;
}

void load_strided(DType dtype, Lane lane, const std::byte* base, std::int64_t offset,
                  std::int64_t stride, int n, Column& column) {
  with_storage(dtype, lane, [&](auto number) {
    using N = decltype(number);
    using Storage = typename N::Storage;
    using Value = typename N::Value;
    const std::byte* first = base + offset * static_cast<std::int64_t>(sizeof(Storage));
    bool is_aligned = reinterpret_cast<std::uintptr_t>(first) % alignof(Value) == 0;
    if constexpr (std::is_same_v<Storage, Value>) {
      if (stride == 1 && is_aligned) {
        column.at = first;
        return;
      }
    }
    auto* room = column.fill<Value>();
    for (int i = 0; i < n; ++i) room[i] = N::load(element_at<Storage>(first, stride * i));
  });
}

void load_at(DType dtype, Lane lane, const std::byte* base, const std::int64_t* flat, int n,
             Column& column) {
  with_storage(dtype, lane, [&](auto number) {
    using N = decltype(number);
    auto* room = column.fill<typename N::Value>();
    for (int i = 0; i < n; ++i) {
      room[i] = flat[i] < 0 ? typename N::Value{}
                            : N::load(element_at<typename N::Storage>(base, flat[i]));
    }
  });
}

void store_dense(DType dtype, Lane lane, const Column& column, int n, std::byte* base,
                 std::int64_t offset) {
  with_storage(dtype, lane, [&](auto number) {
    using N = decltype(number);
    using Storage = typename N::Storage;
    const auto* values = column.get<typename N::Value>();
    std::byte* first = base + offset * static_cast<std::int64_t>(sizeof(Storage));
    for (int i = 0; i < n; ++i) {
      Storage x = N::store(values[i]);
      std::memcpy(first + i * static_cast<std::int64_t>(sizeof(Storage)), &x, sizeof(Storage));
    }
  });
}

void convert_column(Lane from, const Column& in, DType to, int n, Column& out) {
  switch (from) {
    case Lane::kF32:
      return convert_float(in.get<float>(), to, n, out);
    case Lane::kF64:
      return convert_float(in.get<double>(), to, n, out);
    case Lane::kI64:
      return convert_integer(in.get<std::int64_t>(), to, n, out);
    case Lane::kU64:
      return convert_integer(in.get<std::uint64_t>(), to, n, out);
    case Lane::kBool:
      return convert_integer(in.get<std::uint8_t>(), to, n, out);
    case Lane::kRaw:
      break;
  }
  BAFE_CHECK(from != Lane::kRaw, "stored bits are not converted");
}

}  // namespace bafe
