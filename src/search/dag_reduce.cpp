// Shrinking a kernel. In: classes, nodes, roots. Out: fewer of them with the same optimum, because
// each step either drops nodes that some optimal acyclic solution does without, or replaces a class
// by what it stands for. Invariant: an edge that lies on a cycle is never dropped, so a solution of
// the result has a cycle exactly where the original one has.

#include <algorithm>

#include "dag_kernel.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxRequiredClasses =
    6000;                                       // bit matrices above this cost more than they save
constexpr std::size_t kMaxComparedNodes = 600;  // of one class, pairwise

void make_sorted(std::vector<std::uint32_t>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// A node is dropped for one that costs no more and needs nothing beyond what the first needs.
template <class Covers>
bool drop_dominated(Kernel& kernel, WorkMeter& work, const Covers& covers) {
  bool changed = false;
  for (auto& nodes : kernel.classes) {
    if (nodes.size() < 2 || nodes.size() > kMaxComparedNodes) continue;
    std::vector<bool> dropped(nodes.size(), false);
    for (std::size_t a = 0; a < nodes.size(); ++a) {
      if (dropped[a]) continue;
      for (std::size_t b = 0; b < nodes.size(); ++b) {
        if (a == b || dropped[b] || nodes[a].cost > nodes[b].cost) continue;
        work.add(1);
        if (covers(nodes[b], nodes[a])) dropped[b] = true;
      }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (dropped[i]) continue;
      if (kept != i) nodes[kept] = std::move(nodes[i]);
      ++kept;
    }
    changed |= kept != nodes.size();
    nodes.resize(kept);
  }
  return changed;
}

bool drop_dominated(Kernel& kernel, WorkMeter& work) {
  return drop_dominated(kernel, work, [](const KernelNode& b, const KernelNode& a) {
    return std::includes(b.children.begin(), b.children.end(), a.children.begin(),
                         a.children.end());
  });
}

/// `child` of `node` is replaced by what the only node of that class needs.
void inline_child(KernelNode& node, std::uint32_t child, const KernelNode& only, PickPool& picks) {
  std::erase(node.children, child);
  node.children.insert(node.children.end(), only.children.begin(), only.children.end());
  make_sorted(node.children);
  node.picks = picks.join(node.picks, only.picks);
}

/// Classes of one node that cost nothing, or that one node alone needs, become part of what needs
/// them.
bool collapse(Kernel& kernel, PickPool& picks, WorkMeter& work) {
  struct Use {
    std::uint32_t cls, node;
  };
  std::size_t size = kernel.classes.size();
  std::vector<std::vector<Use>> users(size);
  for (std::uint32_t c = 0; c < size; ++c) {
    for (std::uint32_t i = 0; i < kernel.classes[c].size(); ++i) {
      for (std::uint32_t child : kernel.classes[c][i].children) users[child].push_back({c, i});
    }
  }
  bool changed = false;
  for (std::uint32_t c = 0; c < size; ++c) {
    if (kernel.classes[c].size() != 1) continue;
    if (std::binary_search(kernel.roots.begin(), kernel.roots.end(), c)) continue;
    KernelNode only = kernel.classes[c][0];
    bool free = only.cost == 0 && only.children.size() * users[c].size() <= 64 + users[c].size();
    bool loop = std::binary_search(only.children.begin(), only.children.end(), c);
    if (loop || (!free && users[c].size() != 1)) continue;
    for (const Use& use : users[c]) {
      KernelNode& node = kernel.classes[use.cls][use.node];
      if (!std::binary_search(node.children.begin(), node.children.end(), c)) continue;
      for (std::uint32_t child : only.children) {
        if (!std::binary_search(node.children.begin(), node.children.end(), child))
          users[child].push_back(use);
      }
      inline_child(node, c, only, picks);
      node.cost += only.cost;
      work.add(1 + node.children.size());
      changed = true;
    }
    for (std::uint32_t child : only.children) {
      std::erase_if(users[child], [&](const Use& use) { return use.cls == c; });
    }
    users[c].clear();
  }
  return changed;
}

/// Roots are paid in any case: who needs one need not say so, unless the edge lies on a cycle.
/// Roots of one node on no cycle are decided.
bool settle_roots(Kernel& kernel, PickPool& picks, WorkMeter& work) {
  std::vector<std::uint32_t> component = components_of(kernel);
  std::vector<bool> is_root(kernel.classes.size(), false);
  std::vector<std::uint32_t> todo = kernel.roots;
  for (std::uint32_t root : todo) is_root[root] = true;
  while (!todo.empty()) {  // what the only node of a root needs is needed
    std::uint32_t c = todo.back();
    todo.pop_back();
    if (kernel.classes[c].size() != 1) continue;
    for (std::uint32_t child : kernel.classes[c][0].children) {
      if (!is_root[child]) todo.push_back(child);
      is_root[child] = true;
    }
  }
  bool changed = false;
  for (std::uint32_t c = 0; c < kernel.classes.size(); ++c) {
    for (KernelNode& node : kernel.classes[c]) {
      work.add(1 + node.children.size());
      changed |= std::erase_if(node.children, [&](std::uint32_t child) {
                   return is_root[child] && component[child] != component[c];
                 }) > 0;
    }
  }
  std::vector<std::uint32_t> kept;
  for (std::uint32_t c = 0; c < kernel.classes.size(); ++c) {
    if (!is_root[c]) continue;
    const auto& nodes = kernel.classes[c];
    bool decided = nodes.size() == 1 && nodes[0].children.empty();
    if (!decided) {
      kept.push_back(c);
      continue;
    }
    changed = true;
    kernel.paid += nodes[0].cost;
    kernel.picks = picks.join(kernel.picks, nodes[0].picks);
  }
  changed |= kept != kernel.roots;
  kernel.roots = std::move(kept);
  return changed;
}

/// What every program of a class holds: nodes that would close a cycle go, as do dominated ones;
/// what every root holds is a root.
bool use_required(Kernel& kernel, WorkMeter& work) {
  std::size_t size = kernel.classes.size();
  bool affordable = static_cast<std::int64_t>(size * size / 16) < work.limit - work.used;
  if (size > kMaxRequiredClasses || !affordable) return false;
  BitRows required = required_classes(kernel, work);
  bool changed = false;
  for (std::uint32_t c = 0; c < size; ++c) {
    changed |= std::erase_if(kernel.classes[c], [&](const KernelNode& node) {
                 return std::any_of(node.children.begin(), node.children.end(),
                                    [&](std::uint32_t child) { return required.test(child, c); });
               }) > 0;
  }
  changed |= drop_dominated(kernel, work, [&](const KernelNode& b, const KernelNode& a) {
    return std::all_of(a.children.begin(), a.children.end(), [&](std::uint32_t need) {
      return std::any_of(b.children.begin(), b.children.end(),
                         [&](std::uint32_t child) { return required.test(child, need); });
    });
  });
  std::vector<std::uint32_t> roots;
  for (std::uint32_t c = 0; c < size; ++c) {
    bool held = std::any_of(kernel.roots.begin(), kernel.roots.end(),
                            [&](std::uint32_t root) { return required.test(root, c); });
    if (held) roots.push_back(c);
  }
  changed |= roots != kernel.roots;
  kernel.roots = std::move(roots);
  return changed;
}

}  // namespace

bool reduce(Kernel& kernel, PickPool& picks, WorkMeter& work) {
  for (;;) {
    if (!prune(kernel)) return false;
    work.add(kernel.num_edges());
    if (kernel.roots.empty()) return true;
    bool changed = drop_dominated(kernel, work);
    changed |= collapse(kernel, picks, work);
    if (!changed) changed = settle_roots(kernel, picks, work);
    if (!changed) changed = use_required(kernel, work);
    if (!changed || work.is_spent()) break;
  }
  return prune(kernel);
}

}  // namespace bafe
