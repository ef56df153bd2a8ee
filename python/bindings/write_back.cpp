// Arguments that a traced function wrote into. In: a record with writes, and the leaves of a call.
// Out: the regions of the caller's arrays hold what NumPy would have left there. Invariant: nothing
// is written before every result is known, but into arrays that no kernel reads; where arguments
// share memory, the plain function runs, since the trace took them apart.

#include "run_record.h"

#include <algorithm>

namespace bafe::python {
namespace {

/// Bytes from the first to the last element.
struct Extent {
  const char *begin = nullptr, *end = nullptr;
  explicit Extent(PyArrayObject* array) : begin(PyArray_BYTES(array)), end(begin) {
    for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
      const npy_intp last = PyArray_DIM(array, axis) - 1;
      if (last < 0) {
        end = begin = PyArray_BYTES(array);
        return;
      }
      (PyArray_STRIDE(array, axis) < 0 ? begin : end) += last * PyArray_STRIDE(array, axis);
    }
    end += PyArray_ITEMSIZE(array);
  }
  bool meets(const Extent& other) const { return begin < other.end && other.begin < end; }
};

PyArrayObject* array_of(PyObject* object) { return reinterpret_cast<PyArrayObject*>(object); }

/// The written region of an argument, as a view of it. New reference.
PyObject* region_of(PyArrayObject* array, const RecordWrite& write) {
  std::vector<npy_intp> strides(write.start.size());
  char* data = PyArray_BYTES(array);
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    const npy_intp stride = PyArray_STRIDE(array, static_cast<int>(axis));
    data += write.start[axis] * stride;
    strides[axis] = write.step[axis] * stride;
  }
  PyArray_Descr* descr = PyArray_DESCR(array);
  Py_INCREF(descr);
  PyObject* view = PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(strides.size()),
                                        write.size.data(), strides.data(), data,
                                        PyArray_FLAGS(array) & NPY_ARRAY_WRITEABLE, nullptr);
  if (!view) return nullptr;
  Py_INCREF(reinterpret_cast<PyObject*>(array));
  if (PyArray_SetBaseObject(array_of(view), reinterpret_cast<PyObject*>(array)) < 0) {
    Py_DECREF(view);
    return nullptr;
  }
  return view;
}

}  // namespace

bool Record::shares_written_memory(PyObject* const* args) const {
  for (const RecordWrite& write : writes) {
    if (!PyArray_CheckExact(args[write.leaf])) continue;
    const Extent own(array_of(args[write.leaf]));
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (i != write.leaf && PyArray_CheckExact(args[i]) && own.meets(Extent(array_of(args[i]))))
        return true;
    }
    for (const HiddenInput& input : hidden) {
      PyObject* array = input.current();
      if (array && PyArray_CheckExact(array) && own.meets(Extent(array_of(array)))) return true;
    }
  }
  return false;
}

PyObject* Record::run_plain(PyObject* const* args) const {
  py::list given;
  for (std::size_t i = 0; i < leaves.size(); ++i)
    given.append(py::reinterpret_borrow<py::object>(args[i]));
  return plain(given).release().ptr();
}

PyObject* Record::run_writing(PyObject* const* args, PyObject* out) const {
  if (out) {
    throw TraceError({}, "out", "the function writes into its arguments, which say where it writes")
        .fix("leave out= away, or let the function return its results");
  }
  for (const RecordWrite& write : writes) {
    if (PyArray_CheckExact(args[write.leaf]) && !PyArray_ISWRITEABLE(array_of(args[write.leaf]))) {
      throw ShapeError({}, "call", "the function writes into an argument that is read-only")
          .fix("pass an array with flags.writeable, such as x.copy()");
    }
  }
  if (shares_written_memory(args)) return run_plain(args);
  Inputs inputs(leaves.size(), hidden.size());
  if (!gather(args, inputs)) return nullptr;
  References results(outputs_.size());
  References regions(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const RecordWrite& write = writes[i];
    if (!PyArray_CheckExact(args[write.leaf])) continue;  // a number of NumPy has no memory
    if (!(regions[i] = region_of(array_of(args[write.leaf]), write))) return nullptr;
    const auto output = static_cast<std::size_t>(write.output);
    const bool is_free = !write.is_read && !results[output];
    if (!is_free || !is_direct(array_of(regions[i]), outputs_[output])) continue;
    Py_INCREF(regions[i]);
    results[output] = regions[i];
  }
  Room<void*> addresses(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i] && !(results[i] = allocate(outputs_[i]))) return nullptr;
    addresses[i] = PyArray_DATA(array_of(results[i]));
  }
  execute(inputs.addresses.get(), addresses.get());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    PyObject* result = results[static_cast<std::size_t>(writes[i].output)];
    if (!regions[i] || result == regions[i]) continue;
    if (PyArray_CopyInto(array_of(regions[i]), array_of(result)) < 0) return nullptr;
  }
  return finish_writing(args, results, regions);
}

PyObject* Record::finish_writing(PyObject* const* args, References& results,
                                 References& regions) const {
  const std::size_t count = same_as.size();
  References roots(count);
  for (std::size_t root = 0; root < count; ++root) {
    const int leaf = same_as[root];
    if (leaf >= 0 && PyArray_CheckExact(args[leaf])) {
      Py_INCREF(args[leaf]);
      roots[root] = args[leaf];
      continue;
    }
    PyObject* item = results[static_cast<std::size_t>(output_of_root[root])];
    PyObject** const end = regions.get() + regions.size();
    const bool is_region = std::find(regions.get(), end, item) != end;
    if (is_copied_[root] || is_region) {
      item = PyArray_NewCopy(array_of(item), NPY_KEEPORDER);
      if (!item) return nullptr;
    } else {
      Py_INCREF(item);
    }
    roots[root] = PyArray_Return(array_of(item));
    if (!roots[root]) return nullptr;
  }
  return result_tree.build(0, roots.get());
}

}  // namespace bafe::python
