#pragma once
/// Containers of arrays: what jitted functions take and give, as one list of nodes in preorder.

#include "bindings.h"

#include <vector>

namespace bafe::python {

/// Equal and of the same types all the way down: 1, True and 1.0 differ, and so do 0.0 and -0.0.
/// Runs the user's code (==, repr) only for values that are neither numbers nor text. Never leaves
/// a Python error behind.
bool same_static(PyObject* a, PyObject* b);

/// Shapes of trees; values come and go.
class PyTree {
 public:
  struct Node {
    enum Kind : std::uint8_t {
      kLeaf,
      kNone,
      kTuple,
      kList,
      kDict,
      kNamedTuple,
      kDataclass,
      kRegistered,
      kStatic,
      kOut  ///< of an argument layout: where the caller wants the results
    };
    Kind kind = kLeaf;
    int leaf = 0;          ///< number of a kLeaf
    Py_ssize_t count = 0;  ///< of children, which follow
    std::size_t next = 0;  ///< node after this one and all its children
    py::object type;       ///< exact class of a container
    py::object keys;       ///< of a dict, names of fields, rest of a registered type, static value
    py::object convert;    ///< of a registered type: (flatten, unflatten)
  };

  /// Appends the tree that `structure` describes (trees.py); leaves are numbered from leaf_count()
  /// on. Gives the place of its first node.
  std::size_t append(const py::handle& structure);
  std::size_t append_static(const py::handle& value);
  std::size_t append_out();
  int leaf_count() const { return leaves_; }
  const Node& node(std::size_t at) const { return nodes_[at]; }
  std::size_t size() const { return nodes_.size(); }

  /// Writes new references of the leaves of `value` to leaves[Node::leaf]. False when the value has
  /// another structure; what was written by then stays. No Python error remains.
  bool flatten(std::size_t at, PyObject* value, PyObject** leaves) const;
  /// New reference to a tree of `leaves`, whose references it takes over and sets to nullptr;
  /// nullptr with a Python error set.
  PyObject* build(std::size_t at, PyObject** leaves) const;
  /// For messages: "(array, {'a': array})".
  std::string text(std::size_t at) const;

 private:
  bool flatten_children(const Node& node, std::size_t at, PyObject* value, PyObject** leaves) const;
  bool flatten_dict(const Node& node, std::size_t at, PyObject* value, PyObject** leaves) const;
  bool flatten_registered(const Node& node, std::size_t at, PyObject* value,
                          PyObject** leaves) const;
  PyObject* build_dict(const Node& node, std::size_t at, PyObject** leaves) const;
  PyObject* build_dataclass(const Node& node, std::size_t at, PyObject** leaves) const;
  std::vector<Node> nodes_;
  int leaves_ = 0;
};

/// {class: (flatten, unflatten)} that trees.py fills and hands over anew after each change. It may
/// change what older trees mean, so layouts remember the version they were made under.
void set_pytree_registry(py::dict registry);
Py_ssize_t pytree_version();

}  // namespace bafe::python
