#pragma once
/// How a length falls into tiles. Private to src/codegen/window_product.cpp.

#include <cstdint>
#include <string>

#include "bafe/base/format.h"
#include "sizes.h"

namespace bafe {

/// `total` in `count` parts of `big`, the last ones of `big - 1`.
struct Parts {
  std::int64_t total = 0, count = 1, big = 1, first = 1;
  static Parts of(std::int64_t total, std::int64_t most) {
    Parts p;
    p.total = total;
    p.count = ceil_div(total, most);
    p.big = ceil_div(total, p.count);
    p.first = p.count - (p.big * p.count - total);
    return p;
  }
  std::string start(const std::string& i) const {
    if (first == count) return format("{} * {}", i, big);
    return format("({0} < {1} ? {0} * {2} : {1} * {2} + ({0} - {1}) * {3})", i, first, big,
                  big - 1);
  }
  std::string size(const std::string& i) const {
    if (first == count) return format("{}", big);
    return format("({} < {} ? {} : {})", i, first, big, big - 1);
  }
};

}  // namespace bafe
