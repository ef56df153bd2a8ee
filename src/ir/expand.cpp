// Composites as what they stand for. In: a composite's row, operands, fields. Out: the nodes of its
// definition, built in NumPy's manners. Invariant: a definition is read once a process; literals in
// it are typed like their sibling.
//
//   term    := ?v | number | (op term… {:field expr}) | (let ?v term term) | (splat expr)
#include "expand.h"

#include <map>
#include <mutex>
#include <unordered_map>

#include "bafe/base/format.h"
#include "bafe/ir/attr_expr.h"
#include "bafe/ir/sexpr.h"

namespace bafe {
namespace {

struct Term {
  enum Kind { kVariable, kLiteral, kSplat, kLet, kCall } kind = kVariable;
  int variable = -1;  ///< kVariable; kLet: the variable it binds
  Scalar number;      ///< kLiteral: i64 or f64, by spelling
  AttrExpr expr;      ///< kSplat
  Op op{};            ///< kCall
  std::vector<Term> terms;
  std::vector<AttrExpr> fields;
};

struct Definition {
  Term body;
  int variables = 0;
};

/// Reads the definition of one row. Its text is ours, so a mistake in it is an InternalError.
class DefinitionReader {
 public:
  explicit DefinitionReader(const OpSpec& spec) {
    for (const Sexpr& p : read_sexprs(spec.parameters, "ops.def")) {
      if (p.is_variable()) {
        values_[p.text] = count_++;
      } else {
        int next = static_cast<int>(attrs_.size());
        attrs_[format("?{}", p.text.substr(1))] = next;
      }
    }
    scope_.attr_var = [this](const std::string& name) { return find(attrs_, name); };
    scope_.value_var = [this](const std::string& name) { return find(values_, name); };
    std::vector<Sexpr> forms = read_sexprs(spec.definition, "ops.def");
    BAFE_CHECK(forms.size() == 1, "a definition is one term");
    out_.body = read(forms[0]);
    out_.variables = count_;
  }
  Definition take() { return std::move(out_); }

 private:
  static int find(const std::map<std::string, int>& names, const std::string& name) {
    auto it = names.find(name);
    return it == names.end() ? -1 : it->second;
  }

  Term read(const Sexpr& form) {
    Term out;
    if (form.kind == Sexpr::kInteger || form.kind == Sexpr::kReal) {
      out.kind = Term::kLiteral;
      out.number = form.kind == Sexpr::kInteger ? Scalar::of_int(DType::kI64, form.integer)
                                                : Scalar::of(DType::kF64, form.real);
    } else if (form.is_variable()) {
      out.variable = find(values_, form.text);
      BAFE_CHECK(out.variable >= 0, "a definition uses its parameters only");
    } else if (form.is_form("splat")) {
      out.kind = Term::kSplat;
      out.expr = parse_attr_expr(form.items.at(1), scope_);
    } else if (form.is_form("let")) {
      out.kind = Term::kLet;
      out.terms.push_back(read(form.items.at(2)));
      out.variable = values_[form.items.at(1).text] = count_++;
      out.terms.push_back(read(form.items.at(3)));
    } else {
      read_call(form, out);
    }
    return out;
  }

  void read_call(const Sexpr& form, Term& out) {
    BAFE_CHECK(!form.items.empty(), "a term of a definition is not empty");
    std::optional<Op> op = op_from_text(form.items[0].text);
    BAFE_CHECK(op.has_value(), "a definition uses known operators");
    out.kind = Term::kCall;
    out.op = *op;
    for (std::size_t i = 1; i < form.items.size(); ++i) {
      if (!form.items[i].is_keyword()) {
        out.terms.push_back(read(form.items[i]));
        continue;
      }
      const std::vector<AttrField>& fields = tensor_ops().spec(id_of(*op)).fields;
      BAFE_CHECK(out.fields.size() < fields.size() && i + 1 < form.items.size() &&
                     form.items[i].text.substr(1) == fields[out.fields.size()].name,
                 "a definition gives fields in the order of the row");
      out.fields.push_back(parse_attr_expr(form.items[++i], scope_));
    }
  }

