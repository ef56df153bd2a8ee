// Lower bounds. In: a kernel and a known solution. Out: a number that no solution undercuts, and
// for each node how much a solution with it exceeds that number at least. Each use "class c holds a
// node that needs d" carries a price f[c, d] >= 0 that c pays and d receives: what is left for a
// class is then min over its nodes of (cost + prices paid) - prices received, which counts if
// negative, or always for a root. For every f the sum is a bound; subgradient steps raise it.

#include <algorithm>
#include <cmath>

#include "dag_kernel.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxClosedClasses = 1500;  // above, only direct needs carry prices
constexpr std::size_t kMaxClosedEdges = 400'000;

/// Uses as arrays: node -> its prices, price -> paying and receiving class.
class Relaxation {
 public:
  Relaxation(const Kernel& kernel, WorkMeter& work) : kernel_(kernel), work_(work) { link(); }
  KernelBound run(const KernelSolution& known, double cutoff, int iterations);

 private:
  struct Use {
    std::uint32_t from, to;
    double price = 0;
    int change = 0;  // subgradient of the current minimum
  };
  void link();
  void start();
  double evaluate();
  void step(double size);
  void offer(KernelSolution& best);
  void keep_slack(KernelBound& bound) const;
  std::vector<std::vector<std::uint32_t>> needs(bool closed);

  const Kernel& kernel_;
  WorkMeter& work_;
  std::vector<Use> uses_;
  std::vector<bool> is_root_;
  std::vector<std::vector<std::vector<std::uint32_t>>> paid_;  // by class, node: uses
  std::vector<std::vector<std::uint32_t>> received_;           // by class: uses
  std::vector<std::vector<double>> reduced_;                   // by class, node
  std::vector<double> least_;                                  // by class, before clipping
  KernelChoice argmin_;
  double squared_ = 0;  // of the subgradient
};

void Relaxation::link() {
  std::size_t size = kernel_.classes.size();
  is_root_.assign(size, false);
  for (std::uint32_t root : kernel_.roots) is_root_[root] = true;
  paid_.resize(size);
  received_.resize(size);
  reduced_.resize(size);
  least_.assign(size, 0);
  argmin_.assign(size, kUndecided);
  bool closed = size <= kMaxClosedClasses;
  BitRows required(closed ? size : 0);
  if (closed) required = required_classes(kernel_, work_);
  std::vector<std::uint32_t> use_of(size, kUndecided);
  for (std::uint32_t c = 0; c < size; ++c) {
    std::size_t first = uses_.size();
    closed &= uses_.size() < kMaxClosedEdges;
    for (const KernelNode& node : kernel_.classes[c]) {
      std::vector<std::uint32_t> paid;
      auto pay = [&](std::uint32_t d) {
        if (is_root_[d]) return;
        if (use_of[d] == kUndecided) {
          use_of[d] = static_cast<std::uint32_t>(uses_.size());
          uses_.push_back({c, d});
          received_[d].push_back(use_of[d]);
        }
        paid.push_back(use_of[d]);
      };
      if (closed) {
        for (std::uint32_t d = 0; d < size; ++d) {
          bool held = std::any_of(node.children.begin(), node.children.end(),
                                  [&](std::uint32_t child) { return required.test(child, d); });
          if (held) pay(d);
        }
        work_.add(size * node.children.size() / 16);
      } else {
        for (std::uint32_t d : node.children) pay(d);
      }
      paid_[c].push_back(std::move(paid));
    }
    for (std::size_t u = first; u < uses_.size(); ++u) use_of[uses_[u].to] = kUndecided;
    reduced_[c].assign(kernel_.classes[c].size(), 0);
  }
}

