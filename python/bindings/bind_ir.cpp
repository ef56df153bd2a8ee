// Tracing: Python builds a program node by node through Trace; the builder checks every step. Also
// the operator table and the text and JSON forms.

#include "bindings.h"
#include "numpy_api.h"

#include "bafe/base/digest.h"
#include "bafe/ir/control.h"
#include "bafe/ir/convolution.h"
#include "bafe/ir/einsum.h"
#include "bafe/ir/impose.h"
#include "bafe/ir/text.h"
#include "bafe/ir/used_inputs.h"
#include "bafe/runtime/engine_key.h"

namespace bafe::python {
namespace {

/// A program under construction. Values are plain integers to Python.
class Trace {
 public:
  int input(const std::string& name, const py::handle& dtype, const py::handle& shape, bool weak,
            const std::string& layout) {
    InputInfo info;
    info.name = name;
    info.weak = weak;
    info.layout = layout;
    info.type.dtype = dtype_of_python(dtype);
    info.type.shape = std::get<List>(attr_of_python(shape, AttrKind::kList, DType::kI64, "shape"));
    layout_from_text(layout, info.type.rank());
    return id(graph_->add_input(std::move(info)));
  }

  void set_layout(int input, const std::string& layout) {
    InputInfo& info = graph_->input(input);
    layout_from_text(layout, info.type.rank());
    info.layout = layout;
  }

  /// The value with what it declares; see impose_structure().
  int structured(int x, const std::string& structure, const py::handle& loc) {
    try {
      return id(impose_structure(at(loc), value(x), structure));
    } catch (Error& error) {
      error.place(loc_of_python(loc));
      throw;
    }
  }

  int constant(const py::handle& array) {
    auto* object = reinterpret_cast<PyArrayObject*>(array.ptr());
    Tensor tensor = tensor_of_array(object);
    DigestBuilder digest;
    digest.add(tensor.type().text());
    digest.add({reinterpret_cast<const char*>(tensor.data()),
                static_cast<std::size_t>(type_bytes(tensor.type()))});
    const std::string hex = digest.finish().hex();
    Attrs attrs{hex, tensor.type().dtype, tensor.type().shape};
    constants_.emplace(hex, std::move(tensor));
    return id(graph_->add(Op::kConstant, {}, std::move(attrs)));
  }

  int scalar(const py::handle& number, const py::handle& dtype) {
    const DType type = dtype_of_python(dtype);
    return id(graph_->add_fill(
        std::get<Scalar>(attr_of_python(number, AttrKind::kScalar, type, "value")), {}));
  }

  int call(const std::string& name, const std::vector<int>& operands, const py::tuple& fields,
           const py::handle& loc) {
    const OpId row = tensor_ops().find(name);
    if (!row.valid()) {
      throw TraceError(loc_of_python(loc), name, "no operator has this name")
          .fix("see bafe.ops for the operators there are");
    }
    const OpSpec& spec = tensor_ops().spec(row);
    const auto ids = values(operands);
    const DType like = ids.empty() ? DType::kF64 : graph_->type(ids[0]).dtype;
    Attrs attrs;
    for (std::size_t i = 0; i < spec.fields.size() && i < fields.size(); ++i) {
      attrs.push_back(
          attr_of_python(fields[i], spec.fields[i].kind, like, spec.fields[i].name.c_str()));
    }
    return id(at(loc).call(op_of(row), ids, std::move(attrs)));
  }

  int reduce(const std::string& name, int x, const py::object& axes, bool keepdims,
             const py::handle& loc) {
    const OpId row = tensor_ops().find(name);
    BAFE_CHECK(row.valid(), "reductions are called by their table name");
    return id(at(loc).reduce(op_of(row), value(x), axes_of(axes), keepdims));
  }

  int named(const std::string& name, const std::vector<int>& operands, const py::handle& loc) {
    return id(at(loc).named(op_of(tensor_ops().find(name)), values(operands)));
  }

