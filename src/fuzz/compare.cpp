// In: an executable and arguments. Out: nothing, or one line on the first element that differs by
// more than its allowance. Arguments are stored as the executable asks, beside aligned addresses
// where the case says so.

#include "compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "bafe/ir/rounding.h"
#include "bafe/runtime/error_bound.h"
#include "bafe/runtime/validate.h"

namespace bafe {
namespace {

constexpr std::size_t kGuard = 128;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

bool same_bits(Scalar a, Scalar b) {
  if (a == b) return true;
  return is_float(a.dtype) && std::isnan(a.as_double()) && std::isnan(b.as_double());
}

/// A buffer at `shift` elements behind an aligned address, with guards around.
struct Guarded {
  std::vector<std::byte> bytes;
  std::byte* data = nullptr;
  std::size_t size = 0;
  Guarded(const Type& type, int shift, std::byte filling) {
    size = static_cast<std::size_t>(type_bytes(type));
    const auto beside = static_cast<std::size_t>(shift * dtype_bytes(type.dtype));
    bytes.assign(size + beside + 2 * kGuard + 64, std::byte{0x77});
    auto at = reinterpret_cast<std::uintptr_t>(bytes.data()) + kGuard;
    at = (at + 63) / 64 * 64 + beside;
    data = reinterpret_cast<std::byte*>(at);
    std::memset(data, static_cast<int>(filling), size);
  }
  bool is_intact() const {
    for (const std::byte& b : bytes) {
      const bool is_inside = &b >= data && &b < data + size;
      if (!is_inside && b != std::byte{0x77}) return false;
    }
    return true;
  }
};

std::string difference(std::size_t root, std::int64_t i, Scalar want, Scalar got, double allowed) {
  std::string out = format("result {} element {} ({}): {:.9g} instead of {:.9g}", root, i,
                           dtype_info(want.dtype).name, got.as_double(), want.as_double());
  return allowed > 0 ? out + format(", allowed {:.3g}", allowed) : out;
}

bool is_elementary(Prim prim) {
  switch (prim) {
    case Prim::kPow:
    case Prim::kExp:
    case Prim::kExpm1:
    case Prim::kLog:
    case Prim::kLog1p:
    case Prim::kSin:
    case Prim::kCos:
    case Prim::kTanh:
    case Prim::kSigmoid:
    case Prim::kErf:
    case Prim::kErfc:
    case Prim::kGelu:
    case Prim::kSilu:
      return true;
    default:
      return false;
  }
}

bool has_elementary_part(const Element& tree) {
  if (!tree) return false;
  return is_elementary(tree->prim) ||
         std::any_of(tree->args.begin(), tree->args.end(), has_elementary_part);
}

/// Does the tree round to whole numbers or compare?
bool jumps(const Element& tree) {
  if (!tree) return false;
  switch (tree->prim) {
    case Prim::kFloor:
    case Prim::kCeil:
    case Prim::kRint:
    case Prim::kMod:
    case Prim::kFloorDiv:
    case Prim::kLt:
    case Prim::kLe:
    case Prim::kEq:
      return true;
    default:
      return std::any_of(tree->args.begin(), tree->args.end(), jumps);
  }
}

/// Can a rounding error somewhere become a whole step elsewhere?
bool has_jump(const Graph& graph) {
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    bool of_floats = false;
    for (ValueId operand : node.operands)
      of_floats = of_floats || is_float(graph.type(operand).dtype);
    if (!of_floats) continue;
    if (!is_float(node.type.dtype) || jumps(op_info(node.op).value)) return true;
  }
  return false;
}

void note_values(const Tensor& value, FuzzWanted& out) {
  if (!value.data() || !is_float(value.type().dtype)) return;
  const DType dtype = value.type().dtype;
  if (unit_roundoff(dtype) > unit_roundoff(out.coarsest)) out.coarsest = dtype;
  for (std::int64_t i = 0; i < value.count(); ++i) {
    const double x = std::fabs(value.at(i).as_double());
    if (std::isfinite(x))
      out.largest = std::max(out.largest, x);
    else
      out.is_settled = false;
  }
}

}  // namespace

bool has_elementary(const Graph& graph) {
  for (ValueId id : graph.live()) {
    const Node& node = graph.node(id);
    if (is_float(node.type.dtype) && has_elementary_part(op_info(node.op).value)) return true;
  }
  return false;
}

FuzzWanted want(const FuzzCase& one, const ConstantTable& constants, int set) {
  FuzzWanted out;
  out.inputs = fuzz_inputs(one, set);
  try {
    const std::vector<Tensor> values = evaluate_all(one.graph, out.inputs, constants);
    out.is_settled = true;
    for (const Tensor& value : values) note_values(value, out);
    for (ValueId root : one.graph.roots()) out.results.push_back(values[root.index()]);
  } catch (const Error&) {
    out.fails = true;
  }
  return out;
}

