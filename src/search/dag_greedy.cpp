// Good choices without proof. In: a kernel. Out: an acyclic choice with its cost, found by greedy
// passes in several orders and single exchanges. Invariant: every returned solution was walked from
// the roots and priced node by node.

#include <algorithm>
#include <deque>

#include "dag_kernel.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxSets = 40'000'000;  // entries that all sets of one pass may hold

/// Cheapest nodes as trees, `cost` of a class after; acyclic, because only strict gains are taken.
KernelChoice tree_choice(const Kernel& kernel, std::vector<double>& cost, WorkMeter& work) {
  std::size_t size = kernel.classes.size();
  KernelChoice choice(size, kUndecided);
  cost.assign(size, kForbidden);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t c = 0; c < size; ++c) {
      for (std::uint32_t i = 0; i < kernel.classes[c].size(); ++i) {
        const KernelNode& node = kernel.classes[c][i];
        double total = node.cost;
        for (std::uint32_t child : node.children) total += cost[child];
        work.add(1 + node.children.size());
        if (!(total < cost[c])) continue;
        cost[c] = total;
        choice[c] = i;
        changed = true;
      }
    }
  }
  return choice;
}

/// Every class keeps the set of classes below its choice, so shared parts are paid once.
class GreedySets {
 public:
  GreedySets(const Kernel& kernel, WorkMeter& work) : kernel_(kernel), work_(work) {}
  KernelChoice run(bool newest_first);

 private:
  struct Set {
    std::vector<std::pair<std::uint32_t, double>> members;  // class and cost of its node
    double total = kForbidden;
  };
  bool offer(std::uint32_t cls, std::uint32_t node);

  const Kernel& kernel_;
  WorkMeter& work_;
  std::vector<Set> sets_;
  KernelChoice choice_;
  std::size_t held_ = 0;
};

bool GreedySets::offer(std::uint32_t cls, std::uint32_t index) {
  const KernelNode& node = kernel_.classes[cls][index];
  for (std::uint32_t child : node.children) {
    if (sets_[child].total == kForbidden) return false;
  }
  if (node.children.size() == 1 && !(node.cost + sets_[node.children[0]].total < sets_[cls].total))
    return false;
  Set made;
  for (std::uint32_t child : node.children) {
    work_.add(sets_[child].members.size());
    std::vector<std::pair<std::uint32_t, double>> joined;
    joined.reserve(made.members.size() + sets_[child].members.size());
    std::set_union(made.members.begin(), made.members.end(), sets_[child].members.begin(),
                   sets_[child].members.end(), std::back_inserter(joined),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
    made.members = std::move(joined);
  }
  auto place = std::lower_bound(made.members.begin(), made.members.end(), cls,
                                [](const auto& a, std::uint32_t b) { return a.first < b; });
  if (place != made.members.end() && place->first == cls) return false;  // a cycle
  made.members.insert(place, {cls, node.cost});
  made.total = 0;
  for (const auto& member : made.members) made.total += member.second;
  if (!(made.total < sets_[cls].total)) return false;
  held_ += made.members.size();
  sets_[cls] = std::move(made);
  choice_[cls] = index;
  return true;
}

KernelChoice GreedySets::run(bool newest_first) {
  struct Item {
    std::uint32_t cls, node;
  };
  std::size_t size = kernel_.classes.size();
  sets_.assign(size, {});
  choice_.assign(size, kUndecided);
  std::vector<std::vector<Item>> users(size);
  std::deque<Item> queue;
  std::vector<std::vector<bool>> queued(size);
  for (std::uint32_t c = 0; c < size; ++c) {
    queued[c].assign(kernel_.classes[c].size(), false);
    for (std::uint32_t i = 0; i < kernel_.classes[c].size(); ++i) {
      const KernelNode& node = kernel_.classes[c][i];
      for (std::uint32_t child : node.children) users[child].push_back({c, i});
      if (!node.children.empty()) continue;
      queue.push_back({c, i});
      queued[c][i] = true;
    }
  }
  while (!queue.empty() && !work_.is_spent() && held_ < kMaxSets) {
    Item item = newest_first ? queue.back() : queue.front();
    newest_first ? queue.pop_back() : queue.pop_front();
    queued[item.cls][item.node] = false;
    work_.add(1 + kernel_.classes[item.cls][item.node].children.size());
    if (!offer(item.cls, item.node)) continue;
    for (const Item& user : users[item.cls]) {
      if (queued[user.cls][user.node]) continue;
      queued[user.cls][user.node] = true;
      queue.push_back(user);
    }
  }
  return choice_;
}

}  // namespace

double priced(const Kernel& kernel, KernelChoice& choice, WorkMeter& work) {
  enum : std::uint8_t { kNew, kOpen, kDone };
  std::vector<std::uint8_t> mark(kernel.classes.size(), kNew);
  std::vector<std::pair<std::uint32_t, std::size_t>> frames;
  double total = kernel.paid;
  for (std::uint32_t root : kernel.roots) {
    if (mark[root] == kNew) frames.emplace_back(root, 0);
    while (!frames.empty()) {
      auto& [cls, at] = frames.back();
      if (at == 0) {
        if (choice[cls] == kUndecided) return kForbidden;
        mark[cls] = kOpen;
        total += kernel.classes[cls][choice[cls]].cost;
      }
      const auto& children = kernel.classes[cls][choice[cls]].children;
      if (at == children.size()) {
        mark[cls] = kDone;
        frames.pop_back();
        continue;
      }
      std::uint32_t child = children[at++];
      if (mark[child] == kOpen) return kForbidden;
      if (mark[child] == kNew) frames.emplace_back(child, 0);
    }
  }
  std::size_t edges = 0;
  for (std::size_t c = 0; c < choice.size(); ++c) {
    if (mark[c] == kNew) choice[c] = kUndecided;
    if (mark[c] != kNew) ++edges;
  }
  work.add(2 * edges + choice.size() / 8);
  return total;
}

void improve(const Kernel& kernel, KernelSolution& solution, const KernelChoice& defaults,
             WorkMeter& work) {
  auto filled = [&](KernelChoice choice) {
    for (std::size_t c = 0; c < choice.size(); ++c) {
      if (choice[c] == kUndecided) choice[c] = defaults[c];
    }
    return choice;
  };
  std::int64_t stop = work.used + (work.limit - work.used) / 8;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t c = 0; c < kernel.classes.size(); ++c) {
      if (solution.choice[c] == kUndecided) continue;
      for (std::uint32_t i = 0; i < kernel.classes[c].size(); ++i) {
        if (work.used >= stop) return;
        if (solution.choice[c] == kUndecided || solution.choice[c] == i) continue;
        KernelChoice next = filled(solution.choice);
        next[c] = i;
        double cost = priced(kernel, next, work);
        if (!(cost < solution.cost)) continue;
        solution = {std::move(next), cost};
        changed = true;
      }
    }
  }
}

KernelSolution greedy_solution(const Kernel& kernel, WorkMeter& work) {
  std::vector<double> cost;
  KernelChoice plain = tree_choice(kernel, cost, work);
  KernelSolution best{plain, 0};
  best.cost = priced(kernel, best.choice, work);
  for (bool newest_first : {false, true}) {
    KernelChoice choice = GreedySets(kernel, work).run(newest_first);
    double total = priced(kernel, choice, work);
    if (total < best.cost) best = {std::move(choice), total};
  }
  improve(kernel, best, plain, work);
  return best;
}

}  // namespace bafe
