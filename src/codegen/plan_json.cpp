// Comes in: a plan, or text that claims to be one. Goes out: versioned JSON, or the plan.
// Invariant: a plan that was read names only slots and constants that exist, with sizes and arena
// places that fit; everything else is a ParseError.
//
//   plan := {"nested": [plan], "bafe_plan": 1, "abi": 1, "slots": [slot], "constants": [{"digest",
//   "bytes"}], "setup": [step],
//            "steps": [step], "arena_bytes", "inputs", "outputs", "predicted_ns", "c_text"}
//   slot := {"kind": 0..3, "index", "dtype", "shape": [int], "order": [int], "bytes",
//   "arena_offset"} step := {"kind": 0..5, "symbol", "label", "slots": [int], "sizes": [int],
//   "units", "scratch_bytes",
//            "predicted_ns", "flops", "bytes"}

#include <algorithm>
#include <cmath>

#include "bafe/base/error.h"
#include "bafe/codegen/plan.h"
#include "bafe/ir/json_library.h"

namespace bafe {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

[[noreturn]] void reject(const std::string& fact) {
  throw ParseError({}, "plan", fact).fix("delete the file; it is made again");
}

Json slot_json(const Slot& s) {
  return {{"kind", static_cast<int>(s.kind)},
          {"index", s.index},
          {"dtype", std::string(dtype_info(s.type.dtype).name)},
          {"shape", concrete(s.type.shape)},
          {"order", s.order},
          {"bytes", s.bytes},
          {"arena_offset", s.arena_offset}};
}

Json step_json(const Step& s) {
  std::vector<std::uint32_t> slots;
  for (SlotId id : s.slots) slots.push_back(id.index());
  return {{"kind", static_cast<int>(s.kind)},
          {"symbol", s.symbol},
          {"label", s.label},
          {"slots", slots},
          {"sizes", s.sizes},
          {"units", s.units},
          {"scratch_bytes", s.scratch_bytes},
          {"predicted_ns", s.predicted_ns},
          {"flops", s.flops},
          {"bytes", s.bytes}};
}

std::int64_t count_at(const Json& j, const char* key) {
  auto value = j.at(key).get<std::int64_t>();
  if (value < 0) reject(std::string("\"") + key + "\" is negative");
  return value;
}

template <class Enum>
Enum enum_at(const Json& j, const char* key, int count) {
  std::int64_t value = count_at(j, key);
  if (value >= count) reject(std::string("\"") + key + "\" is not a known kind");
  return static_cast<Enum>(value);
}

/// Null where the number was not finite.
double real_at(const Json& j, const char* key) {
  const Json& value = j.at(key);
  return value.is_null() ? std::nan("") : value.get<double>();
}

Slot read_slot(const Json& j) {
  Slot s;
  s.kind = enum_at<SlotKind>(j, "kind", 4);
  s.index = static_cast<int>(count_at(j, "index"));
  auto dtype = dtype_from_text(j.at("dtype").get<std::string>());
  if (!dtype) reject("a slot has an unknown dtype");
  s.type.dtype = *dtype;
  for (auto size : j.at("shape").get<std::vector<std::int64_t>>()) {
    if (size < 0) reject("a slot has a negative size");
    s.type.shape.push_back(Dim(size));
  }
  s.order = j.at("order").get<std::vector<int>>();
  std::vector<int> sorted = s.order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i)) reject("a slot's order is not a permutation");
  }
  if (s.order.size() != s.type.shape.size()) reject("a slot's order does not fit its rank");
  s.bytes = count_at(j, "bytes");
  if (s.bytes < type_bytes(s.type)) reject("a slot is smaller than its type");
  s.arena_offset = count_at(j, "arena_offset");
  return s;
}

