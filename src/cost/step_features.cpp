// In: a group with its roofline price. Out: its family and features, all finite. A stored sample is
//   sample := {"family": text, "features": [number], "predicted_ns", "measured_ns", "warm": bool}
// on one line. Invariant: features keep their order; a sample with another number of them was
// written by another version, and nothing learns from it.

#include "bafe/cost/step_features.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/cost/access.h"
#include "bafe/cost/product_cost.h"
#include "bafe/ir/json_library.h"

namespace bafe {
namespace {

constexpr double kHeavy = 4;  // slots from which an operator is an elementary function

double log1(double value) { return std::log(1 + std::max(0.0, value)); }
double above(double bytes, std::int64_t level) {
  return std::max(
      0.0, std::log(std::max(bytes, 1.0) / static_cast<double>(std::max<std::int64_t>(level, 1))));
}
/// ln of what whole pieces of `piece` compute for each wanted one.
double tail(double size, double piece) {
  return size > 0 ? std::log(std::ceil(size / piece) * piece / size) : 0;
}

/// What lies behind one operand of a product.
struct Source {
  bool is_strided = false, is_linear = true, is_ready = false;
  double prologue = 0, bytes = 0;
};

/// Elements of memory between neighbours along the last axis that `access` is a function of.
std::int64_t last_step(const Program& program, ValueId id, const Access& access) {
  const Shape& shape = program.graph.type(id).shape;
  const std::vector<int>& order = program.layouts[id.index()].order;
  std::int64_t run = 1, step = 0;
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(order[i]);
    if (!access[axis].step.empty()) step += run * access[axis].step.back();
    run *= size_of(shape[axis]);
  }
  return std::abs(step);
}

Source find_source(const Program& program, const std::set<ValueId>& inside, ValueId id) {
  const Graph& graph = program.graph;
  Source source;
  const int rank = graph.type(id).rank();
  Access access = identity_access(rank);
  while (inside.count(id)) {
    const OpKind kind = op_info(graph.node(id).op).kind;
    const bool moves = kind == OpKind::kMovement || kind == OpKind::kLayout;
    if (graph.node(id).operands.empty() || !(moves || kind == OpKind::kPointwise)) break;
    if (!moves) source.prologue += element_weight(graph.node(id).op);
    if (moves && source.is_linear) {
      auto inner = operand_access(graph, id);
      source.is_linear = inner.has_value();
      if (inner) access = compose(access, *inner, rank);
    }
    id = graph.node(id).operands[0];
  }
  const Layout& layout = program.layouts[id.index()];
  source.bytes = bytes_of(graph.type(id));
  source.is_ready = layout.blocked > 0 || layout.tensor_core;
  if (source.is_linear) source.is_strided = last_step(program, id, access) > 1;
  return source;
}

struct ProductFacts {
  ProductShape shape;
  Source a, b;
  bool reads_windows = false;
};

ProductFacts product_facts(const Program& program, const Group& group,
                           const std::set<ValueId>& inside, ValueId product) {
  ProductFacts facts;
  facts.shape = product_shape(program, group, product);
  const Node& node = program.graph.node(product);
  facts.a = find_source(program, inside, node.operands[0]);
  facts.b = find_source(program, inside, node.operands[1]);
  for (std::size_t i = 0; i < 2; ++i) {
    const Source& source = i == 0 ? facts.a : facts.b;
    facts.reads_windows |=
        !source.is_linear && source.bytes < bytes_of(program.graph.type(node.operands[i]));
  }
  return facts;
}

std::string product_family(const ProductFacts& facts, const Machine& machine) {
  const ProductShape& s = facts.shape;
  const auto m = static_cast<double>(s.m), n = static_cast<double>(s.n);
  if (facts.reads_windows) return "windows";
  if (!s.is_dense()) return "structured product";
  if (uses_pairs(machine, s.dtype, m, n, static_cast<double>(s.k))) return "product by pairs";
  return format("product {}", dtype_info(s.dtype).name);
}

/// What the operators of a group have in common, whatever its kind.
struct Census {
  double nodes = 0, heavy = 0, light = 0, moves = 0, reduced = 0, kept = 1;
  double sources = 0, reduces_last = 0, folds = 0;
  std::vector<ValueId> products;
};

Census count_nodes(const Program& program, const Group& group, const std::set<ValueId>& inside,
                   double elements) {
  const Graph& graph = program.graph;
  Census c;
  std::set<ValueId> outside;
  for (ValueId id : group.nodes) {
    const Node& node = graph.node(id);
    const OpKind kind = op_info(node.op).kind;
    ++c.nodes;
    const double share = static_cast<double>(element_count(node.type.shape)) / elements;
    if (kind == OpKind::kPointwise) {
      const double slots = element_weight(node.op) * share;
      (element_weight(node.op) > kHeavy ? c.heavy : c.light) += slots;
    }
    if (kind == OpKind::kMovement) c.moves += movement_weight(graph, id) * share;
    if (kind == OpKind::kContraction) c.products.push_back(id);
    if (kind == OpKind::kScan) c.reduces_last = scans_last_axis(graph, id);
    if (kind == OpKind::kReduction) {
      const Type& from = graph.type(node.operands[0]);
      const double kept = static_cast<double>(element_count(node.type.shape));
      const double reduced = static_cast<double>(element_count(from.shape)) / std::max(kept, 1.0);
      ++c.folds;
      if (reduced > c.reduced) {
        c.reduced = reduced;
        c.kept = kept;
        c.reduces_last = from.rank() > 0 && from.shape.back() != node.type.shape.back();
      }
    }
    for (ValueId operand : node.operands) {
      if (!inside.count(operand) && !is_fill(graph, operand)) outside.insert(operand);
    }
  }
  c.sources = static_cast<double>(outside.size());
  return c;
}

std::string family_of(const Group& group, const Census& census, const ProductFacts* product,
                      const Machine& machine) {
  if (group.kind == GroupKind::kMatmul && product) return product_family(*product, machine);
  const bool computes = census.heavy + census.light > 0;
  if (group.kind == GroupKind::kPointwise && !computes) return "movement";
  return group_kind_text(group.kind);
}

constexpr std::string_view kNames[] = {
    "log_predicted", "log_flops",  "log_bytes",   "log_intensity", "above_l1",     "above_l2",
    "above_l3",      "log_inner",  "inner_tail",  "log_outer",     "log_nodes",    "heavy",
    "light",         "moves",      "sources",     "outputs",       "strided",      "log_loads",
    "log_element",   "is_integer", "log_reduced", "log_kept",      "reduces_last", "folds",
    "log_m",         "log_n",      "log_k",       "log_batch",     "m_tail",       "n_tail",
    "a_strided",     "b_strided",  "c_strided",   "b_ready",       "prologue",     "dense_share",
    "log_threads",   "cut_rows",   "cut_columns", "cut_depth",     "cut_waste",    "cut_packs"};

/// Collects features in the order of kNames.
class Row {
 public:
  Row& add(double value) {
    values_.push_back(std::isfinite(value) ? std::clamp(value, -100.0, 100.0) : 0);
    return *this;
  }
  std::vector<double> take() { return std::move(values_); }

