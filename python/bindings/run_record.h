#pragma once
/// What the files that run records share.

#include "record.h"

namespace bafe::python {

/// Buffers of one call: addresses, values of numbers, references to converted copies.
struct Record::Inputs {
  union Number {
    double real;
    std::int64_t integer;
    std::uint8_t truth;
  };
  Room<void*> addresses;
  Room<Number> numbers;
  References held;                 ///< captured arrays
  std::vector<py::object> copies;  ///< empty, and so without memory, for most calls

  Inputs(std::size_t leaves, std::size_t hidden)
      : addresses(leaves + hidden), numbers(leaves + hidden), held(hidden) {}
  /// False with a Python error set.
  bool take(const LeafKey& key, PyObject* leaf, std::size_t input, std::size_t slot);
};

}  // namespace bafe::python
