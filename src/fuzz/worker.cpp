// In: the board. Out: lines of findings "oracle seed rule what", counts in the worker's slot. What
// a worker was at is in its slot before it begins, so that its end needs no words.

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <unordered_map>

#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/rules/rule_set.h"
#include "workers.h"

namespace bafe {
namespace {

constexpr std::uint64_t kCompiledBlock = 32, kGraphBlock = 8;
[[maybe_unused]] constexpr rlim_t kMemory = rlim_t{6} << 30;

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = '\x1f';
  }
  return text;
}

void count_program(FuzzSlot& slot, const Graph& graph) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(ValueId(i));
    ++slot.operators[static_cast<std::size_t>(node.op)];
    ++slot.dtypes[static_cast<std::size_t>(node.type.dtype)];
  }
}

FuzzCoverage coverage_of(FuzzSlot& slot) {
  static const auto& places = []() -> auto& {
    auto& out = *new std::unordered_map<std::string, std::size_t>;
    const RuleSet& rules = RuleSet::builtin();
    for (std::uint32_t i = 0; i < rules.size(); ++i) out.emplace(rules.rule(RuleId(i)).name, i);
    return out;
  }
  ();
  FuzzCoverage out;
  out.program = [&slot](const Graph& graph) { count_program(slot, graph); };
  out.rule = [&slot](std::string_view name) {
    const auto found = places.find(std::string(name));
    if (found != places.end() && found->second < slot.rules.size()) ++slot.rules[found->second];
  };
  out.now = [&slot](std::uint64_t seed, const char* stage) {
    slot.seed = seed;
    slot.stage = stage;
    slot.cpu_ns = fuzz_cpu_ns();
    slot.since_ns = fuzz_clock_ns();
  };
  return out;
}

bool take(FuzzBoard& board, const CampaignLimits& limits, FuzzBlock& out) {
  int again = board.again_taken.load();
  while (again < board.again_count.load()) {
    if (!board.again_taken.compare_exchange_weak(again, again + 1)) continue;
    out = board.again[static_cast<std::size_t>(again)];
    return true;
  }
  if (board.stops) return false;
  const std::uint64_t k = board.next.fetch_add(1);
  if (k >= board.last) return false;
  out = fuzz_block(limits, k);
  return true;
}

std::vector<Finding> check_block(const FuzzBlock& block, const FuzzCoverage& coverage) {
  std::vector<FuzzCase> cases;
  for (std::uint64_t seed = block.begin; seed < block.end; ++seed) {
    coverage.now(seed, "generate");
    cases.push_back(fuzz_case(seed, block.oracle));
  }
  if (block.oracle == 1) return check_compiled(cases, coverage);
  std::vector<Finding> out;
  for (const FuzzCase& one : cases) out.push_back(check_case(one, coverage));
  return out;
}

}  // namespace

std::int64_t fuzz_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t fuzz_cpu_ns(int pid) {
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  timespec at{};
  if (pid != 0 && clock_getcpuclockid(pid, &clock) != 0) return 0;
  if (clock_gettime(clock, &at) != 0) return 0;
  return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

FuzzBlock fuzz_block(const CampaignLimits& limits, std::uint64_t k) {
  // Of six blocks, three are for oracle 1 and two for oracle 3.
  static constexpr int kOracles[] = {1, 3, 1, 2, 1, 3}, kNumbers[] = {0, 0, 1, 0, 2, 1};
  static constexpr std::uint64_t kShares[] = {0, 3, 1, 2};
  FuzzBlock out;
  out.oracle = limits.oracle > 0 ? limits.oracle : kOracles[k % 6];
  std::uint64_t number = k;
  if (limits.oracle == 0)
    number = k / 6 * kShares[out.oracle] + static_cast<std::uint64_t>(kNumbers[k % 6]);
  const std::uint64_t size = out.oracle == 1 ? kCompiledBlock : kGraphBlock;
  out.begin = limits.first_seed + number * size;
  out.end = out.begin + size;
  return out;
}

void run_worker(FuzzBoard& board, int slot_number, const CampaignLimits& limits, int pipe) {
#ifndef __SANITIZE_ADDRESS__  // which maps far more than it uses
  const rlimit memory{kMemory, kMemory};
  setrlimit(RLIMIT_AS, &memory);
#endif
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  FuzzSlot& slot = board.slots[static_cast<std::size_t>(slot_number)];
  const FuzzCoverage coverage = coverage_of(slot);
  FuzzBlock block;
  while (take(board, limits, block)) {
    slot.begin = block.begin;
    slot.end = block.end;
    slot.oracle = block.oracle;
    for (const Finding& found : check_block(block, coverage)) {
      if (found.what.empty()) continue;
      const std::string line = format("{} {} {} {}\n", block.oracle, found.seed,
                                      found.rule.empty() ? "-" : found.rule, one_line(found.what));
      for (std::size_t at = 0; at < line.size();) {
        const ssize_t written = write(pipe, line.data() + at, line.size() - at);
        if (written <= 0) return;
        at += static_cast<std::size_t>(written);
      }
    }
    slot.cases[static_cast<std::size_t>(block.oracle)] +=
        static_cast<std::int64_t>(block.end - block.begin);
    slot.oracle = 0;
  }
}

}  // namespace bafe
