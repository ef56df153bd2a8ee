// In: how an executable was made. Out: cache entry fields, and back. The report field:
//
//   report := version:u32 traced_brief chosen_brief
//             count (rule kind forward:u8 before after)*      steps of the explanation
//             count (program predicted_ns)*                   candidates
//             i64 x 8, stop_reason regime ms                  search statistics
//             f64 x 8                                         features
//             predicted_ns as_written_ns search_ms compile_ms
//             configuration tuning

#include <array>

#include "bafe/runtime/executables.h"
#include "bafe/runtime/fields.h"

namespace bafe {
namespace {

constexpr std::uint32_t kReportVersion = 2;

template <class Stats>
auto counts_of(Stats& stats) {
  return std::array{&stats.alternatives, &stats.matches_accepted, &stats.nodes_before,
                    &stats.nodes_after,  &stats.classes_before,   &stats.classes_after,
                    &stats.iterations,   &stats.work_units};
}

std::string write_report(const Provenance& provenance) {
  FieldWriter out;
  out.number(kReportVersion).text(provenance.traced_brief).text(provenance.chosen_brief);
  out.number(static_cast<std::uint64_t>(provenance.steps.size()));
  for (const ExplainStep& step : provenance.steps) {
    out.text(step.rule).text(step.kind).number(static_cast<std::uint8_t>(step.forward));
    out.text(step.before).text(step.after);
  }
  out.number(static_cast<std::uint64_t>(provenance.candidates.size()));
  for (const CandidateSummary& candidate : provenance.candidates) {
    out.text(candidate.program).real(candidate.predicted_ns);
  }
  for (const std::int64_t* count : counts_of(provenance.stats)) out.number(*count);
  out.text(provenance.stats.stop_reason).text(provenance.stats.regime).real(provenance.stats.ms);
  for (double feature : provenance.features) out.real(feature);
  out.real(provenance.predicted_ns).real(provenance.predicted_ns_as_written);
  out.real(provenance.search_ms).real(provenance.compile_ms);
  out.text(provenance.configuration).text(provenance.tuning);
  return out.take();
}

bool read_report(std::string_view report, Provenance& out) {
  FieldReader in(report);
  if (in.number<std::uint32_t>() != kReportVersion) return false;
  out.traced_brief = in.text();
  out.chosen_brief = in.text();
  out.steps.resize(in.count());
  for (ExplainStep& step : out.steps) {
    step.rule = in.text();
    step.kind = in.text();
    step.forward = in.number<std::uint8_t>() != 0;
    step.before = in.text();
    step.after = in.text();
  }
  out.candidates.resize(in.count());
  for (CandidateSummary& candidate : out.candidates) {
    candidate.program = in.text();
    candidate.predicted_ns = in.real();
  }
  for (std::int64_t* count : counts_of(out.stats)) *count = in.number<std::int64_t>();
  out.stats.stop_reason = in.text();
  out.stats.regime = in.text();
  out.stats.ms = in.real();
  for (double& feature : out.features) feature = in.real();
  out.predicted_ns = in.real();
  out.predicted_ns_as_written = in.real();
  out.search_ms = in.real();
  out.compile_ms = in.real();
  out.configuration = in.text();
  out.tuning = in.text();
  return in.is_done();
}

}  // namespace

CacheEntry entry_of(const Provenance& provenance, const Plan& plan, std::string code) {
  CacheEntry entry;
  entry.traced = provenance.traced_text;
  entry.chosen = provenance.chosen_text;
  entry.plan = plan.to_json();
  entry.report = write_report(provenance);
  entry.c_text = provenance.c_text;
  entry.compiler = provenance.compiler;
  entry.code = std::move(code);
  return entry;
}

bool provenance_of(const CacheEntry& entry, Provenance& out) {
  if (!read_report(entry.report, out)) return false;
  out.traced_text = entry.traced;
  out.chosen_text = entry.chosen;
  out.c_text = entry.c_text;
  out.compiler = entry.compiler;
  out.from_cache = true;
  return true;
}

}  // namespace bafe
