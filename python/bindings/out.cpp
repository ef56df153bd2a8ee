// Results into the caller's arrays. In: `out=` of a call. Out: which results a kernel may write
// there at once; the rest is computed aside and copied. Invariant: a kernel never writes to memory
// that it reads as an input, nor to one array for two results.

#include "run_record.h"

#include <algorithm>

#include "bafe/base/format.h"

namespace bafe::python {
namespace {

/// The innermost line that is not BAFE's own.
SourceLoc place_of_caller() {
  py::object frame =
      py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  for (; frame && !frame.is_none(); frame = frame.attr("f_back")) {
    const py::object module = frame.attr("f_globals").attr("get")("__name__", "");
    const auto name = py::str(module).cast<std::string>();
    if (name == "bafe" || name.rfind("bafe.", 0) == 0) continue;
    const auto file = frame.attr("f_code").attr("co_filename").cast<std::string>();
    return {file.substr(file.rfind('/') + 1), frame.attr("f_lineno").cast<int>()};
  }
  return {};
}

std::string subject_of(std::size_t root, std::size_t roots) {
  return roots == 1 ? "out" : format("out, array {}", root);
}

std::string dims_text(PyArrayObject* array) {
  std::string text = "[";
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
    text += format("{}{}", axis > 0 ? ", " : "", PyArray_DIM(array, axis));
  }
  return text + "]";
}

std::string type_text(PyArrayObject* array) {
  if (const auto dtype = dtype_of_descr(PyArray_DESCR(array)))
    return std::string(dtype_info(*dtype).name) + dims_text(array);
  const py::object name = py::str(reinterpret_cast<PyObject*>(PyArray_DESCR(array)));
  return name.cast<std::string>() + dims_text(array);
}

bool same_dims(PyArrayObject* array, const std::vector<npy_intp>& dims) {
  return PyArray_NDIM(array) == static_cast<int>(dims.size()) &&
         std::equal(dims.begin(), dims.end(), PyArray_DIMS(array));
}

struct Range {
  const char *begin = nullptr, *end = nullptr;
  bool meets(const Range& other) const { return begin < other.end && other.begin < end; }
};

/// Memory of a dense array.
Range range_of(PyArrayObject* array) {
  const char* data = PyArray_BYTES(array);
  return {data, data + PyArray_NBYTES(array)};
}

}  // namespace

void Record::check_out(PyObject* given, const Output& output, std::size_t root) const {
  const std::string subject = subject_of(root, output_of_root.size());
  if (!PyArray_Check(given)) {
    throw TraceError(place_of_caller(), subject,
                     format("a {} is no array", Py_TYPE(given)->tp_name))
        .fix("pass an array like numpy.empty_like of an earlier result");
  }
  auto* array = reinterpret_cast<PyArrayObject*>(given);
  const bool is_same_type = dtype_of_descr(PyArray_DESCR(array)) == output.type.dtype;
  const std::string given_line = "out     " + type_text(array);
  const std::string result_line = "result  " + output.type.text();
  if (!is_same_type) {
    throw DTypeError(place_of_caller(), subject, "the element types differ")
        .detail(given_line)
        .detail(result_line)
        .fix("pass an array of the result's type; results are not converted on the way out");
  }
  if (!same_dims(array, output.dims)) {
    throw ShapeError(place_of_caller(), subject, "the shapes differ")
        .detail(given_line)
        .detail(result_line)
        .fix("pass an array of the result's shape; results are not broadcast");
  }
  if (!PyArray_ISWRITEABLE(array)) {
    throw ShapeError(place_of_caller(), subject, "the array is read-only")
        .fix("pass an array that owns its memory, or one with flags.writeable");
  }
}

void Record::take_out(PyObject* out, References& given) const {
  if (!result_tree.flatten(0, out, given.get())) {
    throw TraceError(place_of_caller(), "out", "it is put together otherwise than the results")
        .detail(format("out      {}", Py_TYPE(out)->tp_name))
        .detail("results  " + result_tree.text(0))
        .fix("pass arrays in the same tuples, lists and dicts");
  }
  for (std::size_t root = 0; root < given.size(); ++root) {
    const Output& output = outputs_[static_cast<std::size_t>(output_of_root[root])];
    PyObject* array = given[root];
    auto* view = reinterpret_cast<PyArrayObject*>(array);
    const bool is_right = PyArray_CheckExact(array) && is_direct(view, output);
    if (!is_right) check_out(array, output, root);
    if (std::find(given.get(), given.get() + root, array) != given.get() + root) {
      throw ShapeError(place_of_caller(), subject_of(root, given.size()),
                       "the same array is given for two results")
          .fix("pass one array for each result");
    }
  }
}

bool Record::is_direct(PyArrayObject* array, const Output& output) const {
  if (!PyArray_ISBEHAVED(array) || !same_dims(array, output.dims)) return false;
  if (dtype_of_descr(PyArray_DESCR(array)) != output.type.dtype) return false;
  for (std::size_t axis = 0; axis < output.dims.size(); ++axis) {
    const bool counts = output.dims[axis] > 1 && output.bytes > 0;
    if (counts && PyArray_STRIDES(array)[axis] != output.strides[axis]) return false;
  }
  return true;
}

bool Record::overlaps(PyArrayObject* array, PyObject* const* args, const Inputs& inputs) const {
  const Range own = range_of(array);
  const auto meets = [&own](const LeafKey& key, PyObject* leaf) {
    if (key.kind != LeafKey::kArray || key.order == LeafKey::kCopied) return false;
    if (!PyArray_CheckExact(leaf)) return false;
    return own.meets(range_of(reinterpret_cast<PyArrayObject*>(leaf)));
  };
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (meets(leaves[i], args[i])) return true;
  }
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    if (meets(hidden[i].key, inputs.held[i])) return true;
  }
  return false;
}

void Record::place_outputs(PyObject* const* args, References& given, const Inputs& inputs,
                           References& results) const {
  for (std::size_t root = 0; root < given.size(); ++root) {
    const auto output = static_cast<std::size_t>(output_of_root[root]);
    auto* array = reinterpret_cast<PyArrayObject*>(given[root]);
    if (results[output] || !is_direct(array, outputs_[output])) continue;
    bool is_free = !overlaps(array, args, inputs);
    for (std::size_t other = 0; other < results.size() && is_free; ++other) {
      auto* taken = reinterpret_cast<PyArrayObject*>(results[other]);
      is_free = !taken || !range_of(taken).meets(range_of(array));
    }
    if (!is_free) continue;
    Py_INCREF(array);
    results[output] = given[root];
  }
}

bool Record::fill_out(References& given, References& results) const {
  for (std::size_t root = 0; root < given.size(); ++root) {
    PyObject* result = results[static_cast<std::size_t>(output_of_root[root])];
    if (result == given[root]) continue;
    if (PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(given[root]),
                         reinterpret_cast<PyArrayObject*>(result)) < 0)
      return false;
  }
  return true;
}

}  // namespace bafe::python
