#pragma once
/// The bytes of records on disk: numbers little-endian, texts with a length before them.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace bafe {

class FieldWriter {
 public:
  template <class Number>
  requires std::is_integral_v<Number> FieldWriter& number(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      out_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
    }
    return *this;
  }
  FieldWriter& real(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return number(bits);
  }
  FieldWriter& text(std::string_view text) {
    number(static_cast<std::uint64_t>(text.size()));
    out_.append(text);
    return *this;
  }
  FieldWriter& raw(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }
  const std::string& bytes() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Takes fields off the front. A request beyond the end gives zeros and makes is_good() false for
/// good.
class FieldReader {
 public:
  explicit FieldReader(std::string_view rest) : rest_(rest) {}
  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    std::string_view bytes = take(sizeof(Number));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return static_cast<Number>(value);
  }
  double real() {
    std::uint64_t bits = number<std::uint64_t>();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  std::string_view text() { return take(number<std::uint64_t>()); }
  /// A number of items that follow; bounded by what is left, so that a damaged count cannot ask for
  /// memory.
  std::size_t count() {
    std::uint64_t count = number<std::uint64_t>();
    if (count > rest_.size()) is_good_ = false;
    return is_good_ ? count : 0;
  }
  bool is_good() const { return is_good_; }
  bool is_done() const { return is_good_ && rest_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    if (!is_good_ || size > rest_.size()) {
      is_good_ = false;
      return {};
    }
    std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace bafe
