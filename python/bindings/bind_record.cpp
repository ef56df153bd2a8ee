// Records as Python sees them: made from a traced program and the leaves of one call, run on
// leaves.

#include "record.h"

#include <algorithm>

namespace bafe::python {
namespace {

Lookup lookup_of(const py::handle& place) {
  if (place.is_none()) return {py::none(), py::none()};
  const auto pair = py::reinterpret_borrow<py::tuple>(place);
  return {pair[0], pair[1]};
}

/// make_record(leaves, executable, hidden [(place, array)], guards [(place, expected)], outputs,
/// structure of the results, …)
std::shared_ptr<Record> make_record(const py::list& leaves,
                                    std::shared_ptr<const Executable> executable,
                                    const std::vector<int>& input_of_leaf, const py::list& hidden,
                                    const py::list& guards, const std::vector<int>& output_of_root,
                                    const py::object& structure, int threads,
                                    const std::string& autotune_key, const TracedProgram& program) {
  auto record = std::make_shared<Record>();
  for (const auto& leaf : leaves) record->leaves.push_back(LeafKey::of(leaf.ptr()));
  for (const LeafKey& key : record->leaves) key.append_to(record->signature);
  record->input_of_leaf = input_of_leaf;
  int next = static_cast<int>(leaves.size());
  for (const auto& item : hidden) {
    const auto pair = py::reinterpret_borrow<py::tuple>(item);
    record->hidden.push_back({lookup_of(pair[0]), pair[1], LeafKey::of(py::object(pair[1]).ptr())});
    record->input_of_hidden.push_back(next++);
  }
  for (const auto& item : guards) {
    const auto pair = py::reinterpret_borrow<py::tuple>(item);
    record->guards.emplace_back(lookup_of(pair[0]), py::object(pair[1]));
  }
  record->output_of_root = output_of_root;
  record->result_tree.append(structure);
  record->threads = threads;
  record->autotune = !autotune_key.empty();
  record->autotune_key = autotune_key + record->signature;
  record->graph_hash = program.graph.hash();
  record->find_ranges(program.graph);
  record->executable = std::move(executable);
  record->prepare();
  return record;
}

/// add_writes(record, [(leaf, start, size, step)], same_as, plain, traced program): the outputs
/// after the results are regions of arguments.
void add_writes(Record& record, const py::list& writes, const std::vector<int>& same_as,
                const py::object& plain, const TracedProgram& program) {
  const std::vector<ValueId> live = program.graph.live();
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto [leaf, start, size, step] = py::cast<
        std::tuple<int, std::vector<npy_intp>, std::vector<npy_intp>, std::vector<npy_intp>>>(
        writes[i]);
    const int output = record.output_of_root[same_as.size() + i];
    const bool is_read = std::any_of(live.begin(), live.end(), [&](ValueId id) {
      const Node& node = program.graph.node(id);
      return is_input(node.op) && attr_int(node.attrs, 0).value() == leaf;
    });
    record.writes.push_back({static_cast<std::size_t>(leaf), output, is_read, start, size, step});
  }
  record.same_as = same_as;
  record.plain = plain;
  for (const RecordWrite& write : record.writes) record.leaves[write.leaf].scalar = nullptr;
}

/// Leaves of rank 0 that were NumPy's numbers, rebound where an array would be written into.
void mark_numbers(Record& record, const std::vector<std::size_t>& numbers) {
  for (std::size_t leaf : numbers) record.leaves.at(leaf).is_number = true;
}

py::object run_record(const Record& record, const py::list& leaves, const py::object& out) {
  std::vector<PyObject*> pointers;
  for (const auto& leaf : leaves) pointers.push_back(leaf.ptr());
  bool is_fit = pointers.size() == record.leaves.size();
  for (std::size_t i = 0; is_fit && i < pointers.size(); ++i)
    is_fit = record.leaves[i].fits(pointers[i]);
  if (!is_fit) {
    throw InternalError({}, "call", "the leaves fit the record they were looked up by");
  }
  PyObject* result = record.run(pointers.data(), out.is_none() ? nullptr : out.ptr());
  if (!result) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

const char* name_of(SlotKind kind) {
  static constexpr const char* kNames[] = {"argument", "result", "constant", "intermediate"};
  return kNames[static_cast<std::size_t>(kind)];
}

py::list steps_of(const Plan& plan) {
  py::list out;
  for (const Step& step : plan.steps) {
    std::vector<std::uint32_t> slots;
    for (SlotId id : step.slots) slots.push_back(static_cast<std::uint32_t>(id.index()));
    py::dict one;
    one["label"] = step.label;
    one["slots"] = slots;
    one["scratch_bytes"] = step.scratch_bytes;
    one["predicted_ns"] = step.predicted_ns;
    one["flops"] = step.flops;
    one["bytes"] = step.bytes;
    one["symbol"] = step.kind == StepKind::kGenerated ? step.symbol : std::string();
    out.append(one);
  }
  return out;
}

/// What one call holds; memory.py makes sums of it. None without a plan.
py::object memory_plan(const Executable& executable) {
  const std::optional<Plan> plan = executable.plan();
  if (!plan) return py::none();
  py::list slots;
  for (const Slot& slot : plan->slots) {
    py::dict one;
    one["kind"] = name_of(slot.kind);
    one["index"] = slot.index;
    one["type"] = slot.type.text();
    one["bytes"] = slot.bytes;
    one["offset"] = slot.arena_offset;
    slots.append(one);
  }
  std::vector<std::int64_t> constants;
  for (const PlanConstant& constant : plan->constants) constants.push_back(constant.bytes);
  py::dict out;
  out["slots"] = slots;
  out["steps"] = steps_of(*plan);
  out["arena_bytes"] = plan->arena_bytes;
  out["constants"] = constants;
  return out;
}

std::vector<std::int64_t> bytes_of(std::span<const BufferSpec> specs) {
  std::vector<std::int64_t> out;
  for (const BufferSpec& spec : specs) out.push_back(type_bytes(spec.type));
  return out;
}

}  // namespace

void bind_record(py::module_& module) {
  py::class_<Record, std::shared_ptr<Record>>(module, "Record")
      .def("run", &run_record, py::arg("leaves"), py::arg("out") = py::none())
      .def("guards_hold", &Record::guards_hold)
      .def_property_readonly("dense_calls", [](const Record& r) { return r.dense_calls.load(); })
      .def_property_readonly(
          "dense", [](const Record& r) { return std::const_pointer_cast<Record>(r.dense); })
      .def_property_readonly("executable", [](const Record& r) { return r.executable; });
  module.def("make_record", &make_record);
  module.def("add_writes", &add_writes);
  module.def("mark_numbers", &mark_numbers);
  module.def("memory_plan", &memory_plan);
  module.def("buffer_bytes", [](const Executable& executable) {
    return py::make_tuple(bytes_of(executable.inputs()), bytes_of(executable.outputs()));
  });
  module.def("set_pytree_registry", &set_pytree_registry);
  bind_structure(module);
  module.def("signature", [](const py::list& leaves) {
    std::vector<PyObject*> pointers;
    for (const auto& leaf : leaves) pointers.push_back(leaf.ptr());
    return py::bytes(signature_of(pointers.data(), static_cast<Py_ssize_t>(pointers.size())));
  });
  module.def("leaf_type", [](const py::handle& leaf) {
    const LeafKey key = LeafKey::of(leaf.ptr());
    const Type type = key.type();
    const char* layout = key.order == LeafKey::kCol ? "col" : "row";
    std::string order = layout;
    if (key.order == LeafKey::kStrided) {
      order = "order(";
      for (int axis : key.axes) order += (order.back() == '(' ? "" : " ") + std::to_string(axis);
      order += ")";
    }
    const bool weak = key.kind == LeafKey::kFloat || key.kind == LeafKey::kInt;
    return py::make_tuple(std::string(dtype_info(type.dtype).name), shape_to_python(type.shape),
                          weak, order);
  });
}

}  // namespace bafe::python
