// Results of calls as arrays over pooled memory. In: descriptor, dims, strides. Out: an array that
// owns its data like any other (resize, copy, pickle work), through a handler of NEP 49 that this
// file names for the arrays it makes and for no others.

#include <cstring>

#include "bindings.h"
#include "numpy_api.h"

#include "bafe/runtime/memory_pool.h"

namespace bafe::python {
namespace {

void* handler_malloc(void*, std::size_t bytes) {
  return take_memory(static_cast<std::int64_t>(bytes));
}

void* handler_calloc(void*, std::size_t count, std::size_t each) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, each, &bytes)) return nullptr;
  void* data = take_memory(static_cast<std::int64_t>(bytes));
  if (data) std::memset(data, 0, bytes);
  return data;
}

void handler_free(void*, void* data, std::size_t) { give_memory(data); }

void* handler_realloc(void*, void* data, std::size_t bytes) {
  void* moved = take_memory(static_cast<std::int64_t>(bytes));
  if (!moved) return nullptr;
  const auto kept = static_cast<std::size_t>(memory_bytes(data));
  if (data) std::memcpy(moved, data, kept < bytes ? kept : bytes);
  give_memory(data);
  return moved;
}

PyDataMem_Handler handler = {
    "bafe", 1, {nullptr, handler_malloc, handler_calloc, handler_realloc, handler_free}};

}  // namespace

PyObject* pooled_array(PyArray_Descr* descr, const std::vector<npy_intp>& dims,
                       const std::vector<npy_intp>& strides, std::int64_t bytes) {
  static PyObject* capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  void* data = capsule ? take_memory(bytes) : nullptr;
  if (!data) {
    Py_DECREF(descr);
    return capsule ? PyErr_NoMemory() : nullptr;
  }
  PyObject* made =
      PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(dims.size()), dims.data(),
                           strides.data(), data, NPY_ARRAY_BEHAVED, nullptr);
  if (!made) {
    give_memory(data);
    return nullptr;
  }
  auto* array = reinterpret_cast<PyArrayObject*>(made);
  Py_INCREF(capsule);
  reinterpret_cast<PyArrayObject_fields*>(made)->mem_handler = capsule;
  PyArray_ENABLEFLAGS(array, NPY_ARRAY_OWNDATA);
  return made;
}

void bind_memory(py::module_& module) {
  module.def("memory_use", [] {
    const MemoryUse use = memory_use();
    py::dict out;
    out["idle_bytes"] = use.idle_bytes;
    out["used_bytes"] = use.used_bytes;
    out["reused"] = use.reused;
    return out;
  });
  module.def("trim_memory", &trim_memory, py::arg("keep") = 0);
  py::module_::import("atexit").attr("register")(py::cpp_function([] { trim_memory(0); }));
}

}  // namespace bafe::python
