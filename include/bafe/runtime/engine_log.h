#pragma once
/// What BAFE_LOG tells of a search: topics "rewrites" and "extract".

#include "bafe/runtime/engine.h"

namespace bafe {

/// One line for each rule between the program as written and the one chosen, and one for each of
/// the best candidates. Costs two look-ups when neither topic is on.
void log_search(const Provenance& made);

}  // namespace bafe
