// One line about a program, for people. In: a graph. Out: NumPy-like text. Invariant: at most
// kMaxBrief characters; what NumPy's broadcasting would do silently is left out.
#include <algorithm>
#include <string_view>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxBrief = 2000;
constexpr int kMaxDepth = 100;
constexpr int kAtom = 100;

/// How an operator is spelled when it is not name(operands).
struct Spelling {
  std::string_view name;
  enum Form { kInfix, kPrefix, kSilent, kRenamed, kTransposed } form;
  std::string_view symbol;
  int strength;  ///< binds tighter than lower ones
};
constexpr Spelling kSpellings[] = {
    {"logical_or", Spelling::kInfix, "|", 1},
    {"bitwise_or", Spelling::kInfix, "|", 1},
    {"bitwise_xor", Spelling::kInfix, "^", 2},
    {"logical_xor", Spelling::kInfix, "^", 2},
    {"logical_and", Spelling::kInfix, "&", 3},
    {"bitwise_and", Spelling::kInfix, "&", 3},
    {"add", Spelling::kInfix, "+", 5},
    {"sub", Spelling::kInfix, "-", 5},
    {"mul", Spelling::kInfix, "*", 6},
    {"div", Spelling::kInfix, "/", 6},
    {"matmul", Spelling::kInfix, "@", 6},
    {"remainder", Spelling::kInfix, "%", 6},
    {"neg", Spelling::kPrefix, "-", 7},
    {"broadcast_to", Spelling::kSilent, "", 0},
    {"expand_dims", Spelling::kSilent, "", 0},
    {"transpose", Spelling::kTransposed, "", 0},
    {"reduce_sum", Spelling::kRenamed, "sum", 0},
    {"reduce_prod", Spelling::kRenamed, "prod", 0},
    {"reduce_max", Spelling::kRenamed, "max", 0},
    {"reduce_min", Spelling::kRenamed, "min", 0},
};

const Spelling* spelling_of(std::string_view name) {
  for (const Spelling& s : kSpellings) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

bool reverses_last_two(const List& perm) {
  std::size_t n = perm.size();
  if (n < 2) return false;
  for (std::size_t i = 0; i + 2 < n; ++i) {
    if (perm[i] != Dim(static_cast<std::int64_t>(i))) return false;
  }
  return perm[n - 1] == Dim(static_cast<std::int64_t>(n) - 2) &&
         perm[n - 2] == Dim(static_cast<std::int64_t>(n) - 1);
}

class Brief {
 public:
  explicit Brief(const Graph& graph) : graph_(graph) {}

  std::string print() {
    std::string out;
    for (ValueId root : graph_.roots()) out += (out.empty() ? "" : ", ") + text(root, 0, 0);
    if (out.size() > kMaxBrief) out = out.substr(0, kMaxBrief - 3) + "...";
    return out;
  }

 private:
  /// In parentheses if the text binds weaker than `strength`.
  std::string text(ValueId id, int strength, int depth) {
    // Shared values are spelled out each time, so the length must be bounded while it grows.
    if (depth > kMaxDepth || spent_ > kMaxBrief) return "...";
    const Node& node = graph_.node(id);
    const OpInfo& info = op_info(node.op);
    std::string out;
    int own = kAtom;
    if (info.kind == OpKind::kLeaf) {
      out = leaf(node);
    } else if (const Spelling* s = spelling_of(info.name)) {
      out = spelled(*s, node, depth, own);
    } else {
      out = call(info.name, node, depth);
    }
    spent_ += info.name.size();
    return own < strength ? "(" + out + ")" : out;
  }

  std::string leaf(const Node& node) {
    AttrKind kind = attr_kind(node.attrs[0]);
    if (kind == AttrKind::kInt) {
      const std::string& name =
          graph_.inputs()[static_cast<std::size_t>(attr_int(node.attrs, 0).value())].name;
      return name.empty() ? format("x{}", attr_int(node.attrs, 0).text()) : name;
    }
    if (kind == AttrKind::kScalar) {
      std::string number = scalar_text(attr_scalar(node.attrs, 0));
      return number.substr(0, number.rfind(':'));
    }
    return "constant " + attr_string(node.attrs, 0).substr(0, 8);
  }

  std::string spelled(const Spelling& s, const Node& node, int depth, int& own) {
    if (s.form == Spelling::kSilent) return text(node.operands[0], own = kAtom, depth + 1);
    if (s.form == Spelling::kRenamed) return call(s.symbol, node, depth);
    if (s.form == Spelling::kTransposed) {
      bool is_plain = reverses_last_two(attr_list(node.attrs, 0));
      if (is_plain)
        return text(node.operands[0], kAtom, depth + 1) + (node.type.rank() == 2 ? ".T" : ".mT");
      return call(s.name, node, depth);
    }
    own = s.strength;
    if (s.form == Spelling::kPrefix)
      return std::string(s.symbol) + text(node.operands[0], own, depth + 1);
    std::string left = text(node.operands[0], own, depth + 1);
    return left + " " + std::string(s.symbol) + " " + text(node.operands[1], own + 1, depth + 1);
  }

  std::string call(std::string_view name, const Node& node, int depth) {
    std::string out = std::string(name) + "(";
    const char* comma = "";
    for (ValueId v : node.operands) {
      out += comma + text(v, 0, depth + 1);
      comma = ", ";
    }
    const std::vector<AttrField>& fields = tensor_ops().spec(id_of(node.op)).fields;
    for (std::size_t i = 0; i < node.attrs.size(); ++i) {
      out += format("{}{}={}", comma, fields[i].name, attr_value(node.attrs[i]));
      comma = ", ";
    }
    return out + ")";
  }

  static std::string attr_value(const AttrValue& value) {
    if (attr_kind(value) == AttrKind::kScalar) return scalar_text(std::get<Scalar>(value));
    std::string out = attr_text(value);
    if (attr_kind(value) == AttrKind::kList) std::replace(out.begin(), out.end(), ' ', ',');
    return out;
  }

  const Graph& graph_;
  std::size_t spent_ = 0;
};

}  // namespace

std::string print_brief(const Graph& graph) { return Brief(graph).print(); }

}  // namespace bafe
