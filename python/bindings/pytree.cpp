// Trees of Python containers. In: a structure as trees.py describes it, once; then values at every
// call. Out: leaves in order, or a tree built from them. Invariant: a value fits exactly when
// trees.flatten would give the same structure, types of keys included.

#include "pytree.h"

#include <cstring>

namespace bafe::python {
namespace {

PyObject* registry = nullptr;  // lives as long as the module
Py_ssize_t version = 0;

/// A reference that is given back.
class Owned {
 public:
  explicit Owned(PyObject* object) : object_(object) {}
  ~Owned() { Py_XDECREF(object_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_; }

 private:
  PyObject* object_;
};

PyObject* new_reference(PyObject* object) {
  Py_INCREF(object);
  return object;
}

bool equal(PyObject* a, PyObject* b) {
  const int answer = PyObject_RichCompareBool(a, b, Py_EQ);
  if (answer < 0) PyErr_Clear();
  return answer > 0;
}

bool same_text(PyObject* a, PyObject* b) {
  const Owned first(PyObject_Repr(a)), second(first ? PyObject_Repr(b) : nullptr);
  if (!second) {
    PyErr_Clear();
    return false;
  }
  return equal(first.get(), second.get());
}

PyTree::Node::Kind kind_of(PyTypeObject* type, const py::handle& rest, py::object& convert) {
  auto* object = reinterpret_cast<PyObject*>(type);
  if (PyObject* found = registry ? PyDict_GetItem(registry, object) : nullptr) {
    convert = py::reinterpret_borrow<py::object>(found);
    return PyTree::Node::kRegistered;
  }
  if (type == &PyTuple_Type) return PyTree::Node::kTuple;
  if (type == &PyList_Type) return PyTree::Node::kList;
  if (type == &PyDict_Type) return PyTree::Node::kDict;
  return rest.is_none() ? PyTree::Node::kNamedTuple : PyTree::Node::kDataclass;
}

}  // namespace

void set_pytree_registry(py::dict given) {
  Py_XDECREF(registry);
  registry = given.release().ptr();
  ++version;
}

Py_ssize_t pytree_version() { return version; }

bool same_static(PyObject* a, PyObject* b) {
  if (a == b) return true;
  if (Py_TYPE(a) != Py_TYPE(b) || a == Py_None || PyBool_Check(a)) return false;
  if (PyFloat_CheckExact(a)) {
    const double x = PyFloat_AS_DOUBLE(a), y = PyFloat_AS_DOUBLE(b);
    return std::memcmp(&x, &y, sizeof x) == 0;
  }
  if (PyUnicode_CheckExact(a) || PyLong_CheckExact(a) || PyBytes_CheckExact(a)) return equal(a, b);
  if (PyTuple_CheckExact(a)) {
    const Py_ssize_t size = PyTuple_GET_SIZE(a);
    if (PyTuple_GET_SIZE(b) != size) return false;
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (!same_static(PyTuple_GET_ITEM(a, i), PyTuple_GET_ITEM(b, i))) return false;
    }
    return true;
  }
  return equal(a, b) && same_text(a, b);
}

std::size_t PyTree::append(const py::handle& structure) {
  const std::size_t at = nodes_.size();
  nodes_.emplace_back();
  Node node;
  if (structure.is_none()) {
    node.kind = Node::kNone;
  } else if (PyUnicode_Check(structure.ptr())) {
    node.leaf = leaves_++;
  } else {
    const auto parts = py::reinterpret_borrow<py::tuple>(structure);  // (class, rest, children)
    const auto children = py::reinterpret_borrow<py::tuple>(parts[2]);
    node.type = parts[0];
    node.keys = parts[1];
    node.kind = kind_of(reinterpret_cast<PyTypeObject*>(node.type.ptr()), node.keys, node.convert);
    node.count = static_cast<Py_ssize_t>(children.size());
    for (const auto& child : children) append(child);
  }
  node.next = nodes_.size();
  nodes_[at] = std::move(node);
  return at;
}

std::size_t PyTree::append_static(const py::handle& value) {
  Node node;
  node.kind = Node::kStatic;
  node.keys = py::reinterpret_borrow<py::object>(value);
  node.next = nodes_.size() + 1;
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

std::size_t PyTree::append_out() {
  Node node;
  node.kind = Node::kOut;
  node.next = nodes_.size() + 1;
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

bool PyTree::flatten(std::size_t at, PyObject* value, PyObject** leaves) const {
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Node::kLeaf:
      leaves[node.leaf] = new_reference(value);
      return true;
    case Node::kNone:
      return value == Py_None;
    case Node::kStatic:
      return same_static(node.keys.ptr(), value);
    case Node::kOut:
      return true;
    default:
      break;
  }
  if (reinterpret_cast<PyObject*>(Py_TYPE(value)) != node.type.ptr()) return false;
  if (node.kind == Node::kDict) return flatten_dict(node, at, value, leaves);
  if (node.kind == Node::kRegistered) return flatten_registered(node, at, value, leaves);
  return flatten_children(node, at, value, leaves);
}

bool PyTree::flatten_children(const Node& node, std::size_t at, PyObject* value,
                              PyObject** leaves) const {
  const bool is_list = node.kind == Node::kList, has_fields = node.kind == Node::kDataclass;
  const auto size = [&] { return is_list ? PyList_GET_SIZE(value) : PyTuple_GET_SIZE(value); };
  if (!has_fields && size() != node.count) return false;
  std::size_t child = at + 1;
  for (Py_ssize_t i = 0; i < node.count; ++i, child = nodes_[child].next) {
    if (!has_fields && i >= size()) return false;  // a property of an earlier item shortened it
    Owned item(has_fields ? PyObject_GetAttr(value, PyTuple_GET_ITEM(node.keys.ptr(), i))
               : is_list  ? new_reference(PyList_GET_ITEM(value, i))
                          : new_reference(PyTuple_GET_ITEM(value, i)));
    if (!item) {
      PyErr_Clear();
      return false;
    }
    if (nodes_[child].kind == Node::kLeaf)
      leaves[nodes_[child].leaf] = item.release();
    else if (!flatten(child, item.get(), leaves))
      return false;
  }
  return true;
}

bool PyTree::flatten_dict(const Node& node, std::size_t at, PyObject* value,
                          PyObject** leaves) const {
  if (PyDict_GET_SIZE(value) != node.count) return false;
  std::size_t child = at + 1;
  Py_ssize_t place = 0, i = 0;
  PyObject *key = nullptr, *item = nullptr;
  for (; PyDict_Next(value, &place, &key, &item); ++i, child = nodes_[child].next) {
    if (i >= node.count) return false;
    PyObject* wanted = PyTuple_GET_ITEM(node.keys.ptr(), i);
    if (key == wanted && nodes_[child].kind == Node::kLeaf) {
      leaves[nodes_[child].leaf] = new_reference(item);
      continue;
    }
    const Owned held_key(new_reference(key)), held_item(new_reference(item));
    if (!same_static(wanted, key) || !flatten(child, item, leaves)) return false;
  }
  return i == node.count;
}

bool PyTree::flatten_registered(const Node& node, std::size_t at, PyObject* value,
                                PyObject** leaves) const {
  const Owned pair(
      PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(node.convert.ptr(), 0), value, nullptr));
  const bool is_pair = pair && PyTuple_CheckExact(pair.get()) && PyTuple_GET_SIZE(pair.get()) == 2;
  const Owned children(is_pair ? PySequence_Tuple(PyTuple_GET_ITEM(pair.get(), 0)) : nullptr);
  if (!children) {
    PyErr_Clear();
    return false;
  }
  if (PyTuple_GET_SIZE(children.get()) != node.count) return false;
  if (!same_static(node.keys.ptr(), PyTuple_GET_ITEM(pair.get(), 1))) return false;
  std::size_t child = at + 1;
  for (Py_ssize_t i = 0; i < node.count; ++i, child = nodes_[child].next) {
    if (!flatten(child, PyTuple_GET_ITEM(children.get(), i), leaves)) return false;
  }
  return true;
}

PyObject* PyTree::build(std::size_t at, PyObject** leaves) const {
  const Node& node = nodes_[at];
  if (node.kind == Node::kLeaf) return std::exchange(leaves[node.leaf], nullptr);
  if (node.kind == Node::kNone) return new_reference(Py_None);
  if (node.kind == Node::kDict) return build_dict(node, at, leaves);
  if (node.kind == Node::kDataclass) return build_dataclass(node, at, leaves);
  const bool is_tuple = node.kind == Node::kTuple || node.kind == Node::kNamedTuple;
  Owned sequence(is_tuple ? PyTuple_New(node.count) : PyList_New(node.count));
  if (!sequence) return nullptr;
  std::size_t child = at + 1;
  for (Py_ssize_t i = 0; i < node.count; ++i, child = nodes_[child].next) {
    PyObject* item = build(child, leaves);
    if (!item) return nullptr;
    is_tuple ? PyTuple_SET_ITEM(sequence.get(), i, item) : PyList_SET_ITEM(sequence.get(), i, item);
  }
  if (node.kind == Node::kRegistered) {
    return PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(node.convert.ptr(), 1), node.keys.ptr(),
                                        sequence.get(), nullptr);
  }
  if (node.kind != Node::kNamedTuple) return sequence.release();
  const Owned arguments(PyTuple_Pack(1, sequence.get()));
  auto* type = reinterpret_cast<PyTypeObject*>(node.type.ptr());
  return arguments ? PyTuple_Type.tp_new(type, arguments.get(), nullptr) : nullptr;
}

