// Definitions of pooling. In: images and window geometry. Out: reductions over windows. Invariant:
// padding of a maximum is the lowest value of the dtype, and every window holds an element of the
// image.
#include <cmath>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "image.h"
#include "op_rules.h"

namespace bafe {
namespace {

void require_image(std::string_view subject, const Type& x) {
  if (x.rank() == 4) return;
  const Type operands[] = {x};
  throw rules_of_ops::with_operands(ShapeError({}, std::string(subject), "images have 4 axes"),
                                    operands)
      .fix("add an axis for the batch");
}

Scalar lowest(DType dtype) {
  if (is_float(dtype)) return Scalar::of(dtype, -HUGE_VAL);
  if (dtype_info(dtype).kind != kIntKind) return Scalar::of_int(dtype, 0);
  return Scalar::of_int(dtype,
                        std::numeric_limits<std::int64_t>::min() >> (64 - dtype_info(dtype).bits));
}

/// A window of padding only would have no element.
void require_small_padding(std::string_view subject, const Type& x, const ImageWindow& window,
                           const ImageWindows& windows) {
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t span = (window[i] - 1) * windows.dilation[i] + 1;
    if (windows.low[i] < span && windows.high[i] < span) continue;
    const Type operands[] = {x};
    throw rules_of_ops::with_operands(
        ShapeError({}, std::string(subject),
                   format("padding ({}, {}) is as large as the window, which spans {}",
                          windows.low[i], windows.high[i], span)),
        operands, {static_cast<int>(image_axes(windows.layout)[i])})
        .fix("pad less than a window, so that each window meets the image");
  }
}

ImageWindow window_of(const Type& x, std::optional<ImageWindow> window, ImageLayout layout,
                      std::string_view subject) {
  if (window) return *window;
  ImageWindow out;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<std::size_t>(image_axes(layout)[i]);
    out[i] = rules_of_ops::known(subject, "a size", x.shape[axis]);
    if (out[i] > 0) continue;
    const Type operands[] = {x};
    throw rules_of_ops::with_operands(
        ShapeError({}, std::string(subject), "an empty image has no element to pool"), operands,
        {static_cast<int>(axis)})
        .fix("give images of at least one row and one column");
  }
  return out;
}

template <class Run>
ValueId placed(Builder& b, const SourceLoc& loc, Run run) {
  b.set_loc(loc);
  try {
    return run();
  } catch (Error& error) {
    error.place(loc);
    throw;
  }
}

/// How many elements of [0, extent + padding) that count each window of one axis holds.
ValueId window_counts(Builder& b, DType dtype, std::int64_t extent, std::int64_t window,
                      const ImageWindows& fit, const ImageWindows& given, std::size_t i,
                      bool include_pad) {
  const std::int64_t low = include_pad ? fit.low[i] : 0, high = include_pad && !given.same
                                                                    ? given.high[i]
                                                                : include_pad ? fit.high[i]
                                                                              : 0;
  ValueId ones = b.graph().add_fill(Scalar::of_int(dtype, 1), {low + extent + high});
  const ValueId operands[] = {ones};
  ValueId padded =
      b.call(Op::kPad, operands,
             {List{fit.low[i] - low}, List{fit.high[i] - high}, Scalar::of_int(dtype, 0)});
  const ValueId whole[] = {padded};
  ValueId v = b.call(Op::kWindows, whole,
                     {List{0}, List{window}, List{fit.stride[i]}, List{fit.dilation[i]}});
  return b.reduce(Op::kReduceSum, v, List{1}, false);
}

bool counts_differ(const ImageWindows& fit, const ImageWindows& given, bool include_pad) {
  for (std::size_t i = 0; i < 2; ++i) {
    const bool grew = !given.same && fit.high[i] != given.high[i];
    if (grew || (!include_pad && (fit.low[i] > 0 || fit.high[i] > 0))) return true;
  }
  return false;
}

}  // namespace

ValueId max_pool2d(Builder& b, ValueId x, std::optional<ImageWindow> window,
                   const ImageWindows& windows, const SourceLoc& loc) {
  return placed(b, loc, [&] {
    const Type t = b.type(x);
    require_image("max_pool2d", t);
    const ImageWindow size = window_of(t, window, windows.layout, "max_pool2d");
    const ImageWindows fit = fitted("max_pool2d", t, size, windows);
    require_small_padding("max_pool2d", t, size, windows);
    ValueId v = image_windows(b, padded_image(b, x, fit, lowest(t.dtype)), size, fit);
    return b.reduce(Op::kReduceMax, v, List{4, 5}, false);
  });
}

ValueId avg_pool2d(Builder& b, ValueId x, std::optional<ImageWindow> window,
                   const ImageWindows& windows, bool count_include_pad, const SourceLoc& loc) {
  return placed(b, loc, [&] {
    Type t = b.type(x);
    require_image("avg_pool2d", t);
    const ImageWindow size = window_of(t, window, windows.layout, "avg_pool2d");
    const ImageWindows fit = fitted("avg_pool2d", t, size, windows);
    require_small_padding("avg_pool2d", t, size, windows);
    if (!is_float(t.dtype)) t.dtype = DType::kF64;
    ValueId image = padded_image(b, b.cast(x, t.dtype), fit, Scalar::of_int(t.dtype, 0));
    ValueId sum = b.reduce(Op::kReduceSum, image_windows(b, image, size, fit), List{4, 5}, false);
    if (!counts_differ(fit, windows, count_include_pad)) {
      const ValueId pair[] = {
          sum, b.graph().add_fill(Scalar::of(t.dtype, static_cast<double>(size[0] * size[1])), {})};
      return b.call(Op::kDiv, pair);
    }
    const ImageWindow axes = image_axes(windows.layout);
    ValueId all;
    for (std::size_t i = 0; i < 2; ++i) {
      const std::int64_t extent = t.shape[static_cast<std::size_t>(axes[i])].value();
      ValueId counts =
          window_counts(b, t.dtype, extent, size[i], fit, windows, i, count_include_pad);
      List shape(4, Dim(1));
      shape[static_cast<std::size_t>(axes[i])] = b.type(counts).shape[0];
      const ValueId pair[] = {all, b.reshape(counts, shape)};
      all = all.valid() ? b.call(Op::kMul, pair) : pair[1];
    }
    const ValueId quotient[] = {sum, all};
    return b.call(Op::kDiv, quotient);
  });
}

}  // namespace bafe
