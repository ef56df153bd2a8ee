// Programs as versioned JSON. In: a graph or a text. Out:
// the other. Invariant: operands of node i are below i; a damaged text is a ParseError that names
// the member, never a crash.
//
//   program := {"bafe": 1, "inputs": [input…], "nodes": [node…], "roots": [int…]}
//   input   := {"name": text, "layout": text, "weak": bool, "type": type}
//   node    := {"op": text, "args": [int…], field: value…} | {"op": "input"}
//   type    := {"dtype": text, "shape": [size…]}
//   size    := int | text of a polynomial
//   value   := size | [size…] | dtype text | "1.5:f32" | text | program
// The first nodes are the inputs, in order.

#include <algorithm>
#include <cctype>

#include "bafe/base/format.h"
#include "bafe/ir/json_library.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxNodes = 1'000'000;
constexpr int kMaxNesting = 64;  ///< brackets of the text, and so also bodies inside bodies

// --- writing
// ---------------------------------------------------------------------------------------------
Json json_of(const Graph& graph);

Json json_of(Dim d) { return d.is_const() ? Json(d.value()) : Json(d.text()); }

Json json_of(const List& list) {
  Json out = Json::array();
  for (Dim d : list) out.push_back(json_of(d));
  return out;
}

Json json_of(const Type& type) {
  return {{"dtype", std::string(dtype_info(type.dtype).name)}, {"shape", json_of(type.shape)}};
}

Json json_of(const AttrValue& value) {
  switch (attr_kind(value)) {
    case AttrKind::kInt:
      return json_of(std::get<Dim>(value));
    case AttrKind::kList:
      return json_of(std::get<List>(value));
    case AttrKind::kDType:
      return std::string(dtype_info(std::get<DType>(value)).name);
    case AttrKind::kScalar:
      return scalar_text(std::get<Scalar>(value));
    case AttrKind::kText:
      return std::get<std::string>(value);
    case AttrKind::kGraph:
      break;
  }
  return json_of(*std::get<std::shared_ptr<const Graph>>(value));
}

bool is_input(const Node& node) {
  return op_info(node.op).kind == OpKind::kLeaf && attr_kind(node.attrs[0]) == AttrKind::kInt;
}

Json json_of(const Graph& source) {
  Graph graph = source.compact();
  Json inputs = Json::array(), nodes = Json::array(), roots = Json::array();
  for (const InputInfo& info : graph.inputs()) {
    inputs.push_back({{"name", info.name},
                      {"layout", info.layout},
                      {"weak", info.weak},
                      {"type", json_of(info.type)}});
  }
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    Json row = {{"op", std::string(op_info(node.op).name)}};
    if (!is_input(node)) {
      row["args"] = Json::array();
      for (ValueId v : node.operands) row["args"].push_back(v.index());
      const std::vector<AttrField>& fields = tensor_ops().spec(id_of(node.op)).fields;
      for (std::size_t k = 0; k < node.attrs.size(); ++k)
        row[fields[k].name] = json_of(node.attrs[k]);
    }
    nodes.push_back(std::move(row));
  }
  for (ValueId root : graph.roots()) roots.push_back(root.index());
  return {{"bafe", kVersion}, {"inputs", inputs}, {"nodes", nodes}, {"roots", roots}};
}

// --- reading
// ---------------------------------------------------------------------------------------------
[[noreturn]] void fail(const std::string& place, std::string fact, std::string fix) {
  throw ParseError({"<json>"}, place.empty() ? "program" : place, std::move(fact))
      .fix(std::move(fix));
}

const Json& member(const Json& object, const char* name, Json::value_t type,
                   const std::string& place) {
  if (!object.is_object()) fail(place, "is not an object", "write {...}");
  auto it = object.find(name);
  if (it == object.end())
    fail(place, format("member \"{}\" is missing", name), "write programs with program_to_json");
  // A natural number is an integer too.
  bool fits =
      it->type() == type || (type == Json::value_t::number_integer && it->is_number_integer());
  if (!fits)
    fail(place, format("member \"{}\" is a {}", name, it->type_name()),
         "use the type that version 1 has");
  return *it;
}

