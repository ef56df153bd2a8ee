// Text -> program, by recursive descent over the grammar in text.h. In: text. Out: a graph in
// normal form, each node placed at its operator. Invariant: recursion is at most kMaxDepth deep; a
// failed parse leaves nothing behind.
#include <algorithm>
#include <unordered_map>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "text_reader.h"

namespace bafe {
namespace {

constexpr int kMaxDepth = 200;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

/// Edit distance, for "did you mean"; both texts are short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

class Parser {
 public:
  Parser(TextReader& reader, int depth) : reader_(reader), builder_(graph_), depth_(depth) {}

  Graph parse() {
    if (!reader_.eat_word("program")) {
      reader_.fail("expected 'program', found " + reader_.found(),
                   "begin with: program main(x: f32[3]) -> f32[3] { return x }");
    }
    if (reader_.name().empty()) reader_.fail("the program has no name", "write: program main(");
    parse_parameters();
    std::vector<Type> results = parse_results();
    reader_.expect('{', "'{' before the body", "write: -> types { return value }");
    while (reader_.eat_word("let")) parse_let();
    parse_return(results);
    return std::move(graph_);
  }

 private:
  void parse_parameters() {
    reader_.expect('(', "'(' before the inputs", "write: program main(x: f32[3])");
    if (reader_.eat(')')) return;
    do {
      parse_parameter();
    } while (reader_.eat(','));
    reader_.expect(')', "',' or ')' after an input",
                   "separate inputs with commas and close the list");
  }

  void parse_parameter() {
    SourceLoc place = reader_.here();
    InputInfo info;
    info.name = reader_.name();
    if (info.name.empty())
      reader_.fail("expected the name of an input, found " + reader_.found(), "write: x: f32[3]");
    reader_.expect(':', "':' and a type after input '" + info.name + "'",
                   "write: " + info.name + ": f32[3]");
    info.type = parse_type();
    info.weak = reader_.eat_word("weak");
    if (info.weak && info.type.rank() != 0)
      reader_.fail_at(place, "'" + info.name + "' is weak but not 0-d",
                      "only Python scalars are weak");
    if (reader_.eat('@')) info.layout = parse_layout();
    std::string name = info.name;
    define(place, name, graph_.add_input(std::move(info)));
  }

  std::string parse_layout() {
    std::string layout = reader_.name();
    if (layout.empty())
      reader_.fail("expected a layout, found " + reader_.found(),
                   "write @row, @col or @order(0 2 1)");
    if (reader_.eat('(')) {
      layout += "(" + reader_.until(")") + ")";
      reader_.expect(')', "')'", "close the axes of the layout");
    }
    return layout;
  }

  Type parse_type() {
    SourceLoc place = reader_.here();
    std::string name = reader_.name();
    std::optional<DType> dtype = dtype_from_text(name);
    if (!dtype) {
      reader_.fail_at(place, "'" + name + "' is not a dtype",
                      "use bool, i8 to i64, u8 to u64, f16, bf16, f32 or f64");
    }
    Type type{*dtype, {}};
    reader_.expect('[', "'[' and sizes after the dtype",
                   "write " + name + "[2, 3], or " + name + "[] for one number");
    if (reader_.eat(']')) return type;
    do {
      type.shape.push_back(parse_polynomial(",]"));
      Dim size = type.shape.back();
      if (size.is_const() && size.value() < 0)
        reader_.fail("a size is negative", "use sizes of at least 0");
    } while (reader_.eat(','));
    reader_.expect(']', "']' after the sizes", "close the type with ]");
    return type;
  }

  Dim parse_polynomial(std::string_view stops) {
    SourceLoc place = reader_.here();
    std::string text = reader_.until(stops);
    std::optional<Dim> size = dim_from_text(text);
    if (!size) {
      reader_.fail_at(place, "'" + text.substr(0, 40) + "' is not a size",
                      "write an integer, a name, or 2*n + 1");
    }
    return *size;
  }

  std::vector<Type> parse_results() {
    if (!reader_.eat_word("->")) {
      reader_.fail("expected '->' and the types of the results, found " + reader_.found(),
                   "write: ) -> f32[3] {");
    }
    std::vector<Type> types;
    if (reader_.peek() == '{') return types;
    do {
      types.push_back(parse_type());
    } while (reader_.eat(','));
    return types;
  }

  void parse_let() {
    SourceLoc place = reader_.here();
    std::string name = reader_.name();
    if (name.empty())
      reader_.fail("expected a name after 'let', found " + reader_.found(),
                   "write: let y = relu x;");
    reader_.expect('=', "'=' after 'let " + name + "'", "write: let " + name + " = relu x;");
    ValueId value = parse_expression();
    reader_.expect(';', "';' after the value of '" + name + "'", "end the let with a semicolon");
    define(place, name, value);
  }

