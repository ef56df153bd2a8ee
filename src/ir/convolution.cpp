// Definitions of convolution and pooling. In: images, weights and window geometry. Out: pad,
// windows, a product or a reduction. Invariant: images are [N, C, H, W] or [N, H, W, C] on entry
// and on exit; 1x1 windows are slices, so that a product of channels stays a plain matmul.
#include "bafe/ir/convolution.h"

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "image.h"
#include "op_rules.h"

namespace bafe {
namespace {

using rules_of_ops::with_operands;

class Convolution {
 public:
  Convolution(Builder& b, ValueId x, ValueId w, const ImageWindows& windows, std::int64_t groups)
      : b_(b), windows_(windows), groups_(groups) {
    const ValueId pair[] = {x, w};
    const Type types[] = {b.type(x), b.type(w)};
    for (const Type& t : types) {
      if (t.rank() != 4) {
        fail("images and weights have 4 axes", types, {},
             "add an axis for the batch, and give weights an axis an output channel");
      }
    }
    const DType dtype = common_dtype(b, pair);
    x_ = b.cast(x, dtype);
    w_ = b.cast(w, dtype);
    const bool first = is_first();
    const auto of_x = [&](int axis) { return known_size(types[0], axis); };
    const auto of_w = [&](int axis) { return known_size(types[1], axis); };
    n_ = of_x(0);
    channels_ = of_x(first ? 1 : 3);
    depth_ = of_w(first ? 1 : 2);
    outputs_ = of_w(first ? 0 : 3);
    window_ = {of_w(first ? 2 : 0), of_w(first ? 3 : 1)};
    if (groups_ < 1 || channels_ != depth_ * groups_) {
      fail(format("{} channels are not {} groups of {}", channels_, groups_, depth_), types,
           {first ? 1 : 3, first ? 1 : 2}, "weights take channels / groups input channels each");
    }
    if (outputs_ % groups_ != 0) {
      fail(format("{} output channels do not fall into {} groups", outputs_, groups_), types,
           {-1, first ? 0 : 3}, "let groups divide the output channels");
    }
    if (window_[0] < 1 || window_[1] < 1) {
      fail("the weights have an empty window", types, {-1, first ? 2 : 0}, "give at least 1x1");
    }
  }

  ValueId run() {
    x_ = padded_image(b_, x_, fitted("conv2d", b_.type(x_), window_, windows_),
                      Scalar::of_int(b_.type(x_).dtype, 0));
    if (depth_ == 1 && groups_ > 1) return is_first() ? depthwise_first() : depthwise_last();
    return is_first() ? channels_first() : channels_last();
  }

 private:
  bool is_first() const { return windows_.layout == ImageLayout::kNchw; }
  [[noreturn]] static void fail(const std::string& fact, std::span<const Type> types,
                                const std::vector<int>& axes, const std::string& fix) {
    throw with_operands(ShapeError({}, "conv2d", fact), types, axes).fix(fix);
  }
  static std::int64_t known_size(const Type& t, int axis) {
    return rules_of_ops::known("conv2d", "a size", t.shape[static_cast<std::size_t>(axis)]);
  }
  std::int64_t size(ValueId v, int axis) const { return known_size(b_.type(v), axis); }
  std::int64_t taps() const { return window_[0] * window_[1]; }

  /// All windows, the window's axes last; height and width of the result are noted.
  ValueId windows() {
    ValueId v = image_windows(b_, x_, window_, windows_);
    rows_ = size(v, is_first() ? 2 : 1);
    columns_ = size(v, is_first() ? 3 : 2);
    return v;
  }

  /// Weights times columns of channels and taps, a matrix an image and group.
  ValueId channels_first() {
    const std::int64_t inner = depth_ * taps(), out = outputs_ / groups_;
    ValueId v = b_.transpose(windows(), {0, 1, 4, 5, 2, 3});
    const std::int64_t places = rows_ * columns_;
    List batch, weights;
    if (n_ != 1) batch.push_back(n_);
    if (groups_ != 1) batch.push_back(groups_);
    if (groups_ != 1) weights.push_back(groups_);
    const ValueId columns = b_.reshape(v, with(batch, inner, places));
    const ValueId product = b_.matmul(b_.reshape(w_, with(weights, out, inner)), columns);
    return b_.reshape(product, {n_, outputs_, rows_, columns_});
  }

