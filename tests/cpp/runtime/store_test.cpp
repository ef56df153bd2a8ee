#include "bafe/runtime/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <tuple>

#include "bafe/base/error.h"
#include "bafe/base/log.h"
#include "bafe/runtime/calibrate.h"
#include "bafe/runtime/database.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

TEST(ProfileStore, KeepsTimingsBestFirst) {
  TemporaryFolder folder;
  {
    ProfileStore store(folder.file("profile.sqlite"));
    EXPECT_TRUE(store.add({"p", "slow", "m", 200, 5}));
    EXPECT_TRUE(store.add({"p", "fast", "m", 100, 5}));
    EXPECT_TRUE(store.add({"p", "slow", "m", 150, 7}));
    EXPECT_TRUE(store.add({"q", "other", "m", 1, 1}));
  }
  ProfileStore again(folder.file("profile.sqlite"));
  std::vector<TimingRow> rows = again.timings("p", "m");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].configuration, "fast");
  EXPECT_EQ(rows[1].median_ns, 150);
  EXPECT_EQ(rows[1].samples, 7);
  EXPECT_TRUE(again.timings("p", "another machine").empty());
  EXPECT_EQ(again.size(), 3);
  again.clear();
  EXPECT_EQ(again.size(), 0);
}

TEST(ProfileStore, SetsADamagedFileAside) {
  TemporaryFolder folder;
  std::string path = folder.file("profile.sqlite");
  write_file(path, std::string(4096, 'x'));
  ProfileStore store(path);
  EXPECT_TRUE(store.add({"p", "c", "m", 1, 1}));
  EXPECT_EQ(store.size(), 1);
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
}

TEST(ProfileStore, SetsAFileOfAnotherVersionAsideWithOneWarning) {
  TemporaryFolder folder;
  const std::string path = folder.file("profile.sqlite");
  DatabaseSchema old{1, "CREATE TABLE timing(program TEXT);", "SELECT program FROM timing", "it"};
  {
    Database before(path, old);
    std::lock_guard lock(before.mutex());
    ASSERT_NE(before.open(), nullptr);
  }
  take_warnings();
  forget_warnings();
  ProfileStore store(path), second(path);
  EXPECT_TRUE(store.add({"p", "c", "m", 1, 1}));
  EXPECT_EQ(second.size(), 1);
  const std::vector<std::string> warnings = take_warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("is of version 1, not 2"), std::string::npos) << warnings[0];
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
}

TEST(ProfileStore, BeginsAnewWhenItIsDamagedWhileOpen) {
  TemporaryFolder folder;
  const std::string path = folder.file("profile.sqlite");
  ProfileStore store(path);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store.add({"p", "c" + std::to_string(i), "m", 1, 1}));
  const std::string whole = read_file(path);
  std::filesystem::remove(path + "-wal");
  write_file(path, std::string(whole.size() + 4096, 'x'));
  for (int i = 0; i < 3; ++i) store.size(), store.add({"p", "later", "m", 1, 1});
  ProfileStore again(path);
  EXPECT_TRUE(again.add({"p", "last", "m", 1, 1}));
  EXPECT_GE(again.size(), 1);
}

TEST(ProfileStore, JoinsSessionsByTheirSamples) {
  ProfileStore store("");
  TimingRow row{"p", "c", "m", 100, 3};
  for (auto [session, ns, samples] :
       {std::tuple{"a", 100.0, 3}, {"b", 200.0, 10}, {"c", 300.0, 4}}) {
    row.session = session;
    row.median_ns = ns;
    row.samples = samples;
    store.add(row);
  }
  row.state = "cold";
  store.add(row);
  const std::vector<TimingRow> rows = store.timings("p", "m");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].samples, 17);
  EXPECT_EQ(rows[0].median_ns, 200);
  EXPECT_EQ(rows[1].state, "cold");
}

TEST(ProfileStore, KeepsStepsForTheCostModel) {
  ProfileStore store("");
  std::vector<StepRow> rows(2);
  for (int i = 0; i < 2; ++i) {
    rows[static_cast<std::size_t>(i)] = {"p", "c",    "m", i,      50.0 + i,
                                         5,   "cold", 40,  "gemm", "[1, 2]"};
  }
  EXPECT_TRUE(store.add(rows));
  const std::vector<StepRow> found = store.steps("m");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].median_ns, 51);
  EXPECT_EQ(found[1].features, "[1, 2]");
  EXPECT_EQ(found[1].family, "gemm");
  EXPECT_EQ(found[1].state, "cold");
  EXPECT_TRUE(store.steps("another").empty());
  EXPECT_EQ(store.steps().size(), 2u);
}