Step read_step(const Json& j, std::size_t slots) {
  Step s;
  s.kind = enum_at<StepKind>(j, "kind", 6);
  s.symbol = j.at("symbol").get<std::string>();
  s.label = j.at("label").get<std::string>();
  for (auto id : j.at("slots").get<std::vector<std::uint32_t>>()) {
    if (id >= slots) reject("a step names a slot that does not exist");
    s.slots.push_back(SlotId(id));
  }
  s.sizes = j.at("sizes").get<std::vector<std::int64_t>>();
  s.units = count_at(j, "units");
  s.scratch_bytes = count_at(j, "scratch_bytes");
  s.predicted_ns = real_at(j, "predicted_ns");
  s.flops = real_at(j, "flops");
  s.bytes = real_at(j, "bytes");
  return s;
}

void check_places(const Plan& plan) {
  for (const Slot& s : plan.slots) {
    std::int64_t limit = s.kind == SlotKind::kInput ? plan.inputs
                         : s.kind == SlotKind::kOutput
                             ? plan.outputs
                             : static_cast<std::int64_t>(plan.constants.size());
    if (s.kind != SlotKind::kArena && s.index >= limit) reject("a slot's index does not exist");
    if (s.kind == SlotKind::kArena &&
        (s.arena_offset % 64 != 0 || s.arena_offset > plan.arena_bytes ||
         s.bytes > plan.arena_bytes - s.arena_offset)) {
      reject("an arena slot lies outside the arena");
    }
    if (s.kind == SlotKind::kConstant &&
        plan.constants[static_cast<std::size_t>(s.index)].bytes < s.bytes) {
      reject("a constant is smaller than its slot");
    }
  }
}

constexpr int kMostNested = 64;  // bodies inside bodies

Plan read_plan(const Json& j, int depth = 0) {
  if (depth > kMostNested) reject("bodies are nested too deep");
  if (j.at("bafe_plan").get<int>() != 1) reject("the version is not 1");
  if (j.at("abi").get<int>() != kKernelAbiVersion) reject("the kernel ABI is another");
  Plan plan;
  for (const Json& s : j.at("slots")) plan.slots.push_back(read_slot(s));
  for (const Json& c : j.at("constants")) {
    plan.constants.push_back({c.at("digest").get<std::string>(), count_at(c, "bytes")});
  }
  for (const Json& s : j.at("setup")) plan.setup.push_back(read_step(s, plan.slots.size()));
  for (const Json& s : j.at("steps")) plan.steps.push_back(read_step(s, plan.slots.size()));
  plan.arena_bytes = count_at(j, "arena_bytes");
  plan.inputs = static_cast<int>(count_at(j, "inputs"));
  plan.outputs = static_cast<int>(count_at(j, "outputs"));
  plan.predicted_ns = real_at(j, "predicted_ns");
  for (const Json& body : j.at("nested")) plan.nested.push_back(read_plan(body, depth + 1));
  plan.c_text = j.at("c_text").get<std::string>();
  check_places(plan);
  return plan;
}

Json plan_json(const Plan& plan) {
  BAFE_CHECK(plan.bodies.empty(), "prebuilt plans are made where they run");
  Json j = {
      {"bafe_plan", 1},         {"abi", kKernelAbiVersion}, {"arena_bytes", plan.arena_bytes},
      {"inputs", plan.inputs},  {"outputs", plan.outputs},  {"predicted_ns", plan.predicted_ns},
      {"c_text", plan.c_text},  {"slots", Json::array()},   {"constants", Json::array()},
      {"setup", Json::array()}, {"steps", Json::array()},   {"nested", Json::array()}};
  for (const Slot& s : plan.slots) j["slots"].push_back(slot_json(s));
  for (const PlanConstant& c : plan.constants)
    j["constants"].push_back({{"digest", c.digest}, {"bytes", c.bytes}});
  for (const Step& s : plan.setup) j["setup"].push_back(step_json(s));
  for (const Step& s : plan.steps) j["steps"].push_back(step_json(s));
  for (const Plan& body : plan.nested) j["nested"].push_back(plan_json(body));
  return j;
}

}  // namespace

std::string Plan::to_json() const { return plan_json(*this).dump(); }

Plan Plan::from_json(const std::string& text) {
  if (text.size() > kMostBytes) reject("the text is longer than 64 MiB");
  try {
    return read_plan(Json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    reject(std::string("not a plan: ") + e.what());
  }
}

}  // namespace bafe
