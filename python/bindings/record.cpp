// Matching arguments against a record and running it. A record's run allocates results, gathers
// pointers and calls the executable; everything that can be known before the call was worked out in
// prepare().

#include "record.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

#include "bafe/base/format.h"
#include "bafe/base/thread_pool.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/memory_pool.h"

namespace bafe::python {
namespace {

/// Values of one call: on the stack for as many as most functions have, on the heap for more.
template <class T>
class Room {
 public:
  explicit Room(std::size_t count) {
    if (count > kUsual) more_ = std::make_unique<T[]>(count);
  }
  T* get() { return more_ ? more_.get() : here_; }
  T& operator[](std::size_t i) { return get()[i]; }

 private:
  static constexpr std::size_t kUsual = 32;
  T here_[kUsual];
  std::unique_ptr<T[]> more_;
};

bool same_dims(PyArrayObject* array, const std::vector<npy_intp>& dims) {
  return PyArray_NDIM(array) == static_cast<int>(dims.size()) &&
         std::memcmp(PyArray_DIMS(array), dims.data(), dims.size() * sizeof(npy_intp)) == 0;
}

bool native_aligned(PyArrayObject* array) { return PyArray_ISBEHAVED_RO(array); }

}  // namespace

LeafKey LeafKey::of(PyObject* leaf) {
  LeafKey key;
  if (PyFloat_CheckExact(leaf)) {
    key.kind = kFloat;
    key.dtype = DType::kF64;
    return key;
  }
  if (PyBool_Check(leaf)) {
    key.kind = kBool;
    key.dtype = DType::kBool;
    return key;
  }
  if (PyLong_CheckExact(leaf)) {
    key.kind = kInt;
    key.dtype = DType::kI64;
    return key;
  }
  if (!PyArray_Check(leaf)) {
    throw TraceError({}, "argument",
                     format("an array or a number is needed, got {}", Py_TYPE(leaf)->tp_name))
        .fix("pass numpy.asarray(x), or name the argument in static_argnums");
  }
  auto* array = reinterpret_cast<PyArrayObject*>(leaf);
  const auto dtype = dtype_of_descr(PyArray_DESCR(array));
  if (!dtype) {
    py::object name = py::str(reinterpret_cast<PyObject*>(PyArray_DESCR(array)));
    throw DTypeError({}, "argument",
                     format("arrays of dtype {} cannot be used", name.cast<std::string>()))
        .fix("convert with x.astype(numpy.float64) or another numeric dtype");
  }
  key.dtype = *dtype;
  key.type_num = PyArray_TYPE(array);
  key.dims.assign(PyArray_DIMS(array), PyArray_DIMS(array) + PyArray_NDIM(array));
  key.axes.resize(key.dims.size());
  std::iota(key.axes.begin(), key.axes.end(), 0);
  const auto order = dense_order(array);
  if (!order) {
    key.order = kCopied;
  } else if (PyArray_IS_C_CONTIGUOUS(array)) {
    key.order = kRow;
  } else {
    key.order = PyArray_IS_F_CONTIGUOUS(array) ? kCol : kStrided;
    key.axes = *order;
    key.strides.assign(PyArray_STRIDES(array), PyArray_STRIDES(array) + PyArray_NDIM(array));
  }
  return key;
}

bool LeafKey::fits(PyObject* leaf) const {
  switch (kind) {
    case kFloat:
      return PyFloat_CheckExact(leaf);
    case kInt:
      return PyLong_CheckExact(leaf);
    case kBool:
      return PyBool_Check(leaf);
    case kArray:
      break;
  }
  if (!PyArray_CheckExact(leaf)) return false;
  auto* array = reinterpret_cast<PyArrayObject*>(leaf);
  if (PyArray_TYPE(array) != type_num || !same_dims(array, dims)) return false;
  switch (order) {
    case kRow:
      return PyArray_IS_C_CONTIGUOUS(array) && native_aligned(array);
    case kCol:
      return PyArray_IS_F_CONTIGUOUS(array) && !PyArray_IS_C_CONTIGUOUS(array) &&
             native_aligned(array);
    case kStrided:
      return native_aligned(array) && !PyArray_IS_C_CONTIGUOUS(array) &&
             std::memcmp(PyArray_STRIDES(array), strides.data(),
                         strides.size() * sizeof(npy_intp)) == 0;
    case kCopied:
      return !dense_order(array).has_value();
  }
  return false;
}

void LeafKey::append_to(std::string& key) const {
  key += static_cast<char>('a' + kind);
  if (kind != kArray) return;
  key += static_cast<char>('0' + order);
  auto add = [&key](const auto& numbers) {
    const auto bytes = numbers.size() * sizeof(numbers[0]);
    key += static_cast<char>(numbers.size());
    if (bytes) key.append(reinterpret_cast<const char*>(numbers.data()), bytes);
  };
  add(std::vector<int>{type_num});
  add(dims);
  add(strides);
}

Type LeafKey::type() const {
  Type type{dtype, {}};
  for (npy_intp d : dims) type.shape.emplace_back(static_cast<std::int64_t>(d));
  return type;
}

std::string signature_of(PyObject* const* args, Py_ssize_t count) {
  std::string key;
  for (Py_ssize_t i = 0; i < count; ++i) LeafKey::of(args[i]).append_to(key);
  return key;
}

PyObject* Lookup::read() const {
  if (PyCell_Check(container.ptr())) return PyCell_GET(container.ptr());
  if (PyDict_Check(container.ptr())) return PyDict_GetItem(container.ptr(), name.ptr());
  const Py_ssize_t position = PyLong_AsSsize_t(name.ptr());
  const bool inside = position >= 0 && position < PyList_GET_SIZE(container.ptr());
  return inside ? PyList_GET_ITEM(container.ptr(), position) : nullptr;
}

namespace {

Py_ssize_t container_size(PyObject* object) {
  if (PyList_CheckExact(object)) return PyList_GET_SIZE(object);
  return PyDict_CheckExact(object) ? PyDict_Size(object) : -1;
}

}  // namespace

Guard::Guard(Lookup where, py::object value)
    : lookup(std::move(where)), expected(std::move(value)), size(container_size(expected.ptr())) {}

bool Guard::holds() const {
  return lookup.read() == expected.ptr() && container_size(expected.ptr()) == size;
}

PyObject* HiddenInput::current() const {
  if (lookup.container.is_none()) return key.fits(array.ptr()) ? array.ptr() : nullptr;
  PyObject* now = lookup.read();
  return now && key.fits(now) ? now : nullptr;
}

bool Record::fits(PyObject* const* args, Py_ssize_t count) const {
  if (count != static_cast<Py_ssize_t>(leaves.size())) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!leaves[static_cast<std::size_t>(i)].fits(args[i])) return false;
  }
  return true;
}

