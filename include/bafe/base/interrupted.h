#pragma once
/// What ends work that the host asked to stop.

#include <exception>

namespace bafe {

/// Thrown by searches, compilations and long loops once their host answered that it wants to stop.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace bafe
