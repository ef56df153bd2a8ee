// E-graphs as text. In: JSON as egraph-serialize writes it, or an e-graph. Out: the other, or
// Graphviz text. Invariant: a damaged file is a ParseError that names the place, never a crash.
//
//   egraph := {"nodes": {name: node…}, "root_eclasses": [name…], "class_data": {name: data…}?}
//   node   := {"op": text, "children": [node name…]?, "eclass": name, "cost": number | null?,
//              "subsumed": bool?}
//   data   := {"type": text}

#include "bafe/search/egraph_json.h"

#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/json_library.h"

namespace bafe {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::unordered_map<std::string, std::uint32_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Finds the first key that an object holds twice: the library keeps the last and says nothing.
class RepeatedKey : public nlohmann::json_sax<Json> {
 public:
  /// Of a text that is JSON: what is wrong, or an empty text.
  static std::string in(std::string_view text) {
    RepeatedKey finder;
    Json::sax_parse(text, &finder);
    return finder.fact_;
  }

  bool start_object(std::size_t) override {
    objects_.emplace_back();
    return true;
  }
  bool end_object() override {
    objects_.pop_back();
    return true;
  }
  bool key(string_t& name) override {
    Object& object = objects_.back();
    object.last = name;
    if (object.keys.insert(name).second) return true;
    std::string whose = "the file";
    if (objects_.size() > 1) whose = format("\"{}\"", objects_[objects_.size() - 2].last);
    fact_ = format("{} has the key \"{}\" twice", whose, name);
    return false;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  struct Object {
    std::unordered_set<std::string> keys;
    std::string last;
  };
  std::vector<Object> objects_;
  std::string fact_;
};

class Reader {
 public:
  explicit Reader(std::string place) : place_(std::move(place)) {}
  NamedEGraph read(std::string_view text);

 private:
  [[noreturn]] void fail(const std::string& fact, const std::string& fix) const {
    throw ParseError({place_}, "egraph", fact).fix(fix);
  }
  Json parse(std::string_view text) const;
  const Json* member(const Json& object, const char* name, const std::string& whose) const;
  std::string text_of(const Json& node, const char* name, const std::string& whose) const;
  std::uint32_t class_id(const std::string& name);
  void read_node(const std::string& name, const Json& node);
  double read_cost(const Json& node, const std::string& whose) const;
  void read_children(std::uint32_t id, const std::string& name, const Json& node);
  void read_class_data(const Json& json);