Dim read_size(const Json& json, const std::string& place) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  if (json.is_number_unsigned() && json.get<std::uint64_t>() < static_cast<std::uint64_t>(kLimit)) {
    return Dim(static_cast<std::int64_t>(json.get<std::uint64_t>()));
  }
  if (json.is_number_integer() && !json.is_number_unsigned() &&
      json.get<std::int64_t>() > -kLimit) {
    return Dim(json.get<std::int64_t>());
  }
  std::optional<Dim> size =
      json.is_string() ? dim_from_text(json.get<std::string>()) : std::nullopt;
  if (!size) fail(place, "is not a size", "write an integer, or a text such as \"2*n + 1\"");
  return *size;
}

List read_list(const Json& json, const std::string& place) {
  if (!json.is_array()) fail(place, "is not a list", "write [0, 1]");
  List list;
  for (const Json& item : json) list.push_back(read_size(item, place));
  return list;
}

DType read_dtype(const Json& json, const std::string& place) {
  std::optional<DType> dtype =
      json.is_string() ? dtype_from_text(json.get<std::string>()) : std::nullopt;
  if (!dtype) fail(place, "is not a dtype", "write \"f32\"");
  return *dtype;
}

Type read_type(const Json& json, const std::string& place) {
  Type type{read_dtype(member(json, "dtype", Json::value_t::string, place), place + ".dtype"),
            read_list(member(json, "shape", Json::value_t::array, place), place + ".shape")};
  for (Dim d : type.shape) {
    if (d.is_const() && d.value() < 0)
      fail(place + ".shape", "has a negative size", "use sizes of at least 0");
  }
  return type;
}

/// name ["(" integers ")"], as the text form prints it after @. Which names there are is known
/// above.
bool is_layout(std::string_view text) {
  const auto is_letter = [](char c) {
    return c == '_' || std::isalpha(static_cast<unsigned char>(c));
  };
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)); };
  if (text.empty() || !is_letter(text[0])) return false;
  std::size_t at = 1;
  while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
  if (at == text.size()) return true;
  if (text[at] != '(' || text.back() != ')') return false;
  const std::string_view axes = text.substr(at + 1, text.size() - at - 2);
  return (axes.empty() || axes[0] != ' ') &&
         std::all_of(axes.begin(), axes.end(), [&](char c) { return c == ' ' || is_digit(c); });
}

Graph read_graph(const Json& json, const std::string& place);

AttrValue read_value(const Json& json, AttrKind kind, const std::string& place) {
  switch (kind) {
    case AttrKind::kInt:
      return read_size(json, place);
    case AttrKind::kList:
      return read_list(json, place);
    case AttrKind::kDType:
      return read_dtype(json, place);
    case AttrKind::kGraph:
      return std::make_shared<const Graph>(read_graph(json, place + "."));
    case AttrKind::kText:
    case AttrKind::kScalar:
      break;
  }
  if (!json.is_string()) fail(place, "is not a text", "write \"...\"");
  if (kind == AttrKind::kText) return json.get<std::string>();
  std::optional<Scalar> value = scalar_from_text(json.get<std::string>());
  if (!value) fail(place, "is not a number with its dtype", "write \"1.5:f32\"");
  return *value;
}

class GraphReader {
 public:
  explicit GraphReader(std::string prefix) : prefix_(std::move(prefix)) {}

  Graph read(const Json& json) {
    const Json& version = member(json, "bafe", Json::value_t::number_integer, prefix_);
    if (version != kVersion) {
      fail(prefix_, "has version " + version.dump() + ", this library reads version 1",
           "write it with this library");
    }
    const Json& inputs = member(json, "inputs", Json::value_t::array, prefix_);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      read_input(inputs[i], format("{}inputs[{}]", prefix_, i));
    const Json& nodes = member(json, "nodes", Json::value_t::array, prefix_);
    if (nodes.size() > kMaxNodes)
      fail(prefix_ + "nodes", "has more than 1,000,000 entries", "split the program");
    for (std::size_t i = 0; i < nodes.size(); ++i)
      read_node(nodes[i], i, format("{}nodes[{}]", prefix_, i));
    if (nodes.size() < inputs.size())
      fail(prefix_ + "nodes", "does not begin with the inputs", "list every input");
    for (const Json& root : member(json, "roots", Json::value_t::array, prefix_)) {
      graph_.add_root(read_reference(root, ids_.size(), prefix_ + "roots"));
    }
    return std::move(graph_);
  }

