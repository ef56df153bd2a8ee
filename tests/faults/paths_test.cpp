// Every system call of the paths that write, load, evict and compile fails once with each error,
// and is once the last one of its process.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>

#include "bafe/base/error.h"
#include "bafe/base/log.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine_key.h"
#include "bafe/runtime/store.h"
#include "faults/harness.h"

namespace bafe {
namespace {

class Faults : public testing::Test {
 protected:
  void SetUp() override {
    if (!fault_is_possible()) GTEST_SKIP() << "processes cannot be traced here";
    bench = std::make_unique<FaultBench>();
  }
  std::unique_ptr<KernelCache> open(std::int64_t most_bytes = 1 << 30) {
    return std::make_unique<KernelCache>(bench->cache(), most_bytes);
  }
  std::unique_ptr<FaultBench> bench;
};

/// Eight entries of 10 kB; entry i is right when it is absent or says i.
struct Eight {
  static Digest key(int i) { return sha256("entry " + std::to_string(i)); }
  static CacheEntry entry(int i) {
    CacheEntry out;
    out.traced = std::to_string(i);
    out.code = std::string(10'000, static_cast<char>('a' + i));
    return out;
  }
  static Ending check(KernelCache& cache, int i) {
    auto found = cache.load(key(i));
    bool is_right = !found || (found->traced == entry(i).traced && found->code == entry(i).code);
    return is_right ? Ending::kRight : Ending::kWrong;
  }
  static Ending check_all(KernelCache& cache) {
    for (int i = 0; i < 8; ++i) {
      if (check(cache, i) != Ending::kRight) return Ending::kWrong;
    }
    return Ending::kRight;
  }
};

TEST_F(Faults, OfACompiledColdCallGiveRightNumbersOrAReason) {
  FaultPath path;
  path.name = "cold call, compiled";
  path.before = [&] { bench->empty_folders(); };
  path.run = [&] { return bench->call(Tier::kCompiled); };
  path.after = [&] { return bench->works(); };
  path.may_refuse = true;
  FaultCount count = bench->enumerate(path);
  EXPECT_GT(count.calls, 50);
}

TEST_F(Faults, OfAColdCallGiveRightNumbers) {
  FaultPath path;
  path.name = "cold call, and what follows behind it";
  path.before = [&] { bench->empty_folders(); };
  path.run = [&] { return bench->call_and_wait(); };
  path.stride = 3;
  path.after = [&] { return bench->works(); };
  FaultCount count = bench->enumerate(path);
  EXPECT_GT(count.calls, 50);
}

TEST_F(Faults, OfAHitGiveRightNumbers) {
  FaultPath path;
  path.name = "hit";
  path.before = [&] {
    bench->empty_folders();
    pid_t child = fork();
    if (child == 0) _exit(static_cast<int>(bench->call(Tier::kCompiled)));
    waitpid(child, nullptr, 0);
  };
  path.run = [&] { return bench->call(Tier::kAuto); };
  path.after = [&] { return bench->works(); };
  FaultCount count = bench->enumerate(path);
  EXPECT_GT(count.calls, 10);
}

TEST_F(Faults, OfAnEvictionLoseEntriesAtMost) {
  FaultPath path;
  path.name = "evict";
  path.before = [&] {
    bench->empty_folders();
    auto cache = open();
    for (int i = 0; i < 6; ++i) cache->store(Eight::key(i), Eight::entry(i));
  };
  path.run = [&] {
    auto cache = open(35'000);
    cache->store(Eight::key(6), Eight::entry(6));
    cache->store(Eight::key(7), Eight::entry(7));
    return Eight::check_all(*cache);
  };
  path.after = [&] {
    auto cache = open(35'000);
    cache->store(Eight::key(7), Eight::entry(7));
    return Eight::check_all(*cache) == Ending::kRight && cache->load(Eight::key(7)) &&
           cache->info().bytes <= 46'000;
  };
  bench->enumerate(path);
}

TEST_F(Faults, OfVerifyAndClearLoseEntriesAtMost) {
  FaultPath path;
  path.name = "verify and clear";
  path.before = [&] {
    bench->empty_folders();
    auto cache = open();
    for (int i = 0; i < 3; ++i) cache->store(Eight::key(i), Eight::entry(i));
    write_file(bench->cache() + "/" + Eight::key(1).hex() + ".bafe", "damaged");
  };
  path.run = [&] {
    auto cache = open();
    cache->verify();
    cache->info();
    Ending ending = Eight::check_all(*cache);
    cache->clear();
    return ending;
  };
  path.after = [&] {
    auto cache = open();
    cache->store(Eight::key(5), Eight::entry(5));
    return Eight::check_all(*cache) == Ending::kRight && open()->load(Eight::key(5));
  };
  bench->enumerate(path);
}

/// Entries as programs have them: only those can be carried elsewhere.
struct Carried {
  static CacheEntry entry(int i) {
    Graph graph = parse_program("program main(x: f32[" + std::to_string(i + 1) + "]) -> f32[" +
                                std::to_string(i + 1) + "] { return add x x }");
    CacheEntry out = Eight::entry(i);
    out.premises = cache_premises(graph, {}, 1, host_target(), "c");
    return out;
  }
  static Digest key(int i) { return sha256(entry(i).premises); }
  static void store(KernelCache& cache) {
    for (int i = 0; i < 3; ++i) cache.store(key(i), entry(i));
  }
  static Ending check(KernelCache& cache) {
    for (int i = 0; i < 3; ++i) {
      auto found = cache.load(key(i));
      if (found && found->code != entry(i).code) return Ending::kWrong;
    }
    return Ending::kRight;
  }
};

TEST_F(Faults, OfExportAndImportLoseEntriesAtMost) {
  FaultPath path;
  path.name = "export and import";
  auto pack = [&] { return bench->root() + "/pack"; };
  path.before = [&] {
    bench->empty_folders();
    Carried::store(*open());
  };
  path.run = [&] {
    try {
      auto cache = open();
      cache->export_to(pack());
      cache->clear();
      cache->import_from(pack());
      return Carried::check(*cache);
    } catch (const std::system_error&) {
      return Ending::kRefused;
    } catch (const Error&) {
      return Ending::kRefused;
    }
  };
  path.after = [&] {
    auto cache = open();
    if (Carried::check(*cache) != Ending::kRight) return false;
    Carried::store(*cache);
    if (cache->export_to(pack()) != 3) return false;
    cache->clear();
    return cache->import_from(pack()).added == 3 && Carried::check(*cache) == Ending::kRight;
  };
  path.may_refuse = true;
  path.stride = 2;
  bench->enumerate(path);
}

TEST_F(Faults, OfTheProfileStoreLoseRowsAtMost) {
  FaultPath path;
  path.name = "profile store";
  path.waits = true;
  path.stride = 2;
  auto name = [&] { return bench->cache() + "/profile.sqlite"; };
  path.before = [&] {
    bench->empty_folders();
    std::filesystem::create_directory(bench->cache());
    ProfileStore store(name());
    store.add({"p", "before", "m", 5, 1});
  };
  path.run = [&] {
    ProfileStore store(name());
    store.add({"p", "during", "m", 7, 1});
    for (const TimingRow& row : store.timings("p", "m")) {
      bool is_right = (row.configuration == "before" && row.median_ns == 5) ||
                      (row.configuration == "during" && row.median_ns == 7);
      if (!is_right) return Ending::kWrong;
    }
    return Ending::kRight;
  };
  path.after = [&] {
    ProfileStore store(name());
    if (!store.add({"p", "after", "m", 9, 1})) return false;
    auto rows = store.timings("p", "m");
    return rows.size() >= 1 && rows.back().configuration == "after";
  };
  bench->enumerate(path);
}

}  // namespace
}  // namespace bafe
