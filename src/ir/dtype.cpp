// Element types as rows of dtypes.def. In: dtypes, texts. Out: NumPy 2's promotion, which depends
// on kind and width only. Invariant: promote is commutative, and promote(a, a) == a.
#include "bafe/ir/dtype.h"

#include <algorithm>
#include <array>

#include "bafe/base/error.h"

namespace bafe {
namespace {

constexpr std::array<DTypeInfo, kDTypeCount> kTable = {{
#define BAFE_DTYPE(name, text, storage, c_text, kind, bits) {text, c_text, kind, bits},
#include "bafe/ir/dtypes.def"
#undef BAFE_DTYPE
}};

DType find_dtype(DTypeKind kind, int bits) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kTable[i].kind == kind && kTable[i].bits == bits) return static_cast<DType>(i);
  }
  check_failed(__FILE__, __LINE__, "kind and bits", "a dtype of this kind and width exists");
}

DType promote_signs(const DTypeInfo& s, const DTypeInfo& u) {
  int bits = s.bits > u.bits ? s.bits : 2 * u.bits;
  return bits > 64 ? DType::kF64 : find_dtype(kIntKind, bits);
}

DType promote_floats(DType a, DType b) {
  int bits_a = dtype_info(a).bits, bits_b = dtype_info(b).bits;
  if (bits_a != bits_b) return bits_a > bits_b ? a : b;
  return a == b ? a : DType::kF32;  // f16 beside bf16: the smallest type that holds both
}

DType promote_float_int(DType f, const DTypeInfo& i) {
  int needed = i.bits <= 8 ? 16 : i.bits == 16 ? 32 : 64;
  return dtype_info(f).bits >= needed ? f : find_dtype(kFloatKind, needed);
}

}  // namespace

const DTypeInfo& dtype_info(DType dtype) { return kTable[static_cast<std::size_t>(dtype)]; }

std::optional<DType> dtype_from_text(std::string_view text) {
  struct Alias {
    std::string_view prefix, shorter;
  };
  static constexpr Alias kAliases[] = {
      {"uint", "u"}, {"int", "i"}, {"bfloat", "bf"}, {"float", "f"}, {"", ""}};
  for (const Alias& alias : kAliases) {
    if (!text.starts_with(alias.prefix)) continue;
    std::string_view rest = text.substr(alias.prefix.size());
    for (int i = 0; i < kDTypeCount; ++i) {
      std::string_view name = kTable[i].name;
      if (name.starts_with(alias.shorter) && name.substr(alias.shorter.size()) == rest) {
        return static_cast<DType>(i);
      }
    }
  }
  return std::nullopt;
}

DType promote(DType a, DType b) {
  const DTypeInfo &ia = dtype_info(a), &ib = dtype_info(b);
  if (a == b || ib.kind == kBoolKind) return a;
  if (ia.kind == kBoolKind) return b;
  if (ia.kind == kFloatKind && ib.kind == kFloatKind) return promote_floats(a, b);
  if (ia.kind == kFloatKind) return promote_float_int(a, ib);
  if (ib.kind == kFloatKind) return promote_float_int(b, ia);
  if (ia.kind == ib.kind) return ia.bits >= ib.bits ? a : b;
  return ia.kind == kIntKind ? promote_signs(ia, ib) : promote_signs(ib, ia);
}

DType promote_weak(DType dtype, DTypeKind kind) {
  DTypeKind own = dtype_info(dtype).kind;
  if (kind == kFloatKind && own != kFloatKind) return DType::kF64;
  if ((kind == kIntKind || kind == kUIntKind) && own == kBoolKind) return DType::kI64;
  return dtype;
}

DType float_of(DType dtype) {
  if (is_float(dtype)) return dtype;
  int bits = dtype_info(dtype).bits;
  return bits <= 8 ? DType::kF16 : bits == 16 ? DType::kF32 : DType::kF64;
}

DType sum_of(DType dtype) {
  if (is_float(dtype)) return dtype;
  return dtype_info(dtype).kind == kUIntKind ? DType::kU64 : DType::kI64;
}

}  // namespace bafe