PyObject* PyTree::build_dict(const Node& node, std::size_t at, PyObject** leaves) const {
  Owned dict(PyDict_New());
  std::size_t child = at + 1;
  for (Py_ssize_t i = 0; dict && i < node.count; ++i, child = nodes_[child].next) {
    const Owned item(build(child, leaves));
    if (!item) return nullptr;
    if (PyDict_SetItem(dict.get(), PyTuple_GET_ITEM(node.keys.ptr(), i), item.get()) < 0)
      return nullptr;
  }
  return dict.release();
}

/// Fields are set as they were: __init__ and __post_init__ ran when the traced function made the
/// object, and would apply twice.
PyObject* PyTree::build_dataclass(const Node& node, std::size_t at, PyObject** leaves) const {
  auto* type = reinterpret_cast<PyTypeObject*>(node.type.ptr());
  Owned made(PyObject_CallMethod(node.type.ptr(), "__new__", "O", type));
  std::size_t child = at + 1;
  for (Py_ssize_t i = 0; made && i < node.count; ++i, child = nodes_[child].next) {
    const Owned item(build(child, leaves));
    if (!item) return nullptr;
    PyObject* name = PyTuple_GET_ITEM(node.keys.ptr(), i);
    if (PyObject_GenericSetAttr(made.get(), name, item.get()) < 0) return nullptr;
  }
  return made.release();
}

std::string PyTree::text(std::size_t at) const {
  const Node& node = nodes_[at];
  if (node.kind == Node::kLeaf) return "array";
  if (node.kind == Node::kNone) return "None";
  const bool has_keys = node.kind == Node::kDict || node.kind == Node::kDataclass;
  const char* ends = node.kind == Node::kDict ? "{}" : node.kind == Node::kList ? "[]" : "()";
  std::string out;
  if (node.kind >= Node::kNamedTuple) out = py::str(node.type.attr("__name__")).cast<std::string>();
  out += ends[0];
  std::size_t child = at + 1;
  for (Py_ssize_t i = 0; i < node.count; ++i, child = nodes_[child].next) {
    if (i > 0) out += ", ";
    if (has_keys) {
      const py::handle key = PyTuple_GET_ITEM(node.keys.ptr(), i);
      out += node.kind == Node::kDict ? py::repr(key).cast<std::string>() + ": "
                                      : py::str(key).cast<std::string>() + "=";
    }
    out += text(child);
  }
  if (node.kind == Node::kTuple && node.count == 1) out += ",";
  return out + ends[1];
}

}  // namespace bafe::python