bool Record::guards_hold() const {
  if (stale.load(std::memory_order_relaxed)) return false;
  for (const Guard& guard : guards) {
    if (!guard.holds()) return false;
  }
  for (const HiddenInput& input : hidden) {
    if (!input.current()) return false;
  }
  return true;
}

void Record::prepare() {
  for (const BufferSpec& spec : executable->outputs()) {
    Output out{descr_of_dtype(spec.type.dtype), {}, {}};
    if (!out.descr) throw py::error_already_set();
    for (Dim d : spec.type.shape) out.dims.push_back(static_cast<npy_intp>(d.value()));
    out.strides.resize(out.dims.size());
    npy_intp step = dtype_bytes(spec.type.dtype);
    for (std::size_t i = spec.order.size(); i-- > 0;) {
      const auto axis = static_cast<std::size_t>(spec.order[i]);
      out.strides[axis] = step;
      step *= std::max<npy_intp>(out.dims[axis], 1);
    }
    out.bytes = type_bytes(spec.type);
    outputs_.push_back(std::move(out));
  }
  std::vector<char> given(outputs_.size(), 0);
  for (int output : output_of_root) {
    char& is_given = given[static_cast<std::size_t>(output)];
    is_copied_.push_back(is_given);
    is_given = 1;
  }
  // Below ~20 µs handing the GIL over costs more than it gives.
  release_gil =
      executable->provenance().predicted_ns > 20000 || executable->provenance().interpreted;
}

PyObject* Record::allocate(std::size_t i, PyObject* given) const {
  const Output& out = outputs_[i];
  if (given) {
    Py_INCREF(given);
    return given;
  }
  Py_INCREF(out.descr);
  if (out.bytes >= kPooledBytes) return pooled_array(out.descr, out.dims, out.strides, out.bytes);
  return PyArray_NewFromDescr(&PyArray_Type, out.descr, static_cast<int>(out.dims.size()),
                              out.dims.data(), out.strides.data(), nullptr, 0, nullptr);
}

namespace {

/// Buffers of one call: addresses, values of Python scalars, references to converted copies.
struct Gathered {
  union Number {
    double real;
    std::int64_t integer;
    std::uint8_t truth;
  };
  Room<void*> inputs;
  Room<Number> numbers;
  std::vector<py::object> copies;

  explicit Gathered(std::size_t count) : inputs(count), numbers(count) {}

