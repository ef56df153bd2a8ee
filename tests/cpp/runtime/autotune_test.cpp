#include "bafe/runtime/autotune.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <system_error>
#include <thread>

#include "bafe/base/error.h"
#include "bafe/base/trace.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/store.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

void spin(double us) {
  std::int64_t end_ns = now_ns() + static_cast<std::int64_t>(us * 1e3);
  while (now_ns() < end_ns) {
  }
}

/// A program on n x n matrices that takes about n microseconds.
AutotuneCall call_of(int n) {
  AutotuneCall call;
  call.key = "f/" + std::to_string(n);
  call.graph_hash = static_cast<std::uint64_t>(n);
  double flops = 2.0 * n * n * n, bytes = 12.0 * n * n;
  call.features = {2, 1, 1, 0, std::log(flops + 1), std::log(bytes + 1), 1, 0};
  call.predicted_ms = n / 1000.0;
  call.run = [n] { spin(n); };
  return call;
}

TEST(Autotune, WritesOneRecordACallAfterWarmUp) {
  Autotune tuner;
  tuner.configure({10, 0.25, 1, 3});
  std::vector<std::int64_t> refit_sizes;
  for (int i = 0; i < 50; ++i) {
    std::int64_t before = tuner.stats().total_refits;
    tuner.call(call_of(16 + 28 * (i % 5)));
    if (tuner.stats().total_refits > before) refit_sizes.push_back(tuner.stats().log_size);
  }
  EXPECT_EQ(tuner.stats().total_calls, 50);
  EXPECT_EQ(tuner.stats().log_size, 45);
  EXPECT_EQ(refit_sizes, (std::vector<std::int64_t>{10, 20, 30, 40}));
  EXPECT_TRUE(tuner.model().valid);
  EXPECT_EQ(tuner.model().n_samples, 40);
  EXPECT_GE(tuner.stats().last_refit_r_squared,
            0.5);  // the machine is shared; exact fits are tested in cost
  EXPECT_LE(tuner.stats().last_refit_r_squared, 1.0);
}

TEST(Autotune, StaysFiniteAtOneShape) {
  Autotune tuner;
  tuner.configure({10, 0.25, 1, 3});
  for (int i = 0; i < 50; ++i) tuner.call(call_of(16));
  EXPECT_EQ(tuner.stats().log_size, 49);
  EXPECT_TRUE(std::isfinite(tuner.stats().last_refit_r_squared));
  EXPECT_TRUE(std::isfinite(tuner.model().predict_ms(call_of(16).features)));
}

TEST(Autotune, RepeatsShortRunsInsideASample) {
  Autotune tuner;
  tuner.configure({100, 0.25, 0, 2});
  int runs = 0;
  AutotuneCall call = call_of(16);
  call.run = [&] {
    ++runs;
    spin(1);
  };
  tuner.call(call);
  EXPECT_GE(runs, 4);
  EXPECT_NEAR(tuner.log().at(0).observed_ms, 0.001, 0.05);
}

TEST(Autotune, InvalidatesAKernelOnceARefitDisagreesWithItsPrice) {
  Autotune tuner;
  tuner.configure({4, 0.25, 0, 1});
  AutotuneCall call = call_of(50);
  call.predicted_ms = 10;  // 200 times too slow
  int dropped = 0;
  for (int i = 0; i < 4; ++i) dropped += tuner.call(call);
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(tuner.stats().total_invalidations, 1);
  EXPECT_FALSE(tuner.call(call));  // no new knowledge since
}

TEST(Autotune, DumpsOneLineARecord) {
  TemporaryFolder folder;
  Autotune tuner;
  tuner.configure({10, 0.25, 0, 1});
  tuner.call(call_of(16));
  tuner.call(call_of(44));
  EXPECT_EQ(tuner.dump_log(folder.file("log.jsonl")), 2);
  std::string text = read_file(folder.file("log.jsonl"));
  for (const char* key : {"\"graph_hash\": 44", "\"features\": [2, 1, 1, 0, ",
                          "\"predicted_cost\": ", "\"observed_runtime\": ", "\"observed_ms\": "}) {
    EXPECT_NE(text.find(key), std::string::npos) << key << "\n" << text;
  }
  EXPECT_THROW(tuner.dump_log(folder.file("missing/log.jsonl")), std::system_error);
}

TEST(Autotune, WritesWhatItMeasuredToTheProfileStore) {
  ProfileStore store("");
  Autotune tuner(&store);
  tuner.configure({4, 0.25, 0, 1});
  for (int i = 0; i < 7; ++i) tuner.call(call_of(i % 2 == 0 ? 16 : 44));
  EXPECT_EQ(store.size(), 2);
  std::string machine = machine_name(host_target(), 1);
  std::vector<TimingRow> rows = store.timings("0000000000000010", machine);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].samples, 2);
  EXPECT_GT(rows[0].median_ns, 10'000);
}

TEST(Autotune, LeavesNoRecordOfWhatIsInterpreted) {
  Autotune tuner;
  tuner.configure({10, 0.25, 0, 3});
  AutotuneCall call = call_of(16);
  call.is_compiled = false;
  int runs = 0;
  call.run = [&] { ++runs; };
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(tuner.call(call));
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(tuner.stats().total_calls, 3);
  EXPECT_EQ(tuner.stats().log_size, 0);
}

TEST(Autotune, RemembersHowLongRealCallsTook) {
  Autotune tuner;
  tuner.configure({100, 0.25, 2, 2});
  AutotuneCall call = call_of(16);
  tuner.call(call);
  EXPECT_EQ(tuner.call_ns(16), 0) << "a first call is no measure";
  call.run = [&] { spin(50); };
  for (int i = 0; i < 3; ++i) tuner.call(call);
  EXPECT_GE(tuner.call_ns(16), 50'000);
  EXPECT_EQ(tuner.call_ns(44), 0);
  tuner.reset();
  EXPECT_EQ(tuner.call_ns(16), 0);
}

TEST(Autotune, ForgetsAllButItsConfiguration) {
  Autotune tuner;
  tuner.configure({1, 0.25, 0, 1});
  tuner.call(call_of(16));
  tuner.note_compile();
  tuner.reset();
  EXPECT_EQ(tuner.stats().total_calls + tuner.stats().log_size + tuner.stats().total_compiles, 0);
  EXPECT_FALSE(tuner.model().valid);
  EXPECT_EQ(tuner.config().refit_threshold, 1);
}

TEST(Autotune, RejectsNumbersOutOfRange) {
  Autotune tuner;
  EXPECT_THROW(tuner.configure({0, 0.25, 2, 5}), ShapeError);
  EXPECT_THROW(tuner.configure({20, -1, 2, 5}), ShapeError);
  EXPECT_THROW(tuner.configure({20, 0.25, -1, 5}), ShapeError);
  EXPECT_THROW(tuner.configure({20, 0.25, 2, 0}), ShapeError);
}

}  // namespace
}  // namespace bafe
