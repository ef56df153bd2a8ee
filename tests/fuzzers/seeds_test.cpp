// What our writers give for some small objects: where the fuzzers begin. BAFE_UPDATE_GOLDEN=1
// writes the files; a form that changed is still an input, so they are not compared.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bafe/base/digest.h"
#include "bafe/codegen/plan.h"
#include "bafe/codegen/sized_text.h"
#include "bafe/cost/cost_model.h"
#include "bafe/cost/step_features.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine.h"
#include "bafe/runtime/fields.h"
#include "bafe/search/egraph_json.h"
#include "bafe/search/optimize.h"

namespace bafe::fuzz {
namespace {

constexpr const char* kDense =
    "program main(x: f32[n, 3], w: f32[3, 4] @col, b: f32[4]) -> f32[n, 4] {"
    " let y = add (matmul x w) (broadcast_to (expand_dims b :axes (0)) :shape (n 4));"
    " return relu y }";
constexpr const char* kParts =
    "program main(x: i16[2, 6], s: f64[] weak) -> f32[2, 1], i16[6, 2] {"
    " return reduce_max (cast (slice x :start (0 4) :size (2 4) :step (1 -1)) :dtype f32) :axes "
    "(1),"
    " transpose (add x (broadcast_to (reshape 3:i16 :shape (1 1)) :shape (2 6))) :perm (1 0) }";

constexpr const char* kRegroup = R"((for-each ?op (mul maximum)
  (rule regroup-of-?op (?op (?op ?a ?b) ?c) <=> (?op ?a (?op ?b ?c))
    :types (?a [B.. m]) :class reals :set explosive :when (is-float ?a) :why "shorter")))";

constexpr const char* kChain =
    "program main(a: f32[64, 64], b: f32[64, 64], v: f32[64, 1]) -> f32[64, 1]"
    " { return matmul (matmul a b) v }";
constexpr const char* kSums =
    "program main(x: f32[8, 4], y: f32[8, 4]) -> f32[1, 8] {"
    " return reduce_sum (transpose (add x y) :perm (1 0)) :axes (0) }";

struct Seed {
  std::string target, name, bytes;
};

std::string pack_of(const std::string& entry) {
  FieldWriter out;
  out.raw("BAFEPACK").number(std::uint32_t{1}).text(entry);
  return out.take();
}

std::vector<Seed> seeds() {
  std::vector<Seed> out;
  Graph dense = parse_program(kDense), parts = parse_program(kParts);
  out.push_back({"program_text", "dense", print_program(dense)});
  out.push_back({"program_text", "parts", print_program(parts)});
  out.push_back({"program_json", "dense", program_to_json(dense)});
  out.push_back({"program_json", "parts", program_to_json(parts)});

  out.push_back({"rule_text", "regroup", kRegroup});

  out.push_back({"rule_lock", "two",
                 "bafe-rules-lock 1\nprover 1\noperators 0123456789abcdef0123456789abcdef\n"
                 "solvers z3 4.8.12\n; of all\n"
                 "a-rule 00112233445566778899aabbccddeeff proven normal-form 3\n"
                 "b-rule 00112233445566778899aabbccddeeff tested - 12\n"});
  Graph chain = parse_program(kChain);
  out.push_back({"certificate", "chain", optimize(chain, {}).certificate});
  out.push_back({"certificate", "sums", optimize(parse_program(kSums), {}).certificate});

  Plan plan;
  plan.slots.resize(2);
  plan.steps.resize(1);
  plan.steps[0].symbol = "k0";
  plan.steps[0].slots = {SlotId(0), SlotId(1)};
  plan.steps[0].sizes = {3, -4};
  plan.inputs = plan.outputs = 1;
  StepSample sample{"row", {1, 0.5}, 10, 20, true};
  out.push_back({"stored_json", "plan", "p" + plan.to_json()});
  out.push_back({"stored_json", "machine", "m" + Machine{}.to_json()});
  out.push_back({"stored_json", "sample", "s" + sample.to_json()});
  Graph square = parse_program("program main(x: f32[3]) -> f32[3] { return mul x x }");
  out.push_back({"stored_json", "egraph", "e" + egraph_to_json(egraph_of_search(square, {}))});

  CacheEntry entry;
  entry.premises = FieldWriter().text("premises").text("build").text("target").take();
  entry.plan = plan.to_json();
  entry.code = "\x7f";
  const std::string whole = encode_entry(sha256(entry.premises), entry);
  out.push_back({"cache_entry", "whole", whole});
  out.push_back({"cache_entry", "without_hash", whole.substr(0, whole.size() - 32)});
  out.push_back({"cache_entry", "pack", pack_of(whole)});

  int number = 0;
  for (const char* text :
       {"n1.5:f32", "n#7fc00000:f32", "d2*n + -3*n*m + 1", "s(a [b 1.5] \"c\" ?d)",
        "l\x03order(0 2 1)", "e\x09ij,jk->ik", "e\x0c...ii->i"}) {
    out.push_back({"small_text", std::string("text_") + std::to_string(number++), text});
  }
  const NumberedText kernel = take_numbers("static int f(long n) { return n * 12 + 0x1.8p3; }");
  out.push_back({"small_text", "kernel", "kint f(void) { return 12 + 0x1.8p3; }"});
  out.push_back({"small_text", "kernel_marked", "k" + SizedText(kernel).to_text()});
  return out;
}

TEST(FuzzerSeeds, AreFiles) {
  const char* update = std::getenv("BAFE_UPDATE_GOLDEN");
  for (const Seed& seed : seeds()) {
    auto path = std::filesystem::path(BAFE_TEST_SOURCE_DIR) / "tests/golden/fuzzers" / seed.target /
                ("seed_" + seed.name);
    if (update != nullptr && std::string(update) == "1") {
      std::filesystem::create_directories(path.parent_path());
      std::ofstream(path, std::ios::binary) << seed.bytes;
    }
    EXPECT_TRUE(std::filesystem::exists(path)) << path << ": BAFE_UPDATE_GOLDEN=1 writes it";
  }
}

}  // namespace
}  // namespace bafe::fuzz