  int matmul(int a, int b, const py::handle& loc) { return id(at(loc).matmul(value(a), value(b))); }
  std::string layout_of(int x) const {
    const Node& node = graph_->node(value(x));
    if (op_info(node.op).kind != OpKind::kLeaf || node.attrs.empty() ||
        attr_kind(node.attrs[0]) != AttrKind::kInt) {
      return "row";
    }
    return graph_->inputs()[static_cast<std::size_t>(attr_int(node.attrs, 0).value())].layout;
  }
  int cast(int x, const py::handle& dtype, const py::handle& loc) {
    return id(at(loc).cast(value(x), dtype_of_python(dtype)));
  }
  int cumsum(int x, const py::object& axis, const py::handle& loc) {
    std::optional<Dim> at_axis;
    if (!axis.is_none()) at_axis = Dim(axis.cast<std::int64_t>());
    return id(at(loc).cumsum(value(x), at_axis));
  }
  int concat(const std::vector<int>& parts, std::int64_t axis, const py::handle& loc) {
    return id(at(loc).concat(values(parts), Dim(axis)));
  }
  int stack(const std::vector<int>& parts, std::int64_t axis, const py::handle& loc) {
    return id(at(loc).stack(values(parts), Dim(axis)));
  }
  int reshape(int x, const py::handle& shape, const py::handle& loc) {
    return id(at(loc).reshape(value(x), list_of(shape, "shape")));
  }
  int transpose(int x, const py::object& perm, const py::handle& loc) {
    return id(at(loc).transpose(value(x), perm.is_none() ? List{} : list_of(perm, "perm")));
  }
  int broadcast(int x, const py::handle& shape, const py::handle& loc) {
    return id(at(loc).broadcast(value(x), list_of(shape, "shape")));
  }
  int expand_dims(int x, const py::handle& axes, const py::handle& loc) {
    return id(at(loc).expand_dims(value(x), list_of(axes, "axes")));
  }
  int squeeze(int x, const py::object& axes, const py::handle& loc) {
    return id(at(loc).squeeze(value(x), axes_of(axes)));
  }
  int slice(int x, const py::handle& start, const py::handle& size, const py::handle& step,
            const py::handle& loc) {
    return id(at(loc).slice(value(x), list_of(start, "start"), list_of(size, "size"),
                            list_of(step, "step")));
  }

  int einsum_of(const std::string& equation, const std::vector<int>& operands,
                const py::handle& loc) {
    return id(einsum(builder_, equation, values(operands), loc_of_python(loc)));
  }

  /// x, w and perhaps a bias; `geometry` is a dictionary with the fields of ImageWindows.
  int conv2d_of(const std::vector<int>& operands, const py::dict& geometry, std::int64_t groups,
                const py::handle& loc) {
    const auto ids = values(operands);
    std::optional<ValueId> bias;
    if (ids.size() > 2) bias = ids[2];
    const ImageWindows windows = windows_of("conv2d", geometry, loc);
    return id(conv2d(builder_, ids[0], ids[1], bias, windows, groups, loc_of_python(loc)));
  }

  int pool2d_of(const std::string& name, int x, const py::dict& geometry, bool count_include_pad,
                const py::handle& loc) {
    const ImageWindows windows = windows_of(name, geometry, loc);
    std::optional<std::array<std::int64_t, 2>> window;
    if (!geometry["window"].is_none()) window = pair_of(geometry["window"]);
    const SourceLoc place = loc_of_python(loc);
    return id(name == "max_pool2d"
                  ? max_pool2d(builder_, value(x), window, windows, place)
                  : avg_pool2d(builder_, value(x), window, windows, count_include_pad, place));
  }

  /// All results of a loop or a branch: `numbers` are the fields between bodies and result.
  std::vector<int> control(const std::string& name, const std::vector<int>& operands,
                           const std::vector<std::shared_ptr<TracedProgram>>& bodies,
                           const py::list& numbers, const py::handle& loc) {
    const OpId row = tensor_ops().find(name);
    BAFE_CHECK(row.valid(), "loops are called by their table name");
    Attrs attrs;
    for (const auto& body : bodies) {
      attrs.push_back(std::make_shared<const Graph>(body->graph));
      constants_.insert(body->constants.begin(), body->constants.end());
    }
    for (const auto& number : numbers)
      attrs.push_back(attr_of_python(number, AttrKind::kInt, DType::kI64, "length"));
    attrs.push_back(Dim(0));
    const std::vector<ValueId> ids = values(operands);
    std::vector<Type> types;
    for (ValueId operand : ids) types.push_back(graph_->type(operand));
    std::vector<int> out;
    try {
      const std::size_t results = control_types(op_of(row), types, attrs).size();
      for (std::size_t k = 0; k < results; ++k) {
        attrs.back() = Dim(static_cast<std::int64_t>(k));
        const ValueId made = graph_->add(op_of(row), ids, attrs);
        graph_->set_loc(made, loc_of_python(loc));
        out.push_back(id(made));
      }
    } catch (Error& error) {
      error.place(loc_of_python(loc));
      throw;
    }
    return out;
  }

