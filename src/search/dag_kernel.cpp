// Parts of the working form. In: classes that may hold cycles, dead ends and unreachable nodes.
// Out: the same optimum over fewer classes. Invariant: ids of classes are dense, children ascending
// and each once, and the order of nodes within a class is that of their ids.

#include "dag_kernel.h"

#include <algorithm>

namespace bafe {

std::uint32_t PickPool::join(std::uint32_t a, std::uint32_t b) {
  if (a == kNone || a == b) return b;
  if (b == kNone) return a;
  pairs_.emplace_back(a, b);
  return base_ + static_cast<std::uint32_t>(pairs_.size() - 1);
}

std::vector<std::uint32_t> PickPool::nodes(std::uint32_t handle) const {
  std::vector<std::uint32_t> result, work;
  if (handle != kNone) work.push_back(handle);
  std::vector<bool> seen(base_ + pairs_.size(), false);
  while (!work.empty()) {
    std::uint32_t h = work.back();
    work.pop_back();
    if (seen[h]) continue;
    seen[h] = true;
    if (h < base_) {
      result.push_back(h);
    } else {
      work.push_back(pairs_[h - base_].first);
      work.push_back(pairs_[h - base_].second);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::size_t Kernel::num_edges() const {
  std::size_t count = 0;
  for (const auto& nodes : classes) {
    for (const KernelNode& node : nodes) count += 1 + node.children.size();
  }
  return count;
}

namespace {

/// Nodes whose children can all be computed without going round; the others are dropped.
std::vector<bool> drop_infeasible(Kernel& kernel) {
  struct Use {
    std::uint32_t cls, node;
  };
  std::size_t size = kernel.classes.size();
  std::vector<std::vector<Use>> users(size);
  std::vector<std::vector<std::uint32_t>> missing(size);
  std::vector<bool> feasible(size, false);
  std::vector<std::uint32_t> ready;
  auto settle = [&](std::uint32_t cls) {
    if (!feasible[cls]) ready.push_back(cls);
    feasible[cls] = true;
  };
  for (std::uint32_t c = 0; c < size; ++c) {
    std::vector<KernelNode>& nodes = kernel.classes[c];
    std::erase_if(nodes, [&](const KernelNode& node) {
      return node.cost == kForbidden ||
             std::binary_search(node.children.begin(), node.children.end(), c);
    });
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      missing[c].push_back(static_cast<std::uint32_t>(nodes[i].children.size()));
      for (std::uint32_t child : nodes[i].children) users[child].push_back({c, i});
      if (nodes[i].children.empty()) settle(c);
    }
  }
  while (!ready.empty()) {
    std::uint32_t cls = ready.back();
    ready.pop_back();
    for (const Use& use : users[cls]) {
      if (--missing[use.cls][use.node] == 0) settle(use.cls);
    }
  }
  for (std::uint32_t c = 0; c < size; ++c) {
    std::erase_if(kernel.classes[c], [&](const KernelNode& node) {
      return std::any_of(node.children.begin(), node.children.end(),
                         [&](std::uint32_t child) { return !feasible[child]; });
    });
  }
  return feasible;
}

}  // namespace

bool prune(Kernel& kernel) {
  std::vector<bool> feasible = drop_infeasible(kernel);
  std::size_t size = kernel.classes.size();
  std::vector<bool> reached(size, false);
  std::vector<std::uint32_t> work;
  for (std::uint32_t root : kernel.roots) {
    if (!feasible[root]) return false;
    reached[root] = true;
    work.push_back(root);
  }
  while (!work.empty()) {
    std::uint32_t cls = work.back();
    work.pop_back();
    for (const KernelNode& node : kernel.classes[cls]) {
      for (std::uint32_t child : node.children) {
        if (!reached[child]) work.push_back(child);
        reached[child] = true;
      }
    }
  }
  std::vector<std::uint32_t> place(size, 0);
  std::uint32_t next = 0;
  for (std::uint32_t c = 0; c < size; ++c) {
    if (!reached[c]) continue;
    place[c] = next;
    if (next != c) kernel.classes[next] = std::move(kernel.classes[c]);
    ++next;
  }
  if (next == size) return true;
  kernel.classes.resize(next);
  for (auto& nodes : kernel.classes) {
    for (KernelNode& node : nodes) {
      for (std::uint32_t& child : node.children) child = place[child];
    }
  }
  for (std::uint32_t& root : kernel.roots) root = place[root];
  return true;
}

std::vector<std::uint32_t> components_of(const Kernel& kernel) {
  // Tarjan's algorithm with its own stack: programs are deeper than ours.
  std::size_t size = kernel.classes.size();
  std::vector<std::vector<std::uint32_t>> below(size);
  for (std::size_t c = 0; c < size; ++c) {
    for (const KernelNode& node : kernel.classes[c])
      below[c].insert(below[c].end(), node.children.begin(), node.children.end());
  }
  std::vector<std::uint32_t> component(size, kUndecided), index(size, 0), low(size, 0), stack;
  std::vector<std::pair<std::uint32_t, std::size_t>> frames;
  std::uint32_t clock = 0, count = 0;
  for (std::uint32_t start = 0; start < size; ++start) {
    if (index[start]) continue;
    frames.emplace_back(start, 0);
    while (!frames.empty()) {
      auto& [c, at] = frames.back();
      if (at == 0) {
        index[c] = low[c] = ++clock;
        stack.push_back(c);
      }
      if (at < below[c].size()) {
        std::uint32_t d = below[c][at++];
        if (!index[d]) {
          frames.emplace_back(d, 0);
        } else if (component[d] == kUndecided) {
          low[c] = std::min(low[c], index[d]);
        }
        continue;
      }
      std::uint32_t done = c;
      if (low[done] == index[done]) {
        for (std::uint32_t d = kUndecided; d != done;) {
          d = stack.back();
          stack.pop_back();
          component[d] = count;
        }
        ++count;
      }
      frames.pop_back();
      if (!frames.empty()) low[frames.back().first] = std::min(low[frames.back().first], low[done]);
    }
  }
  return component;
}

BitRows required_classes(const Kernel& kernel, WorkMeter& work) {
  std::size_t size = kernel.classes.size();
  BitRows rows(size);
  std::size_t words = rows.words();
  std::vector<std::uint64_t> meet(words), join(words);
  for (std::size_t c = 0; c < size; ++c) std::fill_n(rows.row(c), words, ~std::uint64_t{0});
  std::vector<std::uint32_t> queue;
  std::vector<bool> queued(size, true);
  std::vector<std::vector<std::uint32_t>> users(size);
  for (std::uint32_t c = 0; c < size; ++c) {
    queue.push_back(c);
    for (const KernelNode& node : kernel.classes[c]) {
      for (std::uint32_t child : node.children) {
        if (users[child].empty() || users[child].back() != c) users[child].push_back(c);
      }
    }
  }
  for (std::size_t at = 0; at < queue.size(); ++at) {
    std::uint32_t c = queue[at];
    queued[c] = false;
    std::fill(meet.begin(), meet.end(), ~std::uint64_t{0});
    for (const KernelNode& node : kernel.classes[c]) {
      std::fill(join.begin(), join.end(), 0);
      for (std::uint32_t child : node.children) {
        const std::uint64_t* from = rows.row(child);
        for (std::size_t w = 0; w < words; ++w) join[w] |= from[w];
      }
      for (std::size_t w = 0; w < words; ++w) meet[w] &= join[w];
      work.add(1 + node.children.size() * (1 + words / 8));
    }
    meet[c >> 6] |= std::uint64_t{1} << (c & 63);
    if (std::equal(meet.begin(), meet.end(), rows.row(c))) continue;
    std::copy(meet.begin(), meet.end(), rows.row(c));
    for (std::uint32_t user : users[c]) {
      if (!queued[user]) queue.push_back(user);
      queued[user] = true;
    }
  }
  return rows;
}

std::vector<Kernel> split(Kernel kernel) {
  std::size_t size = kernel.classes.size();
  std::vector<std::uint32_t> part(size);
  for (std::uint32_t c = 0; c < size; ++c) part[c] = c;
  auto find = [&](std::uint32_t c) {
    while (part[c] != c) c = part[c] = part[part[c]];
    return c;
  };
  for (std::uint32_t c = 0; c < size; ++c) {
    for (const KernelNode& node : kernel.classes[c]) {
      for (std::uint32_t child : node.children) {
        std::uint32_t a = find(c), b = find(child);
        part[std::max(a, b)] = std::min(a, b);
      }
    }
  }
  std::vector<Kernel> parts;
  std::vector<std::uint32_t> home(size, kUndecided), place(size, 0);
  for (std::uint32_t c = 0; c < size; ++c) {
    std::uint32_t first = find(c);
    if (home[first] == kUndecided) {
      home[first] = static_cast<std::uint32_t>(parts.size());
      parts.emplace_back();
    }
    home[c] = home[first];
    place[c] = static_cast<std::uint32_t>(parts[home[c]].classes.size());
    parts[home[c]].classes.push_back(std::move(kernel.classes[c]));
  }
  for (Kernel& one : parts) {
    for (auto& nodes : one.classes) {
      for (KernelNode& node : nodes) {
        for (std::uint32_t& child : node.children) child = place[child];
      }
    }
  }
  for (std::uint32_t root : kernel.roots) parts[home[root]].roots.push_back(place[root]);
  if (parts.empty()) parts.emplace_back();
  parts[0].paid = kernel.paid;
  parts[0].picks = kernel.picks;
  return parts;
}

}  // namespace bafe
