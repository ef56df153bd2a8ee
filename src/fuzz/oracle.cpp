// In: a case. Out: what the oracle of its settings says.

#include "bafe/fuzz/oracle.h"

#include "bafe/base/format.h"
#include "bafe/fuzz/campaign.h"

namespace bafe {

Finding check_case(const FuzzCase& one, const FuzzCoverage& coverage) {
  if (one.settings.oracle == 1) return check_compiled(std::span(&one, 1), coverage)[0];
  return check_extraction(one, kFuzzTerms, coverage);
}

}  // namespace bafe
