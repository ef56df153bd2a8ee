#pragma once
/// One compiled signature of one function: what its arguments must look like, and how to run it.

#include "bafe/ir/structure.h"
#include "bindings.h"
#include "numpy_api.h"

#include <atomic>
#include <string>
#include <vector>

namespace bafe::python {

/// What one leaf argument must be for a record to fit.
struct LeafKey {
  enum Kind : std::uint8_t { kArray, kFloat, kInt, kBool };
  enum Order : std::uint8_t { kRow, kCol, kStrided, kCopied };
  Kind kind = kArray;
  Order order = kRow;
  DType dtype = DType::kF64;
  int type_num = 0;
  std::vector<npy_intp> dims, strides;  ///< strides only for kStrided
  std::vector<int> axes;                ///< dense axis order, slowest first; row for kCopied

  /// TraceError for anything that is no number and no numeric array.
  static LeafKey of(PyObject* leaf);
  bool fits(PyObject* leaf) const;
  void append_to(std::string& key) const;
  Type type() const;
};

/// A name a traced function looked up outside its arguments; read again at every call.
struct Lookup {
  py::object container;    ///< globals dict or closure cell
  py::object name;         ///< key of the dict; none for a cell
  PyObject* read() const;  ///< borrowed; nullptr when gone
};

/// A captured value that the trace has used as it was: the record fits while the same object is
/// found.
struct Guard {
  Lookup lookup;
  py::object expected;
  Py_ssize_t size =
      -1;  ///< of a list or dict: its elements have guards of their own, new ones none
  Guard(Lookup where, py::object value);
  bool holds() const;
};

/// A captured array: a hidden input, read at every call.
struct HiddenInput {
  Lookup lookup;  ///< container none: `array` itself is used
  py::object array;
  LeafKey key;
  PyObject* current() const;  ///< borrowed; nullptr when what is found does not fit
};

/// Zeros that an array must have for a record's code to be right: scanned at every call.
struct BandGuard {
  bool is_hidden = false;
  int index = 0;  ///< of the leaf or hidden input
  Structure band;
  std::int64_t block = 0;  ///< size of diagonal blocks; 0: the band is tested
};

/// Immutable but for its counters.
class Record {
 public:
  std::vector<LeafKey> leaves;
  std::vector<int> input_of_leaf;   ///< executable input fed by each leaf; -1: not used
  std::vector<HiddenInput> hidden;  ///< feed the inputs after the leaves'
  std::vector<int> input_of_hidden;
  std::vector<Guard> guards;
  std::vector<BandGuard> bands;
  std::shared_ptr<const Record> dense;  ///< with bands: runs the calls that fail them
  mutable std::atomic<std::int64_t> dense_calls{0};
  std::shared_ptr<const Executable> executable;
  std::vector<int> output_of_root;  ///< executable output for each flat result
  enum Tree : std::uint8_t { kSingle, kTuple, kList, kOther } tree = kSingle;
  py::object unflatten;  ///< kOther: called with the list of results
  int threads = 0;
  bool release_gil = false;
  bool autotune = false;
  std::string signature;  ///< of the leaves
  std::uint64_t graph_hash = 0;
  std::string autotune_key;  ///< (function, signature)
  mutable std::atomic<bool> stale{
      false};  ///< a refit made the model doubt this choice: search anew

  bool fits(PyObject* const* args, Py_ssize_t count) const;
  bool guards_hold() const;
  bool bands_hold(PyObject* const* args) const;  // bind_structure.cpp
  /// New reference, or nullptr with a Python error set. `out`: nullptr or one array a result.
  PyObject* run(PyObject* const* args, PyObject* const* out) const;
  /// Cached parts of allocation; called once.
  void prepare();

 private:
  struct Output {
    PyArray_Descr* descr;
    std::vector<npy_intp> dims, strides;
    std::int64_t bytes = 0;
  };
  std::vector<Output> outputs_;
  std::vector<char> is_copied_;  ///< of each root: an earlier root has the same output
  PyObject* finish(PyObject** results, std::size_t count) const;
  PyObject* allocate(std::size_t i, PyObject* given) const;
};

void bind_structure(py::module_& module);

std::string signature_of(PyObject* const* args, Py_ssize_t count);

}  // namespace bafe::python
