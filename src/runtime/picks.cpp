// In: picked positions. Out: their counts, shapes and flat positions; and a part's arguments.

#include "picks.h"

#include <algorithm>
#include <numeric>

namespace bafe {

std::int64_t count_of(const Picks& picks) {
  std::int64_t count = 1;
  for (const auto& axis : picks) count *= static_cast<std::int64_t>(axis.size());
  return count;
}

std::vector<std::int64_t> all_of(std::int64_t size) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(size));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

Picks whole_of(const Type& type) {
  Picks out;
  for (std::int64_t size : concrete(type.shape)) out.push_back(all_of(size));
  return out;
}

Shape shape_of(const Picks& picks) {
  Shape out;
  for (const auto& axis : picks) out.push_back(Dim(static_cast<std::int64_t>(axis.size())));
  return out;
}

/// Row-major positions in a value of `type`.
std::vector<std::int64_t> flat_positions(const Picks& picks, const Type& type) {
  const std::vector<std::int64_t> strides = row_major_strides(concrete(type.shape));
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(count_of(picks)));
  for_each_pick(picks, [&](std::span<const std::int64_t> at) {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < at.size(); ++i) flat += at[i] * strides[i];
    out.push_back(flat);
  });
  return out;
}

static void gather(const Tensor& from, const std::vector<std::int64_t>& flat, Tensor& out) {
  const std::int64_t width = dtype_bytes(from.type().dtype);
  for (std::size_t i = 0; i < flat.size(); ++i)
    std::copy_n(from.data() + flat[i] * width, width,
                out.data() + static_cast<std::int64_t>(i) * width);
}

std::vector<Tensor> PartProgram::arguments(std::span<const Tensor> inputs,
                                           const ConstantTable& constants) const {
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const PartSource& source = sources[i];
    if (source.kind == PartSource::kValues) {
      out.push_back(source.values);
      continue;
    }
    out.emplace_back(graph.inputs()[i].type);
    gather(source.kind == PartSource::kInput ? inputs[static_cast<std::size_t>(source.input)]
                                             : constants.at(source.digest),
           source.flat, out.back());
  }
  return out;
}

}  // namespace bafe
