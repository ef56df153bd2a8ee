// Kernels that read sizes at run time. In: a symbolic program with numbers for its symbols. Out: a
// plan whose text is that of a kernel, which exists or is made. Invariant: a kernel runs only with
// sizes under which its text is exactly the text of the plan.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/fields.h"
#include "bafe/runtime/tuning.h"
#include "families.h"

namespace bafe {
namespace {

constexpr std::uint32_t kRecordVersion = 1;

/// Other sizes than those asked for, whose texts show which numbers depend on sizes.
struct Neighbour {
  double factor;
  std::int64_t offset;
};
constexpr Neighbour kNeighbours[] = {{1, 1}, {1, 2},  {1, 3}, {1, -1}, {2, 0},   {2, 1},
                                     {3, 0}, {1, 16}, {5, 0}, {1, 64}, {0.5, 0}, {7, 3}};
constexpr std::size_t kMostNeighbours = 36;
constexpr std::int64_t kMostNeighbourSize = std::int64_t{1} << 24;

std::int64_t moved(std::int64_t value, const Neighbour& by) {
  const auto out = static_cast<std::int64_t>(static_cast<double>(value) * by.factor) + by.offset;
  return std::clamp<std::int64_t>(out, 2, kMostNeighbourSize);
}

/// All symbols moved alike, then each alone.
std::vector<ProgramSizes> neighbours_of(const ProgramSizes& sizes) {
  std::vector<ProgramSizes> out;
  const auto& values = sizes.binding.values();
  const std::size_t alone = values.size() > 1 ? values.size() : 0;
  for (std::size_t which = 0; which <= alone; ++which) {
    for (const Neighbour& by : kNeighbours) {
      ProgramSizes next = sizes;
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (which == 0 || which == i + 1)
          next.binding.set(values[i].first, moved(values[i].second, by));
      }
      for (Scalar& number : next.numbers) {
        number = Scalar::of(number.dtype,
                            number.as_double() * by.factor + static_cast<double>(by.offset));
      }
      out.push_back(std::move(next));
      if (out.size() >= kMostNeighbours) return out;
    }
  }
  return out;
}

}  // namespace

Families::Instance Families::instance_of(const Family& family, const ProgramSizes& sizes,
                                         const Request& request) {
  TraceSpan span("instance");
  Instance out;
  const Graph graph = instantiate(family.chosen, family.traced->inputs, sizes);
  out.way = {plan_as_written(graph, search_options(request, {})), lower_options(request),
             "for any size"};
  out.plan = build_plan(out.way.program, host_target(), out.way.lower);
  out.text = take_numbers(out.plan.c_text);
  return out;
}

void Families::widen(SizedText& text, const Family& family, const ProgramSizes& sizes,
                     const Request& request) {
  std::vector<ProgramSizes> others = neighbours_of(sizes);
  for (const Graph& sample : family.samples) {
    if (auto known = family.traced->match(sample)) others.push_back(std::move(*known));
  }
  for (const ProgramSizes& other : others) {
    try {
      const Instance instance = instance_of(family, other, request);
      if (text.has_skeleton_of(instance.text) && !text.match(instance.text))
        text.widen(instance.text);
    } catch (const Error&) {  // sizes that the program does not have
    }
  }
}

Families::Kernel* Families::kernel_of(Family& family, const NumberedText& text,
                                      std::vector<std::int64_t>& sizes) {
  for (Kernel& kernel : family.kernels) {
    auto match = kernel.text.match(text);
    if (!match) continue;
    sizes = std::move(*match);
    kernel.used = ++family.kernel_clock;
    return &kernel;
  }
  return nullptr;
}

void Families::use_sizes(Plan& plan, const Kernel& kernel, const std::vector<std::int64_t>& sizes) {
  plan.c_text = kernel.c_text;
  for (std::vector<Step>* steps : {&plan.setup, &plan.steps}) {
    for (Step& step : *steps) {
      if (step.kind == StepKind::kGenerated) step.sizes = sizes;
    }
  }
}

std::shared_ptr<const Executable> Families::run_on(const Kernel& kernel, Instance instance,
                                                   const std::vector<std::int64_t>& sizes,
                                                   const Request& request, const Family& family) {
  use_sizes(instance.plan, kernel, sizes);
  Provenance provenance = provenance_before_search(request);
  const Program& program = instance.way.program;
  provenance.chosen_text = program.text();
  provenance.chosen_brief = print_brief(program.graph);
  provenance.c_text = kernel.c_text;
  provenance.compiler = kernel.compiler;
  provenance.steps = family.steps;
  provenance.features = plan_features(program);
  provenance.predicted_ns = price_ns(request, program);
  provenance.predicted_ns_as_written = provenance.predicted_ns;
  provenance.configuration = configuration_of(instance.way);
  return make_compiled(request.graph, std::move(instance.plan), kernel.module, cpu_backend(),
                       request.constants, request.threads, std::move(provenance));
}

