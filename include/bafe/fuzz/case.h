#pragma once
/// One random case: a program, how it is compiled and what it is run on. Equal seeds give equal
/// cases in every process; a case is also a text, so that what was found can be kept.
///
///   case    := {"# found: " line} "# fuzz: " setting {" " setting} newline program
///   setting := name "=" word          names as FuzzSettings has them

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/cost/target.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"
#include "bafe/search/optimize.h"

namespace bafe {

/// What the elements of float inputs are.
enum class FuzzValues : std::uint8_t {
  kTame,      ///< in [-3, 3], every fifth a whole number
  kWhole,     ///< whole numbers in [-4, 4]: sums and products are exact
  kPositive,  ///< in [1/4, 4]
  kWide,      ///< of both signs, 1e-3 to 1e3
  kOneHot,    ///< zeros, and a few ones
  kSorted,    ///< ascending
  kSpecial,   ///< tame, with NaN, infinities, both zeros and huge and tiny numbers between
};
inline constexpr int kFuzzValues = 7;

/// How hard the search tries.
enum class FuzzEffort : std::uint8_t { kAsWritten, kGreedy, kLight, kDefault, kStochastic };
inline constexpr int kFuzzEfforts = 5;

struct FuzzSettings {
  int oracle = 1;  ///< 1: interpreter against compiled; 2: cheapest against dearest; 3: any terms
  Math math = Math::kReals;
  FuzzEffort effort = FuzzEffort::kDefault;
  FuzzValues values = FuzzValues::kTame;
  std::uint64_t data = 0;  ///< seed of the inputs and of what the search draws
  int level = 0;           ///< of the C compiler; 2: as calls have it
  int threads = 1;
  Isa isa = Isa::kAvx512;  ///< at most what the machine has
  bool structure = true;
  int shift = 0;            ///< elements that arguments lie beside an aligned address
  bool is_aliased = false;  ///< inputs of one type are one array
};

struct FuzzCase {
  std::uint64_t seed = 0;
  FuzzSettings settings;
  Graph graph;
};

FuzzCase fuzz_case(std::uint64_t seed, int oracle);

std::string fuzz_text(const FuzzCase& one, std::string_view found = {});
/// Errors: ParseError.
FuzzCase fuzz_from_text(std::string_view text, std::string_view file);

/// Arrays of the inputs' types; those that index an axis stay inside it. Each input has a stream of
/// its own, so that the others keep their elements when one is left out.
std::vector<Tensor> fuzz_inputs(const FuzzCase& one, int set);
/// Elements that follow from the digests alone.
ConstantTable fuzz_constants(const Graph& graph);
/// Residues for oracle 3: floats and integers from the whole field, or small (`is_small`), so that
/// their order is that of integers.
std::vector<ZpTensor> fuzz_residues(const FuzzCase& one, int set, bool is_small);

}  // namespace bafe
