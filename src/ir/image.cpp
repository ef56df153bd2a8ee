// Geometry of windows over images. In: sizes, strides, paddings. Out: pad and windows nodes.
// Invariant: after fitted() every window lies inside the padded image.
#include "image.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "op_rules.h"

namespace bafe {
namespace {

std::size_t at(std::int64_t axis) { return static_cast<std::size_t>(axis); }

[[noreturn]] void fail(std::string_view subject, const Type& x, const std::string& fact, int axis,
                       const std::string& fix) {
  const Type operands[] = {x};
  throw rules_of_ops::with_operands(ShapeError({}, std::string(subject), fact), operands, {axis})
      .fix(fix);
}

constexpr std::int64_t kFar = std::int64_t{1} << 31;  // sums of such numbers do not overflow

}  // namespace

ImageLayout image_layout(std::string_view subject, std::string_view text) {
  if (text == "NCHW") return ImageLayout::kNchw;
  if (text == "NHWC") return ImageLayout::kNhwc;
  throw ShapeError({}, std::string(subject), format("no layout is called \"{}\"", text))
      .fix("use \"NCHW\" or \"NHWC\"");
}

ImageWindow image_axes(ImageLayout layout) {
  return layout == ImageLayout::kNchw ? ImageWindow{2, 3} : ImageWindow{1, 2};
}

DType common_dtype(Builder& b, std::span<const ValueId> operands) {
  ValueId all;
  for (ValueId v : operands) {
    const Type& t = b.type(v);
    ValueId one = t.rank() == 0 ? v : b.graph().add_fill(Scalar::of_int(t.dtype, 0), {});
    const ValueId pair[] = {all, one};
    all = all.valid() ? b.call(Op::kMul, pair) : one;
  }
  return b.type(all).dtype;
}

ImageWindows fitted(std::string_view subject, const Type& x, const ImageWindow& window,
                    const ImageWindows& windows) {
  ImageWindows out = windows;
  const ImageWindow axes = image_axes(windows.layout);
  for (std::size_t i = 0; i < 2; ++i) {
    const int axis = static_cast<int>(axes[i]);
    const std::int64_t extent = rules_of_ops::known(subject, "a size", x.shape[at(axis)]);
    const std::int64_t step = out.stride[i], spread = out.dilation[i];
    for (std::int64_t entry : {step, spread, window[i]}) {
      if (entry >= 1 && entry < kFar) continue;
      fail(subject, x, format("window {} stride {} dilation {}", window[i], step, spread), axis,
           "windows, strides and dilations are at least 1");
    }
    if (out.low[i] < 0 || out.high[i] < 0 || out.low[i] >= kFar || out.high[i] >= kFar) {
      fail(subject, x, format("padding ({}, {})", out.low[i], out.high[i]), axis,
           "paddings are at least 0; slice to make an axis shorter");
    }
    if (window[i] > 1 && spread > kFar / window[i]) {
      fail(subject, x, format("window {} dilation {} is too wide", window[i], spread), axis,
           "make the dilation smaller");
    }
    const std::int64_t span = (window[i] - 1) * spread + 1;
    if (out.same) {
      const std::int64_t count = (extent + step - 1) / step;
      const std::int64_t total = std::max<std::int64_t>((count - 1) * step + span - extent, 0);
      out.low[i] = total / 2;
      out.high[i] = total - total / 2;
    }
    const std::int64_t room = extent + out.low[i] + out.high[i] - span;
    if (room < 0 && !(room == -1 && span == 1)) {
      fail(subject, x,
           format("a window that spans {} does not fit {} with padding ({}, {})", span, extent,
                  out.low[i], out.high[i]),
           axis, "pad more, or use a smaller window or dilation");
    }
    const std::int64_t rest = room % step;
    // The added window starts inside the image or the padding before it.
    const bool starts_inside = (room / step + 1) * step < extent + out.low[i];
    if (out.ceil_mode && rest > 0 && starts_inside) out.high[i] += step - rest;
  }
  out.same = false;
  return out;
}

ValueId padded_image(Builder& b, ValueId x, const ImageWindows& windows, Scalar value) {
  const ImageWindow axes = image_axes(windows.layout);
  List low(4, Dim(0)), high(4, Dim(0));
  bool any = false;
  for (std::size_t i = 0; i < 2; ++i) {
    low[at(axes[i])] = windows.low[i];
    high[at(axes[i])] = windows.high[i];
    any = any || windows.low[i] > 0 || windows.high[i] > 0;
  }
  const ValueId operands[] = {x};
  return any ? b.call(Op::kPad, operands, {low, high, value}) : x;
}

ValueId image_windows(Builder& b, ValueId x, const ImageWindow& window,
                      const ImageWindows& windows) {
  const ImageWindow axes = image_axes(windows.layout);
  if (window == ImageWindow{1, 1}) {
    const Type t = b.type(x);
    List start(4, Dim(0)), size = t.shape, step(4, Dim(1));
    for (std::size_t i = 0; i < 2; ++i) {
      step[at(axes[i])] = windows.stride[i];
      Dim& count = size[at(axes[i])];
      count = (count.value() + windows.stride[i] - 1) / windows.stride[i];
    }
    return b.expand_dims(b.slice(x, start, size, step), {4, 5});
  }
  const ValueId operands[] = {x};
  return b.call(
      Op::kWindows, operands,
      {List{axes[0], axes[1]}, List{window[0], window[1]},
       List{windows.stride[0], windows.stride[1]}, List{windows.dilation[0], windows.dilation[1]}});
}

}  // namespace bafe
