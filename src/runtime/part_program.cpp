// In: a program and picked elements of its results. Out: a program of just what these depend on,
// and where its inputs come from. Invariants: what a value of the part holds is the product of its
// picks; reduced axes are whole, so every sum has its terms and their order.

#include "bafe/runtime/part_program.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "bafe/base/error.h"
#include "bafe/search/flops.h"
#include "element_spot.h"
#include "picks.h"

namespace bafe {
namespace {

class PartMaker {
 public:
  PartMaker(const Graph& graph, const PartLimits& limits)
      : graph_(graph),
        limits_(limits),
        needs_(graph.size()),
        spots_(graph.size()),
        made_(graph.size()) {}

  std::optional<PartProgram> run(std::span<const Picks> roots) {
    for (std::size_t i = 0; i < roots.size(); ++i) want(graph_.roots()[i], roots[i]);
    const std::vector<ValueId> live = graph_.live();
    for (std::size_t i = live.size(); i-- > 0;) {
      if (!needs_[live[i].index()]) continue;
      elements_ += static_cast<double>(count_of(*needs_[live[i].index()]));
      if (elements_ > limits_.elements) return std::nullopt;
      ask_operands(live[i]);
    }
    elements_ = 0;
    for (ValueId id : live) {
      if (!needs_[id.index()]) continue;
      elements_ += static_cast<double>(count_of(*needs_[id.index()]));
      if (elements_ > limits_.elements) return std::nullopt;
      made_[id.index()] = make(id);
    }
    std::vector<ValueId> results;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      results.push_back(picked(graph_.roots()[i], roots[i]));
      out_.wanted.push_back(flat_positions(roots[i], graph_.type(graph_.roots()[i])));
    }
    out_.graph.set_roots(results);
    if (graph_flops(out_.graph) > limits_.flops) return std::nullopt;
    return std::move(out_);
  }

 private:
  void want(ValueId id, const Picks& picks) {
    std::optional<Picks>& need = needs_[id.index()];
    if (!need) {
      need = picks;
      return;
    }
    for (std::size_t axis = 0; axis < picks.size(); ++axis) {
      if ((*need)[axis] == picks[axis]) continue;
      std::vector<std::int64_t> both;
      std::set_union((*need)[axis].begin(), (*need)[axis].end(), picks[axis].begin(),
                     picks[axis].end(), std::back_inserter(both));
      (*need)[axis] = std::move(both);
    }
  }

  void ask_whole(ValueId id) {
    reads_.erase(id);
    needs_[id.index()] = whole_of(graph_.type(id));
    for (ValueId operand : graph_.node(id).operands) want(operand, whole_of(graph_.type(operand)));
  }

  Element tree_of(ValueId id) const {
    const Node& node = graph_.node(id);
    std::vector<Type> types;
    for (ValueId operand : node.operands) types.push_back(graph_.type(operand));
    return op_element(node.op, types, node.attrs, node.type);
  }

  void ask_operands(ValueId id) {
    const Node& node = graph_.node(id);
    switch (op_info(node.op).kind) {
      case OpKind::kLeaf:
        return;
      case OpKind::kPointwise:
      case OpKind::kLayout:
        for (ValueId operand : node.operands) want(operand, *needs_[id.index()]);
        return;
      case OpKind::kReduction:
      case OpKind::kContraction: {
        const Element tree = tree_of(id);
        if (!tree || !ask_reads(id, tree)) ask_whole(id);
        return;
      }
      case OpKind::kMovement:
        if (!ask_moved(id)) ask_whole(id);
        return;
      default:
        ask_whole(id);
    }
  }

  /// Reads whose indices are output axes, bound variables or numbers.
  bool ask_reads(ValueId id, const Element& tree) {
    if (tree->prim != Prim::kRead) {
      return std::all_of(tree->args.begin(), tree->args.end(),
                         [&](const Element& arg) { return ask_reads(id, arg); });
    }
    const ValueId operand = graph_.node(id).operands[static_cast<std::size_t>(tree->number)];
    const std::vector<std::int64_t> sizes = concrete(graph_.type(operand).shape);
    Picks picks;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
      const ElementNode& index = *tree->args[axis];
      if (index.prim == Prim::kIndex)
        picks.push_back((*needs_[id.index()])[static_cast<std::size_t>(index.number)]);
      else if (index.prim == Prim::kBound)
        picks.push_back(all_of(sizes[axis]));
      else if (index.prim == Prim::kInteger)
        picks.push_back({index.number});
      else
        return false;
    }
    reads_[id].emplace_back(static_cast<int>(tree->number), picks);
    want(operand, picks);
    return true;
  }