  std::map<std::string, int> values_, attrs_;
  int count_ = 0;
  ExprScope scope_;
  Definition out_;
};

const Definition& definition_of(const OpInfo& info) {
  static std::mutex mutex;
  // Never destroyed: the background thread may use it to the end.
  static auto& read = *new std::map<Op, Definition>;
  std::lock_guard lock(mutex);
  auto it = read.find(info.op);
  if (it == read.end()) {
    it = read.emplace(info.op, DefinitionReader(tensor_ops().spec(info.id)).take()).first;
  }
  return it->second;
}

/// Types of the values bound so far; a definition asks for nothing else.
class BoundTypes : public FactSource {
 public:
  BoundTypes(const Builder& builder, const std::vector<ValueId>& values)
      : builder_(builder), values_(values) {}
  const Type* type(int value) const override {
    ValueId id = values_[static_cast<std::size_t>(value)];
    return id.valid() ? &builder_.type(id) : nullptr;
  }
  std::optional<Scalar> constant(int) const override { return std::nullopt; }
  bool fact(const std::string&, int, const std::vector<AttrValue>&) const override { return false; }

 private:
  const Builder& builder_;
  const std::vector<ValueId>& values_;
};

class Expansion {
 public:
  Expansion(Builder& builder, const OpInfo& info, const Definition& definition,
            std::span<const ValueId> operands, const Attrs& attrs)
      : builder_(builder), info_(info), attrs_(attrs), facts_(builder, values_) {
    values_.assign(operands.begin(), operands.end());
    values_.resize(static_cast<std::size_t>(definition.variables));
  }

  ValueId build(const Term& term) {
    if (term.kind == Term::kVariable) return values_[static_cast<std::size_t>(term.variable)];
    if (term.kind == Term::kLet) {
      values_[static_cast<std::size_t>(term.variable)] = build(term.terms[0]);
      return build(term.terms[1]);
    }
    BAFE_CHECK(term.kind == Term::kCall, "a literal has a sibling that types it");
    return build_call(term);
  }

 private:
  static bool needs_sibling(const Term& term) {
    return term.kind == Term::kLiteral || term.kind == Term::kSplat;
  }

  ValueId build_call(const Term& term) {
    std::vector<ValueId> operands(term.terms.size());
    ValueId sibling;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (needs_sibling(term.terms[i])) continue;
      operands[i] = build(term.terms[i]);
      // The last one: a where's condition does not type its branches.
      sibling = operands[i];
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (!operands[i].valid()) operands[i] = literal(number_of(term.terms[i]), sibling);
    }
    Attrs fields;
    for (const AttrExpr& e : term.fields) fields.push_back(value_of(e));
    return builder_.call(term.op, operands, std::move(fields));
  }

  AttrValue value_of(const AttrExpr& expr) {
    std::optional<AttrValue> value = eval_attr(expr, attrs_, facts_);
    if (value) return std::move(*value);
    std::vector<Type> types;
    for (ValueId v : values_) {
      if (v.valid()) types.push_back(builder_.type(v));
    }
    ShapeError error({}, std::string(info_.name), "the definition has no value for these operands");
    for (const Type& t : types) error.detail(t.text());
    throw error.fix("give axes and ranks that fit; sizes must be known");
  }

  Scalar number_of(const Term& term) {
    if (term.kind == Term::kLiteral) return term.number;
    AttrValue value = value_of(term.expr);
    if (const auto* s = std::get_if<Scalar>(&value)) return *s;
    const auto* d = std::get_if<Dim>(&value);
    if (d == nullptr || !d->is_const()) {
      throw ShapeError({}, std::string(info_.name),
                       format("{} is not a known number", attr_text(value)))
          .fix("call with arrays of known sizes");
    }
    return Scalar::of_int(DType::kI64, d->value());
  }

  /// A number bends to its sibling as a Python scalar does (NEP 50).
  ValueId literal(Scalar number, ValueId sibling) {
    DType like = builder_.type(sibling).dtype;
    DType dtype = promote_weak(like, dtype_info(number.dtype).kind);
    return builder_.graph().add_fill(number.cast(dtype), builder_.type(sibling).shape);
  }

  Builder& builder_;
  const OpInfo& info_;
  const Attrs& attrs_;
  std::vector<ValueId> values_;
  BoundTypes facts_;
};

}  // namespace

ValueId expand_composite(Builder& builder, const OpInfo& info, std::span<const ValueId> operands,
                         const Attrs& attrs) {
  const Definition& definition = definition_of(info);
  return Expansion(builder, info, definition, operands, attrs).build(definition.body);
}

Type composite_type(const OpInfo& info, std::span<const Type> operands, const Attrs& attrs) {
  Graph scratch;
  Builder builder(scratch);
  std::vector<ValueId> values;
  for (const Type& t : operands) values.push_back(scratch.add_input({"", "row", false, t}));
  return scratch.type(expand_composite(builder, info, values, attrs));
}

bool composite_reduces(const OpInfo& info) {
  const std::vector<Type> sample = {{DType::kF32, {2}}};
  return composite_type(info, sample, {List{0}}).shape == Shape{1};
}

}  // namespace bafe
