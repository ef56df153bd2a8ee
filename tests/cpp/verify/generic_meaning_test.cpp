// The generic meaning of a movement and its meaning in the operator table must not drift apart:
// both are asked at many concrete types, good ones and bad ones.
#include "both_meanings.h"

namespace bafe::generic {
namespace {

class Movements : public ::testing::Test {
 protected:
  Type type(int rank) {
    Type out{DType::kI64, {}};
    for (int i = 0; i < rank; ++i) out.shape.push_back(dice.pick(sizes));
    return out;
  }
  List numbers(std::size_t count, int low, int high) {
    List out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(low + dice.below(high - low + 1));
    return out;
  }
  List axes(int end) {
    List out;
    for (int i = 0; i < end; ++i) {
      if (dice.chance(40)) out.push_back(i);
    }
    if (dice.chance(10)) out.push_back(dice.below(5) - 1);
    return out;
  }
  /// Calls until `wanted` were well typed.
  template <class Make>
  void run(int wanted, Make make) {
    int good = 0;
    for (int i = 0; i < 60 * wanted && good < wanted; ++i) {
      Call call = make();
      good += call.compare() ? 1 : 0;
      if (HasFailure()) return;
    }
    EXPECT_GE(good, wanted);
  }
  std::vector<std::int64_t> sizes = {0, 1, 1, 2, 3, 4};
  Dice dice{7};
};

TEST_F(Movements, TransposeAgrees) {
  run(60, [&] {
    Type x = type(dice.below(4));
    List perm = numbers(x.shape.size(), 0, std::max(0, x.rank() - 1));
    if (dice.chance(5)) perm.push_back(0);
    return Call(Op::kTranspose, {x}, {perm});
  });
}

TEST_F(Movements, ReshapeAgrees) {
  run(60, [&] {
    Type x = type(dice.below(4));
    List shape = type(dice.below(5)).shape;
    if (dice.chance(60)) {
      shape = x.shape;
      for (std::size_t i = 0; i + 1 < shape.size(); ++i) std::swap(shape[i], shape[i + 1]);
      if (shape.size() > 1 && dice.chance(50)) {
        shape[0] = shape[0] * shape[1];
        shape.erase(shape.begin() + 1);
      }
    }
    return Call(Op::kReshape, {x}, {shape});
  });
}

TEST_F(Movements, BroadcastAgrees) {
  run(60, [&] {
    Type x = type(dice.below(4));
    List shape = x.shape;
    for (Dim& d : shape) {
      if (d == Dim(1) || dice.chance(10)) d = dice.pick(sizes);
    }
    return Call(Op::kBroadcastTo, {x}, {shape});
  });
}

TEST_F(Movements, ExpandedAndSqueezedAxesAgree) {
  run(60, [&] {
    Type x = type(dice.below(4));
    return Call(Op::kExpandDims, {x}, {axes(x.rank() + 2)});
  });
  run(60, [&] {
    Type x = type(dice.below(4));
    List chosen = axes(x.rank());
    for (Dim a : chosen) {
      bool inside = a.value() >= 0 && a.value() < x.rank();
      if (inside && dice.chance(90)) x.shape[static_cast<std::size_t>(a.value())] = 1;
    }
    return Call(Op::kSqueeze, {x}, {chosen});
  });
}

TEST_F(Movements, SlicesAgree) {
  run(60, [&] {
    Type x = type(dice.below(3));
    std::size_t n = x.shape.size();
    return Call(Op::kSlice, {x}, {numbers(n, -1, 3), numbers(n, 0, 3), numbers(n, -2, 2)});
  });
}

TEST_F(Movements, WindowsAgree) {
  sizes = {0, 1, 2, 3, 5, 7};
  run(60, [&] {
    Type x = type(dice.below(4));
    List chosen = axes(x.rank());
    std::size_t n = chosen.size();
    return Call(Op::kWindows, {x}, {chosen, numbers(n, 1, 3), numbers(n, 1, 3), numbers(n, 1, 2)});
  });
}

TEST_F(Movements, ConcatAgrees) {
  run(60, [&] {
    Type x = type(1 + dice.below(3));
    std::vector<Type> parts = {x};
    int axis = dice.below(x.rank() + 1) - (dice.chance(5) ? 1 : 0);
    for (int k = dice.below(3); k > 0; --k) {
      parts.push_back(x);
      if (axis >= 0 && axis < x.rank()) {
        parts.back().shape[static_cast<std::size_t>(axis)] = dice.pick(sizes);
      }
      if (dice.chance(10)) parts.back().shape[0] = dice.pick(sizes);
    }
    return Call(Op::kConcat, parts, {Dim(axis)});
  });
}

TEST_F(Movements, PadAndIotaAgree) {
  run(60, [&] {
    Type x = type(dice.below(4));
    std::size_t n = x.shape.size();
    int low = dice.chance(10) ? -1 : 0;
    return Call(Op::kPad, {x},
                {numbers(n, low, 2), numbers(n, 0, 2), Scalar::of_int(DType::kI64, -7)});
  });
  run(20, [&] {
    List shape = type(dice.below(4)).shape;
    return Call(Op::kIota, {}, {DType::kI64, shape, Dim(dice.below(4))});
  });
}

}  // namespace
}  // namespace bafe::generic
