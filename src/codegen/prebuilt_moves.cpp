// Copies of a plan of prebuilt steps. In: a view. Out: the same values densely in a slot.
// Invariant: a copy step's last axis is the fastest of what it writes.

#include <algorithm>
#include <numeric>

#include "bafe/cost/result_order.h"
#include "prebuilt_builder.h"
#include "prebuilt_steps.h"

namespace bafe {

LoopAxes loop_axes(const Shape& shape, const std::vector<int>& order,
                   const std::vector<const std::vector<std::int64_t>*>& views) {
  LoopAxes out;
  out.strides.resize(views.size());
  for (int axis : order) {
    const auto a = static_cast<std::size_t>(axis);
    const std::int64_t size = shape[a].value();
    if (size == 1) continue;
    bool joins = !out.dims.empty();
    for (std::size_t v = 0; v < views.size() && joins; ++v) {
      joins = out.strides[v].back() == (*views[v])[a] * size;
    }
    if (joins) {
      out.dims.back() *= size;
      for (std::size_t v = 0; v < views.size(); ++v) out.strides[v].back() = (*views[v])[a];
    } else {
      out.dims.push_back(size);
      for (std::size_t v = 0; v < views.size(); ++v) out.strides[v].push_back((*views[v])[a]);
    }
  }
  return out;
}

bool PrebuiltBuilder::is_dense(const StoredView& view, const Shape& shape,
                               const std::vector<int>& order) const {
  const Strides dense = dense_strides(shape, order);
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (shape[a] != Dim(1) && view.strides[a] != dense[a]) return false;
  }
  return view.slot >= 0;
}

void PrebuiltBuilder::copy_into(int slot, const StoredView& from, const Strides& to,
                                const Type& type, std::int64_t to_offset) {
  const std::int64_t bytes = dtype_bytes(type.dtype);
  if (from.slot < 0) {  // a run without operators: one number, stored
    using namespace pointwise_sizes;
    const std::int64_t count = num_elements(type.shape).value(), block = 1024;
    Step& step = add_step("pointwise", "fill");
    step.slots = {SlotId(static_cast<std::uint32_t>(slot))};
    step.sizes = {count, 1, 1, 0, 1, 1, block, 16 * block, count};
    for (std::int64_t word : {std::int64_t{-1}, bytes, std::int64_t{0}, std::int64_t{0},
                              static_cast<std::int64_t>(from.fill.bits), std::int64_t{0}})
      step.sizes.push_back(word);
    for (std::int64_t word : {std::int64_t{0}, bytes, std::int64_t{0}, std::int64_t{0}})
      step.sizes.push_back(word);
    step.units = (count + 16 * block - 1) / (16 * block);
    step.scratch_bytes = block * 8;
    step.bytes = static_cast<double>(count * bytes);
    return;
  }
  std::vector<int> order(type.shape.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return to[static_cast<std::size_t>(a)] > to[static_cast<std::size_t>(b)];
  });
  LoopAxes axes = loop_axes(type.shape, order, {&from.strides, &to});
  if (axes.dims.empty()) axes = {{1}, {{1}, {1}}};
  Step& step = add_step("copy", "copy");
  step.slots = {SlotId(static_cast<std::uint32_t>(from.slot)),
                SlotId(static_cast<std::uint32_t>(slot))};
  step.sizes = {bytes, static_cast<std::int64_t>(axes.dims.size()), from.offset, to_offset};
  for (const Strides* list : {&axes.dims, &axes.strides[0], &axes.strides[1]})
    step.sizes.insert(step.sizes.end(), list->begin(), list->end());
  step.units = copy_units(step.sizes);
  step.bytes = 2.0 * static_cast<double>(type_bytes(type));
}

StoredView PrebuiltBuilder::copied(const StoredView& view, const Type& type,
                                   const std::vector<int>& order) {
  StoredView out;
  out.slot = new_slot(type, order);
  out.strides = dense_strides(type.shape, order);
  copy_into(out.slot, view, out.strides, type);
  return out;
}

StoredView PrebuiltBuilder::by_rows(ValueId id) {
  need(id);
  const Type& type = graph_.type(id);
  const std::vector<int> row = Layout::row(type.rank()).order;
  StoredView& view = views_[id.index()];
  if (view.offset != 0 || !is_dense(view, type.shape, row)) view = copied(view, type, row);
  return view;
}

}  // namespace bafe
