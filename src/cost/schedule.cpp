// Layouts as data, and the text of a decided program. In: a Program that search made. Out: text in
// which every value carries its @layout. Invariant: an order is always a permutation of the axes of
// its value.

#include "bafe/cost/schedule.h"

#include <algorithm>
#include <numeric>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

std::string order_text(const std::vector<int>& order) {
  std::string text = "order(";
  for (std::size_t i = 0; i < order.size(); ++i) text += (i ? " " : "") + std::to_string(order[i]);
  return text + ")";
}

bool is_col(const std::vector<int>& order) {
  int rank = static_cast<int>(order.size());
  for (int i = 0; i < rank; ++i) {
    if (order[i] != rank - 1 - i) return false;
  }
  return rank >= 2;
}

ShapeError unknown_layout(const std::string& text, int rank) {
  return ShapeError({}, "layout", format("'{}' is no layout of {} axes", text, rank))
      .fix("use row, col, blocked, tc, or order(...) with each axis once, slowest first");
}

std::vector<int> parse_order(const std::string& text, int rank) {
  std::vector<int> order;
  std::size_t at = 6;
  while (at < text.size() && text[at] != ')') {
    if (text[at] == ' ' || text[at] == ',') {
      ++at;
      continue;
    }
    if (text[at] < '0' || text[at] > '9' || order.size() > 64) throw unknown_layout(text, rank);
    int axis = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && axis < 1000) {
      axis = axis * 10 + (text[at++] - '0');
    }
    order.push_back(axis);
  }
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  if (at + 1 != text.size() || sorted != Layout::row(rank).order) throw unknown_layout(text, rank);
  return order;
}

std::string node_text(const Program& program, ValueId id) {
  const Node& node = program.graph.node(id);
  std::string text = format("  %{} = {}", id.index(), op_info(node.op).name);
  for (ValueId operand : node.operands) text += format(" %{}", operand.index());
  const OpSpec& spec = tensor_ops().spec(id_of(node.op));
  for (std::size_t i = 0; i < node.attrs.size() && i < spec.fields.size(); ++i) {
    text += format(" :{} {}", spec.fields[i].name, attr_text(node.attrs[i]));
  }
  std::string structure = program.structure(id).text();
  if (!structure.empty()) structure = "  # " + structure;
  return text +
         format(" : {} {}{}\n", node.type.text(), program.layouts[id.index()].text(), structure);
}

}  // namespace

Layout Layout::row(int rank) {
  Layout layout;
  layout.order.resize(static_cast<std::size_t>(rank));
  std::iota(layout.order.begin(), layout.order.end(), 0);
  return layout;
}

Layout Layout::col(int rank) {
  Layout layout = row(rank);
  std::reverse(layout.order.begin(), layout.order.end());
  return layout;
}

bool Layout::is_row() const {
  return blocked == 0 && !tensor_core && std::is_sorted(order.begin(), order.end());
}

std::string Layout::text() const {
  std::string mark = form == kStream ? "~@" : "@";
  if (tensor_core) return mark + "tc";
  if (blocked > 0) return mark + format("blocked({})", blocked);
  if (is_row()) return mark + "row";
  if (is_col(order)) return mark + "col";
  return mark + order_text(order);
}

Layout layout_from_text(const std::string& text, int rank) {
  if (text == "row") return Layout::row(rank);
  if (text == "col") return Layout::col(rank);
  Layout layout = Layout::row(rank);
  if (text == "blocked") {
    layout.blocked = 48;
    return layout;
  }
  if (text == "tc") {
    layout.tensor_core = true;
    return layout;
  }
  if (text.compare(0, 6, "order(") != 0) throw unknown_layout(text, rank);
  layout.order = parse_order(text, rank);
  return layout;
}

const char* group_kind_text(GroupKind kind) {
  static const char* const kTexts[] = {"pointwise", "reduction", "row",      "matmul",
                                       "library",   "scan",      "attention"};
  return kTexts[static_cast<int>(kind)];
}

const Program* Program::body(const Graph& graph) const {
  const auto found = bodies.find(canonical_text(graph));
  return found == bodies.end() ? nullptr : found->second.get();
}

const Structure& Program::structure(ValueId id) const {
  static const Structure kNothing;
  return id.index() < structures.size() ? structures[id.index()] : kNothing;
}

std::string Program::text() const {
  std::string text = "program {\n";
  for (ValueId id : graph.live()) text += node_text(*this, id);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    text += format("  # group {} {}:", g, group_kind_text(groups[g].kind));
    for (ValueId id : groups[g].nodes) text += format(" %{}", id.index());
    text += " ->";
    for (ValueId id : groups[g].outputs) text += format(" %{}", id.index());
    text += format("  {:.0f} ns\n", groups[g].predicted_ns);
  }
  text += "  return";
  for (ValueId root : graph.roots()) text += format(" %{}", root.index());
  return text + "\n}\n";
}

}  // namespace bafe
