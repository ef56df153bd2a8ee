// Literals of generated C. In: text at a digit. Out: kind and bits, and back. Invariant: a literal
// that becomes a parameter keeps its C type, so every expression around it keeps its meaning.

#include "number_text.h"

#include <bit>
#include <cctype>
#include <cstdlib>
#include <limits>

#include "bafe/base/format.h"

namespace bafe {
namespace {

std::size_t literal_length(std::string_view text) {
  const bool hex = text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  std::size_t n = 0;
  while (n < text.size()) {
    const char c = text[n], before = n > 0 ? text[n - 1] : ' ';
    const bool sign = (c == '+' || c == '-') &&
                      (hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E');
    if (!is_word(c) && c != '.' && !sign) break;
    ++n;
  }
  return n;
}

std::optional<Number> read_float(const std::string& digits) {
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  const std::string_view suffix(end);
  if (suffix.empty()) return Number{NumberKind::kDouble, std::bit_cast<std::int64_t>(value), 0};
  if (suffix != "f") return std::nullopt;
  const float narrow = std::strtof(digits.c_str(), &end);
  return Number{NumberKind::kFloat, std::bit_cast<std::int32_t>(narrow), 0};
}

std::optional<Number> read_integer(const std::string& digits) {
  if (digits.size() > 18) return std::nullopt;
  char* end = nullptr;
  const long long value = std::strtoll(digits.c_str(), &end, 10);
  std::string suffix(end);
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (suffix.empty()) {
    if (value > std::numeric_limits<int>::max()) return std::nullopt;  // its type is long
    return Number{NumberKind::kInt, value, 0};
  }
  if (suffix == "ll") return Number{NumberKind::kLongLong, value, 0};
  if (suffix == "ull") return Number{NumberKind::kUnsignedLongLong, value, 0};
  if (suffix == "ul") return Number{NumberKind::kUnsignedLong, value, 0};
  if (suffix == "u" && value <= std::numeric_limits<int>::max())
    return Number{NumberKind::kUnsigned, value, 0};
  return std::nullopt;
}

}  // namespace

const char* const kNumberFunctionsC =
    "static inline __attribute__((always_inline)) float bafe_size_f32(long long u) "
    "{ float x; memcpy(&x, &u, sizeof x); return x; }\n"
    "static inline __attribute__((always_inline)) double bafe_size_f64(long long u) "
    "{ double x; memcpy(&x, &u, sizeof x); return x; }\n";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::optional<Number> read_number(std::string_view text, std::size_t* length) {
  *length = literal_length(text);
  const std::string digits(text.substr(0, *length));
  const bool hex = digits.size() > 1 && (digits[1] == 'x' || digits[1] == 'X');
  const bool exponent = digits.find_first_of(hex ? "pP" : "eE") != std::string::npos;
  const bool real = exponent || digits.find('.') != std::string::npos;
  if (hex && !real) return std::nullopt;
  if (!real && digits.size() > 1 && digits[0] == '0') return std::nullopt;  // octal
  std::optional<Number> number = real ? read_float(digits) : read_integer(digits);
  if (number) number->length = *length;
  return number;
}

const char* number_type(NumberKind kind) {
  switch (kind) {
    case NumberKind::kInt:
    case NumberKind::kCapacity:
      return "int";
    case NumberKind::kLongLong:
      return "long long";
    case NumberKind::kUnsigned:
      return "unsigned";
    case NumberKind::kUnsignedLong:
      return "unsigned long";
    case NumberKind::kUnsignedLongLong:
      return "unsigned long long";
    case NumberKind::kFloat:
      return "float";
    case NumberKind::kDouble:
      return "double";
  }
  return "";
}

std::string number_from_size(NumberKind kind, int parameter) {
  if (kind == NumberKind::kFloat) return format("bafe_size_f32(size[{}])", parameter);
  if (kind == NumberKind::kDouble) return format("bafe_size_f64(size[{}])", parameter);
  return format("({})size[{}]", number_type(kind), parameter);
}

std::string number_literal(NumberKind kind, std::int64_t bits) {
  switch (kind) {
    case NumberKind::kLongLong:
      return format("{}ll", bits);
    case NumberKind::kUnsigned:
      return format("{}u", bits);
    case NumberKind::kUnsignedLong:
      return format("{}ul", bits);
    case NumberKind::kUnsignedLongLong:
      return format("{}ull", bits);
    case NumberKind::kFloat:
      return format("{:a}f", std::bit_cast<float>(static_cast<std::int32_t>(bits)));
    case NumberKind::kDouble:
      return format("{:a}", std::bit_cast<double>(bits));
    default:
      return std::to_string(bits);
  }
}

}  // namespace bafe
