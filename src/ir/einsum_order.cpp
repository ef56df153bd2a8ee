// Order of contractions. In: labels of terms and of the result. Out: the first pair of the cheapest
// order. Invariant: a set of terms stands for one value, whose labels are those that the result or
// a term outside the set needs.
#include "einsum_order.h"

#include <algorithm>
#include <limits>
#include <set>

namespace bafe {
namespace {

constexpr std::size_t kExact = 8;  // 3^8 splits; above, greedily

using LabelSet = std::set<int>;

class Orders {
 public:
  Orders(const std::vector<std::vector<int>>& terms, const std::vector<int>& output,
         const std::map<int, std::int64_t>& sizes)
      : terms_(terms), output_(output), sizes_(sizes) {}

  LabelSet labels(std::uint64_t set) const {
    LabelSet inside, outside(output_.begin(), output_.end()), kept;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      LabelSet& side = set >> i & 1 ? inside : outside;
      side.insert(terms_[i].begin(), terms_[i].end());
    }
    std::set_intersection(inside.begin(), inside.end(), outside.begin(), outside.end(),
                          std::inserter(kept, kept.end()));
    return kept;
  }

  /// Multiplications of contracting two values.
  double work(const LabelSet& a, const LabelSet& b) const {
    LabelSet both = a;
    both.insert(b.begin(), b.end());
    return elements(both);
  }

  double elements(const LabelSet& labels) const {
    double n = 1;
    for (int l : labels) n *= static_cast<double>(sizes_.at(l));
    return n;
  }

  std::pair<std::size_t, std::size_t> best() const {
    const std::size_t n = terms_.size();
    const std::uint64_t all = (std::uint64_t{1} << n) - 1;
    std::vector<double> cost(all + 1, 0);
    std::vector<std::uint64_t> split(all + 1, 0);
    std::vector<LabelSet> kept(all + 1);
    for (std::uint64_t s = 1; s <= all; ++s) kept[s] = labels(s);
    for (std::uint64_t s = 1; s <= all; ++s) {
      if ((s & (s - 1)) == 0) continue;
      cost[s] = std::numeric_limits<double>::infinity();
      for (std::uint64_t left = (s - 1) & s; left != 0; left = (left - 1) & s) {
        const std::uint64_t right = s ^ left;
        if (left < right) continue;
        const double total = cost[left] + cost[right] + work(kept[left], kept[right]);
        if (total < cost[s] || split[s] == 0) {
          cost[s] = total;
          split[s] = left;
        }
      }
    }
    std::uint64_t s = all;  // down to a pair of single terms
    for (;;) {
      const std::uint64_t left = split[s], right = s ^ left;
      const bool left_single = (left & (left - 1)) == 0, right_single = (right & (right - 1)) == 0;
      if (left_single && right_single) return pair_of(left, right);
      s = left_single ? right : left;
    }
  }

  /// The pair whose result outgrows its operands least; among equals the one with less work.
  std::pair<std::size_t, std::size_t> greedy() const {
    std::pair<std::size_t, std::size_t> chosen{0, 1};
    std::pair<double, double> least{std::numeric_limits<double>::infinity(), 0};
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      for (std::size_t j = i + 1; j < terms_.size(); ++j) {
        const LabelSet a(terms_[i].begin(), terms_[i].end()), b(terms_[j].begin(), terms_[j].end());
        LabelSet outside(output_.begin(), output_.end()), both = a, kept;
        for (std::size_t k = 0; k < terms_.size(); ++k) {
          if (k != i && k != j) outside.insert(terms_[k].begin(), terms_[k].end());
        }
        both.insert(b.begin(), b.end());
        std::set_intersection(both.begin(), both.end(), outside.begin(), outside.end(),
                              std::inserter(kept, kept.end()));
        const std::pair<double, double> cost{elements(kept) - elements(a) - elements(b),
                                             work(a, b)};
        if (cost < least) {
          least = cost;
          chosen = {i, j};
        }
      }
    }
    return chosen;
  }

 private:
  static std::pair<std::size_t, std::size_t> pair_of(std::uint64_t a, std::uint64_t b) {
    auto place = [](std::uint64_t bit) {
      std::size_t at = 0;
      while (bit >> at != 1) ++at;
      return at;
    };
    return std::minmax(place(a), place(b));
  }

  const std::vector<std::vector<int>>& terms_;
  const std::vector<int>& output_;
  const std::map<int, std::int64_t>& sizes_;
};

}  // namespace

std::pair<std::size_t, std::size_t> next_contraction(const std::vector<std::vector<int>>& terms,
                                                     const std::vector<int>& output,
                                                     const std::map<int, std::int64_t>& sizes) {
  if (terms.size() == 2) return {0, 1};
  const Orders orders(terms, output, sizes);
  return terms.size() <= kExact ? orders.best() : orders.greedy();
}

}  // namespace bafe
