// In: bytes that claim to be a shared object. Out: mapped code. The dynamic loader trusts its
// input, so what it would map is checked first; it also takes two equal path texts for the same
// object, so every load uses a path text of its own.

#include "bafe/runtime/loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/options.h"
#include "bafe/base/trace.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace bafe {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#else
constexpr std::uint16_t kMachine = EM_NONE;
#endif

CompileError bad_code(std::string fact) {
  return CompileError({}, "load", std::move(fact))
      .fix("clear the kernel cache (bafe.cache.clear()) and call again");
}

bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t total) {
  return offset <= total && size <= total - offset;
}

void check_object(std::string_view bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) throw bad_code("the code is shorter than a file header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN) {
    throw bad_code("the code is not a 64-bit shared object");
  }
  if (header.e_machine != kMachine) throw bad_code("the code is for another kind of processor");
  std::uint64_t table_bytes = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phentsize != sizeof(Elf64_Phdr) ||
      !fits(header.e_phoff, table_bytes, bytes.size())) {
    throw bad_code("the code's segment table lies outside it");
  }
  int loads = 0;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment,
                bytes.data() + header.e_phoff + sizeof segment * static_cast<std::size_t>(i),
                sizeof segment);
    if (segment.p_type != PT_LOAD) continue;
    ++loads;
    bool is_sane = fits(segment.p_offset, segment.p_filesz, bytes.size()) &&
                   segment.p_filesz <= segment.p_memsz &&
                   segment.p_memsz <= (std::uint64_t{1} << 32) &&
                   segment.p_vaddr <= (std::uint64_t{1} << 40);
    if (!is_sane) throw bad_code(format("segment {} of the code lies outside it", i));
  }
  if (loads == 0) throw bad_code("the code has no segment to load");
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

/// "/proc/self/fd/N" spelled differently each time: the binary digits of a counter as "./" and "/".
std::string unique_path(int fd) {
  static std::atomic<std::uint32_t> counter{1};
  std::string path = "/proc/self/fd/";
  for (std::uint32_t n = counter.fetch_add(1); n != 0; n >>= 1) path += n & 1 ? "./" : "/";
  return path + std::to_string(fd);
}

void* open_sealed(std::string_view bytes) {
  int fd = memfd_create("bafe-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return nullptr;
  void* handle = nullptr;
  if (write_all(fd, bytes) &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    handle = dlopen(unique_path(fd).c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  close(fd);
  return handle;
}

/// For systems that run nothing from memory files or have no /proc.
void* open_from_disk(std::string_view bytes) {
  std::string path = system_variable("TMPDIR").value_or("/tmp") + "/bafe-code-XXXXXX";
  int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return nullptr;
  bool is_written = fchmod(fd, 0700) == 0 && write_all(fd, bytes);
  close(fd);
  void* handle = is_written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  unlink(path.c_str());
  return handle;
}

unsigned float_mode() {
#if defined(__x86_64__)
  return _mm_getcsr() & ~0x3fu;  // without the sticky exception flags
#else
  return 0;
#endif
}

void set_float_mode([[maybe_unused]] unsigned mode) {
#if defined(__x86_64__)
  _mm_setcsr(mode);
#endif
}

}  // namespace

LoadedCode::~LoadedCode() { dlclose(handle_); }

KernelFn LoadedCode::symbol(const std::string& name) const {
  return reinterpret_cast<KernelFn>(dlsym(handle_, name.c_str()));
}

std::shared_ptr<LoadedCode> load_code(std::string_view bytes) {
  TraceSpan span("load");
  check_object(bytes);
  unsigned mode = float_mode();
  void* handle = open_sealed(bytes);
  if (!handle) handle = open_from_disk(bytes);
  bool is_mode_kept = float_mode() == mode;
  set_float_mode(mode);
  if (!handle) {
    const char* text = dlerror();
    throw bad_code(format("the code cannot be loaded: {}", text ? text : "no place to put it"));
  }
  std::shared_ptr<LoadedCode> code(new LoadedCode(handle));
  if (!is_mode_kept) throw bad_code("loading the code changed the floating-point mode");
  return code;
}

}  // namespace bafe
