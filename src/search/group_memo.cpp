// Prices of groups by structure. In: a group of a program. Out: its kind and price, from memory
// where an equal group was priced before. Invariant: two groups with one key differ in nothing that
// legality or price looks at (the key has 128 bits).

#include "group_memo.h"

#include <algorithm>

#include "bafe/base/hash.h"
#include "bafe/cost/access.h"

namespace bafe {
namespace {

std::uint64_t type_key(const Type& type) {
  std::uint64_t key = hash_mix(static_cast<std::uint64_t>(type.dtype), type.shape.size());
  for (Dim dim : type.shape) {
    key = hash_mix(key, dim.is_const() ? static_cast<std::uint64_t>(dim.value()) : dim.hash());
  }
  return key;
}

std::uint64_t structure_key(const Structure& s) {
  auto bands = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(s.below)) << 32) |
               static_cast<std::uint32_t>(s.above);
  return hash_mix(bands, (s.symmetric ? 4u : 0u) | (s.orthogonal ? 2u : 0u) | (s.identity ? 1 : 0));
}

std::uint64_t layout_key(const Layout& layout) {
  std::uint64_t key = hash_mix(static_cast<std::uint64_t>(layout.blocked), layout.tensor_core);
  for (int axis : layout.order) key = hash_mix(key, static_cast<std::uint64_t>(axis));
  return key;
}

/// Two running hashes that are mixed differently.
struct Mixer {
  std::uint64_t a = 0x243f6a8885a308d3ull, b = 0x13198a2e03707344ull;
  void add(std::uint64_t word) {
    a = hash_mix(a, word);
    b = (b ^ (word * 0x9fb21c651e98df25ull)) * 0xd6e8feb86659fd93ull;
    b ^= b >> 29;
  }
};

std::size_t place_in(const std::vector<ValueId>& sorted, ValueId id) {
  auto at = std::lower_bound(sorted.begin(), sorted.end(), id);
  bool found = at != sorted.end() && *at == id;
  return found ? static_cast<std::size_t>(at - sorted.begin()) : sorted.size();
}

}  // namespace

std::vector<std::uint64_t> node_keys(const Program& program) {
  const Graph& graph = program.graph;
  std::vector<std::uint64_t> keys(graph.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ValueId id(static_cast<std::uint32_t>(i));
    const Node& node = graph.node(id);
    std::uint64_t key = hash_mix(static_cast<std::uint64_t>(node.op), type_key(node.type));
    if (!is_input(graph, id)) key = hash_mix(key, attrs_hash(node.attrs));
    keys[i] = hash_mix(key, structure_key(program.structure(id)));
  }
  return keys;
}

GroupMemo::Key GroupMemo::key_of(const Program& program,
                                 const std::vector<std::uint64_t>& node_keys,
                                 const std::vector<ValueId>& nodes,
                                 const std::vector<ValueId>& outputs) {
  Mixer mixer;
  std::vector<ValueId> outside;
  for (ValueId id : nodes) {
    mixer.add(node_keys[id.index()]);
    for (ValueId operand : program.graph.node(id).operands) {
      std::size_t at = place_in(nodes, operand);
      if (at < nodes.size()) {
        mixer.add(at);
        continue;
      }
      auto known = std::find(outside.begin(), outside.end(), operand);
      mixer.add(nodes.size() + static_cast<std::size_t>(known - outside.begin()));
      if (known != outside.end()) continue;
      outside.push_back(operand);
      const Node& node = program.graph.node(operand);
      bool leaf = op_info(node.op).kind == OpKind::kLeaf;
      mixer.add(leaf ? node_keys[operand.index()]
                     : hash_mix(type_key(node.type), structure_key(program.structure(operand))));
      mixer.add(layout_key(program.layouts[operand.index()]));
    }
  }
  for (ValueId id : outputs) {
    mixer.add(place_in(nodes, id));
    mixer.add(layout_key(program.layouts[id.index()]));
  }
  return {mixer.a, mixer.b};
}

const GroupPrice& GroupMemo::price(const Program& program, const CostModel& cost,
                                   const std::vector<std::uint64_t>& node_keys,
                                   const std::vector<ValueId>& nodes,
                                   const std::vector<ValueId>& outputs) {
  auto [place, fresh] = prices_.try_emplace(key_of(program, node_keys, nodes, outputs));
  GroupPrice& price = place->second;
  if (!fresh) return price;
  price.kind = legal_group(program.graph, nodes, outputs);
  if (!price.kind) return price;
  Group group;
  group.nodes = nodes;
  group.outputs = outputs;
  group.kind = *price.kind;
  price.cost = cost.group_cost(program, group);
  return price;
}

}  // namespace bafe
