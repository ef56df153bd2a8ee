#pragma once
/// The vocabulary of prebuilt kernels as C text. Private to the program bafe-prebuild
/// (src/codegen/prebuild_*.cpp), which runs when BAFE is built, once an ISA level.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bafe/codegen/nest.h"
#include "bafe/cost/target.h"

namespace bafe {

/// One row of the generated table (prebuilt_table.h).
struct PrebuildEntry {
  std::string key;
  std::string symbol;
  std::int64_t elements = 1;       ///< of one unit
  std::int64_t scratch_bytes = 0;  ///< before the stack of partial sums, if there is one
  std::int64_t level_bytes = 0;    ///< of one level of that stack
};

/// Collects kernels; equal order of calls gives equal text.
class Prebuild {
 public:
  explicit Prebuild(const Target& target) : target_(target) {}
  const Target& target() const { return target_; }
  std::string next_symbol() { return "bafe_prebuilt_k" + std::to_string(entries_.size()); }
  /// Takes a nest whose symbol is next_symbol().
  void add(const Nest& nest, PrebuildEntry entry);
  void add_text(const std::string& text, PrebuildEntry entry);
  /// The whole translation unit; the table is called `table`.
  std::string text(const std::string& table) const;

 private:
  Target target_;
  std::set<std::string> math_;
  std::string kernels_;
  std::vector<PrebuildEntry> entries_;
};

/// Every pointwise operator of the table on the dtypes that have kernels.
void prebuild_pointwise(Prebuild& out);
/// Sums, products and extremes, along rows and along columns.
void prebuild_reductions(Prebuild& out);
/// Register tiles of products, squares of transposes.
void prebuild_products(Prebuild& out);

/// Element types that have prebuilt kernels; the others are interpreted.
std::vector<DType> prebuilt_dtypes();

}  // namespace bafe
