// Comes in: expressions of one part of a nest. Goes out: C text. Invariant: the text of a node
// reads only names that the current block has defined, and a node with a side effect (a range
// check) is computed exactly where it is named.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/codegen/math_c.h"
#include "c_expr.h"

namespace bafe {
namespace {

bool is_nan_test(const ExNode& n) { return n.kind == ExKind::kPrim && n.prim == Prim::kIsNan; }

const char* infix_c(Prim prim) {
  switch (prim) {
    case Prim::kAdd:
      return " + ";
    case Prim::kSub:
      return " - ";
    case Prim::kMul:
      return " * ";
    case Prim::kDiv:
      return " / ";
    case Prim::kLt:
      return " < ";
    case Prim::kLe:
      return " <= ";
    case Prim::kEq:
      return " == ";
    case Prim::kAnd:
    case Prim::kBitAnd:
      return " & ";
    case Prim::kOr:
    case Prim::kBitOr:
      return " | ";
    case Prim::kXor:
    case Prim::kBitXor:
      return " ^ ";
    default:
      return nullptr;
  }
}

bool is_narrow_int(DType dtype) { return !is_float(dtype) && dtype_info(dtype).bits < 32; }

}  // namespace

CExprWriter::CExprWriter(const ExprPool& pool, const std::vector<Buffer>& buffers,
                         std::set<std::string>& functions)
    : pool_(pool), buffers_(buffers), functions_(functions) {
  frames_.emplace_back();
}

std::string CExprWriter::buffer_name(int buffer) const {
  bool is_slot = buffers_[static_cast<std::size_t>(buffer)].kind == Buffer::kSlot;
  return (is_slot ? "p" : "b") + std::to_string(buffer);
}

std::string CExprWriter::call(std::string_view name, DType dtype, const std::string& args) {
  std::string symbol = math_symbol_c(name, dtype);
  functions_.insert(symbol);
  return symbol + "(" + args + ")";
}

/// Numeric conversion between compute types; f16 and bf16 results are rounded, held in float.
std::string CExprWriter::convert(const std::string& value, DType from, DType to) {
  const DTypeInfo& target = dtype_info(to);
  auto by_function = [&](DType a, DType b, const std::string& x) {
    std::string symbol = conversion_symbol_c(a, b);
    functions_.insert(symbol);
    return symbol + "(" + x + ")";
  };
  if (target.kind == kBoolKind) return "(" + value + " != 0)";
  if (target.kind == kFloatKind && target.bits == 16) {
    DType source = accumulator_of(from);
    std::string x = value;
    if (!is_float(from)) {
      source = DType::kF64;
      x = "(double)(" + value + ")";
    }
    return by_function(to, DType::kF32, by_function(source, to, x));
  }
  if (is_float(from) && !is_float(to)) return by_function(accumulator_of(from), to, value);
  if (std::string(compute_c(from)) == compute_c(to)) return value;
  return "(" + std::string(compute_c(to)) + ")(" + value + ")";
}

std::string CExprWriter::stored(Ex e, DType dtype) {
  const ExNode& n = pool_.node(e);
  if (dtype_info(dtype).bits != 16 || !is_float(dtype)) return text(e);
  Ex inner = n.kind == ExKind::kRound && n.dtype == dtype && !names_.contains(e.id) ? n.args[0] : e;
  std::string symbol = conversion_symbol_c(DType::kF32, dtype);
  functions_.insert(symbol);
  return symbol + "(" + text(inner) + ")";
}

std::string CExprWriter::combined(ReduceKind kind, DType dtype, const std::string& old,
                                  const std::string& value, bool quiet) {
  std::string result;
  bool is_bool = dtype == DType::kBool;
  switch (kind) {
    case ReduceKind::kSum:
      result = old + (is_bool ? " | " : " + ") + value;
      break;
    case ReduceKind::kProd:
      result = old + (is_bool ? " & " : " * ") + value;
      break;
    default: {
      bool is_max = kind == ReduceKind::kMax || kind == ReduceKind::kArgMax;
      if (quiet && is_float(dtype))
        result = "(" + value + (is_max ? " > " : " < ") + old + " ? " + value + " : " + old + ")";
      else if (is_bool)
        result = old + (is_max ? " | " : " & ") + value;
      else
        result = call(is_max ? "max" : "min", accumulator_of(dtype), value + ", " + old);
    }
  }
  if (is_narrow_int(dtype)) result = "(" + std::string(compute_c(dtype)) + ")(" + result + ")";
  return result;
}

/// Index arithmetic of kernels is done in long long. This proves that it cannot overflow: variables
/// have known ranges, products and sums are formed here only. Where sizes are read at run time,
/// whoever fills size[] warrants it.
void CExprWriter::check_width(const ExNode& n) const {
  if (n.is_sized) return;
  __int128 most = n.number < 0 ? -static_cast<__int128>(n.number) : n.number;
  for (auto [atom, c] : n.terms) {
    const __int128 low = static_cast<__int128>(pool_.node(atom).lo) * c;
    const __int128 high = static_cast<__int128>(pool_.node(atom).hi) * c;
    most += std::max(low < 0 ? -low : low, high < 0 ? -high : high);
  }
  BAFE_CHECK(most <= std::int64_t{1} << 62, "an index of a kernel stays within 62 bits");
}

std::string CExprWriter::linear_text(const ExNode& n) {
  check_width(n);
  std::string s;
  for (auto [atom, c] : n.terms) {
    std::string factor = std::to_string(c < 0 ? -c : c);
    s += s.empty() ? (c < 0 ? "-" : "") : (c < 0 ? " - " : " + ");
    s += text(atom);
    if (c != 1 && c != -1) s += " * " + factor;
  }
  if (s.empty()) return std::to_string(n.number);
  if (n.number != 0) s += (n.number < 0 ? " - " : " + ") + std::to_string(std::abs(n.number));
  return s;
}

std::string CExprWriter::cast_text(const ExNode& n) {
  return convert(text(n.args[0]), pool_.node(n.args[0]).dtype, n.dtype);
}

std::string CExprWriter::prim_text(const ExNode& n) {
  std::vector<std::string> a;
  for (Ex arg : n.args) a.push_back(text(arg));
  DType operand = pool_.node(n.args[0]).dtype, computed = accumulator_of(n.dtype);
  auto wrap = [&](std::string s) {
    return is_narrow_int(n.dtype) && n.dtype != DType::kBool
               ? "(" + std::string(compute_c(n.dtype)) + ")(" + s + ")"
               : "(" + s + ")";
  };
  bool is_bool = n.dtype == DType::kBool;
  if (n.prim == Prim::kOr) {
    const ExNode &l = pool_.node(n.args[0]), &r = pool_.node(n.args[1]);
    if (is_nan_test(l) && is_nan_test(r) &&
        pool_.node(l.args[0]).dtype == pool_.node(r.args[0]).dtype)
      return "__builtin_isunordered(" + text(l.args[0]) + ", " + text(r.args[0]) + ")";
  }
  if (is_bool && operand == DType::kBool) {  // the ring of truth values
    if (n.prim == Prim::kAdd || n.prim == Prim::kMax) return "(" + a[0] + " | " + a[1] + ")";
    if (n.prim == Prim::kMul || n.prim == Prim::kMin) return "(" + a[0] + " & " + a[1] + ")";
    if (n.prim == Prim::kAbs) return a[0];
    if (n.prim == Prim::kBitNot) return "(" + a[0] + " ^ 1)";
  }
  if (const char* op = infix_c(n.prim)) return wrap(a[0] + op + a[1]);
  switch (n.prim) {
    case Prim::kNeg:
      return wrap("-" + a[0]);
    case Prim::kNot:
      return "(" + a[0] + " ^ 1)";
    case Prim::kBitNot:
      return wrap("~" + a[0]);
    case Prim::kSelect:
      return "(" + a[0] + " ? " + a[1] + " : " + a[2] + ")";
    case Prim::kAbs:
      if (dtype_info(n.dtype).kind == kUIntKind) return a[0];
      break;
    case Prim::kFloor:
    case Prim::kCeil:
    case Prim::kRint:
      if (!is_float(n.dtype)) return a[0];
      break;
    case Prim::kIsNan:
      return "(" + a[0] + " != " + a[0] + ")";
    case Prim::kIsFinite:
      return call("isfinite", accumulator_of(operand), a[0]);
    default:
      break;
  }
  std::string args = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) args += ", " + a[i];
  return call(bafe::prim_text(n.prim), computed, args);
}

