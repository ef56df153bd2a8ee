#pragma once
/// Kernel text for many sizes. Texts that differ only in numbers become one in which those numbers
/// are read from Step::sizes. As a number keeps its C type, the text with its sizes means what the
/// text with the numbers in place means; compared before every use, nothing is guessed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

/// A text of build_plan() taken apart: what is no number of a kernel, and the numbers. Numbers of
/// the prelude, of preprocessor lines and other places where C wants a constant belong to the
/// skeleton; of the elements of an array, a text serves for fewer too.
struct NumberedText {
  std::string skeleton;
  std::vector<std::int64_t> numbers;  ///< floats by their bits
};
/// Time: linear.
NumberedText take_numbers(std::string_view c_text);

/// Texts with one skeleton. A number is fixed, or is a parameter; equal parameters are one.
class SizedText {
 public:
  explicit SizedText(NumberedText first);

  /// The parameters under which this is exactly `text`; nullopt when there are none.
  std::optional<std::vector<std::int64_t>> match(const NumberedText& text) const;
  bool has_skeleton_of(const NumberedText& text) const { return skeleton_ == text.skeleton; }
  /// The least general text that has `text` as a case too. Needs has_skeleton_of(text).
  /// Its parameters are numbered anew.
  void widen(const NumberedText& text);
  int parameters() const { return parameters_; }

  /// C in which parameter k is size[k]. nullopt when a function that would need the sizes cannot be
  /// handed them.
  std::optional<std::string> c_text() const;
  /// One text in which numbers and parameters are marked, and back; for the cache.
  std::string to_text() const;
  static std::optional<SizedText> from_text(std::string_view text);

 private:
  SizedText() = default;
  struct Place {
    int parameter = -1;       ///< -1: fixed; -2: elements of an array, at most `number`
    std::int64_t number = 0;  ///< of the text that came last
  };
  std::string skeleton_;
  std::vector<Place> places_;
  int parameters_ = 0;
};

}  // namespace bafe
