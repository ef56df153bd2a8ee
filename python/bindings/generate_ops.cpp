// Writes ops.py and ops.pyi: one Python function for each row of the operator table that a user may
// call. Functions with manners of their own (matmul, reshape, softmax …) are in surface.py and
// shadow these.

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"

namespace {

using namespace bafe;

struct Function {
  std::string name, parameters, stub_parameters, body, summary, example;
};

std::vector<std::string> operand_names(const OpInfo& info) {
  if (info.arity == 1) return {"x"};
  if (info.arity == 2) return {"a", "b"};
  if (info.dtype_rule == DTypeRule::kWhere) return {"condition", "a", "b"};
  std::vector<std::string> names;
  for (int i = 0; i < info.arity; ++i) names.push_back(std::string(1, static_cast<char>('a' + i)));
  return names;
}

/// Operands of a composite are its parameters without a colon.
std::vector<std::string> composite_operands(const OpSpec& spec) {
  std::vector<std::string> names;
  std::size_t at = 0;
  while ((at = spec.parameters.find('?', at)) != std::string::npos) {
    const std::size_t end = spec.parameters.find(' ', at);
    names.push_back(spec.parameters.substr(at + 1, end - at - 1));
    if (end == std::string::npos) break;
    at = end;
  }
  return names;
}

std::string joined(const std::vector<std::string>& parts, const std::string& after) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part + after;
  return out;
}

const char* stub_type(AttrKind kind) {
  switch (kind) {
    case AttrKind::kInt:
      return "int";
    case AttrKind::kList:
      return "Axes";
    case AttrKind::kDType:
      return "DTypeLike";
    case AttrKind::kScalar:
      return "float";
    default:
      return "str";
  }
}

std::string example_of(const OpInfo& info, const std::string& name, std::size_t operands) {
  const bool bits = info.dtype_rule == DTypeRule::kBits || info.dtype_rule == DTypeRule::kShift;
  const std::string one = bits ? "np.array([1, 2])" : "np.array([0.5, 0.25])";
  std::vector<std::string> args(operands, one);
  if (info.dtype_rule == DTypeRule::kWhere) args[0] = "np.array([True, False])";
  return format(">>> bafe.{}({}).shape\n    (2,)", name, joined(args, ""));
}

Function function_of(const OpInfo& info) {
  const OpSpec& spec = tensor_ops().spec(info.id);
  const bool composite = info.kind == OpKind::kExpand || info.kind == OpKind::kNamed;
  const auto operands = composite ? composite_operands(spec) : operand_names(info);
  Function out;
  out.name = std::string(info.name);
  out.parameters = joined(operands, "");
  out.stub_parameters = joined(operands, ": ArrayLike");
  std::string fields;
  for (const AttrField& field : spec.fields) {
    out.parameters += (out.parameters.empty() ? "" : ", ") + field.name;
    out.stub_parameters +=
        (out.stub_parameters.empty() ? "" : ", ") + field.name + ": " + stub_type(field.kind);
    fields += field.name + ", ";
  }
  const std::string tuple = "(" + joined(operands, "") + (operands.size() == 1 ? ",)" : ")");
  if (info.kind == OpKind::kReduction) {
    out.parameters = "x, axes=None, keepdims=False";
    out.stub_parameters = "x: ArrayLike, axes: Axes | None = ..., keepdims: bool = ...";
    out.body = format("_reduce(\"{}\", x, axes, keepdims)", out.name);
    out.summary = format("Reduce over ``axes`` (all when None) with ``{}``.", out.name);
  } else if (info.kind == OpKind::kNamed) {
    out.body = format("_named(\"{}\", {})", out.name, tuple);
    out.summary = format("Fused form, equal to ``{}``.", spec.definition);
  } else {
    out.body = format("_call(\"{}\", {}, ({}))", out.name, tuple, fields);
    if (info.kind == OpKind::kPointwise) {
      out.summary = format("Element-wise ``{}``.", element_text(info.value));
      if (spec.fields.empty()) out.example = example_of(info, out.name, operands.size());
    } else if (composite) {
      out.summary = format("Short for ``{}``.", spec.definition);
    } else {
      out.summary = format("Operator ``{}`` of the table.", out.name);
    }
  }
  return out;
}

bool is_public(const OpInfo& info) {
  return info.kind != OpKind::kLeaf && info.kind != OpKind::kControl && info.arity != kVariadic;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: bafe_generate_ops ops.py ops.pyi\n";
    return 2;
  }
  std::ofstream code(argv[1]), stubs(argv[2]);
  code << "\"\"\"Operators of the table as functions; made from ops.def at build time.\"\"\"\n\n"
          "from __future__ import annotations\n\n"
          "from bafe.tracer import _call, _named, _reduce\n";
  stubs << "from __future__ import annotations\n\n"
           "from bafe.tensor import Tensor\n"
           "from bafe.tracer import ArrayLike, Axes, DTypeLike\n";
  std::string names;
  for (const bafe::OpInfo& info : bafe::all_ops()) {
    if (!is_public(info)) continue;
    const Function f = function_of(info);
    code << "\n\ndef " << f.name << "(" << f.parameters << "):\n    r\"\"\"" << f.summary << "\n";
    if (!f.example.empty()) code << "\n    " << f.example << "\n    ";
    code << (f.example.empty() ? "    \"\"\"" : "\"\"\"") << "\n    return " << f.body << "\n";
    stubs << "\ndef " << f.name << "(" << f.stub_parameters << ") -> Tensor: ...";
    names += "    \"" + f.name + "\",\n";
  }
  code << "\n\n__all__ = [\n" << names << "]\n";
  stubs << "\n\n__all__: list[str]\n";
  return code && stubs ? 0 : 1;
}