  std::string place_;
  NamedEGraph out_;
  Names nodes_, classes_;
};

Json Reader::parse(std::string_view text) const {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    std::string message = error.what();
    std::size_t at = message.find("at line");
    fail("the text is not JSON: " + (at == std::string::npos ? message : message.substr(at)),
         "write e-graphs with bafe.egraph or egraph-serialize");
  }
}

const Json* Reader::member(const Json& object, const char* name, const std::string& whose) const {
  if (!object.is_object()) fail(whose + " is not an object", "write {...}");
  auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

std::string Reader::text_of(const Json& node, const char* name, const std::string& whose) const {
  const Json* value = member(node, name, whose);
  if (!value) fail(format("{} has no \"{}\"", whose, name), "give every node an op and an eclass");
  if (!value->is_string())
    fail(format("\"{}\" of {} is a {}", name, whose, value->type_name()), "write a text");
  return value->get<std::string>();
}

std::uint32_t Reader::class_id(const std::string& name) {
  auto [it, fresh] = classes_.emplace(name, static_cast<std::uint32_t>(classes_.size()));
  if (fresh) {
    out_.class_names.push_back(name);
    out_.class_types.emplace_back();
    out_.graph.num_classes = static_cast<std::uint32_t>(classes_.size());
  }
  return it->second;
}

double Reader::read_cost(const Json& node, const std::string& whose) const {
  const Json* cost = member(node, "cost", whose);
  if (!cost) return 1;
  if (cost->is_null()) return kInfinity;
  if (!cost->is_number())
    fail(format("the cost of {} is a {}", whose, cost->type_name()),
         "write a number >= 0, or null for a node that is never chosen");
  double value = cost->get<double>();
  if (!(value >= 0)) fail(format("{} costs {}", whose, value), "give costs >= 0");
  return value;
}

void Reader::read_node(const std::string& name, const Json& node) {
  std::string whose = format("node \"{}\"", name);
  CostGraph::Node made;
  made.cls = class_id(text_of(node, "eclass", whose));
  made.cost = read_cost(node, whose);
  const Json* subsumed = member(node, "subsumed", whose);
  if (subsumed && !subsumed->is_boolean())
    fail(format("\"subsumed\" of {} is a {}", whose, subsumed->type_name()), "write true or false");
  out_.subsumed.push_back(subsumed && subsumed->get<bool>());
  out_.ops.push_back(text_of(node, "op", whose));
  nodes_.emplace(name, static_cast<std::uint32_t>(out_.graph.nodes.size()));
  out_.node_names.push_back(name);
  out_.graph.nodes.push_back(std::move(made));
}

void Reader::read_children(std::uint32_t id, const std::string& name, const Json& node) {
  std::string whose = format("node \"{}\"", name);
  const Json* children = member(node, "children", whose);
  if (!children) return;
  if (!children->is_array())
    fail(format("the children of {} are a {}", whose, children->type_name()), "write [...]");
  for (const Json& child : *children) {
    auto known = child.is_string() ? nodes_.find(child.get<std::string>()) : nodes_.end();
    if (known == nodes_.end())
      fail(format("{} has the child {}, which is no node", whose,
                  child.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60)),
           "name a node of the child's class");
    out_.graph.nodes[id].children.push_back(out_.graph.nodes[known->second].cls);
  }
}

void Reader::read_class_data(const Json& json) {
  if (!json.is_object()) fail("\"class_data\" is not an object", "write {...}");
  for (const auto& [name, data] : json.items()) {
    auto known = classes_.find(name);
    if (known == classes_.end())
      fail(format("class_data names \"{}\", which is no class", name), "name a class of a node");
    const Json* type = member(data, "type", format("class_data of \"{}\"", name));
    if (type && type->is_string()) out_.class_types[known->second] = type->get<std::string>();
  }
}

NamedEGraph Reader::read(std::string_view text) {
  Json json = parse(text);
  if (std::string fact = RepeatedKey::in(text); !fact.empty())
    fail(fact, "keep one of both, or rename one");
  const Json* nodes = member(json, "nodes", "the file");
  if (!nodes || !nodes->is_object())
    fail("there is no object \"nodes\"", "write {\"nodes\": {...}, \"root_eclasses\": [...]}");
  for (const auto& [name, node] : nodes->items()) read_node(name, node);
  std::uint32_t id = 0;
  for (const auto& [name, node] : nodes->items()) read_children(id++, name, node);
  if (const Json* roots = member(json, "root_eclasses", "the file")) {
    if (!roots->is_array()) fail("\"root_eclasses\" is not a list", "write [\"class\"]");
    for (const Json& root : *roots) {
      if (!root.is_string())
        fail(format("\"root_eclasses\" holds a {}", root.type_name()), "write names of classes");
      auto known = classes_.find(root.get<std::string>());
      if (known == classes_.end())
        fail(format("root \"{}\" is no class of a node", root.get<std::string>()),
             "name the eclass of a node");
      out_.graph.roots.push_back(known->second);
    }
  }
  if (const Json* data = member(json, "class_data", "the file")) read_class_data(*data);
  return std::move(out_);
}

std::string dot_quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + '"';
}

/// The first node of each class, which stands for it where it is a child.
std::vector<std::uint32_t> first_nodes(const CostGraph& graph) {
  std::vector<std::uint32_t> first(graph.num_classes, kNoNode);
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i) {
    if (first[graph.nodes[i].cls] == kNoNode) first[graph.nodes[i].cls] = i;
  }
  return first;
}

}  // namespace

