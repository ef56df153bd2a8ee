// Bodies of loops and branches. In: what a search found. Out: the same with every body searched and
// decided, and prices that count them. Invariant: a body gives its results by rows, whatever the
// search would have liked, because the next iteration reads them so.

#include "bafe/cost/roofline.h"
#include "bafe/ir/control.h"
#include "bafe/ir/text.h"
#include "bafe/search/optimize.h"
#include "bafe/search/plan.h"

namespace bafe {
namespace {

using Decided = std::map<std::string, std::shared_ptr<const Program>>;

/// Bodies of the live nodes, each once, by canonical text.
std::map<std::string, std::shared_ptr<const Graph>> bodies_in(const Graph& graph) {
  std::map<std::string, std::shared_ptr<const Graph>> out;
  for (ValueId id : graph.live()) {
    for (const auto& body : bodies_of(graph.node(id).attrs))
      out.emplace(canonical_text(*body), body);
  }
  return out;
}

/// Row-major roots, said by a node where the order of operands would decide another.
Graph by_rows(const Graph& body) {
  Graph out = body;
  std::vector<ValueId> roots;
  for (ValueId root : body.roots()) {
    const bool has_orders = body.type(root).rank() >= 2;
    roots.push_back(has_orders ? out.add(Op::kLayoutTransform, {root}, {std::string("row")})
                               : root);
  }
  out.set_roots(std::move(roots));
  return out;
}

void price(Program& program, const CostModel& cost) {
  for (Group& group : program.groups) {
    if (group.outputs.empty() || !is_control(program.graph.node(group.outputs[0]).op)) continue;
    const GroupCost now = cost.group_cost(program, group);
    program.predicted_ns += now.ns - group.predicted_ns;
    group.predicted_ns = now.ns;
    group.flops = now.flops;
    group.bytes = now.bytes;
  }
}

double join(Program& program, const Decided& decided, const CostModel& cost) {
  const double before = program.predicted_ns;
  for (const auto& [text, body] : bodies_in(program.graph)) program.bodies[text] = decided.at(text);
  price(program, cost);
  return program.predicted_ns - before;
}

}  // namespace

void decide_bodies(const SearchOptions& options, SearchResult& found) {
  std::map<std::string, std::shared_ptr<const Graph>> wanted = bodies_in(found.program.graph);
  for (const Program& program : found.candidates) wanted.merge(bodies_in(program.graph));
  if (wanted.empty()) return;
  Decided decided;
  for (const auto& [text, body] : wanted) {
    BodySearch search{body, optimize(by_rows(*body), options)};
    decided[text] = std::make_shared<const Program>(search.result.program);
    for (BodySearch& inner : search.result.bodies) found.bodies.push_back(std::move(inner));
    search.result.bodies.clear();
    found.bodies.push_back(std::move(search));
  }
  RooflineModel reference(Machine::reference(options.target, options.threads));
  const CostModel& cost = options.cost ? *options.cost : reference;
  const double added = join(found.program, decided, cost);
  found.predicted_ns_as_written += added;
  for (Program& program : found.candidates) join(program, decided, cost);
}

void decide_bodies_as_written(const SearchOptions& options, Program& program) {
  if (!has_control(program.graph)) return;
  Decided decided;
  for (const auto& [text, body] : bodies_in(program.graph))
    decided[text] = std::make_shared<const Program>(plan_as_written(by_rows(*body), options));
  RooflineModel reference(Machine::reference(options.target, options.threads));
  join(program, decided, options.cost ? *options.cost : reference);
}

}  // namespace bafe
