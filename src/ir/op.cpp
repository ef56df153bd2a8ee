// The operator table, made from ops.def. In: the rows. Out: OpInfo by enum value, and the same rows
// as an OpTable. Invariant: row i of both tables is the operator of enum value i.
#include "bafe/ir/op.h"

#include <unordered_map>

#include "expand.h"
#include "op_rules.h"

namespace bafe {
namespace vocabulary {

// The words of ops.def. Names that C++ reserves or that <cmath> owns resolve here first.
Element lit(double value) { return element::literal(value); }
#define BAFE_WORD1(word, prim) \
  Element word(const Element& a) { return element::make(Prim::prim, {a}); }
#define BAFE_WORD2(word, prim) \
  Element word(const Element& a, const Element& b) { return element::make(Prim::prim, {a, b}); }
BAFE_WORD1(abs, kAbs)
BAFE_WORD1(sqrt, kSqrt)
BAFE_WORD1(exp, kExp)
BAFE_WORD1(expm1, kExpm1)
BAFE_WORD1(log, kLog)
BAFE_WORD1(log1p, kLog1p)
BAFE_WORD1(sin, kSin)
BAFE_WORD1(cos, kCos)
BAFE_WORD1(tanh, kTanh)
BAFE_WORD1(sigmoid, kSigmoid)
BAFE_WORD1(erf, kErf)
BAFE_WORD1(erfc, kErfc)
BAFE_WORD1(gelu, kGelu)
BAFE_WORD1(silu, kSilu)
BAFE_WORD1(floor, kFloor)
BAFE_WORD1(ceil, kCeil)
BAFE_WORD1(rint, kRint)
BAFE_WORD1(logical_not, kNot)
BAFE_WORD1(isnan, kIsNan)
BAFE_WORD1(isfinite, kIsFinite)
BAFE_WORD1(bitnot_, kBitNot)
BAFE_WORD1(cast, kCast)
BAFE_WORD2(floordiv, kFloorDiv)
BAFE_WORD2(mod, kMod)
BAFE_WORD2(min, kMin)
BAFE_WORD2(max, kMax)
BAFE_WORD2(pow, kPow)
BAFE_WORD2(lt, kLt)
BAFE_WORD2(le, kLe)
BAFE_WORD2(eq, kEq)
BAFE_WORD2(logical_and, kAnd)
BAFE_WORD2(logical_or, kOr)
BAFE_WORD2(logical_xor, kXor)
BAFE_WORD2(bitand_, kBitAnd)
BAFE_WORD2(bitor_, kBitOr)
BAFE_WORD2(bitxor_, kBitXor)
BAFE_WORD2(shl, kShl)
BAFE_WORD2(shr, kShr)
#undef BAFE_WORD1
#undef BAFE_WORD2
Element select(const Element& a, const Element& b, const Element& c) {
  return element::make(Prim::kSelect, {a, b, c});
}

struct Row {
  OpInfo info;
  std::string fields, parameters, definition;
};

Row row_of(Op op, std::string_view name, OpKind kind, int arity, std::uint32_t algebra) {
  Row row;
  row.info.op = op;
  row.info.name = name;
  row.info.kind = kind;
  row.info.arity = arity;
  row.info.algebra = algebra;
  return row;
}

Row pointwise_row(Op op, std::string_view name, int arity, DTypeRule rule, Element value,
                  std::uint32_t algebra) {
  Row row = row_of(op, name, OpKind::kPointwise, arity, algebra);
  row.info.dtype_rule = rule;
  row.info.value = std::move(value);
  if (rule == DTypeRule::kCast) row.fields = "dtype:dtype";
  return row;
}

Row shaped_row(Op op, std::string_view name, int arity, OpKind kind, const char* fields,
               ShapeRule shape, ElementRule element, std::uint32_t algebra) {
  Row row = row_of(op, name, kind, arity, algebra);
  row.info.shape = shape;
  row.info.element = element;
  row.fields = fields;
  return row;
}

Row composite_row(Op op, std::string_view name, OpKind kind, const char* parameters,
                  const char* definition) {
  Row row = row_of(op, name, kind, 0, kNoAlgebra);
  row.parameters = parameters;
  row.definition = definition;
  return row;
}

using namespace rules_of_ops;  // NOLINT: ops.def names the rules bare

std::vector<Row> make_rows() {
  [[maybe_unused]] const Element a = element::arg(0), b = element::arg(1), c = element::arg(2);
  using enum OpKind;
  using enum DTypeRule;
  std::vector<Row> rows;
#define BAFE_POINTWISE(name, text, arity, rule, value, algebra) \
  rows.push_back(pointwise_row(Op::k##name, text, arity, rule, value, algebra));
#define BAFE_SHAPED(name, text, arity, kind, fields, shape, element, algebra) \
  rows.push_back(shaped_row(Op::k##name, text, arity, kind, fields, shape, element, algebra));
#define BAFE_COMPOSITE(name, text, kind, params, definition) \
  rows.push_back(composite_row(Op::k##name, text, kind, params, definition));
#include "bafe/ir/ops.def"
#undef BAFE_POINTWISE
#undef BAFE_SHAPED
#undef BAFE_COMPOSITE
  return rows;
}

}  // namespace vocabulary

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

AttrKind kind_of_text(const std::string& text) {
  // Never destroyed: the background thread may use it to the end.
  static const auto& kKinds = *new const std::unordered_map<std::string, AttrKind>{
      {"int", AttrKind::kInt},       {"list", AttrKind::kList}, {"dtype", AttrKind::kDType},
      {"scalar", AttrKind::kScalar}, {"text", AttrKind::kText}, {"graph", AttrKind::kGraph}};
  auto it = kKinds.find(text);
  BAFE_CHECK(it != kKinds.end(), "a field of ops.def has a known kind");
  return it->second;
}

std::vector<AttrField> parse_fields(const std::string& text) {
  std::vector<AttrField> fields;
  for (const std::string& word : words_of(text)) {
    std::size_t colon = word.find(':');
    fields.push_back({word.substr(0, colon), kind_of_text(word.substr(colon + 1))});
  }
  return fields;
}

/// ":axes" is a list and ":eps" a scalar; `?x` are operands.
std::vector<AttrField> parameter_fields(const std::string& parameters, int& arity) {
  std::vector<AttrField> fields;
  arity = 0;
  for (const std::string& word : words_of(parameters)) {
    if (word[0] == '?') {
      ++arity;
    } else {
      fields.push_back({word.substr(1), word == ":eps" ? AttrKind::kScalar : AttrKind::kList});
    }
  }
  return fields;
}

/// How a row with an element rule combines elements, read off the rule's own tree for a small
/// operand.
ReduceKind reduce_kind(const OpInfo& info) {
  if (info.element == nullptr || info.kind != OpKind::kReduction) return ReduceKind::kSum;
  const std::vector<Type> sample = {{DType::kF32, {2}}};
  return info.element(sample, {List{0}}, {DType::kF32, {1}})->reduce;
}

struct Tables {
  std::vector<OpInfo> infos;
  OpTable table;
  std::unordered_map<std::string_view, Op> by_name;

  Tables() {
    for (vocabulary::Row& row : vocabulary::make_rows()) {
      OpSpec spec;
      spec.name = std::string(row.info.name);
      spec.fields = parse_fields(row.fields);
      if (!row.definition.empty()) spec.fields = parameter_fields(row.parameters, row.info.arity);
      spec.arity = row.info.arity;
      spec.algebra = row.info.algebra;
      spec.parameters = row.parameters;
      spec.definition = row.definition;
      row.info.id = table.add(std::move(spec));
      row.info.reduce = reduce_kind(row.info);
      BAFE_CHECK(row.info.id == id_of(row.info.op), "rows are in the order of the enum");
      by_name.emplace(row.info.name, row.info.op);
      infos.push_back(std::move(row.info));
    }
  }
};

const Tables& tables() {
  // Never destroyed: the background thread may use it to the end.
  static const Tables& instance = *new const Tables;
  return instance;
}

}  // namespace

const OpInfo& op_info(Op op) { return tables().infos[static_cast<std::size_t>(op)]; }

std::optional<Op> op_from_text(std::string_view name) {
  auto it = tables().by_name.find(name);
  if (it == tables().by_name.end()) return std::nullopt;
  return it->second;
}

std::span<const OpInfo> all_ops() { return tables().infos; }
const OpTable& tensor_ops() { return tables().table; }

Type infer_type(Op op, std::span<const Type> operands, const Attrs& attrs) {
  const OpInfo& info = op_info(op);
  rules_of_ops::check_call(info, operands.size(), attrs);
  if (info.kind == OpKind::kPointwise) return rules_of_ops::pointwise_type(info, operands, attrs);
  if (info.shape == nullptr) return composite_type(info, operands, attrs);
  try {
    return info.shape(operands, attrs);
  } catch (Error& error) {
    error.about(std::string(info.name));  // one rule may serve several operators
    throw;
  }
}

Element op_element(Op op, std::span<const Type> operands, const Attrs& attrs, const Type& result) {
  const OpInfo& info = op_info(op);
  if (info.value) return info.value;
  return info.element == nullptr ? Element{} : info.element(operands, attrs, result);
}

}  // namespace bafe
