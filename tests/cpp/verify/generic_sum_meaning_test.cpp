// Reductions, matrix operators and picks by data have two meanings as well: the generic one that
// proofs use and the operator table's. Both are asked at many concrete types, good ones and bad
// ones, on data with repeated values.
#include "both_meanings.h"

namespace bafe::generic {
namespace {

class SumsAndPicks : public ::testing::Test {
 protected:
  Type type(int rank) {
    Type out{DType::kI64, {}};
    for (int i = 0; i < rank; ++i) out.shape.push_back(dice.pick(sizes));
    return out;
  }
  /// Mostly ascending axes inside [0, rank).
  List axes(int rank) {
    List out;
    for (int i = 0; i < rank; ++i) {
      if (dice.chance(50)) out.push_back(i);
    }
    if (dice.chance(7)) out.push_back(dice.below(6) - 1);
    return out;
  }
  std::int64_t small() { return dice.below(7) - 3; }

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

  Call on_small(Op op, const std::vector<Type>& types, Attrs attrs) {
    Call call(op, types, std::move(attrs));
    for (std::size_t k = 0; k < types.size(); ++k) {
      if (!is_float(types[k].dtype)) call.fill(k, [&](std::int64_t) { return small(); });
    }
    return call;
  }

  std::vector<std::int64_t> sizes = {0, 1, 2, 3, 5};
  Dice dice{11};
};

TEST_F(SumsAndPicks, ReductionsAgree) {
  for (Op op : {Op::kReduceSum, Op::kReduceProd, Op::kReduceMax, Op::kReduceMin, Op::kArgmax,
                Op::kArgmin}) {
    run(60, [&] {
      Type x = type(dice.below(5));
      if (dice.chance(5)) x.dtype = DType::kBool;
      Call call(op, {x}, {axes(x.rank())});
      bool truth = x.dtype == DType::kBool;
      call.fill(0, [&](std::int64_t) { return truth ? dice.below(2) : small(); });
      return call;
    });
  }
}

TEST_F(SumsAndPicks, ProductsOfMatricesAgree) {
  run(80, [&] {
    Type a = type(1 + dice.below(4)), b = a;
    if (a.rank() >= 2) {
      b.shape[b.shape.size() - 2] = a.shape.back();
      b.shape.back() = dice.pick(sizes);
    }
    if (dice.chance(10)) b.shape[0] = dice.pick(sizes);
    if (dice.chance(5)) b.shape.push_back(2);
    return on_small(Op::kMatmul, {a, b}, {});
  });
}

TEST_F(SumsAndPicks, TrianglesAndDiagonalsAgree) {
  for (Op op : {Op::kTril, Op::kTriu, Op::kDiagonal}) {
    run(80, [&] { return Call(op, {type(dice.below(5))}, {Dim(dice.below(13) - 6)}); });
  }
  run(40, [&] {
    return Call(Op::kDiag, {type(dice.chance(90) ? 1 : dice.below(3))}, {Dim(dice.below(9) - 4)});
  });
}

/// Indices in range, some of them counted from the end.
TEST_F(SumsAndPicks, PicksAgree) {
  for (Op op : {Op::kTake, Op::kGather}) {
    run(80, [&] {
      Type x = type(1 + dice.below(3));
      int axis = dice.below(x.rank());
      Type index = op == Op::kGather ? x : type(dice.below(3));
      Dim& size = x.shape[static_cast<std::size_t>(axis)];
      if (size == Dim(0)) size = 2;
      if (op == Op::kGather) index.shape[static_cast<std::size_t>(axis)] = dice.pick(sizes);
      if (dice.chance(30)) index.dtype = dice.chance(70) ? DType::kI32 : DType::kF32;
      Call call(op, {x, index}, {Dim(axis)});
      int n = static_cast<int>(size.value());
      call.fill(1, [&](std::int64_t) { return dice.below(2 * n) - n; });
      return call;
    });
    run(20, [&] {
      Type x = type(1 + dice.below(3));
      Type index = x;
      if (dice.chance(30)) index.shape[0] = dice.pick(sizes);
      if (dice.chance(30)) index.shape.push_back(1);
      Call call(op, {x, index}, {Dim(dice.below(5) - 1)});
      call.fill(1, [&](std::int64_t) { return 0; });
      return call;
    });
  }
}

TEST_F(SumsAndPicks, AnIndexOutsideIsNoMatch) {
  run(20, [&] {
    sizes = {1, 2, 3};
    Type x = type(1 + dice.below(3)), index = type(1);
    int axis = dice.below(x.rank());
    int n = static_cast<int>(x.shape[static_cast<std::size_t>(axis)].value());
    Call call(Op::kTake, {x, index}, {Dim(axis)});
    call.fill(1, [&](std::int64_t) { return dice.below(2 * n + 2) - n - 1; });
    return call;
  });
}

/// On identities, so that a matrix that has no inverse is no reason.
TEST_F(SumsAndPicks, TypesOfLinearAlgebraAgree) {
  for (Op op : {Op::kInv, Op::kCholesky, Op::kSolve}) {
    run(20, [&] {
      Type a = type(1 + dice.below(3));
      a.dtype = dice.chance(80) ? DType::kF64 : DType::kF16;
      if (a.rank() > 1 && dice.chance(80)) a.shape.back() = a.shape[a.shape.size() - 2];
      std::vector<Type> types = {a};
      if (op_info(op).arity == 2) types.push_back(a);
      if (dice.chance(50)) types.back().shape.back() = dice.pick(sizes);
      if (dice.chance(10)) types.back().shape[0] = dice.pick(sizes);
      Call call(op, types, {});
      for (std::size_t k = 0; k < types.size(); ++k) {
        std::int64_t n = types[k].shape.back().value();
        call.fill(k, [n](std::int64_t i) { return i / n % n == i % n ? 1 : 0; });
      }
      return call;
    });
  }
}

}  // namespace
}  // namespace bafe::generic