std::optional<Built> Families::make_kernel(Family& family, Instance instance,
                                           const ProgramSizes& sizes, const Request& request,
                                           Interrupt& interrupt, KernelCache& cache,
                                           ProgramMaker& maker) {
  if (instance.plan.c_text.empty()) return std::nullopt;  // nothing to compile for any size
  std::vector<std::int64_t> numbers;
  if (const Kernel* kernel = kernel_of(family, instance.text, numbers)) {
    Built built;
    built.executable = run_on(*kernel, std::move(instance), numbers, request, family);
    built.plan = *built.executable->plan();
    built.code = kernel->code;
    built.module = kernel->module;
    built.validation = "the kernel was compared for other sizes";
    return built;
  }
  auto same = std::find_if(family.kernels.begin(), family.kernels.end(), [&](const Kernel& kernel) {
    return kernel.text.has_skeleton_of(instance.text);
  });
  Kernel fresh{
      same != family.kernels.end() ? same->text : SizedText(instance.text), nullptr, {}, {}, {}, 0};
  if (same != family.kernels.end()) fresh.text.widen(instance.text);
  widen(fresh.text, family, sizes, request);
  const auto match = fresh.text.match(instance.text);
  BAFE_CHECK(match.has_value(), "a widened text still has its first case");
  if (fresh.text.parameters() == 0) {  // few rows, unrolled: nothing to share
    log("recompiles", format("{}: a kernel of their own", sizes.binding.text()));
    return std::nullopt;
  }
  std::optional<std::string> c_text = fresh.text.c_text();
  if (!c_text) {
    log("recompiles", "a kernel keeps its sizes: a function in it cannot be handed them");
    return std::nullopt;
  }
  fresh.c_text = std::move(*c_text);
  use_sizes(instance.plan, fresh, *match);
  Provenance provenance = provenance_before_search(request);
  provenance.chosen_brief = print_brief(instance.way.program.graph);
  provenance.steps = family.steps;
  Built built = maker.build_planned(std::move(instance.plan), instance.way, request,
                                    std::move(provenance), interrupt, cache);
  if (!built.failure.empty()) {
    log("recompiles", format("a kernel for any size is not used: {}", built.failure));
    family.refused = built.failure;
    return std::nullopt;
  }
  fresh.module = built.module;
  fresh.code = built.code;
  fresh.compiler = built.executable->provenance().compiler;
  fresh.used = ++family.kernel_clock;
  log("recompiles", format("compiled a kernel with {} sizes read at run time, first for {}",
                           fresh.text.parameters(), sizes.binding.text()));
  if (same != family.kernels.end()) family.kernels.erase(same);
  family.kernels.push_back(std::move(fresh));
  family.is_stored = false;
  if (family.kernels.size() > kMostKernels) {
    auto oldest = std::min_element(family.kernels.begin(), family.kernels.end(),
                                   [](auto& a, auto& b) { return a.used < b.used; });
    log("recompiles", format("{} kernels for any size are kept; the one unused for longest goes",
                             static_cast<int>(kMostKernels)));
    family.kernels.erase(oldest);
  }
  return built;
}

/// record := version is_faster samples {json} chosen-json kernels {text code compiler}
void Families::store(const Family& family, const std::string& premises, KernelCache& cache) {
  FieldWriter out;
  out.number(kRecordVersion).number<std::uint8_t>(family.is_faster);
  out.number(static_cast<std::uint32_t>(family.samples.size()));
  for (const Graph& sample : family.samples) out.text(program_to_json(sample));
  out.text(program_to_json(family.chosen));
  out.number(static_cast<std::uint32_t>(family.kernels.size()));
  for (const Kernel& kernel : family.kernels) {
    out.text(kernel.text.to_text()).text(kernel.code).text(kernel.compiler);
  }
  CacheEntry entry;
  entry.premises = premises;
  entry.report = out.take();
  entry.certificate = family.certificate;
  cache.store(sha256(premises), std::move(entry));
}

void Families::load(Family& family, const std::string& premises, KernelCache& cache) {
  family.is_loaded = true;
  const auto entry = cache.load(sha256(premises), premises);
  if (!entry) return;
  try {
    FieldReader in(entry->report);
    if (in.number<std::uint32_t>() != kRecordVersion) return;
    const bool is_faster = in.number<std::uint8_t>() != 0;
    std::vector<Graph> samples;
    for (auto left = in.number<std::uint32_t>(); left > 0 && in.is_good(); --left) {
      samples.push_back(program_from_json(in.text()).compact());
    }
    const std::string_view chosen = in.text();
    if (!in.is_good() || samples.size() < 2) return;
    auto traced = generalise(samples, nullptr);
    if (!traced) return;
    std::list<Kernel> kernels;
    for (auto left = in.number<std::uint32_t>(); left > 0 && in.is_good(); --left) {
      auto text = SizedText::from_text(in.text());
      const std::string_view code = in.text(), compiler = in.text();
      auto c_text = text ? text->c_text() : std::nullopt;
      if (!in.is_good() || !c_text) return;
      kernels.push_back({std::move(*text), cpu_backend().load(code), std::string(code),
                         std::move(*c_text), std::string(compiler), 0});
    }
    family.chosen = program_from_json(chosen);
    family.is_faster = is_faster;
    family.samples = std::move(samples);
    family.traced = std::move(traced);
    family.kernels = std::move(kernels);
    log("recompiles",
        format("one program for any sizes, from the cache: {}", print_brief(family.chosen)));
  } catch (const Error& error) {
    log("cache", format("kernels for any size do not load: {}", error.what()));
  }
}

}  // namespace bafe
