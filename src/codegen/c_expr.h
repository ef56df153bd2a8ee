#pragma once
/// C text of expressions. Private to src/codegen/emit_*.cpp.

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bafe/codegen/nest.h"

namespace bafe {

/// Writes expressions of one part; remembers which have C names in the current block.
class CExprWriter {
 public:
  CExprWriter(const ExprPool& pool, const std::vector<Buffer>& buffers,
              std::set<std::string>& functions);

  std::string text(Ex e);
  /// Converted for storing into a buffer of `dtype`.
  std::string stored(Ex e, DType dtype);
  std::string buffer_name(int buffer) const;
  std::string var_name(int var) const { return "i" + std::to_string(var); }
  std::string local_name(int number) const { return "v" + std::to_string(number); }
  /// `quiet`: an extreme of floats may lose a NaN and the sign of a zero.
  std::string combined(ReduceKind kind, DType dtype, const std::string& old,
                       const std::string& value, bool quiet);
  std::string call(std::string_view name, DType dtype, const std::string& args);
  std::string convert(const std::string& value, DType from, DType to);

  /// Uses of every node below the roots of a whole part: those used twice get names.
  void count_uses(const std::vector<Ex>& roots);
  /// Declarations of what `roots` need and the current block can already compute. `is_leaf`: the
  /// statement that needs them follows at once; else they are hoisted out of a loop.
  std::string declarations(const std::vector<Ex>& roots, bool is_leaf, const std::string& indent);

  /// Blocks: names and definitions made inside are forgotten by the matching close.
  void open();
  void close();
  void define_var(int var);
  void define_local(int number);

  /// The buffer was written: names of values loaded from it are stale.
  void forget_loads(int buffer);

  bool checks_index() const { return checks_index_; }
  bool checks_power() const { return checks_power_; }
  bool checks_divisor() const { return checks_divisor_; }

 private:
  bool is_available(const ExNode& n, const std::vector<char>& ok, bool is_leaf) const;
  bool is_trivial(const ExNode& n) const;
  bool has_effect(const ExNode& n) const;
  std::string inline_text(Ex e);
  std::string prim_text(const ExNode& n);
  std::string cast_text(const ExNode& n);
  std::string linear_text(const ExNode& n);
  void check_width(const ExNode& n) const;
  std::string declare(Ex e, const std::string& indent);

  const ExprPool& pool_;
  const std::vector<Buffer>& buffers_;
  std::set<std::string>& functions_;
  std::unordered_map<std::uint32_t, std::string> names_;
  std::unordered_map<std::uint32_t, int> uses_;
  std::unordered_map<std::uint32_t, std::set<int>> loads_;  ///< private buffers below a named node
  std::set<int> vars_, locals_;
  struct Frame {
    std::vector<std::uint32_t> names;
    std::vector<int> vars, locals;
  };
  std::vector<Frame> frames_;
  int next_name_ = 0;
  bool checks_index_ = false, checks_power_ = false, checks_divisor_ = false;
};

}  // namespace bafe