 private:
  void read_input(const Json& json, const std::string& place) {
    InputInfo info;
    info.name = member(json, "name", Json::value_t::string, place).get<std::string>();
    info.layout = member(json, "layout", Json::value_t::string, place).get<std::string>();
    info.weak = member(json, "weak", Json::value_t::boolean, place).get<bool>();
    info.type = read_type(member(json, "type", Json::value_t::object, place), place + ".type");
    if (!is_layout(info.layout))
      fail(place + ".layout", "is not the name of a layout", "write \"row\" or \"order(0 2 1)\"");
    if (info.weak && info.type.rank() != 0)
      fail(place, "is weak but not 0-d", "only Python scalars are weak");
    inputs_.push_back(graph_.add_input(std::move(info)));
  }

  ValueId read_reference(const Json& json, std::size_t limit, const std::string& place) const {
    bool fits = json.is_number_unsigned() && json.get<std::uint64_t>() < limit;
    if (!fits)
      fail(place, "refers to " + json.dump().substr(0, 40) + ", which is not an earlier node",
           "list operands before their users");
    return ids_[json.get<std::size_t>()];
  }

  void read_node(const Json& json, std::size_t i, const std::string& place) {
    std::string name = member(json, "op", Json::value_t::string, place).get<std::string>();
    std::optional<Op> op = op_from_text(name);
    if (!op)
      fail(place, "there is no operator '" + name.substr(0, 40) + "'",
           "use an operator of this version");
    bool names_input = op_info(*op).kind == OpKind::kLeaf &&
                       tensor_ops().spec(id_of(*op)).fields[0].kind == AttrKind::kInt;
    if (names_input != (i < inputs_.size())) {
      fail(place, "inputs and nodes do not match", "let the first nodes be the inputs, in order");
    }
    if (names_input) {
      ids_.push_back(inputs_[i]);
      return;
    }
    if (op_info(*op).kind == OpKind::kExpand)
      fail(place, "'" + name + "' is an abbreviation", "write its definition");
    std::vector<ValueId> operands;
    for (const Json& arg : member(json, "args", Json::value_t::array, place)) {
      operands.push_back(read_reference(arg, i, place + ".args"));
    }
    Attrs attrs;
    for (const AttrField& field : tensor_ops().spec(id_of(*op)).fields) {
      auto it = json.find(field.name);
      if (it == json.end())
        fail(place, format("member \"{}\" is missing", field.name),
             "give every field of the operator");
      attrs.push_back(read_value(*it, field.kind, place + "." + field.name));
    }
    try {
      ids_.push_back(graph_.add(*op, std::move(operands), std::move(attrs)));
    } catch (Error& error) {
      error.place({"<json> " + place});
      throw;
    }
  }

  std::string prefix_;
  Graph graph_;
  std::vector<ValueId> inputs_, ids_;
};

Graph read_graph(const Json& json, const std::string& place) {
  return GraphReader(place).read(json);
}

/// The library's parser recurses into brackets, so their depth is bounded first.
void check_nesting(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kMaxNesting) fail("", "more than 64 nested brackets", "nest fewer bodies");
  }
}

}  // namespace

std::string program_to_json(const Graph& graph) {
  // Names may hold any bytes; what is not UTF-8 is replaced.
  return json_of(graph).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Graph program_from_json(std::string_view text) {
  if (text.size() > kMaxBytes) fail("", "the text is longer than 16 MiB", "split the program");
  check_nesting(text);
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    std::string message = error.what();
    std::size_t at = message.find("at line");
    fail("", "the text is not JSON: " + (at == std::string::npos ? message : message.substr(at)),
         "write programs with program_to_json");
  }
  return read_graph(json, "");
}

}  // namespace bafe
