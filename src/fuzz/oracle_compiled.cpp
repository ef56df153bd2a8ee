// In: cases of one block. Out: what is wrong with each. Every case is searched and lowered, then
// all texts are compiled at once; a text that does not compile is found by compiling one by one.

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/lower.h"
#include "bafe/codegen/prebuilt.h"
#include "bafe/cost/roofline.h"
#include "bafe/fuzz/oracle.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/executables.h"
#include "bafe/search/plan.h"
#include "batch_text.h"
#include "compare.h"
#include "fuzz_search.h"

namespace bafe {
namespace {

constexpr int kSets = 3;  ///< data sets for each program

/// Kernels under the names that they have in the batch.
class RenamedModule : public Module {
 public:
  RenamedModule(std::shared_ptr<const Module> inner, std::map<std::string, std::string> names)
      : inner_(std::move(inner)), names_(std::move(names)) {}
  KernelFn kernel(const std::string& symbol) const override {
    const auto found = names_.find(symbol);
    return found == names_.end() ? nullptr : inner_->kernel(found->second);
  }

 private:
  std::shared_ptr<const Module> inner_;
  std::map<std::string, std::string> names_;
};

std::vector<std::string> flags_at(const Target& target, int level) {
  std::vector<std::string> flags = compile_flags(target);
  if (level >= 2) return flags;
  std::erase_if(flags, [](const std::string& flag) {
    return flag == "-ftree-vectorize" || flag == "-fpeel-loops" || flag.starts_with("-fvect");
  });
  std::replace(flags.begin(), flags.end(), std::string("-O2"), format("-O{}", level));
  return flags;
}

/// A block may hold texts that fuse and texts that do not: they say so themselves.
CompileResult compile_text(const std::string& text, FuzzSettings settings) {
  settings.math = Math::kBits;
  CompileResult missing;
  missing.status = CompileStatus::kNoCompiler;
  const std::optional<Compiler> compiler = find_compiler(&missing.fact);
  if (!compiler) return missing;
  const Target target = fuzz_target(settings);
  CompileLimits limits;
  limits.seconds = 900;  // of a busy machine
  return compile_with_flags(*compiler, flags_at(target, settings.level), text, limits);
}

struct Entry {
  const FuzzCase* one = nullptr;
  Finding finding;
  ConstantTable constants;
  Program chosen;
  Plan plan;
  LowerOptions lower;
  std::map<std::string, std::string> names;
  bool is_ready() const { return finding.what.empty(); }
};

/// Search and code.
void plan_entry(Entry& entry, const FuzzCoverage& coverage) {
  const FuzzCase& one = *entry.one;
  coverage.now(one.seed, "search");
  entry.constants = fuzz_constants(one.graph);
  entry.lower.bits = one.settings.math == Math::kBits;
  entry.lower.fast = one.settings.math == Math::kFast;
  entry.lower.pairs = fuzz_machine(one).f32_pairs_gflops > 0;
  const Target target = fuzz_target(one.settings);
  entry.chosen = fuzz_program(one, coverage);
  check_program(entry.chosen);
  entry.plan = build_plan(entry.chosen, target, entry.lower);
}

template <class Do>
void guarded(Entry& entry, const char* stage, Do act) {
  try {
    act();
  } catch (const std::exception& error) {
    entry.finding.what = format("{}: {}", stage, error.what());
  }
}

std::string judge_set(const Entry& entry, const Executable& compiled, const Executable& prebuilt,
                      int set) {
  const FuzzCase& one = *entry.one;
  const FuzzWanted wanted = want(one, entry.constants, set);
  FuzzAllowance as_chosen(one, entry.chosen.graph, wanted, entry.constants,
                          rounds_products(entry.plan));
  const auto got = run_case(compiled, one, wanted.inputs, 1);
  if (std::string found = differ(one, wanted, got, as_chosen); !found.empty())
    return format("set {}: {}", set, found);
  if (one.settings.threads > 1 && got) {
    const auto more = run_case(compiled, one, wanted.inputs, one.settings.threads);
    const std::string found = more ? differ_in_bits(*got, *more) : "an error";
    if (!found.empty()) return format("set {}, {} threads: {}", set, one.settings.threads, found);
  }
  FuzzAllowance as_written(one, one.graph, wanted, entry.constants, false);
  const auto first = run_case(prebuilt, one, wanted.inputs, one.settings.threads);
  const std::string found = differ(one, wanted, first, as_written);
  return found.empty() ? std::string() : format("tier 0, set {}: {}", set, found);
}

void judge(Entry& entry, const std::shared_ptr<const Module>& module) {
  const FuzzCase& one = *entry.one;
  auto renamed = std::make_shared<RenamedModule>(module, entry.names);
  const auto compiled = make_compiled(one.graph, entry.plan, renamed, cpu_backend(),
                                      entry.constants, one.settings.threads, {});
  const auto prebuilt = make_compiled(one.graph, prebuilt_plan(one.graph, entry.lower), nullptr,
                                      cpu_backend(), entry.constants, one.settings.threads, {});
  for (int set = 0; set < kSets && entry.is_ready(); ++set)
    entry.finding.what = judge_set(entry, *compiled, *prebuilt, set);
}

/// The code of the entries from `begin` on; a failure is told by its entry alone.
void compile_and_judge(std::vector<Entry>& entries, std::size_t begin, std::size_t end,
                       const FuzzCoverage& coverage) {
  BatchText batch;
  for (std::size_t i = begin; i < end; ++i) {
    if (entries[i].is_ready()) entries[i].names = batch.add(entries[i].plan.c_text);
  }
  coverage.now(entries[begin].one->seed, "compile");
  std::shared_ptr<const Module> module;
  if (!batch.text().empty()) {
    CompileResult result = compile_text(batch.text(), entries[begin].one->settings);
    if (result.status != CompileStatus::kOk && end - begin > 1) {
      for (std::size_t i = begin; i < end; ++i) compile_and_judge(entries, i, i + 1, coverage);
      return;
    }
    if (result.status != CompileStatus::kOk) {
      entries[begin].finding.what = format("compile: {} {}", result.fact, result.diagnostics);
      return;
    }
    module = cpu_backend().load(result.code);
  }
  for (std::size_t i = begin; i < end; ++i) {
    if (!entries[i].is_ready()) continue;
    coverage.now(entries[i].one->seed, "run");
    guarded(entries[i], "run", [&] { judge(entries[i], module); });
  }
}

}  // namespace

std::vector<Finding> check_compiled(std::span<const FuzzCase> cases, const FuzzCoverage& coverage) {
  std::vector<Entry> entries(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    entries[i].one = &cases[i];
    entries[i].finding.seed = cases[i].seed;
    coverage.program(cases[i].graph);
    guarded(entries[i], "plan", [&] { plan_entry(entries[i], coverage); });
  }
  if (!entries.empty()) compile_and_judge(entries, 0, entries.size(), coverage);
  std::vector<Finding> out;
  for (Entry& entry : entries) out.push_back(std::move(entry.finding));
  return out;
}

}  // namespace bafe
