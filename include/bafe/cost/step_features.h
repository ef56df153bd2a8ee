#pragma once
/// A kernel as numbers: what the residual models learn from, and the row that a profile store keeps
/// of one measured kernel.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/cost/cost_model.h"

namespace bafe {

/// How a product's register tiles differ from those that the code generator takes by itself;
/// all zero: they do not.
struct CutChange {
  double log_rows = 0, log_columns = 0;  ///< tile sizes, as ratios to the usual ones
  double log_depth = 0;                  ///< length of a K block, likewise
  double waste = 0;                      ///< ln of computed over wanted results, likewise
  double packs = 0;                      ///< operands packed more than usual
};

/// What a group of a program is priced and learned as.
struct StepFacts {
  std::string family;            ///< "product f32", "row", … : each has a model of its own
  std::vector<double> features;  ///< by step_feature_names(), every one finite
};

/// Names of the features, in order; their number is part of what a stored row means.
const std::vector<std::string_view>& step_feature_names();

/// `cost` as RooflineModel::group_cost() gave it for this group on `machine`.
StepFacts step_facts(const Program& program, const Group& group, const GroupCost& cost,
                     const Machine& machine, const CutChange& cut = {});

/// One kernel that ran.
struct StepSample {
  std::string family;
  std::vector<double> features;
  double predicted_ns = 0;  ///< by the roofline
  double measured_ns = 0;
  bool warm = true;  ///< its data lay in the caches where they fit

  /// Can a model learn from it? Positive finite times, as many finite features as there are names.
  bool is_sound() const;
  /// One line: {"family": "row", "features": […], "predicted_ns": 1, "measured_ns": 2, "warm":
  /// true}.
  std::string to_json() const;
  /// Errors: ParseError when damaged.
  static StepSample from_json(const std::string& text);
  friend bool operator==(const StepSample&, const StepSample&) = default;
};

}  // namespace bafe
