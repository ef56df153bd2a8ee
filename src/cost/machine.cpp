// The machine as numbers and as JSON. JSON is one flat object: {"bafe_machine": 1, "id": "…",
// "<field>": number, …}. Invariant: from_json(to_json(m)) equals m; unknown fields are ignored,
// missing ones keep their default.

#include <cmath>
#include <cstdlib>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/cost/cost_model.h"

namespace bafe {
namespace {

struct DoubleField {
  const char* name;
  double Machine::*field;
  bool may_be_zero = false;
};
constexpr DoubleField kDoubles[] = {{"fma_gflops_f32", &Machine::fma_gflops_f32},
                                    {"fma_gflops_f64", &Machine::fma_gflops_f64},
                                    {"scalar_gops", &Machine::scalar_gops},
                                    {"l1_gbs", &Machine::l1_gbs},
                                    {"l2_gbs", &Machine::l2_gbs},
                                    {"l3_gbs", &Machine::l3_gbs},
                                    {"memory_gbs", &Machine::memory_gbs},
                                    {"step_ns", &Machine::step_ns},
                                    {"barrier_ns", &Machine::barrier_ns},
                                    {"call_ns", &Machine::call_ns},
                                    {"compile_ms", &Machine::compile_ms},
                                    {"bf16_gflops", &Machine::bf16_gflops, true},
                                    {"amx_gflops", &Machine::amx_gflops, true},
                                    {"f32_pairs_gflops", &Machine::f32_pairs_gflops, true}};
struct IntField {
  const char* name;
  std::int64_t Machine::*field;
};
constexpr IntField kInts[] = {{"l1_bytes", &Machine::l1_bytes},
                              {"l2_bytes", &Machine::l2_bytes},
                              {"l3_bytes", &Machine::l3_bytes},
                              {"vector_bytes", &Machine::vector_bytes}};

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

[[noreturn]] void damaged(const std::string& fact) {
  throw ParseError({}, "machine model", fact).fix("delete the file; it is measured again");
}

struct Reader {
  const std::string& text;
  std::size_t at = 0;

  void skip() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t')) ++at;
  }
  bool accept(char c) {
    skip();
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) damaged(format("'{}' is missing at byte {}", c, at));
  }
  std::string string() {
    expect('"');
    std::string result;
    while (at < text.size() && text[at] != '"') {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      result += text[at++];
    }
    expect('"');
    return result;
  }
  double number(const std::string& name) {
    skip();
    const char* begin = text.c_str() + at;
    char* end = nullptr;
    double value = std::strtod(begin, &end);
    if (end == begin || !std::isfinite(value) || value < 0) damaged("'" + name + "' is no number");
    at += static_cast<std::size_t>(end - begin);
    return value;
  }
};

void set_field(Machine& machine, const std::string& name, double value) {
  for (const DoubleField& row : kDoubles) {
    if (name != row.name) continue;
    if (value <= 0 && !row.may_be_zero) damaged("'" + name + "' must be above zero");
    machine.*row.field = value;
  }
  for (const IntField& row : kInts) {
    if (name == row.name) machine.*row.field = static_cast<std::int64_t>(std::min(value, 1e15));
  }
  if (name == "threads") machine.threads = static_cast<int>(std::min(std::max(value, 1.0), 4096.0));
}

}  // namespace

Machine Machine::reference(const Target& target, int threads) {
  Machine machine;
  static const char* const kNames[] = {"plain", "avx2", "avx512"};
  static constexpr double kGflops[] = {12, 80, 170};
  int isa = static_cast<int>(target.isa);
  machine.id = format("reference-{}", kNames[isa]);
  machine.vector_bytes = target.vector_bytes();
  machine.fma_gflops_f32 = kGflops[isa];
  machine.fma_gflops_f64 = kGflops[isa] / 2;
  // What tiles reach is known from one machine; vectors of bf16 double the FMA rate on some.
  if (target.amx) machine.amx_gflops = 2400;
  if (target.avx512_bf16) machine.bf16_gflops = 1.3 * machine.fma_gflops_f32;
  machine.threads = threads < 1 ? 1 : threads;
  return machine;
}

std::string Machine::to_json() const {
  std::string text = format("{{\"bafe_machine\": 1, \"id\": {}", quoted(id));
  for (const DoubleField& row : kDoubles)
    text += format(", \"{}\": {}", row.name, this->*row.field);
  for (const IntField& row : kInts) text += format(", \"{}\": {}", row.name, this->*row.field);
  return text + format(", \"threads\": {}}}", threads);
}

Machine Machine::from_json(const std::string& text) {
  Reader in{text};
  Machine machine;
  bool versioned = false;
  in.expect('{');
  while (!in.accept('}')) {
    std::string name = in.string();
    in.expect(':');
    if (name == "id") {
      machine.id = in.string();
    } else {
      double value = in.number(name);
      if (name == "bafe_machine") versioned = value == 1;
      set_field(machine, name, value);
    }
    in.skip();
    if (!in.accept(',') && (in.at >= text.size() || text[in.at] != '}'))
      damaged("',' or '}' is missing");
  }
  if (!versioned) damaged("'bafe_machine': 1 is missing");
  return machine;
}

}  // namespace bafe
