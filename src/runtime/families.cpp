// When a program is general. In: requests of ever new sizes. Out: a symbolic program with its
// rewrites, found once. Invariant: whatever is given out was made for exactly the request's
// program; a family that cannot be general says so once and leaves its signatures to kernels of
// their own.

#include "families.h"

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/log.h"
#include "bafe/base/trace.h"
#include "bafe/cost/size_sample.h"
#include "bafe/ir/control.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/certificates.h"
#include "bafe/runtime/engine_key.h"

namespace bafe {
namespace {

/// Sizes 0 and 1 broadcast and vanish: such a program is no sample for larger ones.
bool has_small_sizes(const Graph& compact) {
  for (const InputInfo& input : compact.inputs()) {
    for (Dim size : input.type.shape) {
      if (size == Dim(0)) return true;
    }
  }
  return false;
}

/// Does `compact` have size 1 where another sample has more?
bool is_degenerate(const Graph& compact, const std::vector<Graph>& samples) {
  for (const Graph& sample : samples) {
    for (std::size_t i = 0; i < compact.inputs().size(); ++i) {
      const Shape &a = compact.inputs()[i].type.shape, &b = sample.inputs()[i].type.shape;
      for (std::size_t axis = 0; axis < a.size(); ++axis) {
        if (a[axis] != b[axis] && (a[axis] == Dim(1) || b[axis] == Dim(1))) return true;
      }
    }
  }
  return false;
}

/// Geometric means of what the samples say of each symbol.
Binding middle_of(const SymbolicProgram& program, const std::vector<Graph>& samples) {
  Binding out;
  for (const std::string& symbol : program.symbols) {
    double logs = 0;
    int count = 0;
    for (const Graph& sample : samples) {
      const auto sizes = program.match(sample);
      if (!sizes) continue;
      logs += std::log(static_cast<double>(sizes->binding.find(symbol).value_or(2)));
      ++count;
    }
    out.set(symbol, count > 0 ? static_cast<std::int64_t>(std::lround(std::exp(logs / count))) : 2);
  }
  return out;
}

void note_refusal(std::string& reason, std::string why) {
  log("recompiles", format("kernels for each size: {}", why));
  reason = std::move(why);
}

/// Error growth depends on the sizes, and bodies of loops hold theirs.
bool may_vary(const Request& request) {
  return !request.options.max_error_growth && !has_control(request.graph);
}

/// The engine's, which lives as long as the process.
Families* forked = nullptr;

}  // namespace

Families::Families() {
  if (!std::exchange(forked, this)) pthread_atfork(&before_fork, &after_fork, &in_child);
}

void Families::before_fork() { forked->mutex_.lock(); }
void Families::after_fork() { forked->mutex_.unlock(); }

/// A family that another thread was at work on is locked for ever here: the child has a new one.
void Families::in_child() {
  for (auto& [key, family] : forked->families_) {
    if (family->mutex.try_lock()) {
      family->mutex.unlock();
    } else {
      family = std::make_shared<Family>();
    }
  }
  forked->mutex_.unlock();
}

std::string Families::premises_of(const Request& request, const Graph& compact) {
  std::string out = cache_premises(Graph(), request.options, request.threads, host_target(),
                                   request.cost().identity());
  return out + format("family {:x}", outline_hash(compact));
}

std::shared_ptr<Families::Family> Families::family_of(const std::string& premises) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Family>& family = families_[sha256(premises)];
  if (!family) family = std::make_shared<Family>();
  family->used = ++clock_;
  const std::shared_ptr<Family> out = family;
  if (families_.size() > kMostFamilies) {
    auto oldest = std::min_element(families_.begin(), families_.end(), [](auto& a, auto& b) {
      return a.second->used < b.second->used;
    });
    log("recompiles", "a program of changing sizes that was not called for long is forgotten");
    families_.erase(oldest);
  }
  return out;
}

/// True when the signature is new.
bool Families::note_sample(Family& family, const Graph& compact) {
  if (has_small_sizes(compact) || is_degenerate(compact, family.samples)) return false;
  for (const Graph& sample : family.samples) {
    if (sample.hash() == compact.hash()) return false;
  }
  if (family.samples.size() >= kMostSamples) family.samples.erase(family.samples.begin() + 1);
  family.samples.push_back(compact);
  return true;
}

bool Families::generalise_family(Family& family, const Request& request, Interrupt& interrupt) {
  TraceSpan span("generalise");
  ++family.generalisations;
  std::string why;
  std::optional<SymbolicProgram> traced = generalise(family.samples, &why);
  if (!traced) {
    note_refusal(family.refused, why);
    return false;
  }
  try {
    const SizeSample sample(middle_of(*traced, family.samples));
    SearchOptions options = search_options(request, interrupt.poll());
    SearchResult found = optimize(traced->graph, options);
    interrupt.check();
    certify(traced->graph, options, found);
    family.certificate = std::move(found.certificate);
    family.chosen = std::move(found.program.graph);
    family.steps = std::move(found.steps);
  } catch (const Error& error) {
    note_refusal(family.refused, error.what());
    return false;
  }
  family.traced = std::move(traced);
  family.kernels.clear();
  log("recompiles", format("one program for any sizes: {}", print_brief(family.chosen)));
  return true;
}

