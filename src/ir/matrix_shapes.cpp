// Shape rules of matrix operators. In: operands [B.., rows, columns] with equal batch sizes. Out:
// the result type. Invariant: batch dims are never broadcast here; the builder makes them equal.
#include <algorithm>

#include "op_rules.h"

namespace bafe::rules_of_ops {
namespace {

void require_rank(std::string_view subject, Operands operands, int rank) {
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].rank() >= rank) continue;
    throw with_operands(
        ShapeError({}, std::string(subject), format("needs at least {} axes", rank)), operands)
        .fix("add axes with expand_dims");
  }
}

void require_same_dtype(std::string_view subject, Operands operands) {
  if (operands[0].dtype == operands[1].dtype) return;
  throw with_operands(DTypeError({}, std::string(subject), "dtypes differ"), operands)
      .fix("cast one operand");
}

void require_same_batch(std::string_view subject, Operands operands) {
  const Type &a = operands[0], &b = operands[1];
  if (a.rank() != b.rank()) {
    throw with_operands(ShapeError({}, std::string(subject), "ranks differ"), operands)
        .fix("add axes of size 1 with expand_dims");
  }
  for (int i = 0; i + 2 < a.rank(); ++i) {
    if (a.shape[static_cast<std::size_t>(i)] == b.shape[static_cast<std::size_t>(i)]) continue;
    throw with_operands(ShapeError({}, std::string(subject), "batch sizes differ"), operands,
                        {i, i})
        .fix("make the leading axes equal, or size 1 so that they broadcast");
  }
}

Dim rows(const Type& t) { return t.shape[t.shape.size() - 2]; }
Dim columns(const Type& t) { return t.shape[t.shape.size() - 1]; }

/// float32 and float64 only, as numpy.linalg.
void require_linalg_dtype(std::string_view subject, Operands operands) {
  DType d = operands[0].dtype;
  if (is_float(d) && dtype_bytes(d) >= 4) return;
  throw with_operands(
      DTypeError({}, std::string(subject), format("{} is not supported", dtype_info(d).name)),
      operands)
      .fix("cast to f32 or f64");
}

void require_square(std::string_view subject, Operands operands) {
  const Type& a = operands[0];
  if (rows(a) == columns(a)) return;
  throw with_operands(ShapeError({}, std::string(subject), "the matrix is not square"), operands,
                      {a.rank() - 2})
      .fix("give a matrix with as many rows as columns");
}

}  // namespace

void throw_inner_sizes(Operands operands) {
  const Type &a = operands[0], &b = operands[1];
  int inner_b = std::max(b.rank() - 2, 0);
  std::string want = columns(a).text(), have = b.shape[static_cast<std::size_t>(inner_b)].text();
  std::string fix = b.rank() == 2 && columns(a) == columns(b)
                        ? format("give b {} rows, or write a @ b.T", want)
                        : format("give b {} rows, or a {} columns", want, have);
  throw with_operands(ShapeError({}, "matmul", "inner sizes differ"), operands,
                      {a.rank() - 1, inner_b})
      .fix(fix);
}

Type same_matrix_shape(Operands operands, const Attrs& attrs) {
  require_rank("tril and triu", operands, 2);
  known("tril and triu", "k", attr_int(attrs, 0));
  return operands[0];
}

Type diag_shape(Operands operands, const Attrs& attrs) {
  const Type& x = operands[0];
  if (x.rank() != 1) {
    throw with_operands(ShapeError({}, "diag", "needs one axis"), operands)
        .fix("use diagonal to read a matrix's diagonal");
  }
  std::int64_t k = known("diag", "k", attr_int(attrs, 0));
  Dim size = x.shape[0] + Dim(k < 0 ? -k : k);
  check_sizes("diag", {size, size});
  return {x.dtype, {size, size}};
}

Type diagonal_shape(Operands operands, const Attrs& attrs) {
  require_rank("diagonal", operands, 2);
  const Type& x = operands[0];
  std::int64_t k = known("diagonal", "k", attr_int(attrs, 0));
  std::int64_t m = known("diagonal", "a matrix size", rows(x)),
               n = known("diagonal", "a matrix size", columns(x));
  std::int64_t length = k >= 0 ? std::min(m, n - k) : std::min(m + k, n);
  Type out{x.dtype, Shape(x.shape.begin(), x.shape.end() - 2)};
  out.shape.push_back(std::max<std::int64_t>(length, 0));
  return out;
}

Type matmul_shape(Operands operands, const Attrs&) {
  const Type &a = operands[0], &b = operands[1];
  require_rank("matmul", operands, 2);
  require_same_dtype("matmul", operands);
  if (columns(a) != rows(b)) throw_inner_sizes(operands);
  require_same_batch("matmul", operands);
  Type out = a;
  out.shape.back() = columns(b);
  check_sizes("matmul", out.shape);
  return out;
}

Type solve_shape(Operands operands, const Attrs&) {
  const Type &a = operands[0], &b = operands[1];
  require_rank("solve", operands, 2);
  require_same_dtype("solve", operands);
  require_linalg_dtype("solve", operands);
  require_square("solve", operands.first(1));
  if (rows(a) != rows(b)) {
    throw with_operands(ShapeError({}, "solve", "numbers of rows differ"), operands,
                        {a.rank() - 2, b.rank() - 2})
        .fix(format("give b {} rows", rows(a).text()));
  }
  require_same_batch("solve", operands);
  return b;
}

Type square_float_shape(Operands operands, const Attrs&) {
  require_rank("linear algebra", operands, 2);
  require_linalg_dtype("linear algebra", operands);
  require_square("linear algebra", operands);
  return operands[0];
}

}  // namespace bafe::rules_of_ops