void FuzzAllowance::find() {
  is_found_ = true;
  BoundLimits limits;
  limits.rounds = rounds_;
  written_ = error_bounds(one_.graph, wanted_.inputs, constants_, limits);
  changed_ = error_bounds(chosen_, wanted_.inputs, constants_, limits);
}

/// For programs with routines, which have no bound: they are well conditioned. Where an error can
/// become a jump nothing is said.
double FuzzAllowance::plain() const {
  if (has_jump(one_.graph)) return kInfinite;
  const double unit = unit_roundoff(wanted_.coarsest);
  return std::min(4096 * unit, 0.05) * std::max(wanted_.largest, 1.0) * (rounds_ ? 64 : 1);
}

double FuzzAllowance::of(std::size_t root, std::int64_t i) {
  if (!is_found_) find();
  if (!written_ || !changed_) return plain();
  const double sum = (*written_)[root].at(i).as_double() + (*changed_)[root].at(i).as_double();
  return std::isnan(sum) ? kInfinite : sum;
}

std::optional<std::vector<Tensor>> run_case(const Executable& executable, const FuzzCase& one,
                                            const std::vector<Tensor>& inputs, int threads) {
  const FuzzSettings& s = one.settings;
  std::vector<Guarded> in, out;
  std::vector<void*> in_pointers, out_pointers;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const BufferSpec& spec = executable.inputs()[i];
    in.emplace_back(spec.type, s.shift, std::byte{0});
    store_in_order(spec, inputs[i].data(), in.back().data);
    in_pointers.push_back(in.back().data);
    for (std::size_t k = 0; s.is_aliased && k < i; ++k) {
      const BufferSpec& other = executable.inputs()[k];
      const bool is_same = other.type == spec.type && other.order == spec.order &&
                           std::memcmp(in[k].data, in[i].data, in[i].size) == 0;
      if (is_same) in_pointers.back() = in_pointers[k];
    }
  }
  for (const BufferSpec& spec : executable.outputs()) {
    out.emplace_back(spec.type, s.shift, std::byte{0xa5});
    out_pointers.push_back(out.back().data);
  }
  try {
    executable.run(in_pointers.data(), out_pointers.data(), threads);
  } catch (const ShapeError&) {
    return std::nullopt;
  }
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < out.size(); ++i) {
    BAFE_CHECK(out[i].is_intact(), "a kernel writes inside its results");
    results.emplace_back(executable.outputs()[i].type);
    load_from_order(executable.outputs()[i], out[i].data, results.back().data());
  }
  for (const Guarded& one_in : in)
    BAFE_CHECK(one_in.is_intact(), "a kernel writes nothing beside its arguments");
  return results;
}

std::string differ_in_bits(const std::vector<Tensor>& want, const std::vector<Tensor>& got) {
  for (std::size_t r = 0; r < want.size(); ++r) {
    if (want[r].type() != got[r].type())
      return format("result {} is {} instead of {}", r, got[r].type().text(),
                    want[r].type().text());
    for (std::int64_t i = 0; i < want[r].count(); ++i) {
      const Scalar a = want[r].at(i), b = got[r].at(i);
      if (!same_bits(a, b)) return difference(r, i, a, b, 0);
    }
  }
  return {};
}

std::string differ(const FuzzCase& one, const FuzzWanted& wanted,
                   const std::optional<std::vector<Tensor>>& got, FuzzAllowance& allowance) {
  if (wanted.fails || !got) {
    if (wanted.fails == !got) return {};
    // What a failing operator feeds may be left out by a rule.
    if (wanted.fails) return {};
    return "the compiled program reports an error, the interpreter none";
  }
  if (wanted.results.size() != got->size()) return "another number of results";
  std::string found = differ_in_bits(wanted.results, *got);
  if (found.empty()) return {};
  if (one.settings.math == Math::kBits && !has_elementary(one.graph)) return found;
  for (std::size_t r = 0; r < got->size(); ++r) {
    if (wanted.results[r].type() != (*got)[r].type()) return found;
  }
  if (!wanted.is_settled) return {};  // class `finite` promises nothing here
  for (std::size_t r = 0; r < got->size(); ++r) {
    for (std::int64_t i = 0; i < (*got)[r].count(); ++i) {
      const Scalar a = wanted.results[r].at(i), b = (*got)[r].at(i);
      if (same_bits(a, b)) continue;
      const double allowed = allowance.of(r, i);
      if (std::isinf(allowed)) continue;
      const double gap = std::fabs(a.as_double() - b.as_double());
      if (!(gap <= allowed)) return difference(r, i, a, b, allowed);
    }
  }
  return {};
}

}  // namespace bafe