 private:
  std::vector<double> values_;
};

void add_product(Row& row, const ProductFacts& p, const Program& program, const Group& group,
                 const Machine& machine) {
  const ProductShape& s = p.shape;
  const double m = static_cast<double>(s.m), n = static_cast<double>(s.n);
  const double k = static_cast<double>(s.k);
  const std::vector<int>& order = program.layouts[group.outputs[0].index()].order;
  const std::size_t rank = order.size();
  const bool by_columns = rank >= 2 && order[rank - 1] + 2 == static_cast<int>(rank);
  const double lanes = static_cast<double>(machine.vector_bytes) / dtype_bytes(s.dtype);
  row.add(log1(m)).add(log1(n)).add(log1(k)).add(log1(s.batch));
  row.add(tail(m, 8)).add(tail(n, std::max(lanes, 1.0)));
  row.add(p.a.is_strided).add(p.b.is_strided).add(by_columns).add(p.b.is_ready);
  row.add(log1(p.a.prologue + p.b.prologue));
  row.add(product_flops(s) / std::max(2 * s.batch * m * n * k, 1.0));
}

[[noreturn]] void damaged(const std::string& fact) {
  throw ParseError({}, "kernel sample", fact).fix("delete the line; the kernel is measured again");
}

}  // namespace

const std::vector<std::string_view>& step_feature_names() {
  // Never destroyed: the background thread may use it to the end.
  static const auto& names =
      *new const std::vector<std::string_view>(std::begin(kNames), std::end(kNames));
  return names;
}