DagChoice NamedEGraph::extract(const DagLimits& limits) const {
  if (graph.nodes.empty())
    throw ParseError({}, "extract", "the e-graph has no nodes").fix("give it a node and a root");
  if (graph.roots.empty())
    throw ParseError({}, "extract", "the e-graph names no roots, so there is nothing to compute")
        .fix("pass roots=[...] with names of classes, or write \"root_eclasses\" in the file");
  CostGraph priced = graph;
  for (std::size_t i = 0; i < priced.nodes.size(); ++i) {
    double& cost = priced.nodes[i].cost;
    if (!(cost >= 0))
      throw ParseError({}, "extract",
                       format("node \"{}\" ({}) costs {}", node_names[i], ops[i], cost))
          .fix("give costs that are numbers >= 0; infinity means never");
    if (subsumed[i]) cost = kInfinity;
  }
  return extract_dag(priced, limits, class_names);
}

NamedEGraph egraph_from_json(std::string_view text, const std::string& place) {
  return Reader(place).read(text);
}

std::string egraph_to_json(const NamedEGraph& egraph) {
  std::vector<std::uint32_t> first = first_nodes(egraph.graph);
  Json nodes = Json::object(), roots = Json::array(), data = Json::object();
  for (std::size_t i = 0; i < egraph.graph.nodes.size(); ++i) {
    const CostGraph::Node& node = egraph.graph.nodes[i];
    Json row = {{"op", egraph.ops[i]}, {"children", Json::array()}};
    for (std::uint32_t child : node.children) {
      BAFE_CHECK(first[child] != kNoNode, "every child class has a node");
      row["children"].push_back(egraph.node_names[first[child]]);
    }
    row["eclass"] = egraph.class_names[node.cls];
    row["cost"] = std::isfinite(node.cost) ? Json(node.cost) : Json(nullptr);
    if (egraph.subsumed[i]) row["subsumed"] = true;
    nodes[egraph.node_names[i]] = std::move(row);
  }
  for (std::uint32_t root : egraph.graph.roots) roots.push_back(egraph.class_names[root]);
  for (std::size_t c = 0; c < egraph.class_types.size(); ++c) {
    if (!egraph.class_types[c].empty())
      data[egraph.class_names[c]] = {{"type", egraph.class_types[c]}};
  }
  Json out = {{"nodes", std::move(nodes)}, {"root_eclasses", std::move(roots)}};
  if (!data.empty()) out["class_data"] = std::move(data);
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string egraph_to_dot(const NamedEGraph& egraph, const DagChoice* choice) {
  std::vector<std::uint32_t> first = first_nodes(egraph.graph);
  std::vector<std::vector<std::uint32_t>> members(egraph.graph.num_classes);
  for (std::uint32_t i = 0; i < egraph.graph.nodes.size(); ++i)
    members[egraph.graph.nodes[i].cls].push_back(i);
  std::string out = "digraph egraph {\n  compound=true\n  node [shape=box]\n";
  for (std::size_t c = 0; c < members.size(); ++c) {
    std::string label = egraph.class_names[c];
    if (!egraph.class_types[c].empty()) label += ": " + egraph.class_types[c];
    out +=
        format("  subgraph cluster_{} {{\n    style=dashed\n    label={}\n", c, dot_quoted(label));
    for (std::uint32_t i : members[c]) {
      bool chosen = choice && choice->node_of_class[c] == i;
      out += format("    n{} [label={}{}]\n", i, dot_quoted(egraph.ops[i]),
                    chosen ? ", style=filled" : "");
    }
    out += "  }\n";
  }
  for (std::size_t i = 0; i < egraph.graph.nodes.size(); ++i) {
    for (std::uint32_t child : egraph.graph.nodes[i].children) {
      if (first[child] != kNoNode)
        out += format("  n{} -> n{} [lhead=cluster_{}]\n", i, first[child], child);
    }
  }
  return out + "}\n";
}

}  // namespace bafe
