// Zero regions of call arguments: found when a signature is first seen, guarded at every call
// after. In: a traced program and the arrays of its inputs. Out: claims (band or blocks), the
// program that relies on them, and the record that tests them.

#include "record.h"

#include "bafe/base/format.h"
#include "bafe/base/thread_pool.h"
#include "bafe/ir/impose.h"
#include "bafe/rules/rule_set.h"
#include "bafe/runtime/band_scan.h"
#include "bafe/runtime/calibrate.h"
#include "bindings.h"

namespace bafe::python {
namespace {

constexpr std::int64_t kSmallestMatrix = 96;  // below, a scan costs what it saves

constexpr std::int64_t kMostBlocks = 16;  // each is a product of its own

// input, below, above, size of blocks (0: none)
using Claim = std::tuple<int, std::int32_t, std::int32_t, std::int64_t>;

std::optional<MatrixView> view_of(PyObject* object) {
  if (!PyArray_CheckExact(object)) return std::nullopt;
  auto* array = reinterpret_cast<PyArrayObject*>(object);
  if (PyArray_NDIM(array) != 2 || !PyArray_ISBEHAVED_RO(array)) return std::nullopt;
  const int type = PyArray_TYPE(array);
  if (type != NPY_FLOAT && type != NPY_DOUBLE) return std::nullopt;
  return MatrixView{PyArray_DATA(array),      type == NPY_FLOAT ? DType::kF32 : DType::kF64,
                    PyArray_DIM(array, 0),    PyArray_DIM(array, 1),
                    PyArray_STRIDE(array, 0), PyArray_STRIDE(array, 1)};
}

Structure band_of(const Claim& claim) {
  Structure band;
  band.below = std::get<1>(claim);
  band.above = std::get<2>(claim);
  return band;
}

/// Size of the diagonal blocks that leave less to compute than the band; 0 when none do.
std::int64_t blocks_inside(const MatrixView& view, const Structure& band) {
  const bool is_wide = band.below > 0 && band.above > 0 && band.below < Structure::kUnbounded &&
                       band.above < Structure::kUnbounded;
  const std::int64_t size = is_wide ? find_blocks(view) : 0;
  const bool is_few = size > 0 && view.rows <= size * kMostBlocks;
  return is_few && size < std::int64_t{band.below} + band.above + 1 ? size : 0;
}

/// [(claim, what it is called, predicted ns of its guard)] of the inputs that products read.
py::list find_bands(const TracedProgram& program, const py::list& arrays) {
  const Machine machine = current_machine(host_target(), 1);
  py::list out;
  for (int input : product_inputs(program.graph, kSmallestMatrix)) {
    if (static_cast<std::size_t>(input) >= arrays.size()) continue;
    const py::object array = arrays[static_cast<std::size_t>(input)];
    const auto view = view_of(array.ptr());
    if (!view) continue;
    const Structure band = find_band(*view);
    if (!band.limits(view->rows, view->cols)) continue;
    const std::int64_t block = blocks_inside(*view, band);
    out.append(block > 0 ? py::make_tuple(Claim{input, band.below, band.above, block},
                                          format("block_diagonal({})", block),
                                          block_scan_ns(machine, *view, block))
                         : py::make_tuple(Claim{input, band.below, band.above, 0}, band.text(),
                                          band_scan_ns(machine, *view, band)));
  }
  return out;
}

std::shared_ptr<TracedProgram> with_bands(const TracedProgram& program,
                                          const std::vector<Claim>& claims) {
  std::vector<InputBand> bands;
  for (const Claim& claim : claims)
    bands.push_back({std::get<0>(claim), band_of(claim), std::get<3>(claim)});
  auto out = std::make_shared<TracedProgram>();
  out->graph = with_input_bands(program.graph, bands);
  out->constants = program.constants;
  return out;
}

/// Puts guards before a record that nobody calls yet.
void guard_bands(Record& record, const std::vector<Claim>& claims, std::shared_ptr<Record> dense) {
  const int leaves = static_cast<int>(record.leaves.size());
  for (const Claim& claim : claims) {
    const int input = std::get<0>(claim);
    record.bands.push_back({input >= leaves, input < leaves ? input : input - leaves,
                            band_of(claim), std::get<3>(claim)});
  }
  record.dense = std::move(dense);
}

}  // namespace

bool Record::bands_hold(PyObject* const* args) const {
  for (const BandGuard& guard : bands) {
    const auto index = static_cast<std::size_t>(guard.index);
    PyObject* array = guard.is_hidden ? hidden[index].current() : args[index];
    const auto view = array ? view_of(array) : std::nullopt;
    if (!view) return false;
    const bool holds =
        guard.block > 0 ? holds_blocks(*view, guard.block) : holds_band(*view, guard.band);
    if (!holds) return false;
  }
  return true;
}

void bind_structure(py::module_& module) {
  module.def("use_rewrites", [](EngineOptions& options, bool yes) {
    options.rules = yes ? nullptr : std::make_shared<const RuleSet>();
  });
  module.def("use_structure", [](EngineOptions& options, bool yes) { options.structure = yes; });
  module.def("limit_error_growth", [](EngineOptions& options, std::optional<double> most) {
    options.max_error_growth = most;
  });
  module.def("uses_structure", [](const EngineOptions& options) { return options.structure; });
  module.def("find_bands", &find_bands);
  module.def("with_bands", &with_bands);
  module.def("guard_bands", &guard_bands);
}

}  // namespace bafe::python