StepFacts step_facts(const Program& program, const Group& group, const GroupCost& cost,
                     const Machine& machine, const CutChange& cut) {
  const std::set<ValueId> inside(group.nodes.begin(), group.nodes.end());
  const ValueId out = group.outputs.at(0);
  const Type& type = program.graph.type(out);
  const std::vector<int>& order = program.layouts[out.index()].order;
  const double elements = std::max<double>(1, element_count(type.shape));
  const bool has_axes = !order.empty();
  const double inner =
      has_axes ? static_cast<double>(size_of(type.shape[static_cast<std::size_t>(order.back())]))
               : 1;
  const Census census = count_nodes(program, group, inside, elements);
  ProductFacts product;
  const bool has_product = !census.products.empty();
  if (has_product) product = product_facts(program, group, inside, census.products[0]);
  StepFacts facts;
  facts.family = family_of(group, census, has_product ? &product : nullptr, machine);

  const double lanes = static_cast<double>(machine.vector_bytes) / dtype_bytes(type.dtype);
  Row row;
  row.add(log1(cost.ns)).add(log1(cost.flops)).add(log1(cost.bytes));
  row.add(log1(cost.compute_ns) - log1(cost.traffic_ns));
  row.add(above(cost.bytes, machine.l1_bytes)).add(above(cost.bytes, machine.l2_bytes));
  row.add(above(cost.bytes, machine.l3_bytes));
  row.add(log1(inner)).add(tail(inner, std::max(lanes, 1.0)));
  row.add(log1(elements / std::max(inner, 1.0))).add(log1(census.nodes));
  row.add(log1(census.heavy)).add(log1(census.light)).add(log1(census.moves));
  row.add(log1(census.sources)).add(static_cast<double>(group.outputs.size()));
  row.add(log1(cost.strided));
  row.add(log1(cost.loads * dtype_bytes(type.dtype) / std::max(cost.bytes, 1.0)));
  row.add(std::log2(static_cast<double>(dtype_bytes(type.dtype)))).add(!is_float(type.dtype));
  row.add(log1(census.reduced)).add(log1(census.kept)).add(census.reduces_last);
  row.add(log1(census.folds));
  if (has_product) {
    add_product(row, product, program, group, machine);
  } else {
    for (int i = 0; i < 12; ++i) row.add(0);
  }
  row.add(std::log(static_cast<double>(std::max(1, machine.threads))));
  row.add(cut.log_rows).add(cut.log_columns).add(cut.log_depth).add(cut.waste).add(cut.packs);
  facts.features = row.take();
  BAFE_CHECK(facts.features.size() == step_feature_names().size(), "one value for each feature");
  return facts;
}

bool StepSample::is_sound() const {
  auto is_time = [](double ns) { return std::isfinite(ns) && ns > 0; };
  return !family.empty() && is_time(predicted_ns) && is_time(measured_ns) && predicted_ns < 1e17 &&
         features.size() == step_feature_names().size() &&
         std::all_of(features.begin(), features.end(), [](double f) { return std::isfinite(f); });
}

std::string StepSample::to_json() const {
  const nlohmann::json json = {{"family", family},
                               {"features", features},
                               {"predicted_ns", predicted_ns},
                               {"measured_ns", measured_ns},
                               {"warm", warm}};
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

StepSample StepSample::from_json(const std::string& text) {
  StepSample sample;
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    sample.family = json.at("family").get<std::string>();
    sample.features = json.at("features").get<std::vector<double>>();
    sample.predicted_ns = json.at("predicted_ns").get<double>();
    sample.measured_ns = json.at("measured_ns").get<double>();
    sample.warm = json.value("warm", true);
  } catch (const nlohmann::json::exception& error) {
    damaged(error.what());
  }
  return sample;
}

}  // namespace bafe
