// Scalars and sizes as text. Invariant: scalar_from_text(scalar_text(s)) == s for all bits, and
// dim_from_text(d.text()) == d for symbols that are names.
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

std::optional<Scalar> float_from_text(const std::string& number, DType dtype) {
  char* end = nullptr;
  if (number.empty() || std::isspace(static_cast<unsigned char>(number[0]))) return std::nullopt;
  // float has its own reader: through double it would round twice.
  if (dtype == DType::kF32) {
    float value = std::strtof(number.c_str(), &end);
    if (*end != '\0') return std::nullopt;
    return Scalar::of(dtype, static_cast<double>(value));
  }
  double value = std::strtod(number.c_str(), &end);
  if (*end != '\0') return std::nullopt;
  return Scalar::of(dtype, value);
}

std::optional<Scalar> int_from_text(std::string_view number, DType dtype) {
  const char* end = number.data() + number.size();
  std::int64_t value = 0;
  std::uint64_t wide = 0;
  if (auto [at, code] = std::from_chars(number.data(), end, value);
      code == std::errc() && at == end) {
    Scalar out = Scalar::of_int(dtype, value);
    bool fits = dtype_info(dtype).kind == kBoolKind
                    ? value == 0 || value == 1
                    : out.as_int() == value && (dtype != DType::kU64 || value >= 0);
    return fits ? std::optional(out) : std::nullopt;
  }
  auto [at, code] = std::from_chars(number.data(), end, wide);
  if (dtype != DType::kU64 || code != std::errc() || at != end) return std::nullopt;
  return Scalar{dtype, wide};
}

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_name_part(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c));
}

/// polynomial := ["-"] term {("+" | "-") term}
/// term := factor {"*" factor};  factor := integer | name
class DimReader {
 public:
  explicit DimReader(std::string_view text) : text_(text) {}

  std::optional<Dim> read() {
    Dim sum = 0;
    bool is_first = true;
    while (true) {
      std::int64_t sign = 1;
      if (eat('-')) {
        sign = -1;
      } else if (!is_first && !eat('+')) {
        skip();
        return at_ == text_.size() ? std::optional(sum) : std::nullopt;
      }
      std::optional<Dim> next = term();
      if (!next) return std::nullopt;
      sum = sum + *next * Dim(sign);
      is_first = false;
    }
  }

 private:
  std::optional<Dim> term() {
    std::optional<Dim> product = factor();
    while (product && eat('*')) {
      std::optional<Dim> next = factor();
      if (!next) return std::nullopt;
      product = *product * *next;
    }
    return product;
  }

  std::optional<Dim> factor() {
    skip();
    std::size_t begin = at_;
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
      return Dim::symbol(text_.substr(begin, at_ - begin));
    }
    std::int64_t value = 0;
    auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (code != std::errc() || value < 0 || value >= (std::int64_t{1} << 62)) return std::nullopt;
    at_ = static_cast<std::size_t>(end - text_.data());
    return Dim(value);
  }

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool eat(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string scalar_text(Scalar value) {
  std::string number;
  if (!is_float(value.dtype)) {
    number =
        value.dtype == DType::kU64 ? std::to_string(value.bits) : std::to_string(value.as_int());
  } else if (double x = value.as_double(); std::isnan(x)) {
    bool is_plain = value == Scalar::of(value.dtype, std::nan(""));
    number = is_plain ? "nan" : format("#{:x}", value.bits);
  } else if (value.dtype == DType::kF64) {
    number = format("{}", x);
  } else {
    number = format("{}", static_cast<float>(x));
  }
  return number + ":" + std::string(dtype_info(value.dtype).name);
}

std::optional<Scalar> scalar_from_text(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::optional<DType> dtype = dtype_from_text(text.substr(colon + 1));
  std::string_view number = text.substr(0, colon);
  if (!dtype || number.empty()) return std::nullopt;
  if (number[0] == '#') {
    std::uint64_t bits = 0;
    const char* end = number.data() + number.size();
    auto [at, code] = std::from_chars(number.data() + 1, end, bits, 16);
    int width = dtype_info(*dtype).bits;
    bool fits = width == 64 || bits >> width == 0;
    if (code != std::errc() || at != end || !fits) return std::nullopt;
    return Scalar{*dtype, bits};
  }
  if (!is_float(*dtype)) return int_from_text(number, *dtype);
  return float_from_text(std::string(number), *dtype);
}

std::optional<Dim> dim_from_text(std::string_view text) {
  try {
    return DimReader(text).read();
  } catch (const ShapeError&) {
    return std::nullopt;  // outside 62 bits
  }
}

}  // namespace bafe
