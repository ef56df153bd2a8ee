#include "bafe/cost/schedule.h"

#include <gtest/gtest.h>

#include "bafe/base/error.h"

namespace bafe {
namespace {

TEST(LayoutText, NamesRowColAndOtherOrders) {
  EXPECT_EQ(Layout::row(3).text(), "@row");
  EXPECT_EQ(Layout::col(2).text(), "@col");
  EXPECT_EQ(layout_from_text("order(0 2 1)", 3).text(), "@order(0 2 1)");
  EXPECT_EQ(layout_from_text("tc", 2).text(), "@tc");
  Layout stream = Layout::row(2);
  stream.form = Layout::kStream;
  EXPECT_EQ(stream.text(), "~@row");
}

TEST(LayoutText, ReadsBackEveryOrderItPrints) {
  for (const char* text : {"row", "col", "order(1 0 2)", "order(2 0 1)"}) {
    Layout layout = layout_from_text(text, 3);
    EXPECT_EQ(layout_from_text(layout.text().substr(1), 3), layout) << text;
  }
}

TEST(LayoutText, RejectsWhatIsNoPermutation) {
  for (const char* text : {"diagonal", "order(0 0)", "order(0)", "order(0 2)", "order(0 1",
                           "order(-1 0)", "order(0 1)x", "order(99999999999 0)", ""}) {
    EXPECT_THROW(layout_from_text(text, 2), ShapeError) << text;
  }
}

TEST(LayoutRow, IsTheOnlyOrderOfOneAxis) {
  EXPECT_TRUE(Layout::row(1).is_row());
  EXPECT_TRUE(Layout::col(1).is_row());
  EXPECT_FALSE(Layout::col(2).is_row());
  EXPECT_FALSE(layout_from_text("blocked", 2).is_row());
}

}  // namespace
}  // namespace bafe
