// NumPy arrays in and out: element types, dense axis orders, conversion copies. Arrays come in as
// NumPy has them; what goes out to kernels is dense, aligned and native.

#define BAFE_NUMPY_IMPORTS_HERE
#include "numpy_api.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace bafe::python {
namespace {

PyArray_Descr* bf16_descr() {
  static PyArray_Descr* cached = nullptr;
  if (!cached) {
    PyObject* module = PyImport_ImportModule("ml_dtypes");
    if (!module) return nullptr;
    PyObject* type = PyObject_GetAttrString(module, "bfloat16");
    Py_DECREF(module);
    if (!type || !PyArray_DescrConverter(type, &cached)) cached = nullptr;
    Py_XDECREF(type);
  }
  Py_XINCREF(cached);
  return cached;
}

int type_num(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return NPY_BOOL;
    case DType::kI8:
      return NPY_INT8;
    case DType::kI16:
      return NPY_INT16;
    case DType::kI32:
      return NPY_INT32;
    case DType::kI64:
      return NPY_INT64;
    case DType::kU8:
      return NPY_UINT8;
    case DType::kU16:
      return NPY_UINT16;
    case DType::kU32:
      return NPY_UINT32;
    case DType::kU64:
      return NPY_UINT64;
    case DType::kF16:
      return NPY_HALF;
    case DType::kBF16:
      return -1;
    case DType::kF32:
      return NPY_FLOAT;
    case DType::kF64:
      return NPY_DOUBLE;
  }
  return -1;
}

std::vector<npy_intp> dims_of(const Type& type) {
  std::vector<npy_intp> dims;
  for (Dim d : type.shape) dims.push_back(static_cast<npy_intp>(d.value()));
  return dims;
}

std::vector<npy_intp> strides_in_order(const std::vector<npy_intp>& dims,
                                       const std::vector<int>& order, npy_intp item) {
  std::vector<npy_intp> strides(dims.size());
  npy_intp step = item;
  for (std::size_t i = order.size(); i-- > 0;) {
    auto axis = static_cast<std::size_t>(order[i]);
    strides[axis] = step;
    step *= std::max<npy_intp>(dims[axis], 1);
  }
  return strides;
}

}  // namespace

bool import_numpy() { return _import_array() >= 0; }

std::optional<DType> dtype_of_descr(PyArray_Descr* descr) {
  switch (descr->type_num) {
    case NPY_BOOL:
      return DType::kBool;
    case NPY_HALF:
      return DType::kF16;
    case NPY_FLOAT:
      return DType::kF32;
    case NPY_DOUBLE:
      return DType::kF64;
    default:
      break;
  }
  const auto size = PyDataType_ELSIZE(descr);
  if (PyTypeNum_ISINTEGER(descr->type_num)) {
    const bool is_signed = PyTypeNum_ISSIGNED(descr->type_num);
    switch (size) {
      case 1:
        return is_signed ? DType::kI8 : DType::kU8;
      case 2:
        return is_signed ? DType::kI16 : DType::kU16;
      case 4:
        return is_signed ? DType::kI32 : DType::kU32;
      case 8:
        return is_signed ? DType::kI64 : DType::kU64;
      default:
        return std::nullopt;
    }
  }
  if (size == 2 && std::strcmp(descr->typeobj->tp_name, "ml_dtypes.bfloat16") == 0) {
    return DType::kBF16;
  }
  return std::nullopt;
}

PyArray_Descr* descr_of_dtype(DType dtype) {
  const int number = type_num(dtype);
  return number < 0 ? bf16_descr() : PyArray_DescrFromType(number);
}

std::optional<std::vector<int>> dense_order(PyArrayObject* array) {
  if (!PyArray_ISBEHAVED_RO(array)) return std::nullopt;
  const int rank = PyArray_NDIM(array);
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  if (PyArray_IS_C_CONTIGUOUS(array)) return order;
  const npy_intp* strides = PyArray_STRIDES(array);
  const npy_intp* dims = PyArray_DIMS(array);
  if (PyArray_IS_F_CONTIGUOUS(array)) {
    std::reverse(order.begin(), order.end());
    return order;
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    if (dims[a] == 1 || dims[b] == 1) return false;
    return strides[a] > strides[b];
  });
  std::vector<npy_intp> shape(dims, dims + rank);
  const auto dense = strides_in_order(shape, order, PyArray_ITEMSIZE(array));
  for (int axis = 0; axis < rank; ++axis) {
    if (dims[axis] != 1 && strides[axis] != dense[static_cast<std::size_t>(axis)])
      return std::nullopt;
  }
  return order;
}

PyObject* new_array(const Type& type, const std::vector<int>& order) {
  PyArray_Descr* descr = descr_of_dtype(type.dtype);
  if (!descr) return nullptr;
  const auto dims = dims_of(type);
  const auto strides = strides_in_order(dims, order, dtype_bytes(type.dtype));
  return PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(dims.size()), dims.data(),
                              strides.data(), nullptr, 0, nullptr);
}

PyObject* array_in_order(PyArrayObject* array, DType dtype, const std::vector<int>& order) {
  if (auto have = dense_order(array); have && *have == order) {
    Py_INCREF(array);
    return reinterpret_cast<PyObject*>(array);
  }
  Type type{dtype, {}};
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
    type.shape.emplace_back(static_cast<std::int64_t>(PyArray_DIM(array, axis)));
  }
  PyObject* out = new_array(type, order);
  if (!out) return nullptr;
  if (PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(out), array) < 0) {
    Py_DECREF(out);
    return nullptr;
  }
  return out;
}

Tensor tensor_of_array(PyArrayObject* array) {
  const auto dtype = dtype_of_descr(PyArray_DESCR(array));
  BAFE_CHECK(dtype.has_value(), "the caller checked the element type");
  Type type{*dtype, {}};
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
    type.shape.emplace_back(static_cast<std::int64_t>(PyArray_DIM(array, axis)));
  }
  std::vector<int> row(type.shape.size());
  std::iota(row.begin(), row.end(), 0);
  Tensor out(type);
  PyObject* dense = array_in_order(array, *dtype, row);
  BAFE_CHECK(dense != nullptr, "NumPy converts a numeric array to a dense one");
  std::memcpy(out.data(), PyArray_DATA(reinterpret_cast<PyArrayObject*>(dense)),
              static_cast<std::size_t>(type_bytes(type)));
  Py_DECREF(dense);
  return out;
}

PyObject* array_of_tensor(const Tensor& tensor) {
  std::vector<int> row(tensor.type().shape.size());
  std::iota(row.begin(), row.end(), 0);
  PyObject* out = new_array(tensor.type(), row);
  if (!out) return nullptr;
  std::memcpy(PyArray_DATA(reinterpret_cast<PyArrayObject*>(out)), tensor.data(),
              static_cast<std::size_t>(type_bytes(tensor.type())));
  return out;
}

}  // namespace bafe::python
