#pragma once
/// Certificates of what the engine compiles: replayed before code is made, kept with it.

#include <string>
#include <vector>

#include "bafe/check/check.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// A certificate and what replaying it says.
struct Certified {
  std::string text;
  CertificateVerdict verdict;
  bool from_cache = false;  ///< it was stored with the compiled program
};

/// Of the cache entry `key` (hex), or of a new search where there is none. Errors: Interrupted.
Certified certificate_of(const Graph& graph, const EngineOptions& options, const std::string& key);

/// Replays a certificate with the rules of `rules` (nullptr: the built-in ones).
CertificateVerdict replay_certificate(const std::string& text, const RuleSet* rules);

/// Replays the certificate of a search and compares its programs with the real ones. When it is
/// rejected the result becomes the program as written, with one warning and a report in the cache's
/// folder, and the rule of the bad step is left out of every later search of this process.
void certify(const Graph& graph, const SearchOptions& options, SearchResult& found);

/// The certificate of another program of the same search; empty when there is none that holds.
std::string certified_candidate(const Graph& graph, const SearchOptions& options,
                                const Graph& program);

/// Rules whose steps were rejected in this process.
std::vector<std::string> quarantined_rules();
/// `options.rules` without them, kept alive by `kept`.
void leave_out_quarantined(SearchOptions& options, RuleSet& kept);

}  // namespace bafe
