// The callable that bafe.jit returns: a heap type with vectorcall. A call compares its arguments
// with the last record, then looks its signature up, then asks Python (`resolve`) to trace and
// compile. Records are never changed once published, so a reader needs one atomic load.

#include "record.h"

#include <structmember.h>

#include <unordered_map>

namespace bafe::python {
namespace {

struct Table {
  std::unordered_map<std::string, std::shared_ptr<Record>> by_signature;
  std::vector<std::shared_ptr<Record>> retired;  ///< kept alive: a running call may still use one
};

struct FunctionObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* weak_references;
  PyObject* resolve;  ///< resolve(function, args, kwargs) -> result
  Table* table;
  std::atomic<const Record*> last;
};

FunctionObject* self_of(PyObject* object) { return reinterpret_cast<FunctionObject*>(object); }

PyObject* call_slow(FunctionObject* self, PyObject* const* args, Py_ssize_t count,
                    PyObject* names) {
  PyObject* positional = PyTuple_New(count);
  if (!positional) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    Py_INCREF(args[i]);
    PyTuple_SET_ITEM(positional, i, args[i]);
  }
  PyObject* keywords = PyDict_New();
  const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  for (Py_ssize_t i = 0; keywords && i < named; ++i) {
    PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, i), args[count + i]);
  }
  PyObject* result = nullptr;
  if (keywords) {
    result = PyObject_CallFunctionObjArgs(self->resolve, reinterpret_cast<PyObject*>(self),
                                          positional, keywords, nullptr);
  }
  Py_DECREF(positional);
  Py_XDECREF(keywords);
  return result;
}

const Record* find_record(FunctionObject* self, PyObject* const* args, Py_ssize_t count) {
  if (self->table->by_signature.empty()) return nullptr;
  try {
    auto found = self->table->by_signature.find(signature_of(args, count));
    if (found == self->table->by_signature.end()) return nullptr;
    if (!found->second->fits(args, count) || !found->second->guards_hold()) return nullptr;
    return found->second.get();
  } catch (const Error&) {
    return nullptr;  // no array: the slow path says what is wrong, in the user's terms
  }
}

PyObject* call(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* names) {
  FunctionObject* self = self_of(callable);
  const Py_ssize_t count = PyVectorcall_NARGS(flags);
  if (!names || PyTuple_GET_SIZE(names) == 0) {
    const Record* record = self->last.load(std::memory_order_acquire);
    if (record && record->fits(args, count) && record->guards_hold())
      return record->run(args, nullptr);
    if ((record = find_record(self, args, count))) {
      self->last.store(record, std::memory_order_release);
      return record->run(args, nullptr);
    }
  }
  return call_slow(self, args, count, names);
}

int init(PyObject* object, PyObject* args, PyObject*) {
  PyObject* resolve = nullptr;
  if (!PyArg_ParseTuple(args, "O", &resolve)) return -1;
  Py_INCREF(resolve);
  Py_XSETREF(self_of(object)->resolve, resolve);
  return 0;
}

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* object = type->tp_alloc(type, 0);
  if (!object) return nullptr;
  FunctionObject* self = self_of(object);
  self->vectorcall = call;
  self->table = new Table;
  new (&self->last) std::atomic<const Record*>(nullptr);
  return object;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  FunctionObject* self = self_of(object);
  Py_VISIT(self->resolve);
  Py_VISIT(self->dict);
  Py_VISIT(Py_TYPE(object));
  return 0;
}

int clear(PyObject* object) {
  Py_CLEAR(self_of(object)->resolve);
  Py_CLEAR(self_of(object)->dict);
  return 0;
}