  void parse_return(const std::vector<Type>& declared) {
    if (!reader_.eat_word("return")) {
      reader_.fail("expected 'let' or 'return', found " + reader_.found(),
                   "end the body with: return value }");
    }
    if (reader_.peek() != '}') {
      do {
        SourceLoc place = reader_.here();
        ValueId value = parse_expression();
        std::size_t i = graph_.roots().size();
        if (i < declared.size() && graph_.type(value) != declared[i]) {
          reader_.fail_at(place,
                          format("result {} has type {}, but {} is declared", i,
                                 graph_.type(value).text(), declared[i].text()),
                          "declare " + graph_.type(value).text());
        }
        graph_.add_root(value);
      } while (reader_.eat(','));
    }
    reader_.expect('}', "',' or '}' after a result", "close the body with }");
    if (graph_.roots().size() != declared.size()) {
      reader_.fail(format("{} results are returned, {} are declared", graph_.roots().size(),
                          declared.size()),
                   "declare one type a result, separated by commas");
    }
  }

  void define(const SourceLoc& place, const std::string& name, ValueId value) {
    if (op_from_text(name))
      reader_.fail_at(place, "'" + name + "' is the name of an operator", "choose another name");
    if (!names_.emplace(name, value).second) {
      reader_.fail_at(place, "'" + name + "' is defined twice", "choose another name");
    }
  }

  // --- expressions
  // ---------------------------------------------------------------------------------------
  ValueId parse_expression() {
    if (++depth_ > kMaxDepth)
      reader_.fail("more than 200 nested parentheses", "name inner values with let");
    std::string name = reader_.peek_name();
    bool is_operator = !name.empty() && names_.count(name) == 0 && op_from_text(name).has_value();
    ValueId value = is_operator ? parse_call() : parse_atom();
    --depth_;
    return value;
  }

  bool at_atom() {
    char c = reader_.peek();
    return c == '(' || c == '-' || c == '#' || c == '_' ||
           std::isalnum(static_cast<unsigned char>(c)) != 0;
  }

  ValueId parse_atom() {
    if (reader_.eat('(')) {
      ValueId value = parse_expression();
      reader_.expect(')', "')'",
                     "close the parenthesis, and put operators inside operators in parentheses");
      return value;
    }
    SourceLoc place = reader_.here();
    std::string name = reader_.peek_name();
    if (!name.empty()) {
      if (auto it = names_.find(name); it != names_.end()) {
        reader_.name();
        return it->second;
      }
      if (name != "inf" && name != "nan") fail_unknown(place, name);
    }
    std::string text = reader_.number();
    std::optional<Scalar> value = scalar_from_text(text);
    if (value) return graph_.add_fill(*value, {});
    if (text.empty())
      reader_.fail("expected a value, found " + reader_.found(),
                   "write a name, a number:dtype or (operator ...)");
    reader_.fail_at(place, "'" + text.substr(0, 40) + "' is not a number with its dtype",
                    "write 1.5:f32");
  }

  [[noreturn]] void fail_unknown(const SourceLoc& place, const std::string& name) const {
    if (op_from_text(name)) {
      reader_.fail_at(place, "operator '" + name + "' stands where a value is expected",
                      "write (" + name + " ...)");
    }
    std::string nearest;
    std::size_t best = 3;
    auto consider = [&](std::string_view candidate) {
      if (std::size_t d = distance(name.substr(0, 40), candidate); d < best) {
        best = d;
        nearest = candidate;
      }
    };
    for (const OpInfo& info : all_ops()) consider(info.name);
    for (const auto& [known, value] : names_) consider(known);
    reader_.fail_at(place, "'" + name.substr(0, 40) + "' is neither a value nor an operator",
                    nearest.empty() ? "define it with let, or add it to the inputs"
                                    : "did you mean '" + nearest + "'?");
  }

  ValueId parse_call() {
    SourceLoc place = reader_.here();
    const OpInfo& info = op_info(*op_from_text(reader_.name()));
    std::vector<ValueId> operands;
    while (at_atom()) operands.push_back(parse_atom());
    Attrs attrs = parse_fields(info);
    if (info.kind == OpKind::kLeaf && attr_kind(attrs[0]) == AttrKind::kInt) {
      reader_.fail_at(place, "an input is not made in the body",
                      "add it to the inputs in the header");
    }
    try {
      builder_.set_loc(place);
      if (info.kind == OpKind::kExpand) return builder_.call(info.op, operands, std::move(attrs));
      ValueId value = graph_.add(info.op, std::move(operands), std::move(attrs));
      graph_.set_loc(value, place);
      return value;
    } catch (Error& error) {
      error.place(place);
      throw;
    }
  }

