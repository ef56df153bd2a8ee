#pragma once
/// Memory that a campaign and its workers share, and the work they divide.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "bafe/fuzz/campaign.h"

namespace bafe {

/// Cases of one oracle with consecutive seeds.
struct FuzzBlock {
  int oracle = 1;
  std::uint64_t begin = 0, end = 0;
};

/// The k-th block of a campaign.
FuzzBlock fuzz_block(const CampaignLimits& limits, std::uint64_t k);

struct FuzzSlot {  ///< one worker's
  std::atomic<int> oracle{0};
  std::atomic<std::uint64_t> begin{0}, end{0}, seed{0};
  std::atomic<std::int64_t> since_ns{0}, cpu_ns{0};  ///< when the stage began, by both clocks
  std::atomic<const char*> stage{nullptr};  ///< a literal: equal in all processes of one program
  std::array<std::atomic<std::int64_t>, 4> cases{};
  std::array<std::atomic<std::int64_t>, 512> operators{};
  std::array<std::atomic<std::int64_t>, 16> dtypes{};
  std::array<std::atomic<std::int64_t>, 2048> rules{};  ///< by place in the built-in set
};

struct FuzzBoard {
  static constexpr int kMostWorkers = 16;
  static constexpr int kMostAgain = 4096;
  std::atomic<std::uint64_t> next{0}, last{0};
  std::atomic<bool> stops{false};
  std::array<FuzzBlock, kMostAgain> again{};  ///< parts of blocks whose worker died
  std::atomic<int> again_count{0}, again_taken{0};
  std::array<FuzzSlot, kMostWorkers> slots{};
};

/// Does blocks until none is left; writes findings to `pipe`, one line each.
void run_worker(FuzzBoard& board, int slot, const CampaignLimits& limits, int pipe);
std::int64_t fuzz_clock_ns();
/// Processor time of this process, or of another one; 0 when it has ended.
std::int64_t fuzz_cpu_ns(int pid = 0);

}  // namespace bafe
