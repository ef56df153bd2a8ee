// Dot products in lanes: few rows x by many contiguous columns of B, along k. In comes a tiling of
// nest kDot whose order is free, out goes <name>_row(x, b, c, columns): blocks of up to four rows
// by a few columns, each dot product a vector of partial sums (two, p and q, in blocks too small to
// hide the latency of one), which is folded in halves at the end. Invariant: the order of a sum
// depends on shapes and the element's place alone.

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/gemm_text.h"
#include "bafe/codegen/vector_c.h"

namespace bafe {
namespace {

/// rows x columns dot products of one function, `chains` vectors of partial sums each.
struct Block {
  const GemmTiling& t;
  std::int64_t rows, columns;
  std::string p;  // VF or VD

  int chains() const { return rows * columns >= 8 ? 1 : 2; }
  std::int64_t x_pitch() const { return t.pack_a == PackA::kRows ? t.row_pitch : t.spec.a.row; }
  std::string name() const { return format("{}_l{}x{}", t.spec.name, rows, columns); }
};

/// One vector of x and of b at `from` into the accumulators `acc`, masked to `count` elements.
std::string part_c(const Block& b, const char* acc, const std::string& from, std::int64_t count) {
  if (count <= 0) return {};
  const bool mask = count < b.t.lanes, ahead = b.t.prefetch_b && !mask;
  auto load = [&](const char* base, std::int64_t at) {
    return mask ? format("{0}_MLOAD({1} + {2} + {3}, {0}_MASK({4}))", b.p, base, from, at, count)
                : format("{0}_LOAD({1} + {2} + {3})", b.p, base, from, at);
  };
  std::string out = "    {\n";
  for (std::int64_t r = 0; r < b.rows; ++r) {
    out += format("      const {} x{} = {};\n", b.p, r, load("x", r * b.x_pitch()));
  }
  for (std::int64_t c = 0; c < b.columns; ++c) {
    out += format("      const {} b{} = {};\n", b.p, c, load("b", c * b.t.spec.b.col));
    if (ahead) {
      out += format("      __builtin_prefetch(b + {} + {}, 0, 2);\n", from,
                    (c + b.columns) * b.t.spec.b.col);
    }
    for (std::int64_t r = 0; r < b.rows; ++r) {
      out += format("      {0}{1}_{2} = {3}_FMA(x{1}, b{2}, {0}{1}_{2});\n", acc, r, c, b.p);
    }
  }
  return out + "    }\n";
}

/// Folds up to `lanes` vectors at once: each round adds the halves of two, side by side. Dot
/// product i ends in element i * spread of the vector whose name is returned.
std::string fold_c(const Block& b, const std::vector<std::string>& sums, int group,
                   std::int64_t& spread, std::string& out) {
  const int lanes = b.t.lanes;
  std::vector<std::string> now = sums;
  std::size_t wide = 1;
  while (wide < now.size()) wide *= 2;
  spread = lanes / static_cast<std::int64_t>(wide);
  while (now.size() < wide) now.push_back(format("(({}){{0}})", b.p));
  int round = 0;
  for (int left = lanes; left > 1; left /= 2, ++round) {
    const std::size_t half = std::max<std::size_t>(now.size() / 2, 1);
    std::vector<std::string> next;
    for (std::size_t i = 0; i < half; ++i) {
      const std::string &u = now[i], &v = now.size() > 1 ? now[i + half] : now[i];
      next.push_back(format("f{}_{}_{}", group, round, i));
      out += format("  const {0} {1} = {0}_LOW({2}, {3}) + {0}_HIGH({2}, {3});\n", b.p, next.back(),
                    u, v);
    }
    now = std::move(next);
  }
  return now[0];
}

/// The sums to c[r * pitch + column].
std::string finish_sums_c(const Block& b) {
  std::vector<std::string> sums;
  std::vector<std::int64_t> places;
  for (std::int64_t r = 0; r < b.rows; ++r) {
    for (std::int64_t c = 0; c < b.columns; ++c) {
      sums.push_back(b.chains() == 1 ? format("p{}_{}", r, c)
                                     : format("(p{0}_{1} + q{0}_{1})", r, c));
      places.push_back(r * b.t.columns.big + c);
    }
  }
  std::string out = format("  {} h[{}];\n", element_c(b.t), b.t.lanes);
  const auto lanes = static_cast<std::size_t>(b.t.lanes);
  for (std::size_t first = 0, group = 0; first < sums.size(); first += lanes, ++group) {
    const std::size_t last = std::min(first + lanes, sums.size());
    std::int64_t spread = 1;
    const std::string folded = fold_c(b,
                                      {sums.begin() + static_cast<std::ptrdiff_t>(first),
                                       sums.begin() + static_cast<std::ptrdiff_t>(last)},
                                      static_cast<int>(group), spread, out);
    out += format("  {}_STORE(h, {});\n", b.p, folded);
    for (std::size_t i = first; i < last; ++i) {
      out += format("  c[{}] = h[{}];\n", places[i], static_cast<std::int64_t>(i - first) * spread);
    }
  }
  return out;
}

std::string block_c(const Block& b) {
  const std::string type = element_c(b.t);
  const std::int64_t k = b.t.spec.k, lanes = b.t.lanes, step = b.chains() * lanes;
  const std::int64_t whole = k / step * step, left = k - whole;
  std::string out =
      format("static __attribute__((noinline)) void {}(const {} *x, const {} *b, {} *c) {{\n",
             b.name(), type, type, type);
  for (std::int64_t r = 0; r < b.rows; ++r) {
    for (std::int64_t c = 0; c < b.columns; ++c) {
      out += format("  {} p{}_{} = {{0}};\n", b.p, r, c);
      if (b.chains() == 2) out += format("  {} q{}_{} = {{0}};\n", b.p, r, c);
    }
  }
  out += format("  for (long long k = 0; k < {}; k += {}) {{\n", whole, step);
  out += part_c(b, "p", "k", lanes);
  if (b.chains() == 2) out += part_c(b, "q", format("k + {}", lanes), lanes);
  out += "  }\n" + part_c(b, "p", format("{}", whole), std::min(left, lanes));
  if (b.chains() == 2) out += part_c(b, "q", format("{}", whole + lanes), left - lanes);
  return out + finish_sums_c(b) + "}\n";
}

/// Calls that cover all rows with blocks of `columns` columns.
std::string calls_c(const GemmTiling& t, const Cut& rows, std::int64_t columns) {
  std::string out;
  for (std::int64_t piece = 0; piece < rows.count; ++piece) {
    const Block block{t, piece < rows.first ? rows.big : rows.big - 1, columns, {}};
    const std::int64_t at = rows.start(piece);
    out += format("    {}(x + {}, b, c + {} + j);\n", block.name(), at * block.x_pitch(),
                  at * t.columns.big);
  }
  return out;
}

}  // namespace

std::string lanes_row_c(const GemmTiling& t, const Target& target) {
  const std::string type = element_c(t), p = vector_prefix(t.spec.dtype);
  const Cut rows = Cut::of(t.spec.m, 4);
  const std::int64_t columns = rows.big < 4 ? 4 : target.isa == Isa::kAvx512 ? 4 : 2;
  std::string out;
  for (std::int64_t wide : {columns, std::int64_t{1}}) {
    out += block_c({t, rows.big, wide, p});
    if (rows.first != rows.count) out += block_c({t, rows.big - 1, wide, p});
  }
  out += format(
      "static __attribute__((noinline)) void {0}_row(const {1} *x, const {1} *b, {1} *c, long long "
      "columns) {{\n  long long j = 0;\n",
      t.spec.name, type);
  for (std::int64_t wide : {columns, std::int64_t{1}}) {
    out += format("  for (; j + {0} <= columns; j += {0}) {{\n{1}    b += {2}ll;\n  }}\n", wide,
                  calls_c(t, rows, wide), wide * t.spec.b.col);
  }
  return out + "}\n";
}

}  // namespace bafe
