#pragma once
/// Attributes and further operands for an operator, by the names and kinds of its fields. Proposals
/// need not fit: the operator's type rule decides.

#include <span>
#include <string>
#include <vector>

#include "bafe/ir/op.h"
#include "pool.h"

namespace bafe {

class Proposer {
 public:
  explicit Proposer(ValuePool& pool) : pool_(pool), chance_(pool.chance) {}
  /// A value of every field, drawn together: the lists of one slice or window fit each other.
  Attrs attrs(std::span<const AttrField> fields, std::span<const Type> operands);
  /// A type that an operand beside `first` might have.
  Type related(const Type& first, int which);
  List permutation(int rank);
  List subset(int rank);

 private:
  AttrValue attr(const AttrField& field, const Type& first);
  struct AxisPart {  ///< of one axis: a slice, a window, a margin
    std::int64_t start = 0, size = 0, step = 1, window = 1, stride = 1, dilation = 1, low = 0,
                 high = 0;
  };
  AxisPart part_of(std::int64_t size);
  List shape_like(const Type& first);
  List list_of(const std::string& name, const Type& first, int result_rank);
  List parts(const std::string& name, const Type& first);

  ValuePool& pool_;
  Chance& chance_;
  List axes_;                    ///< of this operator, once drawn
  std::vector<AxisPart> parts_;  ///< by axis
};

}  // namespace bafe
