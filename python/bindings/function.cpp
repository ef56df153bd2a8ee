// The callables that bafe.jit and compile return: heap types with vectorcall. A call compares its
// arguments with the last record, then looks its shape and leaves up by hash, then asks Python
// (`resolve`) to trace and compile. Records are never changed once published; they die when no call
// is inside. A thread inside a block (bafe.options, bafe.stance) has a detour that calls of jitted
// functions take instead; compiled objects never do.

#include "argument_layout.h"
#include "record.h"

#include <structmember.h>

#include <unordered_map>

namespace bafe::python {
namespace {

/// Records are found in two steps: by what is not in leaves, then by the leaves. Everything here is
/// read and changed with the interpreter lock held; entries are only ever added in front, so a
/// search may be interrupted by the user's code that compares static values.
struct Entry {
  std::shared_ptr<Record> record;
  const ArgumentLayout* layout = nullptr;
  const Entry* next = nullptr;  ///< older one with the same hash of leaves
};

struct Shape {
  ArgumentLayout layout;
  std::unordered_map<std::uint64_t, const Entry*> by_leaves;
  Shape* next = nullptr;  ///< older one with the same hash
};

struct Table {
  std::unordered_map<std::uint64_t, Shape*> by_call;
  std::vector<std::unique_ptr<Shape>> shapes;
  std::vector<std::unique_ptr<Entry>> entries;

