// In: requests and what runs them. Out: faster executables, adopted and published. A program is
// tuned by one job at a time; the job holds copies of the request and lets go of an executable that
// nobody else holds.

#include "engine_tuning.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "bafe/base/digest.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/options.h"
#include "bafe/codegen/lower.h"
#include "bafe/runtime/autotune.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/step_samples.h"
#include "bafe/runtime/tuning.h"

namespace bafe {
namespace {

constexpr double kBehindSeconds = 4;          // where BAFE_TUNING_SECONDS is no number
constexpr std::size_t kMostAlternatives = 5;  // other programs of the search
constexpr int kCallWaits = 40;                // of 5 ms, for a second call to be seen

/// The choice, its other groupings, tiles and products, and other programs of the search.
std::vector<CandidatePlan> all_ways(const Request& request, const SearchResult& found) {
  const LowerOptions lower = lower_options(request);
  std::vector<CandidatePlan> ways = candidate_plans(found.program, lower, request.cost());
  const std::size_t most = std::min(found.candidates.size(), kMostAlternatives + 1);
  for (std::size_t i = 1; i < most; ++i)
    ways.push_back({found.candidates[i], lower, format("program {} of the search", i)});
  return ways;
}

/// Kernels and the order they run in: plans that agree in it take the same time.
std::string code_of(const std::string& c_text, const Plan& plan) {
  DigestBuilder digest;
  digest.add(c_text);
  for (const Step& step : plan.steps) digest.add(step.symbol).add(step.units);
  return digest.finish().hex();
}

/// The engine as tuning sees it.
class EngineWays : public WayBuilder {
 public:
  EngineWays(ProgramMaker& maker, const Request& request, Interrupt& interrupt,
             const Executable& running)
      : maker_(maker),
        request_(request),
        interrupt_(interrupt),
        cache_(KernelCache::shared()),
        provenance_(provenance_before_search(request)) {
    if (const std::optional<Plan> plan = running.plan())
      codes_.emplace(code_of(running.provenance().c_text, *plan), "what ran first");
  }

  std::vector<CandidatePlan> ways() override {
    SearchResult found = maker_.search(request_, interrupt_);
    std::vector<CandidatePlan> ways = all_ways(request_, found);
    for (const CandidatePlan& way : ways) {
      auto [known, is_new] = certificates_.try_emplace(way.program.graph.hash());
      if (is_new) known->second = maker_.certificate(way, request_, found);
    }
    ways.erase(std::remove_if(ways.begin(), ways.end(),
                              [&](const CandidatePlan& way) {
                                return certificates_[way.program.graph.hash()].empty();
                              }),
               ways.end());
    add_search(provenance_, std::move(found), request_);
    return ways;
  }

  std::shared_ptr<const Executable> build(const CandidatePlan& way, std::string& reason) override {
    try {
      Plan plan = build_plan(way.program, host_target(), way.lower);
      const auto [same, is_new] = codes_.emplace(code_of(plan.c_text, plan), way.what);
      if (!is_new) {
        reason = format("has the code of: {}", same->second);
        return nullptr;
      }
      Built built =
          maker_.build_planned(std::move(plan), way, request_, provenance_, interrupt_, *cache_);
      built.certificate = certificates_[way.program.graph.hash()];
      reason = built.failure;
      if (reason.empty() && spills(way, built, interrupt_)) reason = "keeps sums on the stack";
      if (!reason.empty()) return nullptr;
      std::shared_ptr<const Executable> executable = built.executable;
      built_.insert_or_assign(configuration_of(way), std::move(built));
      return executable;
    } catch (const Interrupted&) {
      reason = "stopped";
    } catch (const std::bad_alloc&) {
      reason = "no memory";
    }
    return nullptr;
  }

  const CostModel& cost() const override { return request_.cost(); }
  const CostModel& roofline() const override { return *request_.base; }

  std::shared_ptr<const Executable> built(const CandidatePlan& way) const override {
    const auto found = built_.find(configuration_of(way));
    return found == built_.end() ? nullptr : found->second.executable;
  }

  void publish(const CandidatePlan& way, const std::string& note) override {
    const auto found = built_.find(configuration_of(way));
    if (found != built_.end()) {
      Provenance provenance = found->second.executable->provenance();
      provenance.tuning = note;
      store_built(*cache_, request_, found->second, provenance);
      return;
    }
    const auto entry = cache_->load(request_.key, request_.premises);
    Provenance provenance = provenance_before_search(request_);
    if (!entry || !provenance_of(*entry, provenance)) return;
    provenance.tuning = note;
    CacheEntry noted = *entry;
    noted.report = entry_of(provenance, {}, {}).report;
    cache_->store(request_.key, std::move(noted));
  }

 private:
  ProgramMaker& maker_;
  const Request& request_;
  Interrupt& interrupt_;
  std::shared_ptr<KernelCache> cache_;
  Provenance provenance_;
  std::map<std::string, Built> built_;
  std::map<std::uint64_t, std::string> certificates_;  ///< of each program among the ways, by hash
  std::map<std::string, std::string> codes_;  ///< what runs each code that was built or ran first
};

/// Programs that are being tuned behind their calls, by key.
class Tuned {
 public:
  static Tuned& shared() {
    static Tuned* one = new Tuned;
    return *one;
  }
  std::shared_ptr<TieredExecutable> find(const Digest& key) {
    std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : found->second.lock();
  }
  void add(const Digest& key, const std::shared_ptr<TieredExecutable>& tiered) {
    std::lock_guard lock(mutex_);
    std::erase_if(by_key_, [](const auto& one) { return one.second.expired(); });
    by_key_[key] = tiered;
  }

