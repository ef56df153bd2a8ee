// Tiers: what runs now, what is under way, waiting for it. Waits give the interpreter lock back and
// take it only to ask for Ctrl-C.

#include "record.h"

#include "bafe/base/log.h"
#include "bafe/base/options.h"
#include "bafe/runtime/background.h"
#include "bafe/runtime/staging.h"
#include "bafe/runtime/tiered.h"

namespace bafe::python {
namespace {

using Made = std::shared_ptr<Executable>;

py::dict state_of(const Executable& executable) {
  const TierState state = tier_state(executable);
  py::dict out;
  out["tier"] = state.tier;
  out["pending"] = state.pending;
  out["why"] = state.why;
  out["now_ns"] = state.now_ns;
  out["other_ns"] = state.other_ns;
  out["ratio"] = state.ratio;
  out["runs"] = state.runs;
  out["swaps"] = state.swaps;
  out["reproducer"] = state.reproducer;
  return out;
}

/// `work(interrupted)` without the interpreter lock; a KeyboardInterrupt that it met is raised.
template <class Work>
bool interruptible(const Work& work) {
  bool done = false;
  {
    const Unlocked unlocked;
    done = work(std::function<bool()>(python_interrupted));
  }
  if (PyErr_Occurred()) throw py::error_already_set();
  return done;
}

bool finish(const Made& made) {
  return interruptible(
      [&](const auto& interrupted) { return finish_compiling(made, interrupted); });
}

bool wait(const Made& made, double seconds) {
  return interruptible(
      [&](const auto& interrupted) { return wait_for_tiers(made, seconds, interrupted); });
}

/// Makes the record unfit for calls once nothing is pending for these: it is then made anew.
void renew_when_settled(Record& record, const std::vector<Made>& made) {
  record.unsettled = std::make_shared<std::atomic<int>>(static_cast<int>(made.size()));
  for (const Made& one : made) {
    record.awaited.push_back(one);
    if (auto* tiered = dynamic_cast<TieredExecutable*>(one.get())) {
      tiered->when_settled([count = record.unsettled] { count->fetch_sub(1); });
    } else {
      record.unsettled->fetch_sub(1);
    }
  }
}

std::vector<Made> awaited_of(const Record& record) {
  std::vector<Made> out;
  for (const auto& one : record.awaited) out.push_back(std::const_pointer_cast<Executable>(one));
  return out;
}

}  // namespace

void bind_tiers(py::module_& module) {
  module.def("tier_state", &state_of);
  module.def("finish_compiling", &finish);
  module.def("wait_for_tiers", &wait);
  module.def("want_compiled", [](const Made& made) {
    if (auto* tiered = dynamic_cast<TieredExecutable*>(made.get())) tiered->want_compiled();
  });
  module.def("renew_when_settled", &renew_when_settled);
  module.def("awaited", &awaited_of);
  module.def("background_jobs", [] { return Background::shared().waiting(); });
  py::module_::import("atexit").attr("register")(py::cpp_function([] {
    const Unlocked unlocked;
    if (Background::shared().waiting() > 0)
      Background::shared().drain(std::atof(option("BAFE_EXIT_SECONDS").c_str()));
    Background::shared().stop();
  }));
}

}  // namespace bafe::python
