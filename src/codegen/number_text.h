#pragma once
/// Numbers in generated C. Private to src/codegen.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bafe {

/// What a literal is in C. In a skeleton a number is kMark and the letter of its kind.
enum class NumberKind : char {
  kInt = 'i',
  kLongLong = 'l',
  kUnsigned = 'u',
  kUnsignedLong = 'k',
  kUnsignedLongLong = 'q',
  kFloat = 'f',
  kDouble = 'd',
  kCapacity = 'c',  ///< elements of an array: more than needed do no harm
};
inline constexpr char kMark = '\x01';

struct Number {
  NumberKind kind = NumberKind::kInt;
  std::int64_t bits = 0;
  std::size_t length = 0;  ///< characters
};

/// The literal that `text` begins with; nullopt where it is none that can become a parameter.
/// `length` of the whole literal is in *length either way.
std::optional<Number> read_number(std::string_view text, std::size_t* length);
/// C type of a kind, and an expression that reads it from `size[k]`.
const char* number_type(NumberKind kind);
std::string number_from_size(NumberKind kind, int parameter);
/// The literal with its bits, as read_number() reads it back.
std::string number_literal(NumberKind kind, std::int64_t bits);
/// Functions that number_from_size() calls.
extern const char* const kNumberFunctionsC;

bool is_word(char c);

}  // namespace bafe