std::shared_ptr<const Executable> Families::ready(const Request& request, KernelCache& cache) {
  if (!may_vary(request)) return nullptr;
  const Graph compact = request.graph.compact();
  const std::string premises = premises_of(request, compact);
  const std::shared_ptr<Family> family = family_of(premises);
  std::unique_lock lock(family->mutex, std::try_to_lock);
  if (!lock) return nullptr;
  if (!family->is_loaded) load(*family, premises, cache);
  if (!family->traced || !family->is_faster) return nullptr;
  const std::optional<ProgramSizes> sizes = family->traced->match(compact);
  if (!sizes) return nullptr;
  try {
    Instance instance = instance_of(*family, *sizes, request);
    std::vector<std::int64_t> numbers;
    const Kernel* kernel = kernel_of(*family, instance.text, numbers);
    return kernel ? run_on(*kernel, std::move(instance), numbers, request, *family) : nullptr;
  } catch (const Error& error) {
    log("recompiles",
        format("sizes {} are compiled apart: {}", sizes->binding.text(), error.what()));
    return nullptr;
  }
}

std::optional<Built> Families::build(const Request& request, Interrupt& interrupt,
                                     KernelCache& cache, ProgramMaker& maker) {
  if (!may_vary(request)) return std::nullopt;
  const Graph compact = request.graph.compact();
  const std::string premises = premises_of(request, compact);
  const std::shared_ptr<Family> family = family_of(premises);
  std::lock_guard lock(family->mutex);
  if (!family->is_loaded) load(*family, premises, cache);
  note_sample(*family, compact);
  if (!family->refused.empty()) return std::nullopt;
  std::optional<ProgramSizes> sizes;
  if (family->traced) sizes = family->traced->match(compact);
  if (!sizes) {
    if (family->samples.size() < kSignatures || is_degenerate(compact, family->samples) ||
        family->generalisations >= kMostGeneralisations)
      return std::nullopt;
    if (!generalise_family(*family, request, interrupt)) return std::nullopt;
    sizes = family->traced->match(compact);
  }
  if (!sizes) return std::nullopt;
  try {
    Instance instance = instance_of(*family, *sizes, request);
    return make_kernel(*family, std::move(instance), *sizes, request, interrupt, cache, maker);
  } catch (const Error& error) {
    log("recompiles",
        format("sizes {} are compiled apart: {}", sizes->binding.text(), error.what()));
    return std::nullopt;
  }
}

void Families::publish(const Request& request, bool is_faster, KernelCache& cache) {
  const std::string premises = premises_of(request, request.graph.compact());
  const std::shared_ptr<Family> family = family_of(premises);
  std::lock_guard lock(family->mutex);
  if (family->is_stored && family->is_faster == is_faster) return;
  family->is_faster = is_faster;
  family->is_stored = true;
  if (family->traced) store(*family, premises, cache);
}

void Families::refuse(const Request& request, const std::string& why) {
  const std::shared_ptr<Family> family = family_of(premises_of(request, request.graph.compact()));
  std::lock_guard lock(family->mutex);
  family->traced.reset();
  family->kernels.clear();
  note_refusal(family->refused, why);
}

void Families::teach(const Request& request, const std::vector<Graph>& samples) {
  if (!may_vary(request)) return;
  const Graph compact = request.graph.compact();
  const std::shared_ptr<Family> family = family_of(premises_of(request, compact));
  std::lock_guard lock(family->mutex);
  if (family->is_taught && family->traced && family->traced->match(compact)) return;
  family->is_taught = true;
  note_sample(*family, compact);
  for (const Graph& sample : samples) {
    const Graph other = sample.compact();
    if (outline_hash(other) == outline_hash(compact)) note_sample(*family, other);
  }
}

bool Families::is_taught(const Request& request) {
  if (!may_vary(request)) return false;
  const std::shared_ptr<Family> family = family_of(premises_of(request, request.graph.compact()));
  std::lock_guard lock(family->mutex);
  return family->is_taught;
}

SizeFamily Families::describe(const Request& request) {
  SizeFamily out;
  if (has_control(request.graph)) out.refused = "loops and branches are compiled for their sizes";
  if (!may_vary(request)) return out;
  const Graph compact = request.graph.compact();
  const std::shared_ptr<Family> family = family_of(premises_of(request, compact));
  std::lock_guard lock(family->mutex);
  out.refused = family->refused;
  out.kernels = static_cast<int>(family->kernels.size());
  if (!family->traced || !family->traced->match(compact)) return out;
  out.is_general = true;
  out.symbols = family->traced->symbols;
  for (int i = 0; i < family->traced->inputs; ++i)
    out.inputs.push_back(family->traced->graph.inputs()[static_cast<std::size_t>(i)].type.text());
  return out;
}

bool Families::may_specialise(const Request& request) {
  const std::shared_ptr<Family> family = family_of(premises_of(request, request.graph.compact()));
  std::lock_guard lock(family->mutex);
  if (++family->specialised <= kMostSpecialised) return true;
  if (family->specialised == kMostSpecialised + 1)
    log("recompiles", format("{} sizes have kernels of their own; others keep the one for any size",
                             static_cast<int>(kMostSpecialised)));
  return false;
}

}  // namespace bafe
