#pragma once
/// Kernels of one group while they are lowered. Private to src/codegen.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/codegen/nest.h"
#include "bafe/codegen/pull.h"

namespace bafe {

inline constexpr std::int64_t kUnitElements = 16384;  ///< a unit of pointwise work: 64 KiB of f32

inline constexpr int kTilePitch = 32;  ///< elements of a row of a private square tile

/// A slot of a step: a stored value of the program or a temporary of the group.
struct SlotUse {
  ValueId value;  ///< invalid: temporary
  int temporary = -1;
  std::int64_t temporary_bytes = 0;
  bool is_written = false;
};

/// What lowering knows about the whole program.
struct LowerScope {
  const Program& program;
  const Target& target;
  LowerOptions options;
  std::set<ValueId> stored;                    ///< values with a buffer
  std::map<ValueId, std::vector<int>> orders;  ///< their axis orders
  std::map<ValueId, ValueId> places;           ///< stored values that lie where another one does
  std::vector<std::int64_t> strides(ValueId id) const;
  std::vector<std::int64_t> strides(ValueId id, const std::vector<int>& order) const;
};

/// One nest and the buffers it names.
class KernelDraft {
 public:
  explicit KernelDraft(const LowerScope& scope) : scope(scope) {}
  /// Buffer of a stored value that is read.
  const Source* read(ValueId id);
  /// Buffer of an output.
  int write(ValueId id);
  int temporary(int number, std::int64_t bytes, DType dtype, bool is_written);

  const LowerScope& scope;
  Nest nest;
  std::vector<SlotUse> slots;

 private:
  int add(SlotUse use, DType dtype);
  std::map<ValueId, Source> sources_;
};

/// One store at the end of a nest.
struct StoreSite {
  int buffer = -1;
  Ex index, value;
};

/// A lowered part before loops are chosen: its variables in storage order, slowest first.
struct Domain {
  std::shared_ptr<ExprPool> pool;
  std::vector<int> vars;
  std::vector<StoreSite> stores;
  std::map<std::uint32_t, ValueId> reductions;  ///< kReduce nodes by id
  std::vector<Ex> roots() const;
  bool has_reductions() const;
  void substitute(const ExprPool::Binding& binding);
  void replace(const ExprPool::NodeMap& nodes);
  /// Merges neighbours of `vars` (and of every list in `also`) that all indices treat as one.
  void collapse(std::vector<std::vector<int>>& also);
  bool can_merge(int slow, int fast) const;
};

/// Outcome of lowering: kernels, or values that need a buffer first.
struct Lowered {
  std::vector<KernelDraft> kernels;
  std::set<ValueId> needs_buffer;
  bool ok() const { return needs_buffer.empty(); }
};

/// Outputs of equal shape and order in one kernel (or, for large reductions, two).
Lowered lower_outputs(const LowerScope& scope, const std::vector<ValueId>& outputs);
/// A copy of one value, stored or not, into a buffer of its own in `order`.
Lowered lower_copy(const LowerScope& scope, ValueId value, const std::vector<int>& order);
/// Loops of a domain without reductions; private tiles are added to `nest`.
NestPart pointwise_part(Domain domain, Nest& nest, const Target& target);
/// Adds the parts of a domain with reductions.
void lower_rows(Domain domain, Lowered& lowered, KernelDraft draft);
Lowered lower_scan(const LowerScope& scope, ValueId output);

/// The arrays of a kernel together exceed the caches.
bool exceeds_caches(const KernelDraft& draft);
/// Where nest.streams: a vector loop in strips that are written around the caches.
Stmt streamed(ExprPool& pool, Nest& nest, Stmt loop);

Stmt store_stmt(const StoreSite& store);
Stmt loop_stmt(ExprPool& pool, int var, LoopKind kind, std::vector<Stmt> body);

}  // namespace bafe