  std::string dtype_of(int x) const {
    return std::string(dtype_info(graph_->type(value(x)).dtype).name);
  }
  py::tuple shape_of(int x) const { return shape_to_python(graph_->type(value(x)).shape); }
  std::string text_of(int x) const { return graph_->type(value(x)).text(); }

  std::shared_ptr<TracedProgram> finish(const std::vector<int>& roots) const {
    auto out = std::make_shared<TracedProgram>();
    out->graph = *graph_;
    out->graph.set_roots(values(roots));
    out->graph = out->graph.compact();
    out->constants = constants_;
    return out;
  }

  /// As `finish`; inputs that no root depends on are no parameters of the program.
  std::shared_ptr<TracedProgram> finish_used(const std::vector<int>& roots) const {
    auto out = finish(roots);
    out->graph = keep_inputs(out->graph, used_inputs(out->graph));
    return out;
  }

  /// Copies another program's values in; its inputs are bound to `inputs`. Returns its roots here.
  std::vector<int> inline_program(const TracedProgram& other, const std::vector<int>& inputs) {
    const Graph& source = other.graph;
    std::vector<ValueId> map(source.size());
    for (std::uint32_t i = 0; i < source.size(); ++i) {
      const Node& node = source.node(ValueId(i));
      if (is_input(node.op)) {
        map[i] = value(inputs.at(static_cast<std::size_t>(attr_int(node.attrs, 0).value())));
        continue;
      }
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands) operands.push_back(map[operand.index()]);
      map[i] = graph_->add(node.op, std::move(operands), node.attrs);
    }
    constants_.insert(other.constants.begin(), other.constants.end());
    std::vector<int> roots;
    for (ValueId root : source.roots()) roots.push_back(id(map[root.index()]));
    return roots;
  }

 private:
  static int id(ValueId value) { return static_cast<int>(value.index()); }
  ValueId value(int id) const {
    BAFE_CHECK(id >= 0 && static_cast<std::size_t>(id) < graph_->size(), "a value of this trace");
    return ValueId(static_cast<std::uint32_t>(id));
  }
  std::vector<ValueId> values(const std::vector<int>& ids) const {
    std::vector<ValueId> out;
    for (int one : ids) out.push_back(value(one));
    return out;
  }
  static List list_of(const py::handle& value, const char* field) {
    return std::get<List>(attr_of_python(value, AttrKind::kList, DType::kI64, field));
  }
  static std::array<std::int64_t, 2> pair_of(const py::handle& value) {
    return value.cast<std::array<std::int64_t, 2>>();
  }
  static ImageWindows windows_of(const std::string& subject, const py::dict& geometry,
                                 const py::handle& loc) {
    ImageWindows out;
    try {
      out.layout = image_layout(subject, geometry["layout"].cast<std::string>());
    } catch (Error& error) {
      error.place(loc_of_python(loc));
      throw;
    }
    out.stride = pair_of(geometry["stride"]);
    out.dilation = pair_of(geometry["dilation"]);
    out.low = pair_of(geometry["low"]);
    out.high = pair_of(geometry["high"]);
    out.same = geometry["same"].cast<bool>();
    out.ceil_mode = geometry["ceil_mode"].cast<bool>();
    return out;
  }
  static std::optional<List> axes_of(const py::object& axes) {
    if (axes.is_none()) return std::nullopt;
    return list_of(axes, "axes");
  }
  Builder& at(const py::handle& loc) {
    builder_.set_loc(loc_of_python(loc));
    return builder_;
  }

  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
  Builder builder_{*graph_};
  ConstantTable constants_;
};

void bind_trace(py::module_& module) {
  py::class_<Trace>(module, "Trace")
      .def(py::init<>())
      .def("input", &Trace::input)
      .def("set_layout", &Trace::set_layout)
      .def("structured", &Trace::structured)
      .def("constant", &Trace::constant)
      .def("scalar", &Trace::scalar)
      .def("call", &Trace::call)
      .def("reduce", &Trace::reduce)
      .def("named", &Trace::named)
      .def("matmul", &Trace::matmul)
      .def("layout_of", &Trace::layout_of)
      .def("cast", &Trace::cast)
      .def("cumsum", &Trace::cumsum)
      .def("concat", &Trace::concat)
      .def("stack", &Trace::stack)
      .def("reshape", &Trace::reshape)
      .def("transpose", &Trace::transpose)
      .def("broadcast", &Trace::broadcast)
      .def("expand_dims", &Trace::expand_dims)
      .def("squeeze", &Trace::squeeze)
      .def("slice", &Trace::slice)
      .def("einsum", &Trace::einsum_of)
      .def("conv2d", &Trace::conv2d_of)
      .def("pool2d", &Trace::pool2d_of)
      .def("control", &Trace::control)
      .def("dtype_of", &Trace::dtype_of)
      .def("shape_of", &Trace::shape_of)
      .def("text_of", &Trace::text_of)
      .def("finish", &Trace::finish)
      .def("finish_used", &Trace::finish_used)
      .def("inline_program", &Trace::inline_program);
}

py::list evaluate_arrays(const TracedProgram& program, const py::list& arrays) {
  std::vector<Tensor> inputs;
  for (const auto& array : arrays) {
    inputs.push_back(tensor_of_array(reinterpret_cast<PyArrayObject*>(array.ptr())));
  }
  py::list out;
  for (const Tensor& tensor : evaluate(program.graph, inputs, program.constants)) {
    out.append(py::reinterpret_steal<py::object>(array_of_tensor(tensor)));
  }
  return out;
}

}  // namespace