  /// Fields may come in any order; each exactly once.
  Attrs parse_fields(const OpInfo& info) {
    std::vector<AttrField> fields = fields_of(info);
    std::vector<std::optional<AttrValue>> given(fields.size());
    while (reader_.peek() == ':') {
      SourceLoc place = reader_.here();
      reader_.eat(':');
      std::string name = reader_.name();
      auto same = [&](const AttrField& f) { return f.name == name; };
      auto it = std::find_if(fields.begin(), fields.end(), same);
      if (it == fields.end()) {
        reader_.fail_at(place, format("{} has no field '{}'", info.name, name),
                        field_fix(info, fields));
      }
      auto i = static_cast<std::size_t>(it - fields.begin());
      if (given[i])
        reader_.fail_at(place, "field '" + name + "' is given twice", "keep one of them");
      given[i] = parse_value(*it);
    }
    Attrs attrs;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!given[i])
        reader_.fail(format("{} needs field '{}'", info.name, fields[i].name),
                     field_fix(info, fields));
      attrs.push_back(std::move(*given[i]));
    }
    return attrs;
  }

  static std::string field_fix(const OpInfo& info, const std::vector<AttrField>& fields) {
    if (fields.empty()) return std::string(info.name) + " takes no fields";
    std::string out = "write " + std::string(info.name) + " ...";
    for (const AttrField& f : fields) out += " :" + f.name + " value";
    return out;
  }

  /// Composites name their fields among their parameters.
  static std::vector<AttrField> fields_of(const OpInfo& info) {
    const OpSpec& spec = tensor_ops().spec(info.id);
    std::vector<AttrField> fields = spec.fields;
    if (!fields.empty()) return fields;
    for (std::size_t at = spec.parameters.find(':'); at != std::string::npos;
         at = spec.parameters.find(':', at + 1)) {
      std::string name = spec.parameters.substr(at + 1, spec.parameters.find(' ', at) - at - 1);
      fields.push_back({name, name == "axes" ? AttrKind::kList : AttrKind::kScalar});
    }
    return fields;
  }

  AttrValue parse_value(const AttrField& field) {
    SourceLoc place = reader_.here();
    switch (field.kind) {
      case AttrKind::kInt:
        return parse_size();
      case AttrKind::kList:
        return parse_list(field);
      case AttrKind::kText:
        return reader_.quoted();
      case AttrKind::kGraph:
        if (depth_ + 8 > kMaxDepth)
          reader_.fail("programs are nested too deeply", "nest fewer bodies");
        return std::make_shared<const Graph>(Parser(reader_, depth_ + 8).parse());
      case AttrKind::kDType: {
        std::string name = reader_.name();
        std::optional<DType> dtype = dtype_from_text(name);
        if (dtype) return *dtype;
        reader_.fail_at(place, "field '" + field.name + "' is not a dtype",
                        "write :" + field.name + " f32");
      }
      case AttrKind::kScalar:
        break;
    }
    std::optional<Scalar> value = scalar_from_text(reader_.number());
    if (value) return *value;
    reader_.fail_at(place, "field '" + field.name + "' is not a number with its dtype",
                    "write :" + field.name + " 1.5:f32");
  }

  Dim parse_size() {
    if (reader_.eat('(')) {
      Dim size = parse_polynomial(")");
      reader_.expect(')', "')'", "close the polynomial");
      return size;
    }
    SourceLoc place = reader_.here();
    std::string text = reader_.peek_name().empty() ? reader_.number() : reader_.name();
    std::optional<Dim> size = dim_from_text(text);
    if (!size)
      reader_.fail_at(place, "expected an integer or a size, found '" + text.substr(0, 40) + "'",
                      "write 3, n or (2*n + 1)");
    return *size;
  }

  List parse_list(const AttrField& field) {
    reader_.expect('(', "'(' and a list for field '" + field.name + "'",
                   "write :" + field.name + " (0 1)");
    List list;
    while (reader_.peek() != ')') list.push_back(parse_size());
    reader_.eat(')');
    return list;
  }

  TextReader& reader_;
  Graph graph_;
  Builder builder_;
  int depth_;
  std::unordered_map<std::string, ValueId> names_;
};

}  // namespace

Graph parse_program(std::string_view text, std::string_view file) {
  TextReader reader(text, file);
  if (text.size() > kMaxBytes) reader.fail("the text is longer than 16 MiB", "split the program");
  Graph graph = Parser(reader, 0).parse();
  if (!reader.at_end()) {
    reader.fail("expected the end of the text, found " + reader.found(), "give one program a text");
  }
  return graph;
}

}  // namespace bafe
