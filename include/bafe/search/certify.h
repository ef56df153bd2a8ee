#pragma once
/// Certificates apart from a search.

#include <string>

#include "bafe/search/optimize.h"

namespace bafe {

/// Is `program` the one that a certificate states?
bool states_program(const Graph& stated, const Graph& program);

/// That `program` is `graph` as written: names defined, layouts aside, no rule used.
std::string certificate_as_written(const Graph& graph, const Graph& program, Math math);
/// That `program`, another candidate of the search for `graph`, equals it: the search is grown
/// again. Empty when it does not hold the program.
std::string certificate_of_candidate(const Graph& graph, const Graph& program,
                                     const SearchOptions& options);

}  // namespace bafe
