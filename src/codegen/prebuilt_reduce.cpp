// Reductions and products as prebuilt steps. In: a node whose operands have views. Out: one step, a
// copy before it where the operand's strides fit no kernel; or nothing, and the interpreter takes
// the node. Invariant: reduced elements are met in row-major order of the reduced axes.

#include <algorithm>

#include "bafe/cost/result_order.h"
#include "prebuilt_builder.h"
#include "prebuilt_steps.h"
#include "prebuilt_table.h"
#include "sizes.h"

namespace bafe {
namespace {

std::vector<int> reduced_axes(const Node& node) {
  std::vector<int> axes;
  for (Dim axis : attr_list(node.attrs, 0)) axes.push_back(static_cast<int>(axis.value()));
  return axes;
}

std::vector<int> kept_axes(const Node& node) {
  const std::vector<int> reduced = reduced_axes(node);
  std::vector<int> kept;
  for (int a = 0; a < node.type.rank(); ++a) {
    if (std::find(reduced.begin(), reduced.end(), a) == reduced.end()) kept.push_back(a);
  }
  return kept;
}

/// The axes as one loop of (size, stride), where they are one.
std::optional<std::pair<std::int64_t, std::int64_t>> one_loop(
    const Shape& shape, const std::vector<int>& axes, const std::vector<std::int64_t>& strides) {
  const LoopAxes loops = loop_axes(shape, axes, {&strides});
  if (loops.dims.size() > 1) return std::nullopt;
  if (loops.dims.empty()) return std::pair<std::int64_t, std::int64_t>{1, 1};
  return std::pair{loops.dims[0], loops.strides[0][0]};
}

}  // namespace

bool PrebuiltBuilder::add_reduction(ValueId id, const StoredView& view, const std::string& kind,
                                    const Strides& sizes) {
  const Node& node = graph_.node(id);
  const std::string key =
      prebuilt_key(op_info(node.op).name, {node.type.dtype}, node.type.dtype) + kind;
  const int at = find_prebuilt(target_.isa, key);
  if (at < 0) return false;
  const PrebuiltKernel& kernel = prebuilt_table(target_.isa)[static_cast<std::size_t>(at)];
  StoredView& result = views_[id.index()];
  const std::vector<int> row = Layout::row(node.type.rank()).order;
  result.slot = new_slot(node.type, row);
  result.strides = dense_strides(node.type.shape, row);
  // The stack of partial sums follows the other scratch; it is as deep as the tree.
  std::int64_t levels = 2;
  for (std::int64_t runs = sizes[0]; runs > 0; runs /= 2) ++levels;
  Step& step = add_step(key, std::string(op_info(node.op).name));
  step.slots = {SlotId(static_cast<std::uint32_t>(view.slot)),
                SlotId(static_cast<std::uint32_t>(result.slot))};
  step.sizes = sizes;
  step.units = sizes[4] * sizes[5];
  step.scratch_bytes = kernel.scratch_bytes + levels * kernel.level_bytes;
  step.bytes = static_cast<double>(sizes[0] * sizes[3] * sizes[4] * dtype_bytes(node.type.dtype));
  return true;
}

bool PrebuiltBuilder::try_rows(ValueId id, const StoredView& view) {
  const Node& node = graph_.node(id);
  const Shape& shape = graph_.type(node.operands[0]).shape;
  const auto inner = one_loop(shape, reduced_axes(node), view.strides);
  const auto outer = one_loop(shape, kept_axes(node), view.strides);
  if (!inner || !outer || view.offset != 0) return false;
  if (inner->first > 1 && inner->second != 1) return false;
  return add_reduction(id, view, " rows", {inner->first, outer->second, 1, 1, outer->first, 1});
}

bool PrebuiltBuilder::try_columns(ValueId id, const StoredView& view) {
  const Node& node = graph_.node(id);
  const Shape& shape = graph_.type(node.operands[0]).shape;
  const auto reduced = one_loop(shape, reduced_axes(node), view.strides);
  if (!reduced || view.offset != 0) return false;
  const std::vector<int> kept = kept_axes(node);
  for (std::size_t first = 0; first < kept.size(); ++first) {
    const auto at = kept.begin() + static_cast<std::ptrdiff_t>(first);
    const auto inner = one_loop(shape, {at, kept.end()}, view.strides);
    const auto outer = one_loop(shape, {kept.begin(), at}, view.strides);
    if (!inner || !outer || inner->second != 1 || inner->first == 1) continue;
    const bool is_tree = is_float(node.type.dtype);
    const ReduceKind kind = op_info(node.op).reduce;
    const bool is_chain = kind == ReduceKind::kSum || kind == ReduceKind::kProd;
    const std::int64_t width = is_tree && is_chain ? kPrebuiltColumns : kPrebuiltFreeColumns;
    return add_reduction(id, view, " columns",
                         {reduced->first, outer->second, reduced->second, inner->first,
                          outer->first, ceil_div(inner->first, width)});
  }
  return false;
}

bool PrebuiltBuilder::reduce(ValueId id) {
  const Node& node = graph_.node(id);
  const ValueId operand = node.operands[0];
  need(operand);
  const std::string key = prebuilt_key(op_info(node.op).name, {node.type.dtype}, node.type.dtype);
  if (find_prebuilt(target_.isa, key + " rows") < 0) return false;
  const Type& type = graph_.type(operand);
  if (num_elements(type.shape) == Dim(0)) return false;
  const StoredView view = views_[operand.index()];
  if (view.slot >= 0 && (try_rows(id, view) || try_columns(id, view))) return true;
  std::vector<int> order = kept_axes(node);
  const std::vector<int> reduced = reduced_axes(node);
  order.insert(order.end(), reduced.begin(), reduced.end());
  return try_rows(id, copied(view, type, order));
}

bool PrebuiltBuilder::product(ValueId id) {
  const Node& node = graph_.node(id);
  for (ValueId operand : node.operands) need(operand);
  const DType dtype = node.type.dtype;
  const bool has_tiles = dtype == DType::kF32 || dtype == DType::kF64;
  const Shape &left = graph_.type(node.operands[0]).shape, &shape = node.type.shape;
  const std::size_t rank = shape.size();
  if (!has_tiles || target_.isa == Isa::kPlain || left[rank - 1] == Dim(0)) return false;
  for (ValueId operand : node.operands) {
    if (views_[operand.index()].slot < 0) by_rows(operand);
  }
  const StoredView a = views_[node.operands[0].index()], b = views_[node.operands[1].index()];
  const std::int64_t m = shape[rank - 2].value(), n = shape[rank - 1].value();
  const std::int64_t k = left[rank - 1].value(), batch = num_elements(shape).value() / (m * n);
  const std::vector<int> row = Layout::row(static_cast<int>(rank)).order;
  StoredView& c = views_[id.index()];
  c.slot = new_slot(node.type, row);
  c.strides = dense_strides(shape, row);
  const std::int64_t tall = ceil_div(m, kProductRows), wide = ceil_div(n, kProductColumns);
  Step& step = add_step("product", std::string(op_info(node.op).name));
  for (const StoredView* view : {&a, &b, static_cast<const StoredView*>(&c)})
    step.slots.push_back(SlotId(static_cast<std::uint32_t>(view->slot)));
  step.sizes = {dtype_bytes(dtype),
                m,
                n,
                k,
                a.offset,
                a.strides[rank - 2],
                a.strides[rank - 1],
                b.offset,
                b.strides[rank - 2],
                b.strides[rank - 1],
                tall,
                wide,
                static_cast<std::int64_t>(rank) - 2};
  for (std::size_t d = 0; d + 2 < rank; ++d) step.sizes.push_back(shape[d].value());
  for (const StoredView* view : {&a, &b})
    step.sizes.insert(step.sizes.end(), view->strides.begin(), view->strides.end() - 2);
  step.units = batch * tall * wide;
  step.scratch_bytes = product_scratch_bytes(n, k);
  step.flops = 2.0 * static_cast<double>(batch * m * n) * static_cast<double>(k) / 10;
  return true;
}

}  // namespace bafe
