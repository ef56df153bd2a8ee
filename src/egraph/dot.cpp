// A rebuilt graph comes in; Graphviz text goes out, classes and nodes in the order of their ids.
#include "bafe/egraph/dot.h"

#include "bafe/base/format.h"

namespace bafe {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

std::string label(const EGraph& graph, NodeId node) {
  const OpSpec& spec = graph.ops().spec(graph.op(node));
  return quoted(spec.name + fields_text(spec, graph.attrs().record(graph.attr(node))));
}

}  // namespace

std::string dot_text(const EGraph& graph) {
  std::string out = "digraph egraph {\n  compound=true\n  node [shape=record]\n";
  for (ClassId cls : graph.classes()) {
    out += format("  subgraph cluster_{0} {{\n    style=dashed\n    label=\"c{0}\"\n", cls.index());
    for (NodeId node : graph.nodes(cls)) {
      out += format("    n{} [label={}]\n", node.index(), label(graph, node));
    }
    out += "  }\n";
  }
  for (ClassId cls : graph.classes()) {
    for (NodeId node : graph.nodes(cls)) {
      for (NodeId child : graph.children(node)) {
        ClassId to = graph.class_of(child);
        out += format("  n{} -> n{} [lhead=cluster_{}]\n", node.index(),
                      graph.representative(to).index(), to.index());
      }
    }
  }
  return out + "}\n";
}

}  // namespace bafe
