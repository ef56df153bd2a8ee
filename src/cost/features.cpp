// The eight public features and their linear model. In: decided programs and measured milliseconds.
// Out: weights over the raw features. Invariant: every figure is finite, whatever the data.

#include "bafe/cost/features.h"

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/cost/access.h"

namespace bafe {
namespace {

constexpr int kSize = kFeatureCount;
using Matrix = std::array<std::array<double, kSize>, kSize>;

/// Solves a symmetric positive definite system by elimination; ridge keeps the pivots above zero.
Features solve(Matrix a, Features b) {
  for (int p = 0; p < kSize; ++p) {
    for (int r = p + 1; r < kSize; ++r) {
      double f = a[r][p] / a[p][p];
      for (int c = p; c < kSize; ++c) a[r][c] -= f * a[p][c];
      b[r] -= f * b[p];
    }
  }
  Features x{};
  for (int p = kSize - 1; p >= 0; --p) {
    double sum = b[p];
    for (int c = p + 1; c < kSize; ++c) sum -= a[p][c] * x[c];
    x[p] = sum / a[p][p];
  }
  return x;
}

double clean_log(double ms) { return std::log(std::isfinite(ms) && ms > 1e-9 ? ms : 1e-9); }

struct Moments {
  Features mean{}, scale{};
};

Moments standardise(const std::vector<Features>& rows) {
  Moments m;
  double n = static_cast<double>(rows.size());
  for (int j = 0; j < kSize; ++j) {
    for (const Features& row : rows) m.mean[j] += row[j] / n;
    double variance = 0;
    for (const Features& row : rows) variance += (row[j] - m.mean[j]) * (row[j] - m.mean[j]) / n;
    // A feature that never changes says nothing; its scale only has to be finite.
    m.scale[j] = variance > 1e-18 ? std::sqrt(variance) : 1;
  }
  return m;
}

}  // namespace

const std::array<std::string_view, kFeatureCount>& feature_names() {
  static const std::array<std::string_view, kFeatureCount> names = {
      "num_inputs", "num_ops",   "num_matmuls",       "num_fused",
      "log_flops",  "log_bytes", "num_intermediates", "has_col_major"};
  return names;
}

Features plan_features(const Program& program) {
  const Graph& graph = program.graph;
  Features f{};
  f[0] = static_cast<double>(graph.inputs().size());
  std::vector<ValueId> roots(graph.roots().begin(), graph.roots().end());
  for (ValueId id : graph.live()) {
    OpKind kind = op_info(graph.node(id).op).kind;
    f[1] += kind != OpKind::kLeaf;
    f[2] += kind == OpKind::kContraction;
    const Layout& layout = program.layouts[id.index()];
    bool stored = layout.form == Layout::kBuffer && !is_fill(graph, id);
    if (stored && layout.order == Layout::col(graph.type(id).rank()).order &&
        graph.type(id).rank() >= 2)
      f[7] = 1;
  }
  double flops = 0, bytes = 0;
  for (const Group& group : program.groups) {
    f[3] += group.nodes.size() > 1;
    flops += group.flops;
    bytes += group.bytes;
    for (ValueId id : group.outputs)
      f[6] += std::find(roots.begin(), roots.end(), id) == roots.end();
  }
  f[4] = std::log(flops + 1);
  f[5] = std::log(bytes + 1);
  return f;
}

double LinearModel::predict_ms(const Features& features) const {
  double log_ms = bias;
  for (int j = 0; j < kSize; ++j) log_ms += weights[j] * features[j];
  return std::exp(std::clamp(log_ms, -60.0, 60.0));
}

LinearModel fit_linear_model(const std::vector<Features>& rows,
                             const std::vector<double>& runtime_ms) {
  BAFE_CHECK(rows.size() == runtime_ms.size(), "one runtime for each row of features");
  LinearModel model;
  model.n_samples = static_cast<int>(rows.size());
  if (rows.empty()) return model;
  double n = static_cast<double>(rows.size());
  Moments m = standardise(rows);
  double mean_y = 0;
  for (double ms : runtime_ms) mean_y += clean_log(ms) / n;
  Matrix gram{};
  Features right{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double y = clean_log(runtime_ms[i]) - mean_y;
    for (int j = 0; j < kSize; ++j) {
      double x = (rows[i][j] - m.mean[j]) / m.scale[j];
      right[j] += x * y;
      for (int k = 0; k < kSize; ++k) gram[j][k] += x * (rows[i][k] - m.mean[k]) / m.scale[k];
    }
  }
  for (int j = 0; j < kSize; ++j) gram[j][j] += 1e-3 * n + 1e-6;
  Features w = solve(gram, right);
  model.bias = mean_y;
  for (int j = 0; j < kSize; ++j) {
    model.weights[j] = w[j] / m.scale[j];
    model.bias -= model.weights[j] * m.mean[j];
  }
  double residual = 0, total = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double y = clean_log(runtime_ms[i]);
    double predicted = std::log(model.predict_ms(rows[i]));
    residual += (y - predicted) * (y - predicted);
    total += (y - mean_y) * (y - mean_y);
  }
  // Constant runtimes: nothing to explain, so 0 rather than 0/0.
  model.r_squared = total > 1e-12 ? std::clamp(1 - residual / total, 0.0, 1.0) : 0.0;
  model.valid = true;
  return model;
}

}  // namespace bafe
