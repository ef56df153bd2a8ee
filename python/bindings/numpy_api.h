#pragma once
/// The one door to NumPy's C API. One file (array.cpp) imports it; the others share its table.

#include <Python.h>

#define PY_ARRAY_UNIQUE_SYMBOL bafe_numpy_api
#ifndef BAFE_NUMPY_IMPORTS_HERE
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <optional>
#include <vector>

#include "bafe/ir/tensor.h"
#include "bafe/runtime/engine.h"

namespace bafe::python {

bool import_numpy();  ///< false with a Python error set

/// Element type of an array's descriptor; nullopt for object, string, complex, datetime …
std::optional<DType> dtype_of_descr(PyArray_Descr* descr);
/// New reference; bf16 needs the ml_dtypes package (nullptr with DTypeError's Python class set
/// otherwise).
PyArray_Descr* descr_of_dtype(DType dtype);

/// Axis order of a dense array, slowest first ("row" preferred); nullopt when it is not dense, not
/// aligned or byte-swapped: such an array is read through a converted copy.
std::optional<std::vector<int>> dense_order(PyArrayObject* array);
/// New uninitialised array whose buffer is dense in `order`.
PyObject* new_array(const Type& type, const std::vector<int>& order);
/// New uninitialised array of `bytes` from the pool of memory_pool.h; it owns its data and gives
/// them back when it dies. Takes over the reference to `descr`.
PyObject* pooled_array(PyArray_Descr* descr, const std::vector<npy_intp>& dims,
                       const std::vector<npy_intp>& strides, std::int64_t bytes);
/// New reference to an array with the same values, dense in `order`, aligned, native byte order;
/// the array itself when it already is.
PyObject* array_in_order(PyArrayObject* array, DType dtype, const std::vector<int>& order);
/// Copies any numeric array into an interpreter tensor.
Tensor tensor_of_array(PyArrayObject* array);
PyObject* array_of_tensor(const Tensor& tensor);

}  // namespace bafe::python
