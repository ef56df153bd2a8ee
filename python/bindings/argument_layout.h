#pragma once
/// How the arguments of one shape of call become leaves.

#include "pytree.h"

#include <optional>

namespace bafe::python {

/// What a jitted function says about its parameters; fixed before the first call.
struct Parameters {
  std::vector<Py_ssize_t> static_positions;
  py::tuple static_names;  ///< also the names of the static positions
  bool owns_out = true;    ///< no parameter is called `out`: it says where results go

  bool is_static(Py_ssize_t position, PyObject* name) const;  ///< name: nullptr, or a keyword
  bool is_out(PyObject* name) const;
};

/// The arguments of a vectorcall: `count` by position, then one for each of `names`.
struct CallArguments {
  PyObject* const* values = nullptr;
  Py_ssize_t count = 0;
  PyObject* names = nullptr;  ///< nullptr or a tuple

  Py_ssize_t named() const { return names ? PyTuple_GET_SIZE(names) : 0; }
  Py_ssize_t total() const { return count + named(); }
  PyObject* name(Py_ssize_t i) const { return PyTuple_GET_ITEM(names, i - count); }
};

/// Hash of what is not in leaves: counts, names, static values, classes and sizes of containers.
/// Nothing for a static value without a hash; the slow path says so. May run the user's __hash__.
std::optional<std::uint64_t> hash_of_call(const CallArguments& call, const Parameters& parameters);

/// Immutable.
class ArgumentLayout {
 public:
  /// `parts` is _Call.parts: [(position or name, "static" or "tree", value or structure)].
  ArgumentLayout(const CallArguments& call, const Parameters& parameters, const py::list& parts);

  /// Every argument is a leaf given by position: the arguments are the leaves.
  bool is_plain() const { return is_plain_; }
  std::size_t leaf_count() const { return static_cast<std::size_t>(tree_.leaf_count()); }
  /// Writes new references of the leaves, and the borrowed `out` argument. False when the call has
  /// another shape; leaves not written keep their values. No Python error remains.
  bool matches(const CallArguments& call, PyObject** leaves, PyObject** out) const;

 private:
  Py_ssize_t count_ = 0;
  py::object names_;                ///< tuple of keywords as the call gave them
  std::vector<std::size_t> first_;  ///< node of each argument
  PyTree tree_;
  Py_ssize_t version_ = 0;
  bool is_plain_ = false;
};

}  // namespace bafe::python
