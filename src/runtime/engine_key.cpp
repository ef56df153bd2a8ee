// In: a graph and options. Out: a key. Every premise of a cache entry is a field here; a field
// added to EngineOptions that changes the code must be added too.

#include "bafe/runtime/engine_key.h"

#include <elf.h>
#include <link.h>

#include "bafe/base/format.h"
#include "bafe/base/options.h"
#include "bafe/codegen/plan.h"
#include "bafe/ir/text.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/fields.h"

namespace bafe {
namespace {

constexpr const char* kVersion = "0.1.0";
constexpr std::string_view kPremises = "bafe-kernel 3";
// The same with rules that nobody has proven: other keys, and never a file.
constexpr std::string_view kPrivatePremises = "bafe-kernel 3 unproven";

/// Looks for the build id of the object that holds this function.
int find_build_id(dl_phdr_info* object, std::size_t, void* out) {
  auto here = reinterpret_cast<std::uintptr_t>(&find_build_id);
  bool is_ours = false;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    is_ours =
        is_ours || (segment.p_type == PT_LOAD && here >= begin && here < begin + segment.p_memsz);
  }
  if (!is_ours) return 0;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const char* note = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
    const char* end = note + segment.p_memsz;
    while (note + sizeof(ElfW(Nhdr)) <= end) {
      const auto* header = reinterpret_cast<const ElfW(Nhdr)*>(note);
      const char* name = note + sizeof *header;
      const char* value = name + (header->n_namesz + 3) / 4 * 4;
      note = value + (header->n_descsz + 3) / 4 * 4;
      if (header->n_type != NT_GNU_BUILD_ID || note > end) continue;
      static_cast<std::string*>(out)->assign(value, header->n_descsz);
      return 1;
    }
  }
  return 1;
}

}  // namespace

const std::string& build_identity() {
  // Never destroyed: the background thread may use it to the end.
  static const std::string& identity = []() -> auto& {
    std::string build_id;
    dl_iterate_phdr(find_build_id, &build_id);
    return *new std::string(format("{}/{}", kVersion, sha256(build_id).hex()));
  }
  ();
  return identity;
}

std::string cache_premises(const Graph& graph, const EngineOptions& options, int threads,
                           const Target& target, const std::string& cost) {
  // A new option does not compile here before somebody has said whether it is a premise.
  const auto& [math, budget, time_budget_ms, deep, structure, tier, in_call, most_threads, rules,
               autotune, interrupted, max_error_growth] = options;
  (void)in_call, (void)tier, (void)most_threads,
      (void)interrupted;  // `threads` is what most_threads became
  FieldWriter out;
  auto flag = [&out](bool value) { out.number<std::uint8_t>(value); };
  out.text(!rules || rules->is_stamped() ? kPremises : kPrivatePremises)
      .text(build_identity())
      .text(target.text())
      .number(kKernelAbiVersion);
  out.text(canonical_text(graph)).number(static_cast<std::uint8_t>(math)).number(threads);
  flag(deep), flag(structure), flag(autotune), flag(time_budget_ms.has_value());
  out.real(time_budget_ms.value_or(0));
  flag(budget.has_value());
  const auto& [max_iters, max_nodes, max_rewrites, budget_ms, temperature, seed, multi_pass] =
      budget.value_or(SearchBudget{});
  out.number(max_iters).number(max_nodes).number(max_rewrites).real(budget_ms);
  out.real(temperature).number(seed);
  flag(multi_pass);
  out.text((rules ? rules->hash() : builtin_rules_digest()).hex());
  out.text(builtin_rules_digest().hex());  // with the lock, whatever rules were added
  out.text(cost).text(option("BAFE_LAYOUTS")).text(option("BAFE_TILING"));
  flag(max_error_growth.has_value());
  out.real(max_error_growth.value_or(0));
  return out.take();
}

Digest cache_key(const Graph& graph, const EngineOptions& options, int threads,
                 const Target& target, const std::string& cost) {
  return sha256(cache_premises(graph, options, threads, target, cost));
}

bool may_be_shared(std::string_view premises) {
  return FieldReader(premises).text() != kPrivatePremises;
}

std::string_view build_of_premises(std::string_view premises) {
  FieldReader in(premises);
  return in.text() == kPremises ? in.text() : std::string_view();
}

std::string_view target_of_premises(std::string_view premises) {
  FieldReader in(premises);
  if (in.text() != kPremises) return {};
  in.text();
  return in.text();
}

}  // namespace bafe