void bind_ir(py::module_& module) {
  set_loop_poll(python_interrupted);
  bind_trace(module);
  py::class_<TracedProgram, std::shared_ptr<TracedProgram>>(module, "Program")
      .def("text", [](const TracedProgram& p) { return print_program(p.graph); })
      .def("brief", [](const TracedProgram& p) { return print_brief(p.graph); })
      .def("to_json", [](const TracedProgram& p) { return program_to_json(p.graph); })
      .def("evaluate", &evaluate_arrays)
      .def("node_count", [](const TracedProgram& p) { return p.graph.size(); })
      .def("op_names",
           [](const TracedProgram& p) {
             std::vector<std::string> names;
             for (std::uint32_t i = 0; i < p.graph.size(); ++i) {
               names.emplace_back(op_info(p.graph.node(ValueId(i)).op).name);
             }
             return names;
           })
      .def("inputs",
           [](const TracedProgram& p) {
             py::list out;
             for (const InputInfo& info : p.graph.inputs()) {
               out.append(py::make_tuple(info.name, std::string(dtype_info(info.type.dtype).name),
                                         shape_to_python(info.type.shape), info.weak, info.layout));
             }
             return out;
           })
      .def("canonical_text", [](const TracedProgram& p) { return canonical_text(p.graph); })
      .def("root_specs",
           [](const TracedProgram& p) {
             py::list out;
             for (ValueId root : p.graph.roots()) {
               const Type& type = p.graph.type(root);
               out.append(py::make_tuple(std::string(dtype_info(type.dtype).name),
                                         shape_to_python(type.shape)));
             }
             return out;
           })
      .def("root_types", [](const TracedProgram& p) {
        std::vector<std::string> types;
        for (ValueId root : p.graph.roots()) types.push_back(p.graph.type(root).text());
        return types;
      });
  module.def("parse_program", [](const std::string& text) {
    auto out = std::make_shared<TracedProgram>();
    out->graph = parse_program(text);
    return out;
  });
  module.def("program_from_json", [](const std::string& text) {
    auto out = std::make_shared<TracedProgram>();
    out->graph = program_from_json(text);
    return out;
  });
  module.def("promote", [](const py::handle& a, const py::handle& b) {
    return std::string(dtype_info(promote(dtype_of_python(a), dtype_of_python(b))).name);
  });
}

}  // namespace bafe::python
