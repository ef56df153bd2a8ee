// A rebuilt graph comes in; Graphviz text goes out, classes and nodes in the order of their ids.
#include "bafe/egraph/dot.h"

namespace bafe {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string label(const EGraph& graph, NodeId node) {
  const OpSpec& spec = graph.ops().spec(graph.op(node));
  std::string text = spec.name;
  const Attrs& record = graph.attrs().record(graph.attr(node));
  for (std::size_t i = 0; i < record.size(); ++i) {
    text += " " + (i < spec.fields.size() ? spec.fields[i].name + "=" : std::string()) +
            attr_text(record[i]);
  }
  return quoted(text);
}

}  // namespace

std::string dot_text(const EGraph& graph) {
  std::string out = "digraph egraph {\n  compound=true\n  node [shape=record]\n";
  for (ClassId cls : graph.classes()) {
    std::string id = std::to_string(cls.index());
    out += "  subgraph cluster_" + id + " {\n    style=dashed\n    label=" + quoted("c" + id) + "\n";
    for (NodeId node : graph.nodes(cls)) {
      out += "    n" + std::to_string(node.index()) + " [label=" + label(graph, node) + "]\n";
    }
    out += "  }\n";
  }
  for (ClassId cls : graph.classes()) {
    for (NodeId node : graph.nodes(cls)) {
      for (NodeId child : graph.children(node)) {
        ClassId to = graph.class_of(child);
        out += "  n" + std::to_string(node.index()) + " -> n" +
               std::to_string(graph.representative(to).index()) + " [lhead=cluster_" +
               std::to_string(to.index()) + "]\n";
      }
    }
  }
  return out + "}\n";
}

}  // namespace bafe