 private:
  std::mutex mutex_;
  std::map<Digest, std::weak_ptr<TieredExecutable>> by_key_;
};

TuningSubject subject_of(const Request& request, std::shared_ptr<const Executable> running) {
  TuningSubject subject;
  subject.program = program_digest(request.graph, request.threads);
  subject.machine = machine_name(host_target(), request.threads);
  subject.configuration = running->provenance().configuration;
  subject.running = std::move(running);
  subject.threads = request.threads;
  const std::uint64_t hash = request.graph.hash();
  subject.call_ns = [hash] { return Autotune::shared().call_ns(hash); };
  return subject;
}

/// What earlier tunings have learned of kernels; the store is read by the first of a process.
std::shared_ptr<const ResidualModel> learned_residuals(const std::string& machine) {
  static std::mutex mutex;
  // Never destroyed: the background thread may use it to the end.
  static auto& by_machine = *new std::map<std::string, std::shared_ptr<const ResidualModel>>;
  std::lock_guard lock(mutex);
  std::shared_ptr<const ResidualModel>& known = by_machine[machine];
  if (!known) {
    known = std::make_shared<const ResidualModel>(learn_residuals(ProfileStore::shared(), machine));
  }
  return known;
}

/// How long calls take is known from the second on; nothing is lost by waiting a little for it.
void wait_for_calls(const TuningSubject& subject, Job& job) {
  for (int i = 0; i < kCallWaits && !(subject.call_ns() > 0) && !job.checkpoint(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

/// Of one program, builds included.
double behind_seconds() {
  const std::string text = option("BAFE_TUNING_SECONDS");
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == 0 && seconds >= 0 ? seconds : kBehindSeconds;
}

void tune_behind(ProgramMaker& maker, const Request& request,
                 const std::shared_ptr<TieredExecutable>& tiered, Job& job) {
  const auto stops = [&] { return tiered.use_count() < 2 || job.checkpoint(); };
  Interrupt interrupt(stops);
  EngineWays ways(maker, request, interrupt, *tiered->first());
  TuningSubject subject = subject_of(request, tiered->first());
  subject.sample = [&] {
    wait_for_calls(subject, job);
    return tiered->sample();
  };
  subject.residuals = learned_residuals(subject.machine);
  TuningLimits limits;
  limits.seconds = behind_seconds();
  limits.stop = stops;
  const TuningReport report = tune_program(
      ways, subject, ProfileStore::shared(), limits,
      [&](std::size_t, std::shared_ptr<const Executable> next) {
        return tiered->adopt(std::move(next), "compiled", "was faster on a call's arguments");
      });
  tiered->settle(tuning_note(report));
}

}  // namespace

CandidatePlan starting_way(const Request& request, const SearchResult& found) {
  const std::string best =
      stored_winner(ProfileStore::shared(), program_digest(request.graph, request.threads),
                    machine_name(host_target(), request.threads));
  std::vector<CandidatePlan> ways;
  if (!best.empty()) ways = all_ways(request, found);
  for (CandidatePlan& way : ways)
    if (configuration_of(way) == best) return std::move(way);
  return {found.program, lower_options(request), "as chosen"};
}

std::shared_ptr<const Executable> tuned_behind(ProgramMaker& maker, const Request& request,
                                               std::shared_ptr<const Executable> made) {
  const Provenance& provenance = made->provenance();
  if (provenance.interpreted || !provenance.tuning.empty()) return made;
  if (auto known = Tuned::shared().find(request.key); known && known->is_pending()) return known;
  auto tiered = std::make_shared<TieredExecutable>(std::move(made), "compiled");
  auto owned = std::make_shared<OwnedRequest>(request.graph, request.options, request.constants);
  owned->options.interrupted = {};
  std::weak_ptr<TieredExecutable> weak = tiered;
  auto job = std::make_shared<Job>([&maker, owned, weak](Job& self) {
    const std::shared_ptr<TieredExecutable> target = weak.lock();
    if (!target) return;
    try {
      tune_behind(maker, owned->request, target, self);
    } catch (const std::exception& error) {
      log("autotune", error.what());
      target->settle(error.what());
    }
  });
  tiered->expect(job);
  Tuned::shared().add(request.key, tiered);
  if (!Background::shared().submit(std::move(job))) tiered->settle("too much work waits");
  return tiered;
}

TuningReport tune_now(ProgramMaker& maker, const Request& request,
                      std::shared_ptr<const Executable> running,
                      std::shared_ptr<const Sample> sample, TuningLimits limits) {
  const std::shared_ptr<TieredExecutable> tiered = Tuned::shared().find(request.key);
  if (std::shared_ptr<Job> job = tiered ? tiered->job() : nullptr) job->cancel();
  Interrupt interrupt(limits.stop ? limits.stop : request.options.interrupted);
  limits.stop = interrupt.poll();
  EngineWays ways(maker, request, interrupt, *running);
  TuningSubject subject = subject_of(request, std::move(running));
  subject.sample = [&] { return sample; };
  if (limits.call_ns > 0) subject.call_ns = [&] { return limits.call_ns; };
  subject.residuals = learned_residuals(subject.machine);
  return tune_program(ways, subject, ProfileStore::shared(), limits,
                      [&](std::size_t, std::shared_ptr<const Executable> next) {
                        if (!tiered) return true;
                        return tiered->adopt(std::move(next), "compiled", "was faster when asked");
                      });
}

}  // namespace bafe
