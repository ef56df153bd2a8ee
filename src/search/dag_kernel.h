#pragma once
/// The working form of DAG extraction: what is still to be decided.

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace bafe {

inline constexpr double kForbidden = std::numeric_limits<double>::infinity();

/// Original nodes that a decision stands for, as a shared list: handles below the number of
/// original nodes are nodes, the others are pairs of handles.
class PickPool {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffu;
  explicit PickPool(std::size_t num_nodes) : base_(static_cast<std::uint32_t>(num_nodes)) {}
  std::uint32_t join(std::uint32_t a, std::uint32_t b);
  /// The nodes of `handle`, each once, ascending.
  std::vector<std::uint32_t> nodes(std::uint32_t handle) const;

 private:
  std::uint32_t base_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_;
};

struct KernelNode {
  double cost = 0;
  std::vector<std::uint32_t> children;  ///< classes, ascending, each once
  std::uint32_t picks = PickPool::kNone;
};

/// Every solution holds one node of each root; `paid` and `picks` were decided before.
struct Kernel {
  std::vector<std::vector<KernelNode>> classes;
  std::vector<std::uint32_t> roots;  ///< ascending, each once
  double paid = 0;
  std::uint32_t picks = PickPool::kNone;
  std::size_t num_edges() const;  ///< nodes and children
};

/// Counts edges touched against a limit.
struct WorkMeter {
  std::int64_t used = 0, limit = 0;
  void add(std::size_t edges) { used += static_cast<std::int64_t>(edges); }
  bool is_spent() const { return used >= limit; }
};

/// Square matrix of bits.
class BitRows {
 public:
  explicit BitRows(std::size_t size) : words_((size + 63) / 64), bits_(words_ * size, 0) {}
  std::size_t words() const { return words_; }
  std::uint64_t* row(std::size_t i) { return bits_.data() + i * words_; }
  const std::uint64_t* row(std::size_t i) const { return bits_.data() + i * words_; }
  bool test(std::size_t i, std::size_t j) const { return (row(i)[j >> 6] >> (j & 63)) & 1; }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

/// Drops what no acyclic program can use and renumbers; false when a root cannot be computed.
bool prune(Kernel& kernel);
/// Strongly connected component of each class.
std::vector<std::uint32_t> components_of(const Kernel& kernel);
/// Row c: classes that every acyclic program of c holds, c among them.
BitRows required_classes(const Kernel& kernel, WorkMeter& work);
/// Shrinks without losing the optimum; false when no program is left.
bool reduce(Kernel& kernel, PickPool& picks, WorkMeter& work);
/// Parts that share no class, each with its roots; `paid` stays in the first.
std::vector<Kernel> split(Kernel kernel);

/// A choice within a kernel: position of the node in each class, kUndecided where not needed.
using KernelChoice = std::vector<std::uint32_t>;
inline constexpr std::uint32_t kUndecided = 0xffffffffu;

struct KernelSolution {
  KernelChoice choice;
  double cost = kForbidden;  ///< kernel.paid included
};

/// Cost along `choice` from the roots, infinity for a cycle or a hole; `choice` keeps what is
/// needed.
double priced(const Kernel& kernel, KernelChoice& choice, WorkMeter& work);
/// Greedy choices in several orders, then single exchanges.
KernelSolution greedy_solution(const Kernel& kernel, WorkMeter& work);
/// Single exchanges until none helps or the work is done.
void improve(const Kernel& kernel, KernelSolution& solution, const KernelChoice& defaults,
             WorkMeter& work);

/// A bound by Lagrangian relaxation: the price of a class is shared among the classes that use it.
struct KernelBound {
  double lower = -kForbidden;  ///< kernel.paid included
  std::vector<std::vector<double>>
      slack;            ///< of each node: any solution with it costs lower + slack
  KernelSolution best;  ///< found on the way
};
KernelBound lagrangian_bound(const Kernel& kernel, const KernelSolution& known, double cutoff,
                             int iterations, WorkMeter& work);

}  // namespace bafe
