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

}  // namespace
}  // namespace bafe
