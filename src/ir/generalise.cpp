// From programs of several sizes to one over symbols, and back. In: compact graphs with one
// outline. Out: a graph whose sizes are polynomials. Invariant: a result of generalise() matches
// every sample; what an instance means never rests on how the polynomials were found, because
// match() compares node by node.

#include "bafe/ir/generalise.h"

#include <algorithm>
#include <map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/hash.h"
#include "bafe/ir/op.h"
#include "express_sizes.h"

namespace bafe {
namespace {

constexpr std::int64_t kSmallestSize = 2;

std::uint64_t outline_of(const AttrValue& value) {
  if (attr_kind(value) == AttrKind::kInt) return 1;
  if (attr_kind(value) == AttrKind::kList) return 2 + std::get<List>(value).size();
  return attr_hash(value);
}

/// Calls `visit(sizes)` for every integer of an attribute, with its value in each sample. False
/// when the attributes differ in more than integers.
template <class Visit>
bool visit_integers(const std::vector<const AttrValue*>& values, Visit visit) {
  const AttrValue& first = *values[0];
  if (attr_kind(first) == AttrKind::kInt) {
    List column;
    for (const AttrValue* value : values) {
      if (attr_kind(*value) != AttrKind::kInt) return false;
      column.push_back(std::get<Dim>(*value));
    }
    visit(column);
    return true;
  }
  if (attr_kind(first) == AttrKind::kList) {
    for (std::size_t i = 0; i < std::get<List>(first).size(); ++i) {
      List column;
      for (const AttrValue* value : values) {
        const List* list = std::get_if<List>(value);
        if (!list || list->size() != std::get<List>(first).size()) return false;
        column.push_back((*list)[i]);
      }
      visit(column);
    }
    return true;
  }
  return std::all_of(values.begin(), values.end(),
                     [&](const AttrValue* value) { return attrs_equal({first}, {*value}); });
}

/// The value of one attribute with numbers for symbols.
std::optional<AttrValue> bound(const AttrValue& value, const Binding& binding) {
  if (const Dim* dim = std::get_if<Dim>(&value)) {
    const auto number = dim_value(*dim, binding);
    if (!number) return std::nullopt;
    return AttrValue(Dim(*number));
  }
  const List* list = std::get_if<List>(&value);
  if (!list) return value;
  List out;
  for (Dim dim : *list) {
    const auto number = dim_value(dim, binding);
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return AttrValue(std::move(out));
}

bool is_size(Dim pattern, Dim value, const Binding& binding) {
  if (pattern.is_const()) return pattern == value;
  const auto number = dim_value(pattern, binding);
  return number && value.is_const() && *number == value.value();
}

bool equals(const AttrValue& pattern, const AttrValue& value, const Binding& binding) {
  if (pattern.index() != value.index()) return false;
  if (const Dim* dim = std::get_if<Dim>(&pattern))
    return is_size(*dim, std::get<Dim>(value), binding);
  if (const List* list = std::get_if<List>(&pattern)) {
    const List& other = std::get<List>(value);
    bool same = list->size() == other.size();
    for (std::size_t i = 0; same && i < list->size(); ++i) {
      same = is_size((*list)[i], other[i], binding);
    }
    return same;
  }
  return attrs_equal({pattern}, {value});
}

/// Reads the symbols from a size of an input. False where the size cannot be.
bool solve(Dim pattern, Dim value, Binding& binding) {
  if (pattern.is_const()) return pattern == value;
  const auto linear = linear_dim(pattern);
  if (!linear || binding.find(linear->symbol)) return true;  // compared later
  const std::int64_t rest = value.value() - linear->offset;
  if (linear->factor == 0 || rest % linear->factor != 0) return false;
  binding.set(linear->symbol, rest / linear->factor);
  return true;
}

}  // namespace

std::uint64_t outline_hash(const Graph& compact) {
  std::uint64_t h = compact.size();
  for (const InputInfo& input : compact.inputs()) {
    h = hash_mix(h, static_cast<std::uint64_t>(input.type.dtype) * 2 + (input.weak ? 1 : 0));
    h = hash_mix(h, hash_mix(input.type.shape.size(), hash_text(input.layout)));
  }
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const Node& node = compact.node(ValueId(static_cast<std::uint32_t>(i)));
    h = hash_mix(h, hash_text(op_info(node.op).name));
    for (ValueId operand : node.operands) h = hash_mix(h, operand.index());
    for (std::size_t k = 0; k < node.attrs.size(); ++k) {
      const bool number = is_fill(node.op) && k == 0;
      h = hash_mix(h, number ? static_cast<std::uint64_t>(attr_scalar(node.attrs, 0).dtype)
                             : outline_of(node.attrs[k]));
    }
  }
  for (ValueId root : compact.roots()) h = hash_mix(h, root.index());
  return h;
}

/// Builds a SymbolicProgram from samples with one outline.
class Generaliser {
 public:
  Generaliser(std::span<const Graph> samples, bool relates) : samples_(samples), sizes_(relates) {}

