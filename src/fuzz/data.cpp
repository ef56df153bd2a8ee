// In: a case. Out: its arguments. Invariant: the elements of one input follow from the case's data
// seed and the input's number and type alone.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "bafe/base/hash.h"
#include "bafe/fuzz/case.h"
#include "bafe/fuzz/chance.h"
#include "bafe/ir/op.h"
#include "bafe/ir/zp.h"

namespace bafe {
namespace {

/// Operand number that an index tree reads, -1 for none.
std::int64_t read_operand(const Element& tree) {
  if (tree->prim == Prim::kRead) return tree->number;
  for (const Element& a : tree->args) {
    if (const std::int64_t k = read_operand(a); k >= 0) return k;
  }
  return -1;
}

/// extents[k]: smallest axis that operand k indexes.
void find_lookups(const Element& tree, std::map<std::int64_t, std::int64_t>& extents) {
  if (tree->prim == Prim::kLookup && tree->args[1]->prim == Prim::kInteger) {
    const std::int64_t k = read_operand(tree->args[0]), extent = tree->args[1]->number;
    auto [it, is_new] = extents.emplace(k, extent);
    if (!is_new) it->second = std::min(it->second, extent);
  }
  for (const Element& a : tree->args) find_lookups(a, extents);
}

/// Size of the smallest axis that each input indexes; 0 for an input that is no index.
std::vector<std::int64_t> indexed_extents(const Graph& graph) {
  std::vector<std::int64_t> out(graph.inputs().size());
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (op_info(node.op).kind != OpKind::kMovement || node.operands.size() < 2) continue;
    std::vector<Type> types;
    for (ValueId v : node.operands) types.push_back(graph.type(v));
    const Element tree = op_element(node.op, types, node.attrs, node.type);
    if (!tree) continue;
    std::map<std::int64_t, std::int64_t> extents;
    find_lookups(tree, extents);
    for (auto [k, extent] : extents) {
      if (k < 0) continue;
      const Node& source = graph.node(node.operands[static_cast<std::size_t>(k)]);
      if (!is_input(source.op)) continue;
      std::int64_t& known = out[static_cast<std::size_t>(attr_int(source.attrs, 0).value())];
      known = known == 0 ? extent : std::min(known, extent);
    }
  }
  return out;
}

double special(Chance& chance) {
  static const std::vector<double> kSpecial = {NAN,  HUGE_VAL, -HUGE_VAL, -0.0, 0.0,
                                               1e30, -1e-30,   60000,     1e-7, -1e308};
  return chance.of(kSpecial);
}

double float_of(Chance& chance, FuzzValues values, double place) {
  const double tame = chance.percent(20) ? std::rint(chance.between(-3, 3)) : chance.between(-3, 3);
  switch (values) {
    case FuzzValues::kTame:
      return tame;
    case FuzzValues::kWhole:
      return chance.below(9) - 4;
    case FuzzValues::kPositive:
      return chance.between(0.25, 4);
    case FuzzValues::kWide:
      return std::pow(10, chance.between(-3, 3)) * (chance.percent(50) ? 1 : -1);
    case FuzzValues::kOneHot:
      return chance.percent(15) ? 1 : 0;
    case FuzzValues::kSorted:
      return 4 * place - 2;
    case FuzzValues::kSpecial:
      return chance.percent(6) ? special(chance) : tame;
  }
  return tame;
}

Scalar integer_of(Chance& chance, DType dtype, FuzzValues values) {
  if (dtype == DType::kBool) return Scalar::of_int(dtype, chance.below(2));
  const bool is_extreme = values == FuzzValues::kSpecial || values == FuzzValues::kWide;
  if (!is_extreme || !chance.percent(10)) return Scalar::of_int(dtype, chance.below(13) - 6);
  static const std::vector<std::int64_t> kExtreme = {std::numeric_limits<std::int64_t>::min(),
                                                     std::numeric_limits<std::int64_t>::max(),
                                                     0,
                                                     127,
                                                     128,
                                                     -128,
                                                     65535,
                                                     -1};
  const auto bits = static_cast<std::uint64_t>(chance.of(kExtreme));
  const int unused = 64 - dtype_info(dtype).bits;
  return {dtype, chance.percent(50) ? bits >> unused : (bits << unused) >> unused};
}

Chance stream(const FuzzCase& one, std::size_t input, int set) {
  const std::uint64_t place = one.settings.is_aliased ? 0 : input;
  return Chance(hash_mix(hash_mix(one.settings.data, place), static_cast<std::uint64_t>(set)));
}

std::int64_t index_in(Chance& chance, DType dtype, std::int64_t extent) {
  const bool is_signed = dtype_info(dtype).kind == kIntKind;
  return chance.below(extent) - (is_signed && chance.percent(30) ? extent : 0);
}

}  // namespace

std::vector<Tensor> fuzz_inputs(const FuzzCase& one, int set) {
  const std::vector<std::int64_t> extents = indexed_extents(one.graph);
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < one.graph.inputs().size(); ++i) {
    const Type& type = one.graph.inputs()[i].type;
    Chance chance = stream(one, i, set);
    Tensor x(type);
    const double count = static_cast<double>(std::max<std::int64_t>(x.count(), 1));
    for (std::int64_t k = 0; k < x.count(); ++k) {
      if (extents[i] > 0)
        x.set(k, Scalar::of_int(type.dtype, index_in(chance, type.dtype, extents[i])));
      else if (is_float(type.dtype))
        x.set(k, Scalar::of(type.dtype,
                            float_of(chance, one.settings.values, static_cast<double>(k) / count)));
      else
        x.set(k, integer_of(chance, type.dtype, one.settings.values));
    }
    out.push_back(std::move(x));
  }
  return out;
}

ConstantTable fuzz_constants(const Graph& graph) {
  ConstantTable out;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    if (op_info(node.op).kind != OpKind::kLeaf || attr_kind(node.attrs[0]) != AttrKind::kText)
      continue;
    const std::string& digest = attr_string(node.attrs, 0);
    Chance chance(attr_hash(node.attrs[0]));
    Tensor x(node.type);
    for (std::int64_t k = 0; k < x.count(); ++k)
      x.set(k, is_float(node.type.dtype) ? Scalar::of(node.type.dtype, chance.between(-2, 2))
                                         : Scalar::of_int(node.type.dtype, chance.below(5)));
    out.emplace(digest, std::move(x));
  }
  return out;
}

std::vector<ZpTensor> fuzz_residues(const FuzzCase& one, int set, bool is_small) {
  const std::vector<std::int64_t> extents = indexed_extents(one.graph);
  std::vector<ZpTensor> out;
  for (std::size_t i = 0; i < one.graph.inputs().size(); ++i) {
    ZpTensor x{one.graph.inputs()[i].type, {}};
    Chance chance = stream(one, i, set);
    const std::int64_t count = num_elements(x.type.shape).value();
    for (std::int64_t k = 0; k < count; ++k) {
      if (extents[i] > 0)
        x.values.push_back(static_cast<std::uint64_t>(chance.below(extents[i])));
      else if (x.type.dtype == DType::kBool)
        x.values.push_back(chance.next() & 1);
      else
        x.values.push_back(is_small ? zp_of_int(chance.below(41) - 20) : chance.next() % kZpPrime);
    }
    out.push_back(std::move(x));
  }
  return out;
}

}  // namespace bafe
