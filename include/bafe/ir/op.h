#pragma once
/// The operator table: one row an operator, made from ops.def. All other code asks the row, never
/// the enum.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bafe/ir/attrs.h"
#include "bafe/ir/meaning.h"
#include "bafe/ir/op_table.h"
#include "bafe/ir/type.h"

namespace bafe {

enum class Op : std::uint16_t {
#define BAFE_POINTWISE(name, text, arity, dtype, value, algebra) k##name,
#define BAFE_SHAPED(name, text, arity, kind, fields, shape, element, algebra) k##name,
#define BAFE_COMPOSITE(name, text, kind, params, definition) k##name,
#include "bafe/ir/ops.def"
#undef BAFE_POINTWISE
#undef BAFE_SHAPED
#undef BAFE_COMPOSITE
};

/// What an engine may do with an operator without knowing which it is.
enum class OpKind : std::uint8_t {
  kLeaf,         ///< input, fill, constant
  kPointwise,    ///< element tree over Arg; operands have the result's shape
  kMovement,     ///< element tree over Index and Read: moves, masks or makes elements
  kReduction,    ///< one Reduce over one operand; reduced axes stay as size 1
  kContraction,  ///< matmul: Reduce of a product of two reads
  kScan,  ///< prefix combination along an axis (cumsum): operand 0, field 0 the axis, reduce kind
          ///< sum
  kLibrary,  ///< solve, cholesky, inv: a host routine of the ir layer by the operator's name
  kLayout,   ///< layout_transform: identity on values
  kControl,  ///< loop, scan, cond: opaque body graphs
  kExpand,   ///< composite: the builder and the rule reader replace it
  kNamed,    ///< composite that stays a node, equal to its definition
};

/// How a pointwise operator's operand and result dtypes follow from NumPy 2. The builder inserts
/// the casts.
enum class DTypeRule : std::uint8_t {
  kSame,      ///< promoted common type in and out
  kNoBool,    ///< as kSame; bool operands are a DTypeError
  kNumber,    ///< as kSame; bool operands become i8
  kFloat,     ///< promoted, then float_of(); result the same
  kDivide,    ///< promoted; ints and bool become f64; result the same
  kCompare,   ///< promoted in, bool out
  kLogical,   ///< every operand cast to bool, bool out
  kBits,      ///< bool and integers only, promoted in and out
  kShift,     ///< integers only (bool becomes i8), promoted in and out
  kTest,      ///< float_of() in, bool out
  kWhere,     ///< (bool, T, T) -> T
  kRounding,  ///< floats as kSame; integers and bool unchanged (the builder returns the operand)
  kCast,      ///< field dtype
};

/// Result type from operand types, or ShapeError / DTypeError (subject = operator name). Operands
/// already obey the normal form for pointwise operators.
using ShapeRule = Type (*)(std::span<const Type> operands, const Attrs& attrs);
/// The element tree of a shaped operator for these operand types.
using ElementRule = Element (*)(std::span<const Type> operands, const Attrs& attrs,
                                const Type& result);

struct OpInfo {
  Op op = {};
  OpId id;  ///< row in tensor_ops()
  std::string_view name;
  OpKind kind = OpKind::kLeaf;
  int arity = 0;
  std::uint32_t algebra = kNoAlgebra;
  DTypeRule dtype_rule = DTypeRule::kSame;  ///< pointwise only
  Element value;                            ///< pointwise only: the tree over Arg
  ShapeRule shape = nullptr;
  ElementRule element = nullptr;         ///< movement, reduction, contraction
  ReduceKind reduce = ReduceKind::kSum;  ///< reduction, contraction, scan: how elements combine
};

const OpInfo& op_info(Op op);
std::optional<Op> op_from_text(std::string_view name);
std::span<const OpInfo> all_ops();
/// The same rows as a table for the rule reader and the e-graph; OpId index equals the enum value.
const OpTable& tensor_ops();
/// Result type of any operator: of its dtype rule, its shape rule, or for composites of its
/// definition. Checks the number of operands and the kinds of the attributes too. Errors:
/// ShapeError, DTypeError (subject = operator name).
Type infer_type(Op op, std::span<const Type> operands, const Attrs& attrs);
/// The element tree of any operator that has one (OpInfo::value, or the element rule's answer); no
/// tree otherwise, or where a size that the tree needs is symbolic.
Element op_element(Op op, std::span<const Type> operands, const Attrs& attrs, const Type& result);
/// The leaves that carry more than their attributes say.
inline bool is_input(Op op) { return op == Op::kInput; }
inline bool is_fill(Op op) { return op == Op::kFill; }
/// Does it run alone, from dense row-major buffers to such buffers?
inline bool is_routine(OpKind kind) { return kind == OpKind::kLibrary || kind == OpKind::kControl; }
inline Op op_of(OpId id) { return static_cast<Op>(id.index()); }
inline OpId id_of(Op op) { return OpId(static_cast<std::uint32_t>(op)); }

}  // namespace bafe
