#pragma once
/// The C texts of many programs as one translation unit, so that one run of the compiler serves
/// them all. What they share is written once; names that differ in meaning get new names.

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace bafe {

class BatchText {
 public:
  /// Adds a text; gives the names in the batch of the names it defines.
  std::map<std::string, std::string> add(std::string_view c_text);
  const std::string& text() const { return text_; }

 private:
  using Names = std::map<std::string, std::string>;
  void add_chunk(std::string_view chunk, Names& names);
  std::string fresh(const std::string& name);

  std::string text_;
  std::unordered_map<std::string, std::vector<std::string>> known_;  ///< names a chunk defines
  std::unordered_set<std::string> taken_;
  int programs_ = 0;
};

}  // namespace bafe
