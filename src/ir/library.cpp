// Host routines of library operators, the one file that includes Eigen. In: dense row-major stacks
// of matrices, f32 or f64. Out: one stack, and 0 or a status. Invariant: a matrix with an exact
// zero pivot, or NaN where a finite pivot is needed, is reported and never divided by.
#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <unordered_map>

#include "bafe/ir/eval.h"
#include "bafe/ir/walk.h"

namespace bafe {
namespace {

constexpr int kOk = 0, kSingular = 3, kNotPositive = 4;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using View = Eigen::Map<const Matrix<T>>;

template <class T>
int solve_one(const View<T>& a, const View<T>& b, Eigen::Map<Matrix<T>> out) {
  if (a.rows() == 0) return kOk;
  Eigen::PartialPivLU<Matrix<T>> lu(a);
  if ((lu.matrixLU().diagonal().array() == T{0}).any()) return kSingular;
  out = lu.solve(b);
  return kOk;
}

template <class T>
int inv_one(const View<T>& a, const View<T>&, Eigen::Map<Matrix<T>> out) {
  if (a.rows() == 0) return kOk;
  Eigen::PartialPivLU<Matrix<T>> lu(a);
  if ((lu.matrixLU().diagonal().array() == T{0}).any()) return kSingular;
  out = lu.inverse();
  return kOk;
}

/// Reads the lower triangle only, as NumPy does.
template <class T>
int cholesky_one(const View<T>& a, const View<T>&, Eigen::Map<Matrix<T>> out) {
  if (a.rows() == 0) return kOk;
  Eigen::LLT<Matrix<T>, Eigen::Lower> llt(a);
  if (llt.info() != Eigen::Success) return kNotPositive;
  out = llt.matrixL();
  return out.array().isFinite().all() ? kOk : kNotPositive;
}

template <class T>
using OneMatrix = int (*)(const View<T>&, const View<T>&, Eigen::Map<Matrix<T>>);

/// f16 and bf16 go through f32.
Tensor widened(const Tensor& x, DType to) {
  if (x.type().dtype == to) return x;
  Tensor out(Type{to, x.type().shape});
  for (std::int64_t i = 0; i < x.count(); ++i) out.set(i, x.at(i));
  return out;
}

/// A right-hand side of one rank less is a stack of vectors.
template <class T>
int over_batch(std::span<const Tensor> inputs, Tensor& output, OneMatrix<T> one) {
  std::vector<std::int64_t> a = concrete(inputs[0].type().shape);
  std::int64_t n = a.back(), square = n * n;
  if (square == 0 || output.count() == 0) return kOk;
  std::int64_t batches = inputs[0].count() / square;
  std::int64_t columns = output.count() / (batches * n);
  const T* other = inputs.back().template as<T>();
  for (std::int64_t i = 0; i < batches; ++i) {
    View<T> matrix(inputs[0].template as<T>() + i * square, n, n);
    View<T> right(other + i * n * columns, n, columns);
    int status = one(matrix, right,
                     Eigen::Map<Matrix<T>>(output.template as<T>() + i * n * columns, n, columns));
    if (status != kOk) return status;
  }
  return kOk;
}

int dispatch(std::span<const Tensor> inputs, Tensor& output, OneMatrix<float> single,
             OneMatrix<double> twofold) {
  DType dtype = output.type().dtype;
  if (dtype == DType::kF64) return over_batch<double>(inputs, output, twofold);
  if (dtype == DType::kF32) return over_batch<float>(inputs, output, single);
  std::vector<Tensor> wide;
  for (const Tensor& x : inputs) wide.push_back(widened(x, DType::kF32));
  Tensor result(Type{DType::kF32, output.type().shape});
  int status = over_batch<float>(wide, result, single);
  for (std::int64_t i = 0; i < result.count(); ++i) output.set(i, result.at(i));
  return status;
}

int solve(std::span<const Tensor> inputs, Tensor& output) {
  return dispatch(inputs, output, solve_one<float>, solve_one<double>);
}
int cholesky(std::span<const Tensor> inputs, Tensor& output) {
  return dispatch(inputs, output, cholesky_one<float>, cholesky_one<double>);
}
int inv(std::span<const Tensor> inputs, Tensor& output) {
  return dispatch(inputs, output, inv_one<float>, inv_one<double>);
}

}  // namespace

LibraryRoutine library_routine(std::string_view op_name) {
  // Never destroyed: the background thread may use it to the end.
  static const auto& kRoutines = *new const std::unordered_map<std::string_view, LibraryRoutine>{
      {"solve", solve}, {"cholesky", cholesky}, {"inv", inv}};
  auto it = kRoutines.find(op_name);
  return it == kRoutines.end() ? nullptr : it->second;
}

}  // namespace bafe
