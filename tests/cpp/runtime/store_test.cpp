#include "bafe/runtime/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bafe/runtime/calibrate.h"
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
