// In: a letter that chooses the reader, then any bytes as one of the JSON records that we store or
// take from others: a plan, a machine, a measured kernel, an e-graph. What is read is written so
// that it reads as the same.

#include "bafe/codegen/plan.h"
#include "bafe/cost/cost_model.h"
#include "bafe/cost/step_features.h"
#include "bafe/search/egraph_json.h"
#include "targets.h"

namespace bafe::fuzz {
namespace {

template <class Record>
void record(std::string_view bytes, const char* what) {
  Record read;
  if (!accepts([&] { read = Record::from_json(std::string(bytes)); })) return;
  const std::string text = read.to_json();
  promise_equal(Record::from_json(text).to_json(), text, what);
}

void egraph(std::string_view bytes) {
  NamedEGraph read;
  if (!accepts([&] { read = egraph_from_json(bytes, "<fuzz>"); })) return;
  const std::string text = egraph_to_json(read);
  promise_equal(egraph_to_json(egraph_from_json(text, "<again>")), text, "an e-graph");
  DagLimits limits;
  limits.work = 100'000;
  DagChoice choice;
  if (accepts([&] { choice = read.extract(limits); })) egraph_to_dot(read, &choice);
}

}  // namespace

void stored_json(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::string_view rest = bytes.substr(1);
  if (bytes[0] == 'p') record<Plan>(rest, "a plan");
  if (bytes[0] == 'm') record<Machine>(rest, "a machine");
  if (bytes[0] == 's') record<StepSample>(rest, "a measured kernel");
  if (bytes[0] == 'e') egraph(rest);
}

}  // namespace bafe::fuzz