  bool ask_moved(ValueId id) {
    const Element tree = tree_of(id);
    const Picks& need = *needs_[id.index()];
    if (!tree || count_of(need) == 0) return false;
    const Node& node = graph_.node(id);
    std::vector<ElementSpot>& spots = spots_[id.index()];
    if (auto affine = affine_read(tree)) {
      Picks picks;
      for (const AffineIndex& index : *affine) {
        std::vector<std::int64_t> axis = {index.base};
        if (index.axis >= 0) {
          axis.clear();
          for (std::int64_t at : need[static_cast<std::size_t>(index.axis)])
            axis.push_back(index.base + index.step * at);
        }
        picks.push_back(std::move(axis));
      }
      for (auto& axis : picks) {
        std::sort(axis.begin(), axis.end());
        axis.erase(std::unique(axis.begin(), axis.end()), axis.end());
      }
      want(node.operands[static_cast<std::size_t>(tree->number)], picks);
      return true;
    }
    bool is_known = true;
    std::vector<Picks> asked(node.operands.size());
    for_each_pick(need, [&](std::span<const std::int64_t> at) {
      if (!is_known) return;
      std::optional<ElementSpot> spot = element_spot(tree, at);
      is_known = spot.has_value();
      if (!is_known) return;
      if (spot->operand >= 0) {
        Picks& picks = asked[static_cast<std::size_t>(spot->operand)];
        picks.resize(spot->index.size());
        for (std::size_t axis = 0; axis < spot->index.size(); ++axis) {
          if (picks[axis].empty() || picks[axis].back() != spot->index[axis])
            picks[axis].push_back(spot->index[axis]);
        }
        has_read_.insert_or_assign({id.index(), spot->operand}, true);
      }
      spots.push_back(std::move(*spot));
    });
    if (!is_known) {
      spots.clear();
      return false;
    }
    for (std::size_t k = 0; k < asked.size(); ++k) {
      if (!has_read_.contains({id.index(), static_cast<int>(k)})) continue;
      for (auto& axis : asked[k]) {
        std::sort(axis.begin(), axis.end());
        axis.erase(std::unique(axis.begin(), axis.end()), axis.end());
      }
      want(node.operands[k], asked[k]);
    }
    return true;
  }

  // Forward.

  ValueId add_source(PartSource source, Type type) {
    InputInfo info;
    info.type = std::move(type);
    out_.sources.push_back(std::move(source));
    return out_.graph.add_input(std::move(info));
  }

  ValueId add_positions(const std::vector<std::int64_t>& positions, Shape shape) {
    PartSource source;
    source.values = Tensor({DType::kI64, shape});
    std::copy(positions.begin(), positions.end(), source.values.as<std::int64_t>());
    return add_source(std::move(source), {DType::kI64, std::move(shape)});
  }

  ValueId flattened(ValueId value) {
    std::int64_t count = 1;
    for (std::int64_t size : concrete(out_.graph.type(value).shape)) count *= size;
    return out_.graph.add(Op::kReshape, {value}, {List{Dim(count)}});
  }

  ValueId taken(ValueId row, const std::vector<std::int64_t>& positions, const Shape& shape) {
    return out_.graph.add(Op::kTake, {row, add_positions(positions, shape)}, {Dim(0)});
  }

  /// Where each position along an axis is among the picks.
  std::int64_t rank_in(const std::vector<std::int64_t>& axis, std::int64_t at) const {
    const auto found = std::lower_bound(axis.begin(), axis.end(), at);
    BAFE_CHECK(found != axis.end() && *found == at, "a part has what its users read");
    return found - axis.begin();
  }

  /// The picks of a value that is made.
  ValueId picked(ValueId id, const Picks& picks) {
    const Picks& have = *needs_[id.index()];
    const ValueId value = made_[id.index()];
    if (have == picks) return value;
    Picks ranks(picks.size());
    for (std::size_t axis = 0; axis < picks.size(); ++axis) {
      for (std::int64_t at : picks[axis]) ranks[axis].push_back(rank_in(have[axis], at));
    }
    return taken(flattened(value), flat_positions(ranks, out_.graph.type(value)), shape_of(picks));
  }

  ValueId make(ValueId id) {
    const Node& node = graph_.node(id);
    const Picks& need = *needs_[id.index()];
    if (is_fill(node.op)) return out_.graph.add_fill(attr_scalar(node.attrs, 0), shape_of(need));
    const OpKind kind = op_info(node.op).kind;
    if (kind == OpKind::kLeaf) {
      PartSource source;
      source.flat = flat_positions(need, node.type);
      source.kind = is_input(node.op) ? PartSource::kInput : PartSource::kConstant;
      if (is_input(node.op))
        source.input = static_cast<int>(attr_int(node.attrs, 0).value());
      else
        source.digest = attr_string(node.attrs, 0);
      return add_source(std::move(source), {node.type.dtype, shape_of(need)});
    }
    if (!spots_[id.index()].empty()) return make_spots(id);
    if (kind == OpKind::kMovement && count_of(need) > 0) {
      const Element tree = tree_of(id);
      if (auto affine = affine_read(tree))
        return make_affine(id, *affine, static_cast<std::size_t>(tree->number));
    }
    std::vector<ValueId> operands;
    const auto reads = reads_.find(id);
    for (std::size_t k = 0; k < node.operands.size(); ++k) {
      const ValueId operand = node.operands[k];
      Picks picks = kind == OpKind::kPointwise || kind == OpKind::kLayout
                        ? need
                        : whole_of(graph_.type(operand));
      if (reads != reads_.end()) {
        for (const auto& [number, read] : reads->second) {
          if (number == static_cast<int>(k)) picks = read;
        }
      }
      operands.push_back(picked(operand, picks));
    }
    return out_.graph.add(node.op, std::move(operands), node.attrs);
  }

