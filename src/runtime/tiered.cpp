// In: an executable that runs at once, later others for the same program. Out: calls of the best so
// far. Invariants: `running_` points into `first_` or `kept_`, which only grow; sizes of buffers
// are those of the first executable, so a caller's memory fits whatever runs.

#include "bafe/runtime/tiered.h"

#include <algorithm>
#include <cstring>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"

namespace bafe {
namespace {

constexpr int kLeastRounds = 5;

double median_of(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double run_ns(const Executable& executable, const Sample& sample, const Buffers& out,
              std::int64_t sample_ns) {
  std::int64_t begin = now_ns(), spent = 0, repeats = 0;
  do {
    executable.run(sample.inputs.pointers.data(), out.pointers.data());
    spent = now_ns() - begin;
  } while (++repeats < 1000 && spent < sample_ns);
  return static_cast<double>(std::max<std::int64_t>(spent, 1)) / static_cast<double>(repeats);
}

std::int64_t bytes_of(std::span<const BufferSpec> specs) {
  std::int64_t bytes = 0;
  for (const BufferSpec& spec : specs) bytes += type_bytes(spec.type);
  return bytes;
}

std::string differs(std::span<const BufferSpec> have, std::span<const BufferSpec> next,
                    std::string_view what) {
  if (have.size() != next.size())
    return format("it has {} {}s for {}", next.size(), what, have.size());
  for (std::size_t i = 0; i < have.size(); ++i) {
    if (!(have[i].type == next[i].type)) return format("{} {} has another type", what, i);
    if (have[i].order != next[i].order)
      return format("{} {} has another order of axes in memory", what, i);
  }
  return {};
}

}  // namespace

Duel duel(const Executable& first, const Executable& second, const Sample& sample,
          const DuelLimits& limits) {
  TraceSpan span("duel");
  Duel out;
  try {
    const Buffers into(first.outputs());
    const auto stops = [&] { return out.is_stopped = limits.checkpoint && limits.checkpoint(); };
    for (const Executable* one : {&first, &second}) {  // cold caches and pages are no measure
      if (stops()) return out;
      run_ns(*one, sample, into, 0);
    }
    std::vector<double> ratios, first_ns, second_ns;
    const std::int64_t begin = now_ns();
    for (int round = 0; round < std::max(limits.rounds, kLeastRounds); ++round) {
      if (round >= kLeastRounds && now_ns() - begin > limits.total_ns) break;
      if (stops()) return out;
      first_ns.push_back(run_ns(first, sample, into, limits.sample_ns));
      second_ns.push_back(run_ns(second, sample, into, limits.sample_ns));
      ratios.push_back(second_ns.back() / first_ns.back());
    }
    out = {median_of(ratios), median_of(first_ns), median_of(second_ns),
           static_cast<int>(ratios.size()), false};
  } catch (const Error& error) {
    log("autotune", format("a sample is refused: {}", error.what()));
  } catch (const std::bad_alloc&) {
    log("autotune", "no memory to time on");
  }
  return out;
}

TieredExecutable::TieredExecutable(std::shared_ptr<const Executable> first, std::string tier)
    : first_(std::move(first)), running_(first_.get()) {
  state_.tier = std::move(tier);
}

void TieredExecutable::run(void* const* inputs, void* const* outputs, int threads) const {
  if (is_pending_.load(std::memory_order_relaxed)) [[unlikely]] {
    Background::wake();
    if (wants_sample_.load(std::memory_order_relaxed)) take_sample(inputs);
  }
  running()->run(inputs, outputs, threads);
}

/// Memory that cannot be had is no reason to fail a call.
void TieredExecutable::take_sample(void* const* inputs) const {
  if (!wants_sample_.exchange(false)) return;
  if (bytes_of(first_->inputs()) > kMostSampleBytes) return;
  try {
    auto sample = std::make_shared<Sample>(first_->inputs());
    sample->is_live = true;
    for (std::size_t i = 0; i < sample->inputs.pointers.size(); ++i)
      sample->inputs.copy_in(i, inputs[i], type_bytes(first_->inputs()[i].type));
    std::lock_guard lock(mutex_);
    sample_ = std::move(sample);
  } catch (const std::bad_alloc&) {
    log("autotune", "no memory for a copy of the arguments");
  }
}

void TieredExecutable::expect(std::shared_ptr<Job> job) {
  {
    std::lock_guard lock(mutex_);
    job_ = std::move(job);
    state_.pending = true;
  }
  wants_sample_.store(true);
  is_pending_.store(true, std::memory_order_release);
}

std::shared_ptr<Job> TieredExecutable::job() const {
  std::lock_guard lock(mutex_);
  return job_;
}

void TieredExecutable::settle(std::string why) {
  is_pending_.store(false, std::memory_order_release);
  wants_sample_.store(false);
  std::shared_ptr<const Sample> dropped;
  std::vector<std::function<void()>> listeners;
  {
    std::lock_guard lock(mutex_);
    dropped.swap(sample_);
    listeners.swap(when_settled_);
    job_.reset();
    state_.pending = false;
    if (!why.empty()) state_.why = std::move(why);
  }
  for (const auto& done : listeners) done();
  if (log_enabled("dispatch"))
    log("dispatch", format("{}: {}", first_->provenance().traced_brief, state().why));
}

void TieredExecutable::when_settled(std::function<void()> done) {
  {
    std::lock_guard lock(mutex_);
    if (state_.pending) {
      when_settled_.push_back(std::move(done));
      return;
    }
  }
  done();
}

std::shared_ptr<const Sample> TieredExecutable::sample() const {
  {
    std::lock_guard lock(mutex_);
    if (sample_) return sample_;
  }
  if (bytes_of(first_->inputs()) > kMostSampleBytes) return nullptr;
  try {
    auto drawn = std::make_shared<Sample>(first_->inputs());
    SampleSource random(1);
    for (std::size_t i = 0; i < drawn->inputs.pointers.size(); ++i)
      draw_elements(first_->inputs()[i].type, Floats::kSigned, Integers::kBits, random,
                    drawn->inputs.pointers[i]);
    return drawn;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

std::string TieredExecutable::misfit(const Executable& next) const {
  std::string found = differs(inputs(), next.inputs(), "argument");
  return found.empty() ? differs(outputs(), next.outputs(), "result") : found;
}

bool TieredExecutable::adopt(std::shared_ptr<const Executable> next, std::string tier,
                             std::string why) {
  const std::string found = misfit(*next);
  std::lock_guard lock(mutex_);
  if (!found.empty()) {
    state_.why = format("the {} program does not fit: {}", tier, found);
    return false;
  }
  log("dispatch",
      format("{}: {} code takes over: {}", first_->provenance().traced_brief, tier, why));
  const Executable* address = next.get();
  kept_.push_back(std::move(next));
  runner_up_.reset();
  state_.tier = std::move(tier);
  state_.why = std::move(why);
  ++state_.swaps;
  running_.store(address, std::memory_order_release);
  return true;
}

bool TieredExecutable::adopt_if_faster(std::shared_ptr<const Executable> next, std::string tier,
                                       const DuelLimits& limits) {
  const std::shared_ptr<const Sample> arguments = sample();
  Duel times;
  if (arguments) times = duel(*running(), *next, *arguments, limits);
  if (times.is_stopped) return false;
  {
    std::lock_guard lock(mutex_);
    state_.now_ns = times.first_ns;
    state_.other_ns = times.second_ns;
    state_.ratio = times.ratio;
    state_.runs = times.rounds;
    if (times.rounds > 0 && times.ratio >= kGain) {
      state_.why =
          format("the {} program takes {:.3f} of the time: it stays aside", tier, times.ratio);
      runner_up_ = std::move(next);
      return false;
    }
  }
  std::string why = format("takes {:.3f} of the time", times.ratio);
  if (times.rounds == 0) why = "could not be timed on a call's arguments";
  if (!arguments) why = "neither compared nor timed: " + std::string(kNoArguments);
  return adopt(std::move(next), std::move(tier), std::move(why));
}

std::shared_ptr<const Executable> TieredExecutable::runner_up() const {
  std::lock_guard lock(mutex_);
  return runner_up_;
}

void TieredExecutable::set_aside(std::shared_ptr<const Executable> kernel, std::string why) {
  std::lock_guard lock(mutex_);
  runner_up_ = std::move(kernel);
  state_.why = std::move(why);
}

TierState TieredExecutable::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void TieredExecutable::note_reproducer(std::string path, std::string why) {
  std::lock_guard lock(mutex_);
  state_.reproducer = std::move(path);
  state_.why = std::move(why);
}

}  // namespace bafe