  std::optional<SymbolicProgram> run(std::string& why) {
    if (!same_outline()) {
      why = "the programs differ in more than sizes";
      return std::nullopt;
    }
    collect();
    if (!sizes_.solve()) {
      why = format("a size of {} is no multiple, sum or product of sizes of arguments",
                   sizes_.unsolved());
      return std::nullopt;
    }
    out_.symbols = sizes_.symbols();
    describe_inputs();
    for (std::size_t i = 0; i < samples_[0].size(); ++i) describe_node(i);
    out_.roots_.assign(samples_[0].roots().begin(), samples_[0].roots().end());
    try {
      build();
    } catch (const Error& error) {
      why = error.what();
      return std::nullopt;
    }
    for (const Graph& sample : samples_) {
      if (out_.match(sample)) continue;
      why = "a sample has a size below 2 where others are larger";
      return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  const Node& node(std::size_t sample, std::size_t i) const {
    return samples_[sample].node(ValueId(static_cast<std::uint32_t>(i)));
  }

  std::vector<const AttrValue*> column(std::size_t i, std::size_t k) const {
    std::vector<const AttrValue*> out;
    for (std::size_t s = 0; s < samples_.size(); ++s) out.push_back(&node(s, i).attrs[k]);
    return out;
  }

  bool is_number(std::size_t i, std::size_t k) const { return is_fill(node(0, i).op) && k == 0; }

  bool same_outline() const {
    const std::uint64_t outline = outline_hash(samples_[0]);
    for (const Graph& sample : samples_) {
      if (outline_hash(sample) != outline) return false;
    }
    for (std::size_t i = 0; i < samples_[0].size(); ++i) {
      for (std::size_t s = 1; s < samples_.size(); ++s) {
        const Node &a = node(0, i), &b = node(s, i);
        if (a.op != b.op || a.operands != b.operands || a.attrs.size() != b.attrs.size())
          return false;
      }
      for (std::size_t k = 0; k < node(0, i).attrs.size(); ++k) {
        if (!is_number(i, k) && !visit_integers(column(i, k), [](const List&) {})) return false;
      }
    }
    return true;
  }

  void collect() {
    for (std::size_t p = 0; p < samples_[0].inputs().size(); ++p) {
      for (std::size_t axis = 0; axis < samples_[0].inputs()[p].type.shape.size(); ++axis) {
        sizes_.add_argument(input_column(p, axis));
      }
    }
    for (std::size_t i = 0; i < samples_[0].size(); ++i) {
      if (is_input(node(0, i).op)) continue;
      for (std::size_t k = 0; k < node(0, i).attrs.size(); ++k) {
        if (is_number(i, k)) continue;
        visit_integers(column(i, k), [&](const List& values) { sizes_.add_derived(values); });
      }
    }
  }

  List input_column(std::size_t input, std::size_t axis) const {
    List out;
    for (const Graph& sample : samples_) out.push_back(sample.inputs()[input].type.shape[axis]);
    return out;
  }

  void describe_inputs() {
    for (std::size_t p = 0; p < samples_[0].inputs().size(); ++p) {
      InputInfo info = samples_[0].inputs()[p];
      for (std::size_t axis = 0; axis < info.type.shape.size(); ++axis) {
        info.type.shape[axis] = sizes_.of(input_column(p, axis));
      }
      out_.infos_.push_back(std::move(info));
    }
    out_.inputs = static_cast<int>(out_.infos_.size());
  }

  void describe_node(std::size_t i) {
    const Node& first = node(0, i);
    SymbolicProgram::Step step{first.op, first.operands, first.attrs, -1};
    for (std::size_t k = 0; k < step.attrs.size(); ++k) {
      const std::vector<const AttrValue*> values = column(i, k);
      if (is_input(first.op)) continue;
      if (is_number(i, k)) {
        const bool same = std::all_of(values.begin(), values.end(), [&](const AttrValue* value) {
          return std::get<Scalar>(*value) == std::get<Scalar>(*values[0]);
        });
        if (!same) step.number = out_.numbers_++;
      } else if (attr_kind(step.attrs[k]) == AttrKind::kInt) {
        visit_integers(values, [&](const List& sizes) { step.attrs[k] = sizes_.of(sizes); });
      } else if (attr_kind(step.attrs[k]) == AttrKind::kList) {
        List out;
        visit_integers(values, [&](const List& sizes) { out.push_back(sizes_.of(sizes)); });
        step.attrs[k] = std::move(out);
      }
    }
    out_.steps_.push_back(std::move(step));
  }

  /// A number as a value of `shape`.
  ValueId spread(ValueId number, const Shape& shape) {
    if (shape.empty()) return number;
    List axes;
    for (std::size_t i = 0; i < shape.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    const ValueId ones = out_.graph.add(Op::kExpandDims, {number}, {axes});
    return out_.graph.add(Op::kBroadcastTo, {ones}, {shape});
  }

  void build() {
    std::vector<ValueId> inputs, map;
    for (const InputInfo& info : out_.infos_) inputs.push_back(out_.graph.add_input(info));
    for (const SymbolicProgram::Step& step : out_.steps_) {
      if (is_input(step.op)) {
        map.push_back(inputs[static_cast<std::size_t>(attr_int(step.attrs, 0).value())]);
      } else if (step.number >= 0) {
        const Type type{attr_scalar(step.attrs, 0).dtype, {}};
        const InputInfo info{format("number{}", step.number), "row", false, type};
        map.push_back(spread(out_.graph.add_input(info), attr_list(step.attrs, 1)));
      } else {
        std::vector<ValueId> operands;
        for (ValueId operand : step.operands) operands.push_back(map[operand.index()]);
        map.push_back(out_.graph.add(step.op, std::move(operands), step.attrs));
      }
    }
    for (ValueId root : out_.roots_) out_.graph.add_root(map[root.index()]);
  }

  std::span<const Graph> samples_;
  ExpressedSizes sizes_;
  SymbolicProgram out_;
};

std::optional<ProgramSizes> SymbolicProgram::match(const Graph& compact) const {
  const std::span<const InputInfo> given = compact.inputs();
  if (given.size() != infos_.size() || compact.size() != steps_.size()) return std::nullopt;
  if (!std::equal(roots_.begin(), roots_.end(), compact.roots().begin(), compact.roots().end()))
    return std::nullopt;
  ProgramSizes out;
  out.numbers.resize(static_cast<std::size_t>(numbers_));
  for (std::size_t p = 0; p < infos_.size(); ++p) {
    const Type &type = infos_[p].type, &other = given[p].type;
    bool fits = type.dtype == other.dtype && type.shape.size() == other.shape.size() &&
                infos_[p].layout == given[p].layout && infos_[p].weak == given[p].weak;
    for (std::size_t axis = 0; fits && axis < type.shape.size(); ++axis) {
      fits = solve(type.shape[axis], other.shape[axis], out.binding);
    }
    if (!fits) return std::nullopt;
  }
  for (std::size_t p = 0; p < infos_.size(); ++p) {
    if (!equals(infos_[p].type.shape, given[p].type.shape, out.binding)) return std::nullopt;
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const Node& node = compact.node(ValueId(static_cast<std::uint32_t>(i)));
    if (node.op != step.op || node.operands != step.operands ||
        node.attrs.size() != step.attrs.size())
      return std::nullopt;
    for (std::size_t k = 0; k < node.attrs.size() && !is_input(node.op); ++k) {
      if (step.number >= 0 && k == 0) {
        const Scalar number = attr_scalar(node.attrs, 0);
        if (number.dtype != attr_scalar(step.attrs, 0).dtype) return std::nullopt;
        out.numbers[static_cast<std::size_t>(step.number)] = number;
      } else if (!equals(step.attrs[k], node.attrs[k], out.binding)) {
        return std::nullopt;
      }
    }
  }
  for (std::size_t i = 0; i < graph.size(); ++i) {
    for (Dim dim : graph.type(ValueId(static_cast<std::uint32_t>(i))).shape) {
      if (dim.is_const()) continue;
      const auto size = dim_value(dim, out.binding);
      if (!size || *size < kSmallestSize) return std::nullopt;
    }
  }
  return out;
}

std::optional<SymbolicProgram> generalise(std::span<const Graph> samples, std::string* why) {
  BAFE_CHECK(samples.size() >= 2, "one program is the special case of many");
  std::string reason;
  // Sizes of arguments are independent until an operator needs that they are not.
  auto out = Generaliser(samples, false).run(reason);
  if (!out) {
    std::string second;
    out = Generaliser(samples, true).run(second);
  }
  if (!out && why) *why = reason;
  return out;
}

Graph instantiate(const Graph& symbolic, int inputs, const ProgramSizes& sizes) {
  Graph out;
  std::vector<ValueId> given, map;
  for (std::size_t p = 0; p < symbolic.inputs().size(); ++p) {
    InputInfo info = symbolic.inputs()[p];
    if (static_cast<int>(p) >= inputs) {
      given.push_back(out.add_fill(sizes.numbers.at(p - static_cast<std::size_t>(inputs)), {}));
      continue;
    }
    for (Dim& dim : info.type.shape) {
      const auto size = dim_value(dim, sizes.binding);
      BAFE_CHECK(size.has_value(), "every symbol of an argument has a value");
      dim = *size;
    }
    given.push_back(out.add_input(std::move(info)));
  }
  for (std::size_t i = 0; i < symbolic.size(); ++i) {
    const ValueId id(static_cast<std::uint32_t>(i));
    const Node& node = symbolic.node(id);
    if (is_input(node.op)) {
      map.push_back(given[static_cast<std::size_t>(attr_int(node.attrs, 0).value())]);
      continue;
    }
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(map[operand.index()]);
    Attrs attrs;
    for (const AttrValue& value : node.attrs) {
      auto made = bound(value, sizes.binding);
      BAFE_CHECK(made.has_value(), "every symbol has a value");
      attrs.push_back(std::move(*made));
    }
    map.push_back(out.add(node.op, std::move(operands), std::move(attrs)));
    out.set_loc(map.back(), symbolic.loc(id));
  }
  for (ValueId root : symbolic.roots()) out.add_root(map[root.index()]);
  return out;
}

}  // namespace bafe