  /// Rows of taps and channels times weights.
  ValueId channels_last() {
    const std::int64_t inner = depth_ * taps(), out = outputs_ / groups_;
    ValueId v = b_.transpose(windows(), {0, 1, 2, 4, 5, 3});
    const std::int64_t places = n_ * rows_ * columns_;
    const List shape = {n_, rows_, columns_, outputs_};
    if (groups_ == 1) {
      const ValueId rows = b_.reshape(v, {places, inner});
      return b_.reshape(b_.matmul(rows, b_.reshape(w_, {inner, out})), shape);
    }
    ValueId split = b_.reshape(v, {places, taps(), groups_, depth_});
    const ValueId rows = b_.reshape(b_.transpose(split, {2, 0, 1, 3}), {groups_, places, inner});
    ValueId weights = b_.transpose(b_.reshape(w_, {inner, groups_, out}), {1, 0, 2});
    return b_.reshape(b_.transpose(b_.matmul(rows, weights), {1, 0, 2}), shape);
  }

  static List with(List list, std::int64_t a, std::int64_t b) {
    list.push_back(a);
    list.push_back(b);
    return list;
  }

  ValueId summed(ValueId product, const List& axes) {
    const DType dtype = b_.type(x_).dtype;
    return b_.cast(b_.reduce(Op::kReduceSum, product, axes, false), dtype);
  }

  /// One input channel a group: its windows times `outputs_ / channels_` weights each.
  ValueId depthwise_first() {
    const std::int64_t out = outputs_ / groups_;
    ValueId v = b_.expand_dims(windows(), {2});
    ValueId w = b_.reshape(w_, {1, groups_, out, 1, 1, window_[0], window_[1]});
    const ValueId pair[] = {v, w};
    return b_.reshape(summed(b_.call(Op::kMul, pair), {5, 6}), {n_, outputs_, rows_, columns_});
  }

  ValueId depthwise_last() {
    const std::int64_t out = outputs_ / groups_;
    ValueId v = b_.expand_dims(b_.transpose(windows(), {0, 1, 2, 4, 5, 3}), {6});
    ValueId w = b_.reshape(w_, {1, 1, 1, window_[0], window_[1], groups_, out});
    const ValueId pair[] = {v, w};
    return b_.reshape(summed(b_.call(Op::kMul, pair), {3, 4}), {n_, rows_, columns_, outputs_});
  }

  Builder& b_;
  ImageWindows windows_;
  std::int64_t groups_ = 1, n_ = 0, channels_ = 0, depth_ = 0, outputs_ = 0;
  std::int64_t rows_ = 0, columns_ = 0;
  std::array<std::int64_t, 2> window_ = {1, 1};
  ValueId x_, w_;
};

}  // namespace

ValueId conv2d(Builder& builder, ValueId x, ValueId w, std::optional<ValueId> bias,
               const ImageWindows& windows, std::int64_t groups, const SourceLoc& loc) {
  builder.set_loc(loc);
  try {
    ValueId out = Convolution(builder, x, w, windows, groups).run();
    if (!bias) return out;
    const bool first = windows.layout == ImageLayout::kNchw;
    const Dim channels = builder.type(out).shape[first ? 1 : 3];
    if (builder.type(*bias).shape != Shape{channels}) {
      const Type operands[] = {builder.type(out), builder.type(*bias)};
      throw with_operands(
          ShapeError({}, "conv2d",
                     format("the bias is not one number for each of {} channels", channels.text())),
          operands, {first ? 1 : 3, -1})
          .fix("give a vector with an element an output channel");
    }
    const ValueId pair[] = {out, first ? builder.expand_dims(*bias, {1, 2}) : *bias};
    return builder.call(Op::kAdd, pair);
  } catch (Error& error) {
    error.place(loc);
    throw;
  }
}

}  // namespace bafe