  bool is_empty() const { return shapes.empty(); }
};

constexpr std::size_t kMostEntries = 4096;  // of one function; beyond, it starts anew

struct FunctionObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* weak_references;
  PyObject* resolve;  ///< resolve(function, args, kwargs) -> result
  Parameters* parameters;
  Table* table;
  std::vector<std::unique_ptr<Table>>* retired;  ///< a running call may still use one
  std::atomic<const Entry*> last;
  int running;  ///< calls inside, of all threads and nested ones
};

FunctionObject* self_of(PyObject* object) { return reinterpret_cast<FunctionObject*>(object); }

/// Keeps retired records alive during a call.
class Running {
 public:
  explicit Running(FunctionObject* self) : self_(self) { ++self_->running; }
  ~Running() { --self_->running; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  FunctionObject* self_;
};

/// Most processes never enter a block: then one load is all that a call pays.
std::atomic<int> threads_with_detour{0};
thread_local PyObject* detour = nullptr;  // detour(function, args, kwargs) -> result

/// `to`(self, args, kwargs)
PyObject* call_python(FunctionObject* self, PyObject* to, const CallArguments& call) {
  PyObject* positional = PyTuple_New(call.count);
  if (!positional) return nullptr;
  for (Py_ssize_t i = 0; i < call.count; ++i) {
    Py_INCREF(call.values[i]);
    PyTuple_SET_ITEM(positional, i, call.values[i]);
  }
  PyObject* keywords = PyDict_New();
  for (Py_ssize_t i = call.count; keywords && i < call.total(); ++i) {
    if (PyDict_SetItem(keywords, call.name(i), call.values[i]) < 0) Py_CLEAR(keywords);
  }
  PyObject* result = nullptr;
  if (keywords) {
    result = PyObject_CallFunctionObjArgs(to, reinterpret_cast<PyObject*>(self), positional,
                                          keywords, nullptr);
  }
  Py_DECREF(positional);
  Py_XDECREF(keywords);
  return result;
}

PyObject* call_slow(FunctionObject* self, const CallArguments& call) {
  --self->running;  // no record is in use here: old ones may die while the new one is made
  PyObject* result = call_python(self, self->resolve, call);
  ++self->running;
  return result;
}

/// Runs `entry` if the call fits it. *result stays nullptr with a Python error set when the run
/// fails.
bool try_entry(const Entry& entry, const CallArguments& call, PyObject** result) {
  const Record& record = *entry.record;
  if (entry.layout->is_plain()) {
    if (call.named() || !record.fits(call.values, call.count) || !record.guards_hold())
      return false;
    *result = record.run(call.values, nullptr);
    return true;
  }
  References leaves(entry.layout->leaf_count());
  PyObject* out = nullptr;
  if (!entry.layout->matches(call, leaves.get(), &out)) return false;
  if (!record.fits(leaves.get(), static_cast<Py_ssize_t>(leaves.size()))) return false;
  if (!record.guards_hold()) return false;
  *result = record.run(leaves.get(), out == Py_None ? nullptr : out);
  return true;
}

/// The shape of the call, whose leaves are then in `leaves`.
Shape* find_shape(FunctionObject* self, const CallArguments& call, std::uint64_t hash,
                  References& leaves, PyObject** out) {
  const auto found = self->table->by_call.find(hash);
  Shape* shape = found == self->table->by_call.end() ? nullptr : found->second;
  for (; shape; shape = shape->next) {
    References own(shape->layout.leaf_count());
    if (!shape->layout.matches(call, own.get(), out)) continue;
    leaves.swap(own);
    return shape;
  }
  return nullptr;
}

const Entry* find_entry(const Shape& shape, References& leaves) {
  const auto count = static_cast<Py_ssize_t>(leaves.size());
  const auto found = shape.by_leaves.find(hash_of_leaves(leaves.get(), count));
  const Entry* entry = found == shape.by_leaves.end() ? nullptr : found->second;
  while (entry && !(entry->record->fits(leaves.get(), count) && entry->record->guards_hold()))
    entry = entry->next;
  return entry;
}

PyObject* call_found(FunctionObject* self, const CallArguments& call) {
  const Entry* last = self->last.load(std::memory_order_acquire);
  PyObject* result = nullptr;
  if (last && try_entry(*last, call, &result)) return result;
  if (!self->table->is_empty()) {
    if (const auto hash = hash_of_call(call, *self->parameters)) {
      References leaves(0);
      PyObject* out = nullptr;
      const Shape* shape = find_shape(self, call, *hash, leaves, &out);
      if (const Entry* entry = shape ? find_entry(*shape, leaves) : nullptr) {
        self->last.store(entry, std::memory_order_release);
        return entry->record->run(leaves.get(), out == Py_None ? nullptr : out);
      }
    }
  }
  return call_slow(self, call);
}

/// Compiled objects, and jitted functions that a detour leads back to.
PyObject* call_directly(PyObject* callable, PyObject* const* args, std::size_t flags,
                        PyObject* names) {
  FunctionObject* self = self_of(callable);
  const Running running(self);
  try {
    return call_found(self, {args, PyVectorcall_NARGS(flags), names});
  } catch (...) {
    set_python_error(std::current_exception());
    return nullptr;
  }
}

PyObject* call(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* names) {
  if (threads_with_detour.load(std::memory_order_relaxed) != 0 && detour) {
    PyObject* const to = detour;
    Py_INCREF(to);  // what it calls may leave the block
    PyObject* result = call_python(self_of(callable), to, {args, PyVectorcall_NARGS(flags), names});
    Py_DECREF(to);
    return result;
  }
  return call_directly(callable, args, flags, names);
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
  self->parameters = new Parameters;
  self->table = new Table;
  self->retired = new std::vector<std::unique_ptr<Table>>;
  new (&self->last) std::atomic<const Entry*>(nullptr);
  return object;
}

PyObject* create_compiled(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  PyObject* object = create(type, args, keywords);
  if (object) self_of(object)->vectorcall = call_directly;
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
  delete self->retired;
  delete self->parameters;
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

/// Starts a new table. Records of the old one die once no call is inside.
void retire(FunctionObject* self) {
  self->last.store(nullptr, std::memory_order_release);
  self->retired->emplace_back(std::exchange(self->table, new Table));
}

void sweep(FunctionObject* self) {
  if (self->running > 0) return;
  std::vector<std::unique_ptr<Table>> dying;  // what runs when records die may call anything
  dying.swap(*self->retired);
}

void add_entry(FunctionObject* self, const CallArguments& call, const py::list& parts,
               std::shared_ptr<Record> record) {
  const auto hash = hash_of_call(call, *self->parameters);
  if (!hash) return;
  if (self->table->entries.size() >= kMostEntries) retire(self);
  References leaves(0);
  PyObject* out = nullptr;
  Shape* shape = find_shape(self, call, *hash, leaves, &out);
  if (!shape) {
    auto made = std::make_unique<Shape>(Shape{{call, *self->parameters, parts}, {}, nullptr});
    References own(made->layout.leaf_count());
    if (!made->layout.matches(call, own.get(), &out)) return;
    leaves.swap(own);
    shape = made.get();
    shape->next = std::exchange(self->table->by_call[*hash], shape);
    self->table->shapes.push_back(std::move(made));
  }
  const auto count = static_cast<Py_ssize_t>(leaves.size());
  if (!record->fits(leaves.get(), count)) return;  // leaves that Python converts first
  auto entry = std::make_unique<Entry>(Entry{std::move(record), &shape->layout, nullptr});
  const Entry*& newest = shape->by_leaves[hash_of_leaves(leaves.get(), count)];
  entry->next = std::exchange(newest, entry.get());
  self->last.store(entry.get(), std::memory_order_release);
  self->table->entries.push_back(std::move(entry));
}

/// _publish(record, args, kwargs, parts): calls like this one run the record.
PyObject* publish(PyObject* object, PyObject* const* given, Py_ssize_t count) {
  FunctionObject* self = self_of(object);
  try {
    BAFE_CHECK(count == 4, "a record comes with its call");
    const auto positional = py::reinterpret_borrow<py::tuple>(given[1]);
    const auto keywords = py::reinterpret_borrow<py::dict>(given[2]);
    std::vector<PyObject*> values;
    for (const auto& value : positional) values.push_back(value.ptr());
    py::list names;
    for (const auto& [name, value] : keywords) {
      names.append(name);
      values.push_back(value.ptr());
    }
    const py::tuple fixed(names);
    const CallArguments call{values.data(), static_cast<Py_ssize_t>(positional.size()),
                             names.empty() ? nullptr : fixed.ptr()};
    add_entry(self, call, py::reinterpret_borrow<py::list>(given[3]),
              py::cast<std::shared_ptr<Record>>(py::handle(given[0])));
    sweep(self);
  } catch (...) {
    set_python_error(std::current_exception());
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* forget(PyObject* object, PyObject*) {
  retire(self_of(object));
  sweep(self_of(object));
  Py_RETURN_NONE;
}

/// _configure(static positions, static names, owns_out)
PyObject* configure(PyObject* object, PyObject* const* given, Py_ssize_t count) {
  try {
    BAFE_CHECK(count == 3, "a function is told three things about its parameters");
    Parameters& parameters = *self_of(object)->parameters;
    parameters.static_positions = py::cast<std::vector<Py_ssize_t>>(py::handle(given[0]));
    parameters.static_names = py::reinterpret_borrow<py::tuple>(given[1]);
    parameters.owns_out = given[2] == Py_True;
  } catch (...) {
    set_python_error(std::current_exception());
    return nullptr;
  }
  Py_RETURN_NONE;
}

/// _direct(*args, **kwargs): a call that takes no detour.
PyObject* direct(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return call_directly(object, args, static_cast<std::size_t>(count), names);
}

template <class Function>
PyCFunction as_method(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}

PyMethodDef methods[] = {{"_publish", as_method(publish), METH_FASTCALL, "Adds a record."},
                         {"_configure", as_method(configure), METH_FASTCALL, "Names parameters."},
                         {"_forget", forget, METH_NOARGS, "Drops all records."},
                         {"_direct", as_method(direct), METH_FASTCALL | METH_KEYWORDS,
                          "Calls without the detour of a block."},
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

// Both types: their calls differ.
py::object make_type(const char* name, const char* doc, newfunc make) {
  PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(doc)},
                         {Py_tp_new, reinterpret_cast<void*>(make)},
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
  // Py_TPFLAGS_HAVE_VECTORCALL is spelled _Py_TPFLAGS_HAVE_VECTORCALL before Python 3.9, the floor.
  PyType_Spec spec = {name, sizeof(FunctionObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, slots};
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(type);
}

/// None ends the thread's detour.
void set_detour(const py::object& to) {
  PyObject* wanted = to.is_none() ? nullptr : py::object(to).release().ptr();
  PyObject* before = std::exchange(detour, wanted);
  threads_with_detour += (wanted != nullptr) - (before != nullptr);
  Py_XDECREF(before);
}

}  // namespace

void bind_function(py::module_& module) {
  const char* doc = "What bafe.jit returns: call it like the function it was made from.";
  module.add_object("JitFunction", make_type("bafe.JitFunction", doc, create));
  doc = "A function compiled for one signature: call it like the function.";
  module.add_object("Compiled", make_type("bafe.Compiled", doc, create_compiled));
  module.def("set_detour", &set_detour);
}

}  // namespace bafe::python
