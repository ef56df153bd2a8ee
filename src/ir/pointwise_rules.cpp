// Result types of pointwise operators. In: operand types in normal form (equal shapes, casts done).
// Out: the result type of the operator's dtype rule. Invariant: what the builder casts to is what
// this accepts.
#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

[[noreturn]] void throw_dtype(const OpInfo& info, Operands operands, std::string fact,
                              std::string fix) {
  throw with_operands(DTypeError({}, std::string(info.name), std::move(fact)), operands)
      .fix(std::move(fix));
}

void require_same_dtype(const OpInfo& info, Operands operands, std::size_t first) {
  for (std::size_t i = first + 1; i < operands.size(); ++i) {
    if (operands[i].dtype != operands[first].dtype) {
      throw_dtype(info, operands, "dtypes differ", "cast the operands to one dtype");
    }
  }
}

void require_same_shape(const OpInfo& info, Operands operands) {
  for (std::size_t i = 1; i < operands.size(); ++i) {
    if (operands[i].shape == operands[0].shape) continue;
    throw with_operands(ShapeError({}, std::string(info.name), "shapes differ"), operands)
        .fix("broadcast the operands to one shape");
  }
}

}  // namespace

Type pointwise_type(const OpInfo& info, Operands operands, const Attrs& attrs) {
  require_same_shape(info, operands);
  DType d = operands.back().dtype;
  DTypeKind kind = dtype_info(d).kind;
  Type out{d, operands[0].shape};
  bool is_where = info.dtype_rule == DTypeRule::kWhere;
  require_same_dtype(info, operands, is_where ? 1 : 0);
  switch (info.dtype_rule) {
    case DTypeRule::kSame:
      break;
    case DTypeRule::kNoBool:
    case DTypeRule::kNumber:
      if (kind == kBoolKind)
        throw_dtype(info, operands, "bool operands are not supported", "cast to a number type");
      break;
    case DTypeRule::kFloat:
    case DTypeRule::kDivide:
    case DTypeRule::kRounding:
      if (kind != kFloatKind) throw_dtype(info, operands, "needs floats", "cast to f32 or f64");
      break;
    case DTypeRule::kTest:
      if (kind != kFloatKind) throw_dtype(info, operands, "needs floats", "cast to f32 or f64");
      out.dtype = DType::kBool;
      break;
    case DTypeRule::kCompare:
      out.dtype = DType::kBool;
      break;
    case DTypeRule::kLogical:
      if (kind != kBoolKind) throw_dtype(info, operands, "needs bool", "cast to bool");
      break;
    case DTypeRule::kBits:
      if (kind == kFloatKind)
        throw_dtype(info, operands, "needs integers or bool", "cast to an integer type");
      break;
    case DTypeRule::kShift:
      if (!is_integer(d)) throw_dtype(info, operands, "needs integers", "cast to an integer type");
      break;
    case DTypeRule::kWhere:
      if (operands[0].dtype != DType::kBool)
        throw_dtype(info, operands, "the condition must be bool", "cast it to bool");
      break;
    case DTypeRule::kCast:
      out.dtype = attr_dtype(attrs, 0);
      break;
  }
  return out;
}

}  // namespace bafe::rules_of_ops
