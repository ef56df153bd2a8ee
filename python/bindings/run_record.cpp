// Running a record. In: leaves that fit it. Out: results, or the caller's arrays filled. A call
// gathers pointers, allocates results and calls the executable; it allocates nothing else unless a
// leaf is read through a copy. References to what kernels read are held while the interpreter lock
// is free, since another thread may drop a list's item or rebind a global.

#include "run_record.h"

#include "bafe/base/thread_pool.h"
#include "bafe/base/trace.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/memory_pool.h"

namespace bafe::python {

bool Record::Inputs::take(const LeafKey& key, PyObject* leaf, std::size_t input, std::size_t slot) {
  addresses[input] = &numbers[slot];
  switch (key.kind) {
    case LeafKey::kFloat:
      numbers[slot].real = PyFloat_AS_DOUBLE(leaf);
      return true;
    case LeafKey::kBool:
      numbers[slot].truth = leaf == Py_True;
      return true;
    case LeafKey::kInt:
      numbers[slot].integer = PyLong_AsLongLong(leaf);
      return numbers[slot].integer != -1 || !PyErr_Occurred();
    case LeafKey::kArray:
      break;
  }
  if (!PyArray_CheckExact(leaf)) {  // NumPy's own number
    PyArray_ScalarAsCtype(leaf, &numbers[slot]);
    return true;
  }
  auto* array = reinterpret_cast<PyArrayObject*>(leaf);
  if (key.order == LeafKey::kCopied) {
    PyObject* copy = array_in_order(array, key.dtype, key.axes);
    if (!copy) return false;
    copies.push_back(py::reinterpret_steal<py::object>(copy));
    array = reinterpret_cast<PyArrayObject*>(copy);
  }
  addresses[input] = PyArray_DATA(array);
  return true;
}

bool Record::gather(PyObject* const* args, Inputs& inputs) const {
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (input_of_leaf[i] < 0) continue;
    if (!inputs.take(leaves[i], args[i], static_cast<std::size_t>(input_of_leaf[i]), i))
      return false;
  }
  for (const IntegerRange& range : ranges) {
    const std::int64_t value = inputs.numbers[range.leaf].integer;
    if (value >= range.low && value <= range.high) continue;
    PyErr_SetString(PyExc_OverflowError, range.refusal(value).c_str());
    return false;
  }
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    PyObject* array = hidden[i].current();
    if (!array) {
      PyErr_SetString(PyExc_RuntimeError, "bafe: a captured array changed during the call");
      return false;
    }
    Py_INCREF(array);
    inputs.held[i] = array;
    const auto input = static_cast<std::size_t>(input_of_hidden[i]);
    if (!inputs.take(hidden[i].key, array, input, leaves.size() + i)) return false;
  }
  return true;
}

PyObject* Record::allocate(const Output& out) const {
  Py_INCREF(out.descr);
  if (out.bytes >= kPooledBytes) return pooled_array(out.descr, out.dims, out.strides, out.bytes);
  return PyArray_NewFromDescr(&PyArray_Type, out.descr, static_cast<int>(out.dims.size()),
                              out.dims.data(), out.strides.data(), nullptr, 0, nullptr);
}

void Record::execute(void* const* inputs, void* const* outputs) const {
  // A short call runs on one thread: it need not ask how many there are.
  const bool is_short = executable->is_short();
  const int most = threads > 0 || is_short ? threads : usable_threads();
  if (is_short && !autotune) {
    executable->run(inputs, outputs, most);
    return;
  }
  const Unlocked others_run;
  if (!autotune) {
    executable->run(inputs, outputs, most);
    return;
  }
  const Provenance& made = executable->provenance();
  const double predicted_ms = made.predicted_ns * 1e-6;
  auto once = [&] { executable->run(inputs, outputs, most); };
  if (Autotune::shared().call(
          {autotune_key, graph_hash, made.features, predicted_ms, once, !made.interpreted}))
    stale.store(true, std::memory_order_relaxed);
}

PyObject* Record::run(PyObject* const* args, PyObject* out) const {
  if (trace_is_on()) [[unlikely]] {
    const TraceSpan span("call", "call");
    return run_now(args, out);
  }
  return run_now(args, out);
}

PyObject* Record::run_now(PyObject* const* args, PyObject* out) const {
  try {
    if (!bands.empty() && !bands_hold(args)) [[unlikely]] {
      dense_calls.fetch_add(1, std::memory_order_relaxed);
      return dense->run_now(args, out);
    }
    if (!writes.empty()) [[unlikely]]
      return run_writing(args, out);
    Inputs inputs(leaves.size(), hidden.size());
    if (!gather(args, inputs)) return nullptr;
    References results(outputs_.size());
    References given(out ? output_of_root.size() : 0);
    if (out) {
      take_out(out, given);
      place_outputs(args, given, inputs, results);
    }
    Room<void*> addresses(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i] && !(results[i] = allocate(outputs_[i]))) return nullptr;
      addresses[i] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(results[i]));
    }
    execute(inputs.addresses.get(), addresses.get());
    if (!out) return finish(results);
    if (!fill_out(given, results)) return nullptr;
    Py_INCREF(out);
    return out;
  } catch (...) {
    set_python_error(std::current_exception());
    return nullptr;
  }
}

PyObject* Record::finish(References& results) const {
  if (results.size() == 1 && result_tree.node(0).kind == PyTree::Node::kLeaf) {
    PyObject* only = std::exchange(results[0], nullptr);
    return PyArray_Return(reinterpret_cast<PyArrayObject*>(only));
  }
  const std::size_t count = output_of_root.size();
  References roots(count);
  for (std::size_t root = 0; root < count; ++root) {
    PyObject* item = results[static_cast<std::size_t>(output_of_root[root])];
    if (is_copied_[root]) {  // equal results are arrays of their own, as NumPy's are
      item = PyArray_NewCopy(reinterpret_cast<PyArrayObject*>(item), NPY_KEEPORDER);
      if (!item) return nullptr;
    } else {
      Py_INCREF(item);
    }
    roots[root] = PyArray_Return(reinterpret_cast<PyArrayObject*>(item));
    if (!roots[root]) return nullptr;
  }
  return result_tree.build(0, roots.get());
}

}  // namespace bafe::python
