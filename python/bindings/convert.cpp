// Python values as attributes, types and places, and back.

#include "bindings.h"
#include "numpy_api.h"

#include "bafe/base/format.h"

namespace bafe::python {
namespace {

std::string type_name(const py::handle& value) {
  return py::str(py::type::of(value).attr("__name__"));
}

std::int64_t index_of(const py::handle& value, const char* field) {
  const PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(value.ptr()));
  if (type == reinterpret_cast<PyObject*>(&PyBool_Type) || !PyIndex_Check(value.ptr())) {
    throw TraceError({}, field, format("an integer is needed, got {}", type_name(value)))
        .fix("pass a Python int");
  }
  py::object index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) throw py::error_already_set();
  const long long number = PyLong_AsLongLong(index.ptr());
  constexpr long long kLimit = 1ll << 62;
  if ((number == -1 && PyErr_Occurred()) || number >= kLimit || number <= -kLimit) {
    PyErr_Clear();
    throw ShapeError({}, field, "the number does not fit 62 bits");
  }
  return number;
}

Scalar scalar_of(const py::handle& value, DType like, const char* field) {
  if (PyFloat_Check(value.ptr())) return Scalar::of(like, PyFloat_AsDouble(value.ptr()));
  if (PyBool_Check(value.ptr())) return Scalar::of_int(like, value.ptr() == Py_True);
  if (PyLong_Check(value.ptr())) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (!overflow) return Scalar::of_int(like, number);
    const unsigned long long big = PyLong_AsUnsignedLongLong(value.ptr());
    if (!PyErr_Occurred() && like == DType::kU64) return Scalar{like, big};
    PyErr_Clear();
    if (is_float(like)) return Scalar::of(like, PyLong_AsDouble(value.ptr()));
    throw DTypeError({}, field, format("the integer does not fit {}", dtype_info(like).name));
  }
  if (PyObject_HasAttrString(value.ptr(), "item")) {
    return scalar_of(value.attr("item")(), like, field);
  }
  throw TraceError({}, field, format("a number is needed, got {}", type_name(value)));
}

}  // namespace

DType dtype_of_python(const py::handle& dtype) {
  if (py::isinstance<py::str>(dtype)) {
    if (auto found = dtype_from_text(dtype.cast<std::string>())) return *found;
  }
  PyArray_Descr* descr = nullptr;
  if (PyArray_DescrConverter(dtype.ptr(), &descr) && descr) {
    const auto found = dtype_of_descr(descr);
    Py_DECREF(descr);
    if (found) return *found;
  }
  PyErr_Clear();
  throw DTypeError({}, "dtype",
                   format("{} is not an element type of BAFE", std::string(py::repr(dtype))))
      .fix("use bool, int8 … int64, uint8 … uint64, float16, bfloat16, float32 or float64");
}

AttrValue attr_of_python(const py::handle& value, AttrKind kind, DType like, const char* field) {
  switch (kind) {
    case AttrKind::kInt:
      return Dim(index_of(value, field));
    case AttrKind::kList: {
      List list;
      if (PyIndex_Check(value.ptr()) && !PySequence_Check(value.ptr())) {
        list.emplace_back(index_of(value, field));
        return list;
      }
      if (!PySequence_Check(value.ptr()) || py::isinstance<py::str>(value)) {
        throw TraceError({}, field,
                         format("a tuple of integers is needed, got {}", type_name(value)));
      }
      for (const auto& item : py::reinterpret_borrow<py::sequence>(value)) {
        list.emplace_back(index_of(item, field));
      }
      return list;
    }
    case AttrKind::kDType:
      return dtype_of_python(value);
    case AttrKind::kScalar:
      return scalar_of(value, like, field);
    case AttrKind::kText:
      if (!py::isinstance<py::str>(value)) {
        throw TraceError({}, field, format("a string is needed, got {}", type_name(value)));
      }
      return value.cast<std::string>();
    case AttrKind::kGraph:
      break;
  }
  throw TraceError({}, field, "a body program cannot be given here");
}

py::object attr_to_python(const AttrValue& value) {
  switch (attr_kind(value)) {
    case AttrKind::kInt:
      return py::int_(std::get<Dim>(value).value());
    case AttrKind::kList:
      return shape_to_python(std::get<List>(value));
    case AttrKind::kDType:
      return py::str(std::string(dtype_info(std::get<DType>(value)).name));
    case AttrKind::kScalar:
      return py::float_(std::get<Scalar>(value).as_double());
    default:
      return py::str(attr_text(value));
  }
}

py::tuple shape_to_python(const Shape& shape) {
  py::tuple out(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].is_const()) {
      out[i] = py::int_(shape[i].value());
    } else {
      out[i] = py::str(shape[i].text());
    }
  }
  return out;
}

SourceLoc loc_of_python(const py::handle& loc) {
  if (loc.is_none()) return {};
  const auto pair = py::reinterpret_borrow<py::tuple>(loc);
  return {pair[0].cast<std::string>(), pair[1].cast<int>(), 0};
}

bool python_interrupted() {
  const Locked locked;
  return PyErr_CheckSignals() != 0;
}

}  // namespace bafe::python
