// In: what a search found. Out: lines of the topics that are on.

#include "bafe/runtime/engine_log.h"

#include "bafe/base/format.h"
#include "bafe/base/log.h"

namespace bafe {

void log_search(const Provenance& made) {
  if (log_enabled("rewrites")) {
    log("rewrites", format("{}: {} steps", made.traced_brief, made.steps.size()));
    for (const ExplainStep& step : made.steps) {
      log("rewrites", format("  {}{}: {} => {}", step.rule, step.forward ? "" : " (backwards)",
                             step.before, step.after));
    }
  }
  if (log_enabled("extract")) {
    log("extract", format("{}: {:.3g} ns predicted as written, {:.3g} as chosen", made.traced_brief,
                          made.predicted_ns_as_written, made.predicted_ns));
    for (const CandidateSummary& one : made.candidates)
      log("extract", format("  {:.3g} ns  {}", one.predicted_ns, one.program));
  }
}

}  // namespace bafe
