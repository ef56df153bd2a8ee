// In: the ways to build a program. Out: the same with single groups left to the host's array
// library, so that a race against it can be lost. Only under autotune, never in `bits`.

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/host.h"
#include "bafe/runtime/candidates.h"
#include "bafe/runtime/executor.h"

namespace bafe {
namespace {

constexpr std::size_t kMostPrograms = 4;  // the chosen one and its first cuts

bool has_host() {
  const auto routines = host_routines();
  return std::all_of(routines.begin(), routines.end(),
                     [](const char* name) { return registered_kernel(name) != nullptr; });
}

}  // namespace

void add_host_plans(std::vector<CandidatePlan>& plans) {
  if (!has_host()) return;
  std::vector<CandidatePlan> found;
  const std::size_t programs = std::min(plans.size(), kMostPrograms);
  for (std::size_t i = 0; i < programs; ++i) {
    const CandidatePlan& way = plans[i];
    const std::vector<int> groups = host_groups(way.program, host_target(), way.lower);
    if (groups.empty()) continue;
    auto add = [&](std::vector<int> hosted) {
      found.push_back({way.program, way.lower,
                       format("{}, {} of its groups by the host", way.what, hosted.size())});
      found.back().lower.host = std::move(hosted);
    };
    add(groups);
    if (groups.size() < 2) continue;
    const auto& all = way.program.groups;
    add({*std::max_element(groups.begin(), groups.end(), [&](int a, int b) {
      return all[static_cast<std::size_t>(a)].predicted_ns <
             all[static_cast<std::size_t>(b)].predicted_ns;
    })});
  }
  plans.insert(plans.end(), found.begin(), found.end());
}

}  // namespace bafe
