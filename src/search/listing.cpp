// Programs as lines. In: a graph with source lines, or a plan. Out: text. Consecutive values of one
// source line are told together; each value is told once.

#include "bafe/search/listing.h"

#include <unordered_map>

#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

constexpr std::size_t kLongest = 160;  // characters of one fact's value

class Listing {
 public:
  explicit Listing(const Graph& graph) : graph_(graph), last_use_(graph.size(), 0) {
    for (ValueId id : graph.live()) {
      if (op_info(graph.node(id).op).kind != OpKind::kLeaf) order_.push_back(id);
    }
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (ValueId operand : graph.node(order_[i]).operands) last_use_[operand.index()] = i;
    }
    for (ValueId root : graph.roots()) last_use_[root.index()] = order_.size();
  }

  std::vector<SourceLine> run() {
    std::size_t begin = 0;
    while (begin < order_.size()) {
      std::size_t end = begin + 1;
      while (end < order_.size() && graph_.loc(order_[end]) == graph_.loc(order_[begin])) ++end;
      tell(begin, end);
      begin = end;
    }
    std::string returned;
    for (ValueId root : graph_.roots()) returned += (returned.empty() ? "" : ", ") + name_of(root);
    lines_.push_back({"", "return " + returned});
    return std::move(lines_);
  }

 private:
  /// The values of order_[begin..end) that are read later, each as one line.
  void tell(std::size_t begin, std::size_t end) {
    Graph part;
    std::unordered_map<ValueId, ValueId> map;
    auto inside = [&](ValueId id) {
      auto known = map.find(id);
      if (known != map.end()) return known->second;
      const Node& node = graph_.node(id);
      bool constant = op_info(node.op).kind == OpKind::kLeaf && !is_input(graph_, id);
      if (constant) return map[id] = part.add(node.op, {}, node.attrs);
      InputInfo info;
      info.name = name_of(id);
      info.type = node.type;
      return map[id] = part.add_input(info);
    };
    std::string place = graph_.loc(order_[begin]).line ? graph_.loc(order_[begin]).text() : "";
    for (std::size_t i = begin; i < end; ++i) {
      const Node& node = graph_.node(order_[i]);
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands) operands.push_back(inside(operand));
      map[order_[i]] = part.add(node.op, std::move(operands), node.attrs);
      if (last_use_[order_[i].index()] < end) continue;
      part.set_roots({map[order_[i]]});
      std::string text = print_brief(part);
      std::string name = "t" + std::to_string(++named_);
      names_[order_[i]] = name;
      lines_.push_back({place, name + " = " + text});
      InputInfo info;
      info.name = name;
      info.type = node.type;
      map[order_[i]] = part.add_input(info);
    }
  }

  std::string name_of(ValueId id) const {
    if (is_input(graph_, id)) {
      auto index = static_cast<std::size_t>(attr_int(graph_.node(id).attrs, 0).value());
      const std::string& name = graph_.inputs()[index].name;
      return name.empty() ? "x" + std::to_string(index) : name;
    }
    auto known = names_.find(id);
    if (known != names_.end()) return known->second;
    Graph part = graph_;
    part.set_roots({id});
    return print_brief(part);
  }

  const Graph& graph_;
  std::vector<ValueId> order_;
  std::vector<std::size_t> last_use_;
  std::unordered_map<ValueId, std::string> names_;
  std::vector<SourceLine> lines_;
  int named_ = 0;
};

}  // namespace

std::vector<SourceLine> list_program(const Graph& graph) { return Listing(graph).run(); }

std::vector<KernelLine> list_kernels(const Program& program) {
  std::vector<KernelLine> result;
  for (const Group& group : program.groups) {
    KernelLine line;
    line.kind = group_kind_text(group.kind);
    for (ValueId id : group.nodes) {
      if (!line.operators.empty()) line.operators += ' ';
      line.operators += op_info(program.graph.node(id).op).name;
    }
    for (ValueId id : group.outputs) {
      if (!line.results.empty()) line.results += ", ";
      line.results += program.graph.type(id).text() + program.layouts[id.index()].text();
    }
    line.predicted_ns = group.predicted_ns;
    line.flops = group.flops;
    line.bytes = group.bytes;
    result.push_back(std::move(line));
  }
  return result;
}

std::vector<std::string> list_facts(const Program& program) {
  std::vector<std::string> result;
  for (ValueId id : program.graph.live()) {
    std::string fact = program.structure(id).text();
    if (fact.empty() || is_fill(program.graph, id)) continue;
    Graph part = program.graph;
    part.set_roots({id});
    std::string value = print_brief(part);
    if (value.size() > kLongest) value = value.substr(0, kLongest) + " …";
    result.push_back(format("{}: {}", value, fact));
  }
  return result;
}

}  // namespace bafe
