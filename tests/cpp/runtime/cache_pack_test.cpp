#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>
#include <system_error>

#include "bafe/base/error.h"
#include "bafe/base/log.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine_key.h"
#include "runtime/temporary_folder.h"

namespace bafe {
namespace {

CacheEntry entry_of(int size, const Target& target = host_target()) {
  CacheEntry entry;
  Graph graph = parse_program("program main(x: f32[" + std::to_string(size) + "]) -> f32[" +
                              std::to_string(size) + "] { return add x x }");
  entry.premises = cache_premises(graph, {}, 1, target, "c");
  entry.traced = std::to_string(size);
  entry.code = std::string(200, '\x7f');
  return entry;
}

Digest key_of(const CacheEntry& entry) { return sha256(entry.premises); }

class CachePack : public testing::Test {
 protected:
  void SetUp() override {
    forget_warnings();
    for (int size = 1; size <= 3; ++size) here->store(key_of(entry_of(size)), entry_of(size));
  }
  static std::unique_ptr<KernelCache> open(const std::string& folder) {
    return std::make_unique<KernelCache>(folder, 1 << 20);
  }
  std::string header() { return std::string("BAFEPACK\1\0\0\0", 12); }
  static std::string packed(const std::string& bytes) {
    std::string out(8, '\0');
    for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(bytes.size() >> (8 * i));
    return out + bytes;
  }
  KernelCache::Imported import_bytes(const std::string& bytes) {
    write_file(folder.file("given"), bytes);
    return there->import_from(folder.file("given"));
  }

  TemporaryFolder folder;
  std::unique_ptr<KernelCache> here = open(folder.file("here")), there = open(folder.file("there"));
  std::string pack = folder.file("pack");
};

TEST_F(CachePack, CarriesEntriesFromOneFolderToAnother) {
  EXPECT_EQ(here->export_to(pack), 3);
  KernelCache::Imported counts = there->import_from(pack);
  EXPECT_EQ(counts.added, 3);
  EXPECT_EQ(counts.known + counts.other_build + counts.refused, 0);
  auto fresh = open(folder.file("there"));
  CacheEntry wanted = entry_of(2);
  auto entry = fresh->load(key_of(wanted), wanted.premises);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->traced, "2");
  EXPECT_EQ(fresh->verify().good, 3);
  EXPECT_EQ(there->import_from(pack).known, 3);
}

TEST_F(CachePack, CarriesEntriesBetweenCachesInMemory) {
  auto from = open(""), to = open("");
  from->store(key_of(entry_of(1)), entry_of(1));
  EXPECT_EQ(from->export_to(pack), 1);
  EXPECT_EQ(to->import_from(pack).added, 1);
  EXPECT_TRUE(to->load(key_of(entry_of(1))));
}

TEST_F(CachePack, CanHoldTheEntriesOfOneMachineOnly) {
  Target other = host_target();
  other.avx512_bf16 = !other.avx512_bf16;
  CacheEntry foreign = entry_of(4, other);
  here->store(key_of(foreign), foreign);
  EXPECT_EQ(here->export_to(pack), 4);
  EXPECT_EQ(here->export_to(pack, host_target().text()), 3);
  EXPECT_EQ(here->export_to(pack, other.text()), 1);
}

TEST_F(CachePack, LeavesDamagedEntriesOut) {
  write_file(folder.file("here/" + key_of(entry_of(1)).hex() + ".bafe"), "damaged");
  EXPECT_EQ(here->export_to(pack), 2);
}

TEST_F(CachePack, IsPrivateAndWhole) {
  here->export_to(pack);
  struct stat info;
  ASSERT_EQ(stat(pack.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::size_t files = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder.path())) {
    files += item.is_regular_file();
  }
  EXPECT_EQ(files, 1u);
  EXPECT_THROW(here->export_to(folder.file("missing/pack")), std::system_error);
}

TEST_F(CachePack, RefusesEntriesThatAreNotWhatTheySay) {
  CacheEntry entry = entry_of(7);
  std::string other_key = encode_entry(key_of(entry_of(8)), entry);  // key and premises differ
  CacheEntry no_premises = entry;
  no_premises.premises = "anything";
  std::string foreign = encode_entry(key_of(no_premises), no_premises);
  CacheEntry other_build = entry;
  std::string& premises = other_build.premises;
  premises.replace(premises.find(build_identity()), 5, "9.9.9");
  std::string newer = encode_entry(key_of(other_build), other_build);
  KernelCache::Imported counts =
      import_bytes(header() + packed(other_key) + packed(foreign) + packed("") + packed(newer) +
                   packed(encode_entry(key_of(entry), entry)));
  EXPECT_EQ(counts.refused, 3);
  EXPECT_EQ(counts.other_build, 1);
  EXPECT_EQ(counts.added, 1);
  EXPECT_EQ(there->info().entries, 1);
}

TEST_F(CachePack, BelievesNoLength) {
  std::string huge = header() + std::string(7, '\xff');
  EXPECT_EQ(import_bytes(huge + "\x7f").refused, 1);
  EXPECT_EQ(import_bytes(huge).refused, 1);
  EXPECT_EQ(import_bytes(header() + std::string("\0\0\0\x0f\0\0\0\0", 8) + "x").refused, 1);
  EXPECT_EQ(import_bytes(header()).refused, 0);
}

TEST_F(CachePack, RefusesOtherFiles) {
  EXPECT_THROW(import_bytes(""), ParseError);
  EXPECT_THROW(import_bytes("#!/bin/sh\necho hello\n"), ParseError);
  EXPECT_THROW(import_bytes(std::string("BAFEPACK\2\0\0\0", 12)), ParseError);
  EXPECT_THROW(there->import_from(folder.path()), std::system_error);
  EXPECT_THROW(there->import_from(folder.file("missing")), std::system_error);
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_THROW(there->import_from(folder.file("pipe")), std::system_error);
}

TEST_F(CachePack, SurvivesEveryTruncationAndAnyFlippedBits) {
  here->export_to(pack);
  const std::string whole = read_file(pack);
  std::mt19937 random(20261121);
  for (int i = 0; i < 400; ++i) {
    std::string bytes = whole;
    if (i % 2 == 0) {
      bytes.resize(12 + random() % (whole.size() - 12));
    } else {
      bytes[12 + random() % (whole.size() - 12)] ^= static_cast<char>(1 << random() % 8);
    }
    there->clear();
    KernelCache::Imported counts = import_bytes(bytes);
    EXPECT_LE(counts.added, i % 2 == 0 ? 3 : 2) << i;
    EXPECT_EQ(there->verify().removed, 0) << i;
    for (int size = 1; size <= 3; ++size) {
      CacheEntry wanted = entry_of(size);
      auto entry = open(folder.file("there"))->load(key_of(wanted), wanted.premises);
      EXPECT_TRUE(!entry || entry->traced == wanted.traced) << i;
    }
  }
}

}  // namespace
}  // namespace bafe
