// Certificates in the runtime. In: what a search found. Out: the same once its certificate is
// accepted, else the program as written. Invariant: no code is made of a program that search
// changed and the checker did not accept.

#include <algorithm>
#include <mutex>
#include <set>

#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/cache_folder.h"
#include "bafe/runtime/certificates.h"
#include "bafe/search/certify.h"

namespace bafe {
namespace {

struct Quarantine {
  std::mutex mutex;
  std::set<std::string> rules;
};

Quarantine& quarantine() {
  static auto& one = *new Quarantine;  // the background thread may use it to the end
  return one;
}

std::string text_of_rule(const RuleSet* rules, const std::string& name) {
  const Rule* rule = rules ? rules->find(name) : nullptr;
  if (!rule) rule = RuleSet::builtin().find(name);
  if (!rule) rule = RuleSet::classic().find(name);
  return rule ? rule->text : std::string();
}

/// The built-in rules are read once a process, as certificates use them.
CertificateVerdict replay_builtin(const std::string& text) {
  static auto& mutex = *new std::mutex;
  static auto& book = []() -> RuleBook& {
    auto& made = *new RuleBook;
    made.set_source([](const std::string& name) { return text_of_rule(nullptr, name); });
    return made;
  }();
  std::lock_guard lock(mutex);
  return check_certificate(text, book);
}

std::string write_report(const Graph& graph, const SearchResult& found,
                         const CertificateVerdict& verdict) {
  const std::string& cache = KernelCache::shared()->folder();
  if (cache.empty()) return {};
  const std::string folder = cache + "/reports";
  if (!prepare_cache_folder(folder).empty()) return {};
  const std::string path = format("{}/certificate-{:016x}.txt", folder, graph.hash());
  const std::string text =
      format("rejected: line {}: {}\n\ntraced:\n{}\nchosen:\n{}\n{}", verdict.line, verdict.reason,
             print_program(graph), print_program(found.program.graph), found.certificate);
  return publish_file(path, text) ? path : std::string();
}

void fall_back(const Graph& graph, const SearchOptions& options, const CertificateVerdict& verdict,
               SearchResult& found) {
  const std::string report = write_report(graph, found, verdict);
  {
    std::lock_guard lock(quarantine().mutex);
    if (!verdict.rule.empty()) quarantine().rules.insert(verdict.rule);
  }
  warn_once(
      "certificate:" + verdict.rule + verdict.reason,
      format("bafe: the proof of a rewritten program was rejected (line {}: {}); it is compiled "
             "as written{}{}",
             verdict.line, verdict.reason,
             verdict.rule.empty() ? "" : format(", without rule {} from now on", verdict.rule),
             report.empty() ? "" : format("; report: {}", report)));
  found.rejected.push_back({verdict.rule.empty() ? "the search" : "rule " + verdict.rule,
                            "its proof was rejected: " + verdict.reason});
  found.steps.clear();
  found.program = plan_as_written(graph, options);
  found.candidates = {found.program};
  found.certificate = certificate_as_written(graph, found.program.graph, options.math);
}

}  // namespace

Certified certificate_of(const Graph& graph, const EngineOptions& options, const std::string& key) {
  Certified out;
  if (std::optional<Digest> digest = Digest::from_hex(key)) {
    if (auto entry = KernelCache::shared()->load(*digest)) out.text = entry->certificate;
  }
  out.from_cache = !out.text.empty();
  if (!out.from_cache) out.text = Engine::shared().search(graph, options).certificate;
  out.verdict = replay_certificate(out.text, options.rules.get());
  return out;
}

CertificateVerdict replay_certificate(const std::string& text, const RuleSet* rules) {
  if (!rules || rules == &RuleSet::builtin()) return replay_builtin(text);
  RuleBook book;
  book.set_source([&](const std::string& name) { return text_of_rule(rules, name); });
  return check_certificate(text, book);
}

namespace {

/// Bodies of loops and branches have proofs of their own; one that is rejected is compiled as
/// written wherever it occurs.
void certify_bodies(const SearchOptions& options, SearchResult& found) {
  bool all = true;
  for (const BodySearch& body : found.bodies) {
    const CertificateVerdict verdict = replay_certificate(body.result.certificate, options.rules);
    all = all && verdict.accepted && states_program(verdict.chosen, body.result.program.graph);
    if (!verdict.accepted)
      warn_once("certificate of a body:" + verdict.reason,
                format("bafe: the proof of a loop's body was rejected (line {}: {}); bodies are "
                       "compiled as written",
                       verdict.line, verdict.reason));
  }
  if (all) return;
  decide_bodies_as_written(options, found.program);
  found.candidates = {found.program};
  found.bodies.clear();
}

}  // namespace

void certify(const Graph& graph, const SearchOptions& options, SearchResult& found) {
  TraceSpan span("certificate");
  certify_bodies(options, found);
  CertificateVerdict verdict = replay_certificate(found.certificate, options.rules);
  if (verdict.accepted) {
    bool same = states_program(verdict.traced, graph) &&
                states_program(verdict.chosen, found.program.graph);
    if (same) return;
    verdict.reason = "it proves another program";
  }
  fall_back(graph, options, verdict, found);
}

std::string certified_candidate(const Graph& graph, const SearchOptions& options,
                                const Graph& program) {
  std::string text = certificate_of_candidate(graph, program, options);
  if (text.empty()) text = certificate_as_written(graph, program, options.math);
  const CertificateVerdict verdict = replay_certificate(text, options.rules);
  const bool holds = verdict.accepted && states_program(verdict.traced, graph) &&
                     states_program(verdict.chosen, program);
  return holds ? text : std::string();
}

std::vector<std::string> quarantined_rules() {
  std::lock_guard lock(quarantine().mutex);
  return {quarantine().rules.begin(), quarantine().rules.end()};
}

void leave_out_quarantined(SearchOptions& options, RuleSet& kept) {
  const std::vector<std::string> out = quarantined_rules();
  if (out.empty()) return;
  const RuleSet& all = options.rules ? *options.rules : RuleSet::builtin();
  kept = all.filter(
      [&](const Rule& rule) { return std::find(out.begin(), out.end(), rule.name) == out.end(); });
  options.rules = &kept;
}

}  // namespace bafe
