// In: an executable that serves many sizes. Out: the same, counted. Invariant: the job is submitted
// at most once, and holds the executable weakly: a function that is gone is not compiled for.

#include "hot.h"

#include "bafe/base/log.h"

namespace bafe {
namespace {

class CountedExecutable : public Executable {
 public:
  explicit CountedExecutable(std::shared_ptr<const Executable> inner) : inner_(std::move(inner)) {}
  std::span<const BufferSpec> inputs() const override { return inner_->inputs(); }
  std::span<const BufferSpec> outputs() const override { return inner_->outputs(); }
  void run(void* const* inputs, void* const* outputs, int threads) const override {
    inner_->run(inputs, outputs, threads);
    if (calls_.fetch_add(1, std::memory_order_relaxed) + 1 == kHotCalls && on_hot_) on_hot_();
  }
  const Provenance& provenance() const override { return inner_->provenance(); }
  std::int64_t arena_bytes() const override { return inner_->arena_bytes(); }
  bool is_short() const override { return inner_->is_short(); }
  std::optional<Plan> plan() const override { return inner_->plan(); }
  std::vector<double> time_steps(void* const* inputs, void* const* outputs) const override {
    return inner_->time_steps(inputs, outputs);
  }

  std::function<void()> on_hot_;  ///< set before anybody calls

 private:
  std::shared_ptr<const Executable> inner_;
  mutable std::atomic<std::int64_t> calls_{0};
};

}  // namespace

std::shared_ptr<const Executable> replaced_when_hot(
    std::shared_ptr<const Executable> sized, std::function<void(TieredExecutable&, Job&)> bring) {
  auto counted = std::make_shared<CountedExecutable>(std::move(sized));
  auto tiered = std::make_shared<TieredExecutable>(counted, "compiled");
  counted->on_hot_ = [weak = std::weak_ptr(tiered), bring = std::move(bring)] {
    const std::shared_ptr<TieredExecutable> held = weak.lock();
    if (!held) return;
    auto job = std::make_shared<Job>([weak, bring](Job& running) {
      const std::shared_ptr<TieredExecutable> still = weak.lock();
      if (!still) return;
      try {
        bring(*still, running);
      } catch (const Interrupted&) {  // stays pending: the job is done again, or the process ends
      } catch (const std::exception& error) {
        still->settle(error.what());
      }
    });
    held->expect(job);
    if (!Background::shared().submit(job)) held->settle("too much is compiled already");
  };
  return tiered;
}

}  // namespace bafe
