// Windows in products. Comes in: an operand of a product as a chain of movements. Goes out: the
// smaller array behind them, and how the product's indices walk it. Invariant: a form's positions
// are those of the index expression, for every place and every k.

#include <algorithm>

#include "bafe/ir/op.h"
#include "product.h"

namespace bafe {
namespace {

constexpr std::size_t kMostTaps = 256, kMostRows = 4096;
constexpr std::int64_t kMostPositions = std::int64_t{1} << 20;
constexpr std::int64_t kFarthest = std::int64_t{1} << 30;  // the kernel's tables hold ints

/// Value of an index that depends on one variable; nothing for nodes other than arithmetic.
std::optional<std::int64_t> value_at(const ExprPool& pool, Ex index, std::int64_t variable) {
  const ExNode& n = pool.node(index);
  auto inner = [&](Ex e) { return value_at(pool, e, variable); };
  switch (n.kind) {
    case ExKind::kVar:
      return variable;
    case ExKind::kLinear: {
      std::int64_t sum = n.number;
      for (const auto& [atom, factor] : n.terms) {
        const auto value = inner(atom);
        if (!value) return std::nullopt;
        sum += *value * factor;
      }
      return sum;
    }
    case ExKind::kQuotient:
    case ExKind::kModulo: {
      const auto value = inner(n.args[0]);
      if (!value || *value < 0) return std::nullopt;
      return n.kind == ExKind::kQuotient ? *value / n.number : *value % n.number;
    }
    default:
      return std::nullopt;
  }
}

using Positions = std::vector<std::int64_t>;

/// k counts channels slowest: the shortest run of taps that repeats with one step.
bool find_repeated_taps(const Positions& p, WindowForm& form) {
  const std::size_t k = p.size();
  for (std::size_t taps = 1; taps <= std::min(k, kMostTaps); ++taps) {
    if (k % taps != 0) continue;
    const std::int64_t step = taps < k ? p[taps] - p[0] : 0;
    bool fits = true;
    for (std::size_t i = taps; i < k && fits; ++i) fits = p[i] == p[i - taps] + step;
    if (!fits) continue;
    form.taps.assign(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(taps));
    form.channels = static_cast<std::int64_t>(k / taps);
    form.step = step;
    return true;
  }
  return false;
}

/// k counts channels fastest, neighbours in memory.
bool find_contiguous_channels(const Positions& p, WindowForm& form) {
  std::size_t run = 1;
  while (run < p.size() && p[run] == p[0] + static_cast<std::int64_t>(run)) ++run;
  if (p.size() % run != 0 || p.size() / run > kMostTaps) return false;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] != p[i / run * run] + static_cast<std::int64_t>(i % run)) return false;
    if (i % run == 0) form.taps.push_back(p[i]);
  }
  form.channels = static_cast<std::int64_t>(run);
  return true;
}

bool find_rows(const Positions& p, WindowForm& form) {
  form.stride = p.size() > 1 ? p[1] - p[0] : 1;
  std::size_t width = 1;
  while (width < p.size() && p[width] == p[width - 1] + form.stride) ++width;
  if (p.size() % width != 0 || p.size() / width > kMostRows || form.stride < 1) return false;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto column = static_cast<std::int64_t>(i % width);
    if (p[i] != p[i / width * width] + column * form.stride) return false;
    if (i % width == 0) form.rows.push_back(p[i]);
  }
  form.width = static_cast<std::int64_t>(width);
  return true;
}

}  // namespace

/// The part of `index` that `var` alone decides, at each of its values.
std::optional<std::vector<std::int64_t>> ProductDraft::positions(Ex index, int var) {
  const ExNode n = pool_.node(index);
  std::vector<std::pair<Ex, std::int64_t>> terms = n.terms;
  if (n.kind != ExKind::kLinear) terms = {{index, 1}};
  Positions out(static_cast<std::size_t>(pool_.extent(var)), 0);
  for (const auto& [atom, factor] : terms) {
    const std::uint64_t free = pool_.node(atom).free;
    if ((free >> var & 1) == 0) continue;
    if (free != std::uint64_t{1} << var) return std::nullopt;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto value = value_at(pool_, atom, static_cast<std::int64_t>(i));
      if (!value) return std::nullopt;
      out[i] += *value * factor;
    }
  }
  return out;
}

