// Shapes of calls. In: a call and what trees.py made of its arguments, once; then calls. Out: the
// leaves of a call of the same shape. A keyword tuple is compared by identity first: a line of code
// passes the same one every time.

#include "argument_layout.h"

#include <algorithm>

namespace bafe::python {
namespace {

constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ull;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * kOdd;
  return hash ^ (hash >> 29);
}

bool same_name(PyObject* a, PyObject* b) { return a == b || PyUnicode_Compare(a, b) == 0; }

bool same_names(PyObject* a, PyObject* b) {
  if (a == b) return true;
  const Py_ssize_t size = PyTuple_GET_SIZE(a);
  if (PyTuple_GET_SIZE(b) != size) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!same_name(PyTuple_GET_ITEM(a, i), PyTuple_GET_ITEM(b, i))) return false;
  }
  return true;
}

/// Distinguishes containers by class and size; leaves have hashes of their own.
std::uint64_t container_hash(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  if (type == &PyTuple_Type) return 2 + static_cast<std::uint64_t>(PyTuple_GET_SIZE(value)) * 4;
  if (type == &PyList_Type) return 3 + static_cast<std::uint64_t>(PyList_GET_SIZE(value)) * 4;
  if (type == &PyDict_Type) return 4 + static_cast<std::uint64_t>(PyDict_GET_SIZE(value)) * 4;
  return 0;
}

}  // namespace

bool Parameters::is_static(Py_ssize_t position, PyObject* name) const {
  if (!name) {
    return std::find(static_positions.begin(), static_positions.end(), position) !=
           static_positions.end();
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(static_names.ptr()); ++i) {
    if (same_name(name, PyTuple_GET_ITEM(static_names.ptr(), i))) return true;
  }
  return false;
}

bool Parameters::is_out(PyObject* name) const {
  return owns_out && PyUnicode_CompareWithASCIIString(name, "out") == 0;
}

std::optional<std::uint64_t> hash_of_call(const CallArguments& call, const Parameters& parameters) {
  std::uint64_t hash =
      mixed(static_cast<std::uint64_t>(call.count), static_cast<std::uint64_t>(call.named()));
  for (Py_ssize_t i = 0; i < call.total(); ++i) {
    PyObject* name = i < call.count ? nullptr : call.name(i);
    if (name) hash = mixed(hash, static_cast<std::uint64_t>(PyObject_Hash(name)));
    if (name && parameters.is_out(name)) continue;
    PyObject* value = call.values[i];
    if (!parameters.is_static(i, name)) {
      hash = mixed(hash, container_hash(value));
      continue;
    }
    const Py_hash_t own = PyObject_Hash(value);
    if (own == -1) {
      PyErr_Clear();
      return std::nullopt;
    }
    hash = mixed(hash, static_cast<std::uint64_t>(own));
  }
  return hash;
}

ArgumentLayout::ArgumentLayout(const CallArguments& call, const Parameters& parameters,
                               const py::list& parts)
    : count_(call.count),
      names_(call.names ? py::reinterpret_borrow<py::object>(call.names) : py::tuple()),
      first_(static_cast<std::size_t>(call.total())),
      version_(pytree_version()) {
  for (Py_ssize_t i = call.count; i < call.total(); ++i) {
    if (parameters.is_out(call.name(i))) first_[static_cast<std::size_t>(i)] = tree_.append_out();
  }
  for (const auto& item : parts) {
    const auto part = py::reinterpret_borrow<py::tuple>(item);
    Py_ssize_t at = call.count;
    if (PyLong_Check(part[0].ptr())) {
      at = part[0].cast<Py_ssize_t>();
    } else {
      while (at < call.total() && !same_name(call.name(at), part[0].ptr())) ++at;
    }
    BAFE_CHECK(at < call.total(), "a part of a call is one of its arguments");
    first_[static_cast<std::size_t>(at)] = part[1].cast<std::string>() == "static"
                                               ? tree_.append_static(part[2])
                                               : tree_.append(part[2]);
  }
  is_plain_ = call.named() == 0 && tree_.leaf_count() == count_ &&
              tree_.size() == static_cast<std::size_t>(count_);
}

bool ArgumentLayout::matches(const CallArguments& call, PyObject** leaves, PyObject** out) const {
  if (call.count != count_) return false;
  if (call.names ? !same_names(names_.ptr(), call.names) : PyTuple_GET_SIZE(names_.ptr()) != 0)
    return false;
  if (version_ != pytree_version()) return false;
  for (std::size_t i = 0; i < first_.size(); ++i) {
    const PyTree::Node& node = tree_.node(first_[i]);
    PyObject* value = call.values[i];
    if (node.kind == PyTree::Node::kLeaf) {
      Py_INCREF(value);
      leaves[node.leaf] = value;
    } else if (node.kind == PyTree::Node::kOut) {
      *out = value;
    } else if (!tree_.flatten(first_[i], value, leaves)) {
      return false;
    }
  }
  return true;
}

}  // namespace bafe::python
