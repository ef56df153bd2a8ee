#include "bafe/base/log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "bafe/base/trace.h"

namespace bafe {
namespace {

TEST(Log, IsSilentUnlessTheTopicIsAskedFor) {
  unsetenv("BAFE_LOG");
  testing::internal::CaptureStderr();
  log("cache", "hit");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  setenv("BAFE_LOG", "code,cache", 1);
  testing::internal::CaptureStderr();
  log("cache", "hit");
  log("rewrites", "none");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "bafe[cache]: hit\n");
  unsetenv("BAFE_LOG");
}

TEST(Log, TellsMoreTopicsAtHigherDebugLevels) {
  setenv("BAFE_DEBUG", "2", 1);
  EXPECT_TRUE(log_enabled("dispatch"));
  EXPECT_TRUE(log_enabled("recompiles"));
  EXPECT_FALSE(log_enabled("code"));
  setenv("BAFE_DEBUG", "5", 1);
  for (const LogTopic& topic : log_topics()) EXPECT_TRUE(log_enabled(topic.name)) << topic.name;
  unsetenv("BAFE_DEBUG");
  EXPECT_FALSE(log_enabled("dispatch"));
}

TEST(Log, WarnsOnceOfATopicThatDoesNotExist) {
  forget_warnings();
  setenv("BAFE_LOG", "code,chache", 1);
  EXPECT_TRUE(log_enabled("code"));
  EXPECT_FALSE(log_enabled("cache"));
  unsetenv("BAFE_LOG");
  const std::vector<std::string> said = take_warnings();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("\"chache\""), std::string::npos);
  EXPECT_NE(said[0].find("cache, recompiles"), std::string::npos);
}

TEST(Warnings, AreKeptUntilTheHostAsks) {
  forget_warnings();
  warn_once("a", "first");
  warn_once("a", "again");
  warn_once("b", "second");
  EXPECT_EQ(take_warnings(), (std::vector<std::string>{"first", "second"}));
  EXPECT_TRUE(take_warnings().empty());
}

TEST(Warnings, ReachASinkOnceAndNeverThrow) {
  forget_warnings();
  warn_once("early", "kept");
  std::vector<std::string> heard;
  set_warning_sink([&](const std::string& message) {
    heard.push_back(message);
    throw std::runtime_error("the host is strict");
  });
  warn_once("late", "direct");
  warn_once("late", "direct");
  set_warning_sink({});
  EXPECT_EQ(heard, (std::vector<std::string>{"kept", "direct"}));
  forget_warnings();
}

TEST(Trace, RecordsSpansOnlyWhileOn) {
  { TraceSpan ignored("before"); }
  trace_start();
  { TraceSpan outer("outer"); }
  std::vector<TraceEvent> events = trace_stop();
  { TraceSpan ignored("after"); }
  ASSERT_EQ(events.size(), 1u);
  EXPECT_STREQ(events[0].name, "outer");
  EXPECT_GE(events[0].end_ns, events[0].begin_ns);
  EXPECT_NE(trace_json(events).find("\"name\":\"outer\""), std::string::npos);
  EXPECT_TRUE(trace_stop().empty());
}

TEST(Trace, NamesAndThreadsAreWrittenAsJsonStrings) {
  trace_thread_name("first \\ thread");
  trace_start();
  { TraceSpan span(trace_name("relu(\"a\" + b)"), "kernel"); }
  const std::string json = trace_json(trace_stop());
  EXPECT_NE(json.find("relu(\\\"a\\\" + b)"), std::string::npos) << json;
  EXPECT_NE(json.find("\"cat\":\"kernel\""), std::string::npos);
  EXPECT_NE(json.find("thread_name"), std::string::npos);
  EXPECT_NE(json.find("\"dropped_events\":0"), std::string::npos);
  EXPECT_EQ(trace_name("same"), trace_name(std::string("same")));
}

}  // namespace
}  // namespace bafe