/// How `index` walks a buffer over k and over places; nothing where it is a plain matrix or mixes
/// its variables.
std::optional<WindowForm> ProductDraft::window_form(Ex index, int place_var) {
  if (pool_.extent(k_) > kMostPositions || pool_.extent(place_var) > kMostPositions ||
      pool_.extent(k_) == 0 || pool_.extent(place_var) == 0) {
    return std::nullopt;
  }
  WindowForm form;
  form.is_b = place_var == j_;
  const ExNode n = pool_.node(index);
  if (n.kind == ExKind::kLinear) form.offset = n.number;
  std::uint64_t known = std::uint64_t{1} << k_ | std::uint64_t{1} << place_var;
  for (int b : batch_) {
    bool hidden = false;
    form.batch.push_back(pool_.coefficient(index, b, &hidden));
    if (hidden) return std::nullopt;
    known |= std::uint64_t{1} << b;
  }
  if ((n.free & ~known) != 0) return std::nullopt;
  const auto over_k = positions(index, k_), over_places = positions(index, place_var);
  if (!over_k || !over_places || !find_rows(*over_places, form)) return std::nullopt;
  const bool found =
      form.is_b ? find_repeated_taps(*over_k, form) : find_contiguous_channels(*over_k, form);
  for (const auto* table : {&form.taps, &form.rows}) {
    for (std::int64_t place : *table) {
      if (place > kFarthest || place < -kFarthest) return std::nullopt;
    }
  }
  const bool is_matrix = form.taps.size() == 1 && form.rows.size() == 1;
  return found && !is_matrix ? std::optional(form) : std::nullopt;
}

/// The last value behind movements of an operand that its indices walk as windows.
ValueId ProductDraft::window_source(ValueId operand, int row_var, int col_var) {
  ValueId found;
  const int place_var = row_var == k_ ? col_var : row_var;
  if (!is_float(spec_.dtype) || accumulator_of(spec_.dtype) != graph_.type(operand).dtype)
    return {};
  for (ValueId v = operand; !scope_.stored.contains(v);) {
    const Node& node = graph_.node(v);
    if (op_info(node.op).kind != OpKind::kMovement || node.operands.size() != 1) break;
    v = node.operands[0];
    const bool is_stored = scope_.stored.contains(v);
    const Source source{0, is_stored ? scope_.strides(v)
                                     : scope_.strides(v, Layout::row(graph_.type(v).rank()).order)};
    Puller puller(
        graph_, pool_, [&](ValueId x) { return x == v ? &source : nullptr; }, scope_.options.bits);
    std::vector<Ex> indices;
    for (int b : batch_) indices.push_back(pool_.var(b));
    indices.push_back(pool_.var(row_var));
    indices.push_back(pool_.var(col_var));
    const ExNode n = pool_.node(puller.value(operand, indices));
    if (n.kind != ExKind::kLoad || puller.failed()) break;
    const auto form = window_form(n.args[0], place_var);
    const bool overlaps = num_elements(graph_.type(v).shape).value() <
                          num_elements(graph_.type(operand).shape).value();
    if (form && (overlaps || form->stride > 1) && is_window_form(*form, scope_.target)) found = v;
  }
  return found;
}

/// The product as one over windows, where it has such an operand; after lower().
std::optional<WindowSpec> ProductDraft::windows() {
  if (!reads_windows_) return std::nullopt;
  for (const bool is_b : {true, false}) {
    const ExNode n = pool_.node(is_b ? b_ : a_);
    if (n.kind != ExKind::kLoad || n.dtype != spec_.dtype) continue;
    auto form = window_form(n.args[0], is_b ? j_ : i_);
    if (!form || !is_window_form(*form, scope_.target)) continue;
    const GemmOperand& other = is_b ? spec_.a : spec_.b;
    if (other.load || (!is_b && other.col != 1)) continue;
    form->slot = draft_.nest.buffers[static_cast<std::size_t>(n.number)].slot;
    WindowSpec out{spec_, std::move(*form), {}};
    out.store = [this](const std::string& row, const std::string& col, const std::string& acc) {
      return store_c(row, col, acc);
    };
    return out;
  }
  return std::nullopt;
}

}  // namespace bafe
