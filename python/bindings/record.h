#pragma once
/// One compiled signature of one function: what its arguments must look like, and how to run it.

#include "bafe/ir/structure.h"
#include "numpy_api.h"
#include "pytree.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace bafe::python {

/// Values of one call: on the stack for as many as most functions have, on the heap for more.
template <class T>
class Room {
 public:
  explicit Room(std::size_t count) {
    if (count > kUsual) more_ = std::make_unique<T[]>(count);
  }
  T* get() { return more_ ? more_.get() : here_; }
  T& operator[](std::size_t i) { return get()[i]; }
  const T& operator[](std::size_t i) const { return more_ ? more_[i] : here_[i]; }
  void swap(Room& other) {
    std::swap(here_, other.here_);
    more_.swap(other.more_);
  }

 private:
  static constexpr std::size_t kUsual = 32;
  T here_[kUsual];
  std::unique_ptr<T[]> more_;
};

/// References of one call, given back at its end.
class References {
 public:
  explicit References(std::size_t count) : count_(count), room_(count) {
    for (std::size_t i = 0; i < count; ++i) room_[i] = nullptr;
  }
  ~References() {
    for (std::size_t i = 0; i < count_; ++i) Py_XDECREF(room_[i]);
  }
  References(const References&) = delete;
  References& operator=(const References&) = delete;
  PyObject** get() { return room_.get(); }
  PyObject*& operator[](std::size_t i) { return room_[i]; }
  PyObject* operator[](std::size_t i) const { return room_[i]; }
  std::size_t size() const { return count_; }
  void swap(References& other) {
    std::swap(count_, other.count_);
    room_.swap(other.room_);
  }

 private:
  std::size_t count_;
  Room<PyObject*> room_;
};

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
  PyTypeObject* scalar = nullptr;       ///< of rank 0: NumPy's class of such a number, which fits
  bool is_number = false;  ///< of rank 0: no array fits a call, since it could be written into

  /// TraceError for anything that is no number and no numeric array.
  static LeafKey of(PyObject* leaf);
  bool fits(PyObject* leaf) const;
  void append_to(std::string& key) const;
  Type type() const;
};

/// A name a traced function looked up outside its arguments; read again at every call.
struct Lookup {
  py::object container;    ///< dict, closure cell, list or function
  py::object name;         ///< key, position; of a function: 0 its defaults, 1 those of keywords
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

/// Integers that a Python number may be: it meets arrays of this element type.
struct IntegerRange {
  std::size_t leaf = 0;
  std::int64_t low = 0, high = 0;
  DType dtype = DType::kI64;
  std::string name;  ///< of the argument
  std::string refusal(std::int64_t value) const;
};

/// A region of an argument that the function wrote into.
struct RecordWrite {
  std::size_t leaf = 0;
  int output = 0;        ///< of the executable, with the region's new elements
  bool is_read = false;  ///< the program reads this argument
  std::vector<npy_intp> start, size, step;
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
  std::vector<IntegerRange> ranges;     ///< for most records none
  std::shared_ptr<const Record> dense;  ///< with bands: runs the calls that fail them
  mutable std::atomic<std::int64_t> dense_calls{0};
  std::shared_ptr<const Executable> executable;
  std::vector<int> output_of_root;  ///< executable output for each flat result
  PyTree result_tree;               ///< its leaves are the flat results
  std::vector<RecordWrite> writes;  ///< arguments written into; for most records none
  std::vector<int> same_as;  ///< with writes, of each result: the written leaf that it is; -1
  py::object plain;          ///< with writes: the function on a list of leaves, not compiled
  int threads = 0;
  bool autotune = false;
  std::string signature;  ///< of the leaves
  std::uint64_t graph_hash = 0;
  std::string autotune_key;  ///< (function, signature)
  mutable std::atomic<bool> stale{
      false};  ///< a refit made the model doubt this choice: search anew

  /// Set when another record may be better once nothing is pending for `awaited`: how many are.
  std::shared_ptr<std::atomic<int>> unsettled;
  std::vector<std::shared_ptr<const Executable>> awaited;

  bool fits(PyObject* const* args, Py_ssize_t count) const;
  bool guards_hold() const;
  bool bands_hold(PyObject* const* args) const;  // bind_structure.cpp
  /// New reference, or nullptr with a Python error set. `out`: nullptr, or a tree of arrays like
  /// the results', which then is what comes back. Arrays of `out` that share memory with an input
  /// or are not laid out like the result are filled from a copy.
  PyObject* run(PyObject* const* args, PyObject* out) const;
  /// Cached parts of allocation; called once.
  void prepare();
  /// Python integers become elements of narrow types where the traced program casts them.
  void find_ranges(const Graph& traced);

 private:
  struct Output {
    PyArray_Descr* descr;
    Type type;
    std::vector<npy_intp> dims, strides;
    std::int64_t bytes = 0;
  };
  struct Inputs;
  std::vector<Output> outputs_;
  std::vector<char> is_copied_;  ///< of each root: an earlier root has the same output
  PyObject* run_now(PyObject* const* args, PyObject* out) const;
  bool gather(PyObject* const* args, Inputs& inputs) const;
  void execute(void* const* inputs, void* const* outputs) const;
  PyObject* finish(References& results) const;
  // write_back.cpp
  PyObject* run_writing(PyObject* const* args, PyObject* out) const;
  PyObject* run_plain(PyObject* const* args) const;
  bool shares_written_memory(PyObject* const* args) const;
  PyObject* finish_writing(PyObject* const* args, References& results, References& regions) const;
  PyObject* allocate(const Output& output) const;
  // out.cpp
  void take_out(PyObject* out, References& given) const;
  void check_out(PyObject* given, const Output& output, std::size_t root) const;
  bool is_direct(PyArrayObject* array, const Output& output) const;
  bool overlaps(PyArrayObject* array, PyObject* const* args, const Inputs& inputs) const;
  void place_outputs(PyObject* const* args, References& given, const Inputs& inputs,
                     References& results) const;
  bool fill_out(References& given, References& results) const;
};

void bind_structure(py::module_& module);

std::string signature_of(PyObject* const* args, Py_ssize_t count);
/// Of classes, element types, ranks, sizes and orders; leaves that fit one record may differ in it.
std::uint64_t hash_of_leaves(PyObject* const* leaves, Py_ssize_t count);

}  // namespace bafe::python