std::string CExprWriter::inline_text(Ex e) {
  const ExNode n = pool_.node(e);
  switch (n.kind) {
    case ExKind::kVar:
      return var_name(static_cast<int>(n.number));
    case ExKind::kLinear:
      return n.terms.empty() ? linear_text(n) : "(" + linear_text(n) + ")";
    case ExKind::kSize:
      return "s" + std::to_string(n.number);
    case ExKind::kProduct: {
      std::string s;
      for (Ex factor : n.args) s += (s.empty() ? "(" : " * ") + text(factor);
      return s + ")";
    }
    case ExKind::kQuotient: {
      std::string d = n.number == 0 ? text(n.args[1]) : std::to_string(n.number);
      if (pool_.node(n.args[0]).lo >= 0) return "(" + text(n.args[0]) + " / " + d + ")";
      return call("floordiv", DType::kI64, text(n.args[0]) + ", " + d);
    }
    case ExKind::kModulo: {
      std::string d = n.number == 0 ? text(n.args[1]) : std::to_string(n.number);
      if (pool_.node(n.args[0]).lo >= 0) return "(" + text(n.args[0]) + " % " + d + ")";
      return call("mod", DType::kI64, text(n.args[0]) + ", " + d);
    }
    case ExKind::kToIndex:
      return "(long long)" + text(n.args[0]);
    case ExKind::kPick:
      return "(" + text(n.args[0]) + " ? " + text(n.args[1]) + " : " + text(n.args[2]) + ")";
    case ExKind::kLess:
      return "(" + text(n.args[0]) + " < " + text(n.args[1]) + ")";
    case ExKind::kSame:
      return "(" + text(n.args[0]) + " == " + text(n.args[1]) + ")";
    case ExKind::kOfIndex:
      return convert(text(n.args[0]), DType::kI64, n.dtype);
    case ExKind::kConst:
      return literal_c(Scalar{n.dtype, n.bits});
    case ExKind::kLoad: {
      std::string element = buffer_name(static_cast<int>(n.number)) + "[" + text(n.args[0]) + "]";
      DType stored = buffers_[static_cast<std::size_t>(n.number)].dtype;
      if (accumulator_of(stored) == stored) return element;
      std::string symbol = conversion_symbol_c(stored, DType::kF32);
      functions_.insert(symbol);
      return symbol + "(" + element + ")";
    }
    case ExKind::kPrim:
      return prim_text(n);
    case ExKind::kCast:
      return cast_text(n);
    case ExKind::kRound:
      return convert(text(n.args[0]), accumulator_of(n.dtype), n.dtype);
    case ExKind::kLocal:
      return local_name(static_cast<int>(n.number));
    case ExKind::kLookup:
    case ExKind::kReduce:
      break;
  }
  throw InternalError({}, "emit", "an expression has no C text here");
}

std::string CExprWriter::text(Ex e) {
  auto it = names_.find(e.id);
  return it != names_.end() ? it->second : inline_text(e);
}

}  // namespace bafe
