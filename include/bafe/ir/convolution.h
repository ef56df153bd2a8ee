#pragma once
/// Convolution and pooling over the two image axes, as their definitions: products and reductions
/// over windows of the padded image.

#include <array>
#include <optional>

#include "bafe/ir/builder.h"

namespace bafe {

/// Where the images' axes are: [N, C, H, W] or [N, H, W, C].
enum class ImageLayout { kNchw, kNhwc };
/// "NCHW" or "NHWC"; ShapeError for other words.
ImageLayout image_layout(std::string_view subject, std::string_view text);

/// Windows over the axes H and W, in this order.
struct ImageWindows {
  ImageLayout layout = ImageLayout::kNchw;
  std::array<std::int64_t, 2> stride = {1, 1}, dilation = {1, 1};
  std::array<std::int64_t, 2> low = {0, 0}, high = {0, 0};  ///< padding before and after
  bool same = false;       ///< padding as needed for ceil(size / stride) results; low, high unused
  bool ceil_mode = false;  ///< pooling: a last window may reach beyond the padding
};

/// Sum over the window and the input channels of a group. Weights are [O, C / groups, KH, KW] for
/// NCHW and [KH, KW, C / groups, O] for NHWC; the result has the images' layout. A group of one
/// channel is a reduction over windows, any other a matrix product; 1x1 windows make none. `bias`
/// has one element an output channel.
/// Errors: ShapeError at `loc`.
ValueId conv2d(Builder& builder, ValueId x, ValueId w, std::optional<ValueId> bias,
               const ImageWindows& windows, std::int64_t groups, const SourceLoc& loc);

/// Largest element of each window; padding never wins. No window size: the whole image.
ValueId max_pool2d(Builder& builder, ValueId x, std::optional<std::array<std::int64_t, 2>> window,
                   const ImageWindows& windows, const SourceLoc& loc);
/// Mean of each window; padding counts as zeros, or not at all.
ValueId avg_pool2d(Builder& builder, ValueId x, std::optional<std::array<std::int64_t, 2>> window,
                   const ImageWindows& windows, bool count_include_pad, const SourceLoc& loc);

}  // namespace bafe
