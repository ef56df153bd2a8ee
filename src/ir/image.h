#pragma once
/// Internal: geometry that convolution and pooling share.

#include <array>
#include <span>
#include <string_view>

#include "bafe/ir/convolution.h"

namespace bafe {

using ImageWindow = std::array<std::int64_t, 2>;

/// Places of the axes H and W.
ImageWindow image_axes(ImageLayout layout);
/// The dtype that arithmetic on these operands has.
DType common_dtype(Builder& b, std::span<const ValueId> operands);
/// `windows` with the padding of `same` computed; ShapeError where strides, dilations or paddings
/// are out of range or a window does not fit.
ImageWindows fitted(std::string_view subject, const Type& x, const ImageWindow& window,
                    const ImageWindows& windows);
ValueId padded_image(Builder& b, ValueId x, const ImageWindows& windows, Scalar value);
/// Windows of an image that is padded already: its axes, then two for the window.
ValueId image_windows(Builder& b, ValueId x, const ImageWindow& window,
                      const ImageWindows& windows);

}  // namespace bafe
