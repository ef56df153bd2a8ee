// Kernels with one mistake in their C text, made at random, must not pass validation. A mutant
// counts when it runs and gives other results than the right kernel; those that crash, do not
// compile or change nothing are left out. BAFE_MUTANTS=n tries n a program and prints the figures.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "bafe/base/format.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/lower.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/backend.h"
#include "bafe/runtime/executables.h"
#include "bafe/runtime/samples.h"
#include "bafe/runtime/validate.h"
#include "ir/random_inputs.h"

namespace bafe {
namespace {

const char* const kPrograms[] = {
    "program main(a: f32[37, 53], b: f32[53, 61]) -> f32[37, 61] { return matmul a b }",
    "program main(a: f32[130, 200], b: f32[200, 150], c: f32[150]) -> f32[130, 150] "
    "{ return relu (bias_add (matmul a b) c) }",
    "program main(a: f32[300, 260], b: f32[260, 410]) -> f32[300, 410] { return matmul a b }",
    "program main(a: f32[3, 20, 30], b: f32[3, 30, 17]) -> f32[3, 20, 17] { return matmul a b }",
    "program main(x: f32[33, 129]) -> f32[33, 129] { return softmax x :axes (1) }",
    "program main(x: f32[45, 70]) -> f32[45, 70] { return layer_norm x :axes (1) :eps 0.01:f32 }",
    "program main(x: f32[130, 257]) -> f32[1, 257] { return reduce_sum x :axes (0) }",
    "program main(x: f32[130, 257]) -> f32[130, 1] { return reduce_max x :axes (1) }",
    "program main(x: f32[700, 333], y: f32[700, 333]) -> f32[700, 333] "
    "{ return add (mul x y) (maximum x y) }",
    "program main(x: f32[2100, 1111]) -> f32[1111, 2100] { return transpose (exp x) :perm (1 0) }",
    "program main(x: f32[19, 70]) -> f32[19, 70] { return cumsum x :axis 1 }",
    "program main(x: f64[77, 40]) -> f64[40, 77] { return transpose (square x) :perm (1 0) }",
};

Program plain_program(const Graph& graph) {
  SearchOptions options;
  options.target = host_target();
  return plan_as_written(graph, options);
}

/// Where the kernels begin; what precedes them serves all kernels.
std::size_t kernels_begin(const std::string& text) { return text.find("int bafe_k"); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

struct Edit {
  std::size_t at = 0, length = 0;
  std::string text;
};

/// All single edits of the kinds that code generators get wrong.
std::vector<Edit> edits_of(const std::string& text) {
  std::vector<Edit> out;
  const std::size_t body = text.find('{', kernels_begin(text));
  for (std::size_t i = body + 1; i + 3 < text.size(); ++i) {
    if (is_digit(text[i]) && !is_word(text[i - 1]) && text[i - 1] != '.') {
      std::size_t end = i;
      while (is_digit(text[end])) ++end;
      const bool is_plain = !is_word(text[end]) && text[end] != '.' && end - i < 9;
      if (is_plain) {  // a bound, a stride, a block, an offset
        const long value = std::stol(text.substr(i, end - i));
        out.push_back({i, end - i, std::to_string(value + 1)});
        if (value > 0) out.push_back({i, end - i, std::to_string(value - 1)});
        if (value > 7) out.push_back({i, end - i, std::to_string(value / 2)});
      }
      i = end;
      continue;
    }
    const std::string three = text.substr(i, 3);
    if (three == " < ") out.push_back({i, 3, " <= "});  // one step too many
    if (three == " + ") out.push_back({i, 3, " - "});   // a wrong sign or offset
    if (three == " - ") out.push_back({i, 3, " + "});
    if (three == " * ") out.push_back({i, 3, " + "});
    if (text.substr(i, 4) == " += ") out.push_back({i, 4, " = "});  // no accumulation
    if (text[i] == '\n') {                                          // a statement left out
      const std::size_t end = text.find('\n', i + 1);
      if (end == std::string::npos) break;
      const std::string line = text.substr(i + 1, end - i - 1);
      const bool is_store = line.find("] = ") != std::string::npos ||
                            line.find("] += ") != std::string::npos ||
                            line.find("store") != std::string::npos;
      if (is_store && line.back() == ';') out.push_back({i + 1, end - i - 1, ""});
    }
    if (text[i] == 'p' && is_digit(text[i + 1]) && !is_digit(text[i + 2]) &&
        !is_word(text[i - 1]))  // another buffer
      out.push_back({i, 2, text[i + 1] == '0' ? "p1" : "p0"});
  }
  return out;
}

enum Fate : int { kSame = 10, kCaught = 11, kMissed = 12 };

Tensor drawn(const Type& type, std::uint64_t seed) {
  SampleSource random(seed);
  Tensor out(type);
  draw_elements(type, Floats::kSigned, Integers::kBits, random, out.data());
  return out;
}

std::vector<Tensor> results_of(const Executable& executable, const std::vector<Tensor>& inputs) {
  Buffers in(executable.inputs()), out(executable.outputs());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    store_in_order(executable.inputs()[i], inputs[i].data(), in.pointers[i]);
  for (std::size_t o = 0; o < out.pointers.size(); ++o)
    std::memset(out.pointers[o], 0xcd,
                static_cast<std::size_t>(type_bytes(executable.outputs()[o].type)));
  executable.run(in.pointers.data(), out.pointers.data(), 1);
  std::vector<Tensor> results;
  for (std::size_t o = 0; o < out.pointers.size(); ++o) {
    results.emplace_back(executable.outputs()[o].type);
    load_from_order(executable.outputs()[o], out.pointers[o], results.back().data());
  }
  return results;
}

class Subject {
 public:
  explicit Subject(const std::string& text)
      : graph_(flatten_named(parse_program(text))),
        program_(plain_program(graph_)),
        plan_(build_plan(program_, host_target())) {
    for (const InputInfo& input : graph_.inputs())
      inputs_.push_back(drawn(input.type, 99 + inputs_.size()));
    right_ = results_of(*made(plan_.c_text), inputs_);
  }

  const std::string& text() const { return plan_.c_text; }

  std::string validate_text(const std::string& c_text) const {
    return validated(*made(c_text)).record;
  }

  /// In a process of its own: a mutant may write anywhere.
  int fate_of(const std::string& c_text) const {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      std::_Exit(fate_here(c_text));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }

 private:
  std::shared_ptr<const Executable> made(const std::string& c_text) const {
    const CompileResult compiled = cpu_backend().compile(c_text, CompileLimits::from_options());
    if (compiled.status != CompileStatus::kOk) return nullptr;
    return make_compiled(graph_, plan_, cpu_backend().load(compiled.code), cpu_backend(), {}, 1,
                         {});
  }

  Validation validated(const Executable& executable) const {
    double flops = 0, bytes = 0;
    for (const Step& step : plan_.steps) {
      flops += step.flops;
      bytes += step.bytes;
    }
    ValidationLimits limits;
    limits.rounds = rounds_products(plan_);
    limits.predicted_ns = program_.predicted_ns;
    return validate(graph_, executable, {}, flops, bytes, limits);
  }

  int fate_here(const std::string& c_text) const {
    try {
      const auto executable = made(c_text);
      if (!executable) return 1;
      const std::vector<Tensor> got = results_of(*executable, inputs_);
      bool changes = false;
      for (std::size_t o = 0; o < got.size(); ++o) {
        for (std::int64_t i = 0; i < got[o].count() && !changes; ++i) {
          const double a = right_[o].at(i).as_double(), b = got[o].at(i).as_double();
          changes = !(std::fabs(a - b) <= 1e-4 * (1 + std::fabs(a)));
        }
      }
      if (!changes) return kSame;
      return validated(*executable).passed ? kMissed : kCaught;
    } catch (...) {
      return 1;
    }
  }

  Graph graph_;
  Program program_;
  Plan plan_;
  std::vector<Tensor> inputs_, right_;
};

TEST(Mutants, OfGeneratedKernelsAreCaught) {
  const char* wish = std::getenv("BAFE_MUTANTS");
  const int tries = wish ? std::atoi(wish) : 3;
  const char* first = std::getenv("BAFE_MUTANTS_SEED");
  int caught = 0, missed = 0, same = 0, broken = 0, number = 0;
  for (const char* text : kPrograms) {
    const Subject subject(text);
    const std::vector<Edit> edits = edits_of(subject.text());
    ASSERT_FALSE(edits.empty()) << text;
    Random random(static_cast<std::uint64_t>(++number + 100 * (first ? std::atoi(first) : 0)));
    if (wish) std::printf("%s\n  %s\n", text, subject.validate_text(subject.text()).c_str());
    for (int t = 0; t < tries; ++t) {
      const Edit& edit = random.pick(edits);
      std::string mutant = subject.text();
      mutant.replace(edit.at, edit.length, edit.text);
      const int fate = subject.fate_of(mutant);
      caught += fate == kCaught;
      same += fate == kSame;
      broken += fate != kCaught && fate != kMissed && fate != kSame;
      if (fate != kMissed) continue;
      ++missed;
      const std::size_t line = subject.text().rfind('\n', edit.at) + 1;
      ADD_FAILURE() << text << "\n"
                    << subject.text().substr(line, subject.text().find('\n', edit.at) - line)
                    << "\n  column " << edit.at - line << " -> '" << edit.text << "'";
    }
  }
  if (wish)
    std::printf("mutants: %d caught, %d missed, %d change nothing, %d do not run\n", caught, missed,
                same, broken);
  EXPECT_GT(caught, 0);
}

}  // namespace
}  // namespace bafe
