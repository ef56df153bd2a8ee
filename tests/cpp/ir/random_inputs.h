#pragma once
/// Random numbers and random arrays for a program, from a seed, equal in every process.

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"

namespace bafe {

/// splitmix64: standard distributions differ between libraries.
class Random {
 public:
  /// The state is a product of the seed, so that streams of neighbouring seeds do not overlap.
  explicit Random(std::uint64_t seed) : state_((seed + 1) * 0xd1342543de82ef95ull) {
    state_ = next();
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }  ///< n > 0
  bool chance(int percent) { return below(100) < percent; }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::uint64_t state_;
};

struct RandomInputOptions {
  double scale = 3;         ///< floats lie in [-scale, scale]
  int special_percent = 3;  ///< NaN, infinities, -0, huge and tiny floats; extreme integers
};

namespace random_detail {

/// Operand number that an index tree reads, -1 for none.
inline std::int64_t read_operand(const Element& tree) {
  if (tree->prim == Prim::kRead) return tree->number;
  for (const Element& a : tree->args) {
    if (std::int64_t k = read_operand(a); k >= 0) return k;
  }
  return -1;
}

/// extents[k]: smallest axis that operand k indexes.
inline void find_lookups(const Element& tree, std::map<std::int64_t, std::int64_t>& extents) {
  if (tree->prim == Prim::kLookup && tree->args[1]->prim == Prim::kInteger) {
    std::int64_t k = read_operand(tree->args[0]), extent = tree->args[1]->number;
    auto [it, is_new] = extents.emplace(k, extent);
    if (!is_new) it->second = std::min(it->second, extent);
  }
  for (const Element& a : tree->args) find_lookups(a, extents);
}

}  // namespace random_detail

/// Size of the smallest axis that each input indexes; 0 for an input that is not an index.
inline std::vector<std::int64_t> index_extents(const Graph& graph) {
  std::vector<std::int64_t> out(graph.inputs().size());
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (op_info(node.op).kind != OpKind::kMovement) continue;
    std::vector<Type> types;
    for (ValueId v : node.operands) types.push_back(graph.type(v));
    Element tree = op_element(node.op, types, node.attrs, node.type);
    if (!tree) continue;
    std::map<std::int64_t, std::int64_t> extents;
    random_detail::find_lookups(tree, extents);
    for (auto [k, extent] : extents) {
      const Node& source = graph.node(node.operands[static_cast<std::size_t>(k)]);
      if (op_info(source.op).name != "input") continue;
      std::int64_t& known = out[static_cast<std::size_t>(attr_int(source.attrs, 0).value())];
      known = known == 0 ? extent : std::min(known, extent);
    }
  }
  return out;
}

inline Scalar random_scalar(Random& random, DType dtype, const RandomInputOptions& options) {
  bool is_special = random.chance(options.special_percent);
  if (is_float(dtype)) {
    static const double kSpecial[] = {NAN,  INFINITY, -INFINITY, -0.0, 0.0,
                                      1e30, -1e-30,   60000,     1e-7};
    if (is_special) return Scalar::of(dtype, kSpecial[random.below(9)]);
    double x = random.uniform(-options.scale, options.scale);
    return Scalar::of(dtype, random.chance(20) ? std::rint(x) : x);
  }
  if (dtype == DType::kBool) return Scalar::of_int(dtype, random.below(2));
  if (!is_special) return Scalar::of_int(dtype, random.below(13) - 6);
  static const std::int64_t kSpecial[] = {std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max(),
                                          0,
                                          127,
                                          128,
                                          -128,
                                          65535,
                                          -1};
  std::uint64_t shifted = static_cast<std::uint64_t>(kSpecial[random.below(8)]);
  int unused = 64 - dtype_info(dtype).bits;
  std::uint64_t bits = random.chance(50) ? shifted >> unused : (shifted << unused) >> unused;
  return {dtype, bits};
}

/// Arrays of the inputs' types. Inputs that index an axis stay inside it, negative indices
/// included.
inline std::vector<Tensor> random_inputs(const Graph& graph, std::uint64_t seed,
                                         const RandomInputOptions& options = {}) {
  Random random(seed ^ 0x5eed);
  std::vector<std::int64_t> extents = index_extents(graph);
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    const Type& type = graph.inputs()[i].type;
    Tensor x(type);
    for (std::int64_t k = 0; k < x.count(); ++k) {
      if (extents[i] > 0) {
        auto extent = static_cast<int>(extents[i]);
        bool is_signed = dtype_info(type.dtype).kind == kIntKind;
        int index = random.below(extent) - (is_signed && random.chance(30) ? extent : 0);
        x.set(k, Scalar::of_int(type.dtype, index));
      } else {
        x.set(k, random_scalar(random, type.dtype, options));
      }
    }
    out.push_back(std::move(x));
  }
  return out;
}

/// Arrays over the integers modulo 2^61 - 1; bools and indices stay ordinary.
inline std::vector<ZpTensor> random_zp_inputs(const Graph& graph, std::uint64_t seed) {
  constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
  Random random(seed ^ 0x5eed);
  std::vector<std::int64_t> extents = index_extents(graph);
  std::vector<ZpTensor> out;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    ZpTensor x{graph.inputs()[i].type, {}};
    std::int64_t count = num_elements(x.type.shape).value();
    for (std::int64_t k = 0; k < count; ++k) {
      if (extents[i] > 0)
        x.values.push_back(static_cast<std::uint64_t>(random.below(static_cast<int>(extents[i]))));
      else if (x.type.dtype == DType::kBool)
        x.values.push_back(random.next() & 1);
      else
        x.values.push_back(random.next() % kPrime);
    }
    out.push_back(std::move(x));
  }
  return out;
}

}  // namespace bafe
