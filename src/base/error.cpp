#include "bafe/base/error.h"

#include <utility>

namespace bafe {

std::string SourceLoc::text() const {
  if (file.empty()) return {};
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (column > 0) out += ":" + std::to_string(column);
  return out;
}

Error::Error(SourceLoc loc, std::string subject, std::string fact)
    : loc_(std::move(loc)), subject_(std::move(subject)), fact_(std::move(fact)) {
  compose();
}

void Error::place(const SourceLoc& loc) {
  if (!loc_.file.empty()) return;
  loc_ = loc;
  compose();
}

void Error::about(std::string subject) {
  subject_ = std::move(subject);
  compose();
}

void Error::add_detail(std::string line) {
  details_.push_back(std::move(line));
  compose();
}

void Error::set_fix(std::string fix) {
  fix_ = std::move(fix);
  compose();
}

void Error::compose() {
  message_.clear();
  if (std::string where = loc_.text(); !where.empty()) message_ += where + ": ";
  if (!subject_.empty()) message_ += subject_ + ": ";
  message_ += fact_;
  for (const std::string& line : details_) message_ += "\n  " + line;
  if (!fix_.empty()) message_ += "\n  fix: " + fix_;
}

void check_failed(const char* file, int line, const char* cond, const char* what) {
  throw InternalError({file, line}, "internal check", what)
      .detail(std::string("condition: ") + cond);
}

}  // namespace bafe
