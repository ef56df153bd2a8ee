#include "bafe/base/trace.h"

#include <gtest/gtest.h>

namespace bafe {
namespace {

void make_spans(int count) {
  for (int i = 0; i < count; ++i) TraceSpan span("one");
}

TEST(Trace, KeepsNoMoreEventsThanAskedForAndSaysHowManyWereDropped) {
  trace_start(3);
  make_spans(5);
  const std::string told = trace_json(trace_events());
  EXPECT_NE(told.find("\"dropped_events\":2"), std::string::npos);
  EXPECT_EQ(trace_stop().size(), 3u);
}

TEST(Trace, EventsMayBeReadWhileTheyAreTaken) {
  trace_start();
  make_spans(2);
  EXPECT_EQ(trace_events().size(), 2u);
  make_spans(1);
  EXPECT_EQ(trace_stop().size(), 3u);
  EXPECT_FALSE(trace_is_on());
}

TEST(Trace, ANewTraceForgetsTheOneBefore) {
  trace_start(1);
  make_spans(4);
  trace_stop();
  trace_start();
  EXPECT_TRUE(trace_events().empty());
  make_spans(2);
  const std::string told = trace_json(trace_events());
  EXPECT_NE(told.find("\"dropped_events\":0"), std::string::npos);
  EXPECT_EQ(trace_stop().size(), 2u);
}

}  // namespace
}  // namespace bafe