  ValueId make_affine(ValueId id, const std::vector<AffineIndex>& affine, std::size_t which) {
    const ValueId operand = graph_.node(id).operands[which];
    const Picks &need = *needs_[id.index()], &have = *needs_[operand.index()];
    const std::vector<std::int64_t> strides = row_major_strides(concrete(shape_of(have)));
    std::int64_t base = 0;
    std::vector<std::vector<std::int64_t>> shares;  // by axis of the result
    for (const auto& axis : need) shares.emplace_back(axis.size(), 0);
    for (std::size_t k = 0; k < affine.size(); ++k) {
      if (affine[k].axis < 0) {
        base += strides[k] * rank_in(have[k], affine[k].base);
        continue;
      }
      const auto axis = static_cast<std::size_t>(affine[k].axis);
      for (std::size_t i = 0; i < need[axis].size(); ++i) {
        const std::int64_t at = affine[k].base + affine[k].step * need[axis][i];
        shares[axis][i] += strides[k] * rank_in(have[k], at);
      }
    }
    std::vector<std::int64_t> positions;
    for_each_pick(shares, [&](std::span<const std::int64_t> at) {
      positions.push_back(std::accumulate(at.begin(), at.end(), base));
    });
    return taken(flattened(made_[operand.index()]), positions, shape_of(need));
  }

  /// All that is read, in one row with the numbers behind it.
  ValueId make_spots(ValueId id) {
    const Node& node = graph_.node(id);
    std::vector<ValueId> parts;
    std::vector<std::int64_t> first(node.operands.size(), -1);
    std::int64_t length = 0;
    for (std::size_t k = 0; k < node.operands.size(); ++k) {
      if (!has_read_.contains({id.index(), static_cast<int>(k)})) continue;
      parts.push_back(flattened(made_[node.operands[k].index()]));
      first[k] = length;
      length += count_of(*needs_[node.operands[k].index()]);
    }
    if (parts.empty()) return make_numbers(id);
    std::map<double, std::int64_t> numbers;
    std::vector<std::int64_t> positions;
    for (const ElementSpot& spot : spots_[id.index()]) {
      if (spot.operand < 0) {
        const auto [at, is_new] = numbers.try_emplace(spot.number, length);
        if (is_new) {
          parts.push_back(out_.graph.add_fill(Scalar::of(node.type.dtype, spot.number), {Dim(1)}));
          ++length;
        }
        positions.push_back(at->second);
        continue;
      }
      const auto k = static_cast<std::size_t>(spot.operand);
      const Picks& have = *needs_[node.operands[k].index()];
      std::int64_t flat = 0;
      for (std::size_t axis = 0; axis < have.size(); ++axis)
        flat = flat * static_cast<std::int64_t>(have[axis].size()) +
               rank_in(have[axis], spot.index[axis]);
      positions.push_back(first[k] + flat);
    }
    const ValueId row =
        parts.size() == 1 ? parts[0] : out_.graph.add(Op::kConcat, std::move(parts), {Dim(0)});
    return taken(row, positions, shape_of(*needs_[id.index()]));
  }

  /// Nothing is read: the elements themselves.
  ValueId make_numbers(ValueId id) {
    const Type type{graph_.type(id).dtype, shape_of(*needs_[id.index()])};
    PartSource source;
    source.values = Tensor(type);
    std::int64_t next = 0;
    for (const ElementSpot& spot : spots_[id.index()])
      source.values.set(next++, Scalar::of(type.dtype, spot.number));
    return add_source(std::move(source), type);
  }

  const Graph& graph_;
  const PartLimits& limits_;
  std::vector<std::optional<Picks>> needs_;
  std::vector<std::vector<ElementSpot>> spots_;
  std::map<ValueId, std::vector<std::pair<int, Picks>>> reads_;
  std::map<std::pair<std::uint32_t, int>, bool> has_read_;
  std::vector<ValueId> made_;
  PartProgram out_;
  double elements_ = 0;
};

}  // namespace

std::optional<PartProgram> part_of(const Graph& graph, std::span<const Picks> roots,
                                   const PartLimits& limits) {
  return PartMaker(graph, limits).run(roots);
}

}  // namespace bafe
