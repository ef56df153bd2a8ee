// Programs as text. In: a graph. Out: its canonical text (grammar in text.h), or one NumPy-like
// line. Invariant: the text depends on structure and input names only, and reads back as an equal
// program.
#include <algorithm>
#include <cctype>
#include <set>
#include <unordered_map>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

constexpr int kMaxNesting = 24;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// A size between others: polynomials need parentheses.
std::string size_text(Dim d) {
  std::string text = d.text();
  bool is_plain = d.is_const() || text.find_first_of(" *-+") == std::string::npos;
  return is_plain ? text : "(" + text + ")";
}

std::string list_text(const List& list) {
  std::string out = "(";
  for (std::size_t i = 0; i < list.size(); ++i) out += (i > 0 ? " " : "") + size_text(list[i]);
  return out + ")";
}

std::string value_text(const AttrValue& value) {
  switch (attr_kind(value)) {
    case AttrKind::kInt:
      return size_text(std::get<Dim>(value));
    case AttrKind::kList:
      return list_text(std::get<List>(value));
    case AttrKind::kDType:
      return std::string(dtype_info(std::get<DType>(value)).name);
    case AttrKind::kScalar:
      return scalar_text(std::get<Scalar>(value));
    case AttrKind::kText:
      return quoted(std::get<std::string>(value));
    case AttrKind::kGraph:
      break;
  }
  return print_program(*std::get<std::shared_ptr<const Graph>>(value));
}

/// Valid, distinct names that are neither operators nor words of the grammar.
class Names {
 public:
  std::string claim(std::string wanted) {
    for (char& c : wanted) {
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') c = '_';
    }
    if (wanted.empty() || std::isdigit(static_cast<unsigned char>(wanted[0])))
      wanted = "x" + wanted;
    std::string name = wanted;
    for (int i = 2; is_taken(name); ++i) name = format("{}_{}", wanted, i);
    used_.insert(name);
    return name;
  }
  std::string next_let() {
    std::string name;
    do name = format("v{}", lets_++);
    while (is_taken(name));
    used_.insert(name);
    return name;
  }

 private:
  bool is_taken(const std::string& name) const {
    static constexpr std::string_view kWords[] = {"program", "let", "return", "inf", "nan"};
    return used_.count(name) > 0 ||
           std::find(std::begin(kWords), std::end(kWords), name) != std::end(kWords) ||
           op_from_text(name).has_value();
  }
  std::set<std::string> used_;
  int lets_ = 0;
};

/// Numbers the input that a leaf stands for; -1 for other nodes.
std::int64_t input_number(const Node& node) {
  bool is_input =
      op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kInt;
  return is_input ? attr_int(node.attrs, 0).value() : -1;
}

class Printer {
 public:
  explicit Printer(const Graph& graph) : graph_(graph), uses_(graph.size()), depth_(graph.size()) {
    for (const InputInfo& info : graph.inputs()) inputs_.push_back(names_.claim(info.name));
  }

  std::string print() {
    std::string header = "program main(" + parameters() + ") -> " + results() + "{";
    std::string lets = print_lets();
    std::string roots = "return";
    for (std::size_t i = 0; i < graph_.roots().size(); ++i) {
      roots += (i > 0 ? ", " : " ") + expression(graph_.roots()[i]);
    }
    if (lets.empty()) return header + " " + roots + " }";
    return header + "\n" + lets + "  " + roots + "\n}";
  }

 private:
  std::string parameters() const {
    std::string out;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const InputInfo& info = graph_.inputs()[i];
      out += (i > 0 ? ", " : "") + inputs_[i] + ": " + info.type.text();
      if (info.weak) out += " weak";
      if (info.layout != "row") out += " @" + info.layout;
    }
    return out;
  }

  std::string results() const {
    std::string out;
    for (std::size_t i = 0; i < graph_.roots().size(); ++i) {
      out += (i > 0 ? ", " : "") + graph_.type(graph_.roots()[i]).text();
    }
    return out.empty() ? out : out + " ";
  }

  std::string print_lets() {
    std::vector<ValueId> live = graph_.live();
    for (ValueId id : live) {
      for (ValueId v : graph_.node(id).operands) ++uses_[v.index()];
    }
    for (ValueId v : graph_.roots()) ++uses_[v.index()];
    std::string out;
    for (ValueId id : live) {
      const Node& node = graph_.node(id);
      if (is_atom(node)) continue;
      int depth = 1;
      for (ValueId v : node.operands) depth = std::max(depth, depth_[v.index()] + 1);
      bool is_let = uses_[id.index()] > 1 || depth > kMaxNesting;
      depth_[id.index()] = is_let ? 0 : depth;
      if (!is_let) continue;
      std::string value = expression(id);
      std::string name = names_.next_let();
      out += "  let " + name + " = " + value + ";\n";
      lets_.emplace(id, std::move(name));
    }
    return out;
  }

  /// Inputs and 0-d fills are never worth a let.
  static bool is_atom(const Node& node) {
    if (op_info(node.op).kind != OpKind::kLeaf) return false;
    AttrKind kind = attr_kind(node.attrs[0]);
    return kind == AttrKind::kInt || (kind == AttrKind::kScalar && node.type.rank() == 0);
  }

  std::string expression(ValueId id) const {
    if (auto it = lets_.find(id); it != lets_.end()) return it->second;
    const Node& node = graph_.node(id);
    if (std::int64_t i = input_number(node); i >= 0) return inputs_[static_cast<std::size_t>(i)];
    if (is_atom(node)) return scalar_text(attr_scalar(node.attrs, 0));
    std::string out(op_info(node.op).name);
    for (ValueId v : node.operands) {
      bool is_plain = lets_.count(v) > 0 || is_atom(graph_.node(v));
      out += is_plain ? " " + expression(v) : " (" + expression(v) + ")";
    }
    const std::vector<AttrField>& fields = tensor_ops().spec(id_of(node.op)).fields;
    for (std::size_t i = 0; i < node.attrs.size(); ++i) {
      out += " :" + fields[i].name + " " + value_text(node.attrs[i]);
    }
    return out;
  }

  const Graph& graph_;
  Names names_;
  std::vector<std::string> inputs_;
  std::vector<int> uses_, depth_;
  std::unordered_map<ValueId, std::string> lets_;
};

}  // namespace

std::string print_program(const Graph& graph) { return Printer(graph).print(); }

}  // namespace bafe