  /// False with a Python error set.
  bool take(const LeafKey& key, PyObject* leaf, std::size_t input, std::size_t slot) {
    switch (key.kind) {
      case LeafKey::kFloat:
        numbers[slot].real = PyFloat_AS_DOUBLE(leaf);
        break;
      case LeafKey::kBool:
        numbers[slot].truth = leaf == Py_True;
        break;
      case LeafKey::kInt: {
        numbers[slot].integer = PyLong_AsLongLong(leaf);
        if (numbers[slot].integer == -1 && PyErr_Occurred()) return false;
        break;
      }
      case LeafKey::kArray: {
        auto* array = reinterpret_cast<PyArrayObject*>(leaf);
        if (key.order == LeafKey::kCopied) {
          PyObject* copy = array_in_order(array, key.dtype, key.axes);
          if (!copy) return false;
          copies.push_back(py::reinterpret_steal<py::object>(copy));
          array = reinterpret_cast<PyArrayObject*>(copy);
        }
        inputs[input] = PyArray_DATA(array);
        return true;
      }
    }
    inputs[input] = &numbers[slot];
    return true;
  }
};

void release(PyObject** results, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) Py_XDECREF(results[i]);
}

}  // namespace

PyObject* Record::run(PyObject* const* args, PyObject* const* out) const {
  if (!bands.empty() && !bands_hold(args)) [[unlikely]] {
    dense_calls.fetch_add(1, std::memory_order_relaxed);
    return dense->run(args, out);
  }
  Gathered gathered(leaves.size() + hidden.size());
  const std::size_t total = outputs_.size();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (input_of_leaf[i] < 0) continue;
    if (!gathered.take(leaves[i], args[i], static_cast<std::size_t>(input_of_leaf[i]), i))
      return nullptr;
  }
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    PyObject* array = hidden[i].current();
    if (!array) {
      PyErr_SetString(PyExc_RuntimeError, "bafe: a captured array changed during the call");
      return nullptr;
    }
    const auto input = static_cast<std::size_t>(input_of_hidden[i]);
    if (!gathered.take(hidden[i].key, array, input, leaves.size() + i)) return nullptr;
  }
  Room<PyObject*> results(total);
  Room<void*> addresses(total);
  for (std::size_t i = 0; i < total; ++i) {
    results[i] = allocate(i, out ? out[i] : nullptr);
    if (!results[i]) {
      release(results.get(), i);
      return nullptr;
    }
    addresses[i] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(results[i]));
  }
  try {
    // A short call runs on one thread: it need not ask how many there are.
    const int most = threads > 0 || !release_gil ? threads : usable_threads();
    auto once = [&] { executable->run(gathered.inputs.get(), addresses.get(), most); };
    if (autotune) {
      py::gil_scoped_release unlocked;
      const Provenance& made = executable->provenance();
      const double predicted_ms = made.predicted_ns * 1e-6;
      if (Autotune::shared().call({autotune_key, graph_hash, made.features, predicted_ms, once})) {
        stale.store(true, std::memory_order_relaxed);
      }
    } else if (release_gil) {
      py::gil_scoped_release unlocked;
      once();
    } else {
      once();
    }
  } catch (...) {
    release(results.get(), total);
    set_python_error(std::current_exception());
    return nullptr;
  }
  return finish(results.get(), total);
}

PyObject* Record::finish(PyObject** results, std::size_t count) const {
  if (tree == kSingle && count == 1) {
    return PyArray_Return(reinterpret_cast<PyArrayObject*>(results[0]));
  }
  const auto roots = static_cast<Py_ssize_t>(output_of_root.size());
  PyObject* sequence = tree == kTuple ? PyTuple_New(roots) : PyList_New(roots);
  for (Py_ssize_t i = 0; sequence && i < roots; ++i) {
    const auto root = static_cast<std::size_t>(i);
    PyObject* item = results[output_of_root[root]];
    if (is_copied_[root]) {  // equal results are arrays of their own, as NumPy's are
      item = PyArray_NewCopy(reinterpret_cast<PyArrayObject*>(item), NPY_KEEPORDER);
      if (!item) {
        Py_DECREF(sequence);
        sequence = nullptr;
        break;
      }
    } else {
      Py_INCREF(item);
    }
    item = PyArray_Return(reinterpret_cast<PyArrayObject*>(item));
    tree == kTuple ? PyTuple_SET_ITEM(sequence, i, item) : PyList_SET_ITEM(sequence, i, item);
  }
  release(results, count);
  if (!sequence || tree != kOther) return sequence;
  PyObject* built = PyObject_CallFunctionObjArgs(unflatten.ptr(), sequence, nullptr);
  Py_DECREF(sequence);
  return built;
}

}  // namespace bafe::python
