// bafe-prebuild LEVEL FILE: writes the prebuilt kernels of one ISA level as C text. In: the
// operator table and the emitter of the library. Out: one translation unit of kernels and a table
// that names them. Runs while BAFE is built; nothing of it is in the library.

#include <cstdio>
#include <fstream>
#include <map>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/math_c.h"
#include "bafe/codegen/stream_c.h"
#include "bafe/codegen/vector_c.h"
#include "kernel.h"
#include "prebuild.h"

namespace bafe {

std::vector<DType> prebuilt_dtypes() {
  return {DType::kBool, DType::kI32,  DType::kI64, DType::kU8,
          DType::kF16,  DType::kBF16, DType::kF32, DType::kF64};
}

void Prebuild::add(const Nest& nest, PrebuildEntry entry) {
  entry.symbol = nest.symbol;
  const std::string text = emit_nest_c(nest, math_);
  add_text("static " + text + "\n", std::move(entry));
}

void Prebuild::add_text(const std::string& text, PrebuildEntry entry) {
  kernels_ += text;
  entries_.push_back(std::move(entry));
}

std::string Prebuild::text(const std::string& table) const {
  const bool has_vectors = target_.isa != Isa::kPlain;
  std::string out =
      "void *memcpy(void *, const void *, unsigned long);\n"
      "void *memset(void *, int, unsigned long);\n"
      "void *memmove(void *, const void *, unsigned long);\n";
  if (has_vectors) out += vector_prelude_c(target_) + turn_c(kTilePitch);
  out += math_functions_c(math_, target_) + kernels_;
  out +=
      "struct bafe_prebuilt_row { const char *key; int (*kernel)(void *const *, const long long *, "
      "void *, long long, long long); long long elements, scratch, level; };\n";
  out += format("const struct bafe_prebuilt_row {}[] = {{\n", table);
  for (const PrebuildEntry& e : entries_) {
    out += format("  {{\"{}\", {}, {}, {}, {}}},\n", e.key, e.symbol, e.elements, e.scratch_bytes,
                  e.level_bytes);
  }
  return out + format("}};\nconst long long {}_count = {};\n", table, entries_.size());
}

namespace {

Target target_of(const std::string& level) {
  Target target;
  if (level == "avx512") target.isa = Isa::kAvx512;
  if (level == "avx2") target.isa = Isa::kAvx2;
  target.fma = target.isa != Isa::kPlain;
  return target;
}

}  // namespace
}  // namespace bafe

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: bafe-prebuild plain|avx2|avx512 FILE\n");
    return 2;
  }
  const std::string level = arguments[1];
  try {
    bafe::Prebuild out(bafe::target_of(level));
    bafe::prebuild_pointwise(out);
    bafe::prebuild_reductions(out);
    bafe::prebuild_products(out);
    std::ofstream file(arguments[2], std::ios::binary);
    file << out.text("bafe_prebuilt_" + level);
    return file.good() ? 0 : 1;
  } catch (const bafe::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