/// A first price: what a class is worth at least, shared evenly among its users.
void Relaxation::start() {
  std::size_t size = kernel_.classes.size();
  std::vector<double> worth(size, 0);
  for (int pass = 0; pass < 40; ++pass) {
    bool changed = false;
    for (std::size_t c = 0; c < size; ++c) {
      double least = kForbidden;
      for (std::size_t i = 0; i < kernel_.classes[c].size(); ++i) {
        double total = kernel_.classes[c][i].cost;
        for (std::uint32_t child : kernel_.classes[c][i].children) {
          if (!is_root_[child])
            total += worth[child] /
                     static_cast<double>(std::max<std::size_t>(1, received_[child].size()));
        }
        least = std::min(least, total);
        work_.add(1 + kernel_.classes[c][i].children.size());
      }
      changed |= least > worth[c];
      worth[c] = std::max(worth[c], least);
    }
    if (!changed) break;
  }
  for (Use& use : uses_) use.price = worth[use.to] / static_cast<double>(received_[use.to].size());
}

double Relaxation::evaluate() {
  double total = kernel_.paid;
  std::size_t edges = 0;
  for (Use& use : uses_) use.change = 0;
  for (std::size_t c = 0; c < kernel_.classes.size(); ++c) {
    double received = 0, least = kForbidden;
    for (std::uint32_t use : received_[c]) received += uses_[use].price;
    for (std::size_t i = 0; i < paid_[c].size(); ++i) {
      double sum = kernel_.classes[c][i].cost;
      for (std::uint32_t use : paid_[c][i]) sum += uses_[use].price;
      edges += 1 + paid_[c][i].size();
      reduced_[c][i] = sum;
      if (sum < least) {
        least = sum;
        argmin_[c] = static_cast<std::uint32_t>(i);
      }
    }
    least_[c] = least - received;
    bool taken = is_root_[c] || least_[c] < 0;
    if (!taken) continue;
    total += least_[c];
    for (std::uint32_t use : paid_[c][argmin_[c]]) ++uses_[use].change;
    for (std::uint32_t use : received_[c]) --uses_[use].change;
  }
  squared_ = 0;
  for (const Use& use : uses_) {
    bool held = use.change == 0 || (use.change < 0 && use.price <= 0);
    if (!held) squared_ += use.change * use.change;
  }
  work_.add(edges);
  return total;
}

void Relaxation::step(double size) {
  for (Use& use : uses_) use.price = std::max(0.0, use.price + size * use.change);
}

/// The minimum itself, followed from the roots, is often nearly a solution.
void Relaxation::offer(KernelSolution& best) {
  KernelChoice choice = argmin_;
  double cost = priced(kernel_, choice, work_);
  if (cost < best.cost) best = {std::move(choice), cost};
}

void Relaxation::keep_slack(KernelBound& bound) const {
  bound.slack.resize(reduced_.size());
  for (std::size_t c = 0; c < reduced_.size(); ++c) {
    double received = 0;
    for (std::uint32_t use : received_[c]) received += uses_[use].price;
    double counted = is_root_[c] ? least_[c] : std::min(0.0, least_[c]);
    bound.slack[c].clear();
    for (double sum : reduced_[c]) bound.slack[c].push_back(sum - received - counted);
  }
}

KernelBound Relaxation::run(const KernelSolution& known, double cutoff, int iterations) {
  KernelBound bound;
  bound.best = known;
  bound.lower = -kForbidden;
  start();
  double scale = 1.2;
  int stale = 0;
  for (int i = 0; i < iterations && !work_.is_spent(); ++i) {
    double lower = evaluate();
    if (lower > bound.lower) {
      stale = lower > bound.lower + 1e-6 * std::abs(bound.lower) ? 0 : stale + 1;
      bound.lower = lower;
      keep_slack(bound);
    } else {
      ++stale;
    }
    offer(bound.best);
    double target = std::min(bound.best.cost, cutoff);
    if (squared_ == 0 || bound.lower >= target) break;
    if (stale >= 8) {
      scale *= 0.6;
      stale = 0;
      if (scale < 1e-3) break;
    }
    if (target == kForbidden) target = std::abs(lower) * 1.1 + 1;
    step(scale * std::max(target - lower, 1e-9) / squared_);
  }
  return bound;
}

}  // namespace

KernelBound lagrangian_bound(const Kernel& kernel, const KernelSolution& known, double cutoff,
                             int iterations, WorkMeter& work) {
  return Relaxation(kernel, work).run(known, cutoff, iterations);
}

}  // namespace bafe
