// Matching leaves against a record. In: leaves of a call, and what is found now where captured
// values were found before. Out: whether a record fits. Everything that can be known before a call
// is worked out in prepare().

#include "record.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "bafe/base/format.h"

namespace bafe::python {
namespace {

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
  const bool is_plain = PyTypeNum_ISNUMBER(key.type_num) || PyTypeNum_ISBOOL(key.type_num);
  if (key.dims.empty() && is_plain) key.scalar = PyArray_DESCR(array)->typeobj;
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
  if (!PyArray_CheckExact(leaf)) return scalar && Py_TYPE(leaf) == scalar;
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

std::uint64_t hash_of_leaves(PyObject* const* leaves, Py_ssize_t count) {
  std::uint64_t hash = static_cast<std::uint64_t>(count);
  const auto mix = [&hash](std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    hash ^= hash >> 29;
  };
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!PyArray_CheckExact(leaves[i])) {
      mix(reinterpret_cast<std::uintptr_t>(Py_TYPE(leaves[i])));
      continue;
    }
    auto* array = reinterpret_cast<PyArrayObject*>(leaves[i]);
    const int layout = PyArray_IS_C_CONTIGUOUS(array) * 2 + PyArray_IS_F_CONTIGUOUS(array);
    mix(static_cast<std::uint64_t>(PyArray_TYPE(array) * 4 + layout));
    for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
      mix(static_cast<std::uint64_t>(PyArray_DIM(array, axis)));
    }
  }
  return hash;
}

PyObject* Lookup::read() const {
  if (PyCell_Check(container.ptr())) return PyCell_GET(container.ptr());
  if (PyDict_Check(container.ptr())) return PyDict_GetItem(container.ptr(), name.ptr());
  const Py_ssize_t position = PyLong_AsSsize_t(name.ptr());
  if (PyFunction_Check(container.ptr())) {
    return position == 0 ? PyFunction_GetDefaults(container.ptr())
                         : PyFunction_GetKwDefaults(container.ptr());
  }
  const bool inside = position >= 0 && position < PyList_GET_SIZE(container.ptr());
  return inside ? PyList_GET_ITEM(container.ptr(), position) : nullptr;
}

namespace {

Py_ssize_t container_size(PyObject* object) {
  if (PyList_Check(object)) return PyList_GET_SIZE(object);
  return PyDict_Check(object) ? PyDict_Size(object) : -1;
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
    const LeafKey& key = leaves[static_cast<std::size_t>(i)];
    if (!key.fits(args[i]) || (key.is_number && PyArray_CheckExact(args[i]))) return false;
  }
  return true;
}

bool Record::guards_hold() const {
  if (stale.load(std::memory_order_relaxed)) return false;
  if (unsettled && unsettled->load(std::memory_order_relaxed) == 0) [[unlikely]]
    return false;
  for (const Guard& guard : guards) {
    if (!guard.holds()) return false;
  }
  for (const HiddenInput& input : hidden) {
    if (!input.current()) return false;
  }
  return true;
}

std::string IntegerRange::refusal(std::int64_t value) const {
  return format(
      "argument '{}': Python integer {} out of bounds for {}int{}\n"
      "  fix: pass an array of a wider integer type",
      name, value, low == 0 ? "u" : "", dtype_info(dtype).bits);
}

void Record::find_ranges(const Graph& traced) {
  for (ValueId id : traced.live()) {
    const Node& node = traced.node(id);
    const DTypeInfo& to = dtype_info(node.type.dtype);
    const bool is_integer = to.kind == kIntKind || to.kind == kUIntKind;
    if (!is_integer || node.operands.size() != 1) continue;
    const Node& from = traced.node(node.operands[0]);
    if (!is_input(from.op)) continue;
    const auto leaf = static_cast<std::size_t>(attr_int(from.attrs, 0).value());
    if (leaf >= leaves.size() || leaves[leaf].kind != LeafKey::kInt) continue;
    const bool is_signed = to.kind == kIntKind;
    if (to.bits == 64 && is_signed) continue;
    const int bits = std::min(to.bits - (is_signed ? 1 : 0), 63);
    const std::int64_t high = static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1);
    ranges.push_back(
        {leaf, is_signed ? -high - 1 : 0, high, node.type.dtype, traced.inputs()[leaf].name});
  }
}

void Record::prepare() {
  for (const BufferSpec& spec : executable->outputs()) {
    Output out{descr_of_dtype(spec.type.dtype), spec.type, {}, {}, 0};
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
}

}  // namespace bafe::python