void destroy(PyObject* object) {
  FunctionObject* self = self_of(object);
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  if (self->weak_references) PyObject_ClearWeakRefs(object);
  clear(object);
  delete self->table;
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* bind_method(PyObject* function, PyObject* instance, PyObject*) {
  if (!instance || instance == Py_None) {
    Py_INCREF(function);
    return function;
  }
  return PyMethod_New(function, instance);
}

/// register(record): publishes a record for calls of plain positional arguments.
PyObject* publish(PyObject* object, PyObject* given) {
  FunctionObject* self = self_of(object);
  try {
    auto record = py::cast<std::shared_ptr<Record>>(py::handle(given));
    auto& entry = self->table->by_signature[record->signature];
    if (entry) self->table->retired.push_back(entry);
    entry = record;
    self->last.store(record.get(), std::memory_order_release);
  } catch (...) {
    set_python_error(std::current_exception());
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* forget(PyObject* object, PyObject*) {
  FunctionObject* self = self_of(object);
  self->last.store(nullptr, std::memory_order_release);
  for (auto& [signature, record] : self->table->by_signature) {
    self->table->retired.push_back(record);
  }
  self->table->by_signature.clear();
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {{"_publish", publish, METH_O, "Adds a record for plain positional calls."},
                         {"_forget", forget, METH_NOARGS, "Drops all records."},
                         {nullptr, nullptr, 0, nullptr}};

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(FunctionObject, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(FunctionObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(FunctionObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyGetSetDef getters[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

constexpr char kDoc[] = "What bafe.jit returns: call it like the function it was made from.";

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                       {Py_tp_new, reinterpret_cast<void*>(create)},
                       {Py_tp_init, reinterpret_cast<void*>(init)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                       {Py_tp_descr_get, reinterpret_cast<void*>(bind_method)},
                       {Py_tp_methods, methods},
                       {Py_tp_members, members},
                       {Py_tp_getset, getters},
                       {0, nullptr}};

// Py_TPFLAGS_HAVE_VECTORCALL is spelled _Py_TPFLAGS_HAVE_VECTORCALL before Python 3.9; 3.9 is the
// floor.
PyType_Spec spec = {"bafe.JitFunction", sizeof(FunctionObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, slots};

Lookup lookup_of(const py::handle& place) {
  if (place.is_none()) return {py::none(), py::none()};
  const auto pair = py::reinterpret_borrow<py::tuple>(place);
  return {pair[0], pair[1]};
}

/// make_record(leaves, executable, hidden [(place, array)], guards [(place, expected)], outputs,
/// tree, unflatten, …)
std::shared_ptr<Record> make_record(const py::list& leaves,
                                    std::shared_ptr<const Executable> executable,
                                    const std::vector<int>& input_of_leaf, const py::list& hidden,
                                    const py::list& guards, const std::vector<int>& output_of_root,
                                    int tree, py::object unflatten, int threads,
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
  record->tree = static_cast<Record::Tree>(tree);
  record->unflatten = std::move(unflatten);
  record->threads = threads;
  record->autotune = !autotune_key.empty();
  record->autotune_key = autotune_key + record->signature;
  record->graph_hash = program.graph.hash();
  record->executable = std::move(executable);
  record->prepare();
  return record;
}

py::object run_record(const Record& record, const py::list& leaves) {
  std::vector<PyObject*> pointers;
  for (const auto& leaf : leaves) pointers.push_back(leaf.ptr());
  if (!record.fits(pointers.data(), static_cast<Py_ssize_t>(pointers.size()))) {
    throw InternalError({}, "call", "the leaves fit the record they were looked up by");
  }
  PyObject* result = record.run(pointers.data(), nullptr);
  if (!result) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

}  // namespace

void bind_function(py::module_& module) {
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw py::error_already_set();
  module.add_object("JitFunction", py::reinterpret_steal<py::object>(type));
  py::class_<Record, std::shared_ptr<Record>>(module, "Record")
      .def("run", &run_record)
      .def("guards_hold", &Record::guards_hold)
      .def_property_readonly("dense_calls", [](const Record& r) { return r.dense_calls.load(); })
      .def_property_readonly(
          "dense", [](const Record& r) { return std::const_pointer_cast<Record>(r.dense); })
      .def_property_readonly("executable", [](const Record& r) { return r.executable; });
  module.def("make_record", &make_record);
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
