#pragma once
/// Programs whose error factor (ir/error_factor.h) stays within a multiple of the written one's.

#include <optional>
#include <vector>

#include "term_graph.h"

namespace bafe {

class ErrorLimit {
 public:
  /// No growth: everything is admitted. `written` gives each root's bound; where a size of it is a
  /// symbol nothing but the program as written is within a limit.
  ErrorLimit(const Graph& written, std::optional<double> most_growth);
  explicit operator bool() const { return growth_.has_value(); }
  bool admits(const Graph& program) const;
  /// The same of a choice of nodes; `reached`: the classes that the roots need, operands first.
  bool admits(const TermGraph& terms, const std::vector<NodeId>& choice,
              const std::vector<ClassId>& reached) const;

 private:
  bool is_within(std::size_t root, double error) const;
  std::optional<double> growth_;
  std::vector<double> written_;  // of each root
  bool is_decided_ = true;       // every size is a number
};

/// Error of each root, as term_error() has it.
std::vector<double> root_errors(const Graph& graph);
/// The largest error_growth() over the roots of two equal programs.
double largest_growth(const Graph& written, const Graph& chosen);

}  // namespace bafe
