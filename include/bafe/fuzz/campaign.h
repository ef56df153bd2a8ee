#pragma once
/// Many cases in worker processes. A worker that crashes or hangs is a finding about the case it
/// was at; the others of its block are done again by its successor.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bafe/fuzz/oracle.h"

namespace bafe {

struct CampaignLimits {
  std::uint64_t first_seed = 0;
  int oracle = 0;           ///< 0: all three in turn
  double seconds = 60;      ///< no new block is begun after it
  std::int64_t cases = -1;  ///< most of them; -1: as time allows
  int workers = 2;
  double hang_seconds = 60;  ///< of processor time for one stage of one case
};

/// What a campaign has done so far.
struct CampaignState {
  double seconds = 0;
  std::array<std::int64_t, 4> cases{};                           ///< by oracle
  std::vector<std::pair<int, Finding>> findings;                 ///< with the oracle
  std::map<std::string, std::int64_t> operators, dtypes, rules;  ///< values made, steps taken
  std::int64_t total() const { return cases[1] + cases[2] + cases[3]; }
};

/// `report` is called about ten times a second, and once at the end; false ends the campaign.
CampaignState run_campaign(const CampaignLimits& limits,
                           const std::function<bool(const CampaignState&)>& report);

/// The case in a process of its own: a crash is a finding too, and so is more processor time than
/// `seconds`.
Finding check_apart(const FuzzCase& one, double seconds, const FuzzCheck& check = {});

/// Random terms of one e-graph that oracle 3 compares.
inline constexpr int kFuzzTerms = 32;

}  // namespace bafe
