// Lines for people about signatures. In: two traced programs of one function, and what the engine
// gave. Out: one line. Nothing here decides anything.

#include "bafe/runtime/recompiles.h"

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/runtime/staging.h"

namespace bafe {
namespace {

void add(std::string& text, const std::string& part) { text += (text.empty() ? "" : "; ") + part; }

void compare(const InputInfo& before, const InputInfo& now, std::string& text) {
  const Shape &a = before.type.shape, &b = now.type.shape;
  if (before.type.dtype != now.type.dtype) {
    add(text, format("{}: {}, was {}", now.name, dtype_info(now.type.dtype).name,
                     dtype_info(before.type.dtype).name));
  }
  if (before.weak != now.weak)
    add(text,
        format("{}: {}", now.name, now.weak ? "a number, was an array" : "an array, was a number"));
  if (a.size() != b.size()) {
    add(text, format("{}: {} axes, was {}", now.name, b.size(), a.size()));
    return;
  }
  for (std::size_t axis = 0; axis < a.size(); ++axis) {
    if (a[axis] != b[axis])
      add(text,
          format("{}: axis {} was {}, is {}", now.name, axis, a[axis].text(), b[axis].text()));
  }
  if (before.layout != now.layout)
    add(text, format("{}: stored {}, was {}", now.name, now.layout, before.layout));
}

bool reads_sizes(const Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return step.kind == StepKind::kGenerated && !step.sizes.empty();
  });
}

}  // namespace

std::string signature_change(const Graph& before, const Graph& now) {
  std::string text;
  if (before.inputs().size() != now.inputs().size()) {
    add(text, format("{} arrays, was {}", now.inputs().size(), before.inputs().size()));
  } else {
    for (std::size_t i = 0; i < now.inputs().size(); ++i)
      compare(before.inputs()[i], now.inputs()[i], text);
  }
  return text.empty() ? "a static argument, a captured value or an option differs" : text;
}

std::string recompile_outcome(const Executable& made) {
  const TierState state = tier_state(made);
  if (state.pending) return format("{} now, compiled behind the calls", state.tier);
  const std::optional<Plan> plan = made.plan();
  if (plan && reads_sizes(*plan)) return "the kernel for any size is used";
  if (made.provenance().interpreted) return "interpreted";
  return made.provenance().from_cache ? "loaded from the cache" : "searched and compiled";
}

}  // namespace bafe