TEST(ProfileStore, MergesFilesInAnyOrderAndAsOftenAsAsked) {
  TemporaryFolder folder;
  const std::string a = folder.file("a"), b = folder.file("b");
  {
    ProfileStore one(a), two(b);
    one.add({"p", "c", "m", 100, 5, "warm", 0, "", "first"});
    one.add({"p", "c", "m", 110, 9, "warm", 0, "", "both"});
    two.add({"p", "c", "m", 120, 12, "warm", 0, "", "both"});  // the same session, later
    two.add({"p", "c", "other machine", 7, 1, "warm", 0, "", "second"});
    two.add(std::vector<StepRow>{{"p", "c", "m", 0, 50, 5, "warm", 40, "gemm", "[1]", "second"}});
    two.set_machine("m", "{}");
  }
  ProfileStore ab(""), ba("");
  for (int times = 0; times < 2; ++times) ab.merge_from(a), ab.merge_from(b);
  EXPECT_EQ(ba.merge_from(b).timings, 2);
  EXPECT_EQ(ba.merge_from(a).timings, 1) << "of the session that both have, b is the newer";
  EXPECT_EQ(ba.merge_from(a).timings, 0);
  for (ProfileStore* merged : {&ab, &ba}) {
    EXPECT_EQ(merged->size(), 3);
    const std::vector<TimingRow> rows = merged->timings("p", "m");
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].samples, 17);
    EXPECT_EQ(rows[0].median_ns, 120);
    EXPECT_EQ(merged->timings("p", "other machine").size(), 1u);
    EXPECT_EQ(merged->steps().size(), 1u);
    EXPECT_EQ(merged->machine("m"), "{}");
  }
}

TEST(ProfileStore, RefusesToMergeWhatIsNoStore) {
  TemporaryFolder folder;
  ProfileStore store("");
  EXPECT_THROW(store.merge_from(folder.file("missing")), ParseError);
  write_file(folder.file("text"), std::string(5000, 'x'));
  EXPECT_THROW(store.merge_from(folder.file("text")), ParseError);
  EXPECT_EQ(read_file(folder.file("text")).size(), 5000u) << "what is merged is never changed";
}

TEST(ProfileStore, KeepsEveryRowOfManyProcessesThatWriteAtOnce) {
  TemporaryFolder folder;
  const std::string path = folder.file("profile.sqlite");
  constexpr int kProcesses = 16, kRows = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    if (child == 0) {
      ProfileStore store(path);
      bool is_good = true;
      for (int i = 0; i < kRows; ++i) {
        const std::string name = std::to_string(p) + "/" + std::to_string(i);
        is_good = store.add({"p", name, "m", 1.0 + i, 1}) && is_good;
      }
      _exit(is_good ? 0 : 1);
    }
    children.push_back(child);
  }
  int failed = 0;
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    failed += !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(ProfileStore(path).size(), kProcesses * kRows);
}

TEST(ProfileStore, IsSetAsideOnceThoughManyProcessesFindItDamaged) {
  TemporaryFolder folder;
  const std::string path = folder.file("profile.sqlite");
  write_file(path, std::string(4096, 'x'));
  constexpr int kProcesses = 12;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    if (child == 0) _exit(ProfileStore(path).add({"p", std::to_string(p), "m", 1, 1}) ? 0 : 1);
    children.push_back(child);
  }
  int failed = 0;
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    failed += !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(ProfileStore(path).size(), kProcesses);
  EXPECT_EQ(read_file(path + ".damaged"), std::string(4096, 'x'));
}

TEST(ProfileStore, HoldsNothingWhereItCannotBeOpened) {
  ProfileStore store("/nonexistent/folder/profile.sqlite");
  EXPECT_FALSE(store.add({"p", "c", "m", 1, 1}));
  EXPECT_TRUE(store.timings("p", "m").empty());
  EXPECT_EQ(store.machine("m"), std::nullopt);
}

TEST(ProfileStore, LivesInMemoryWithoutAPath) {
  ProfileStore store("");
  EXPECT_TRUE(store.set_machine("m", "{}"));
  EXPECT_EQ(store.machine("m"), "{}");
}

TEST(ProfileStore, IsSharedByProcesses) {
  TemporaryFolder folder;
  ProfileStore store(folder.file("profile.sqlite"));
  ASSERT_TRUE(store.add({"p", "parent", "m", 1, 1}));
  pid_t child = fork();
  if (child == 0) _exit(store.add({"p", "child", "m", 2, 1}) && store.size() == 2 ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(store.size(), 2);
}

TEST(Calibrate, MeasuresOnceAndBecomesCurrent) {
  TemporaryFolder folder;
  ScopedVariable dir("BAFE_CACHE_DIR", folder.file("cache"));
  EXPECT_EQ(current_machine(host_target(), 3).id, Machine::reference(host_target(), 3).id);
  Machine measured = calibrate(host_target(), 3);
  EXPECT_NE(measured.id, Machine::reference(host_target(), 3).id);
  EXPECT_GT(measured.fma_gflops_f32, 0.1);
  EXPECT_GT(measured.memory_gbs, 0.1);
  EXPECT_GE(measured.l1_gbs, measured.l2_gbs);
  EXPECT_GT(measured.compile_ms, 1);
  EXPECT_EQ(current_machine(host_target(), 3).to_json(), measured.to_json());
  EXPECT_EQ(calibrate(host_target(), 3).to_json(), measured.to_json());  // from the store
}

}  // namespace
}  // namespace bafe
