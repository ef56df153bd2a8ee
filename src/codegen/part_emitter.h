#pragma once
/// C text of one part of a nest. Private to src/codegen/emit_nest.cpp and emit_blocks.cpp.

#include <set>
#include <string>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/codegen/nest.h"
#include "c_expr.h"

namespace bafe {

/// Every expression that the statement and those inside it name.
void collect(const Stmt& s, std::vector<Ex>& roots);

class PartEmitter {
 public:
  PartEmitter(const Nest& nest, const NestPart& part, std::set<std::string>& functions)
      : nest_(nest), part_(part), pool_(*part.pool), writer_(pool_, nest.buffers, functions) {}

  /// C text of the number of units before this part and up to its end.
  std::string run(const std::string& first, const std::string& last);
  /// C text of the part's number of units.
  std::string units_text() {
    if (part_.units != kSized) return std::to_string(part_.units);
    return "(" + writer_.text(part_.sized_units) + ")";
  }
  const CExprWriter& writer() const { return writer_; }

 private:
  void line(const std::string& text) { out_ += indent_ + text + "\n"; }
  void open(const std::string& head) {
    line(head + " {");
    indent_ += "  ";
    writer_.open();
  }
  void close() {
    writer_.close();
    indent_.resize(indent_.size() - 2);
    line("}");
  }
  void declare_var(int var, const std::string& value) {
    line(format("const long long {} = {};", writer_.var_name(var), value));
    writer_.define_var(var);
  }
  void declare(const std::vector<Ex>& roots, bool is_leaf) {
    out_ += writer_.declarations(roots, is_leaf, indent_);
  }
  std::string element(int buffer, Ex index) {
    return writer_.buffer_name(buffer) + "[" + writer_.text(index) + "]";
  }
  const Buffer& buffer(int i) const { return nest_.buffers[static_cast<std::size_t>(i)]; }

  void block(const std::vector<Stmt>& body);
  void statement(const Stmt& s);
  void units(const Stmt& s);
  void loop(const Stmt& s);
  void leaf(const Stmt& s);
  void push(const Stmt& s);
  void merge_top(const Stmt& s, int stack);
  void fold(const Stmt& s);
  void find(const Stmt& s);
  std::string open_block(const Stmt& s, std::int64_t width);
  void stream(const Stmt& s);
  void turn(const Stmt& s);
  std::string at_most(Ex limit, std::int64_t count);
  void decode(const std::vector<UnitVar>& vars, const std::string& flat);
  void decode_sized(const std::vector<UnitVar>& vars, const std::string& flat);

  const Nest& nest_;
  const NestPart& part_;
  const ExprPool& pool_;
  CExprWriter writer_;
  std::string out_, indent_ = "    ";
  int next_count_ = 0;
};

}  // namespace bafe
