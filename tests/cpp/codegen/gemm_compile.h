#pragma once
/// Compiles C text with the system compiler into a shared object and loads it; for tests only. With
/// BAFE_TEST_SANITIZE=1 the text is compiled under AddressSanitizer and UndefinedBehaviorSanitizer,
/// whose runtime the process must have loaded first (sanitized_kernels_test.cpp).

#include <dlfcn.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bafe/cost/target.h"

extern char** environ;

namespace bafe {

inline int run_compiler(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "cc", nullptr, nullptr, argv.data(), environ) != 0) return -1;
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// What `cc -S` prints for C text, with the flags of compiled kernels.
inline std::string assembly_of(const std::string& text, const Target& target) {
  char directory[] = "/tmp/bafe_codegen_test_XXXXXX";
  if (!mkdtemp(directory)) throw std::runtime_error("no temporary directory");
  const std::string base = directory, source = base + "/k.c", output = base + "/k.s";
  std::ofstream(source) << text;
  std::vector<std::string> arguments = {"cc",
                                        "-O2",
                                        "-ftree-vectorize",
                                        "-fvect-cost-model=dynamic",
                                        "-fpeel-loops",
                                        "-ffp-contract=off",
                                        "-fno-math-errno",
                                        "-fno-trapping-math",
                                        "-fPIC",
                                        "-S",
                                        "-w"};
  std::istringstream flags(target.flags());
  for (std::string flag; flags >> flag;) arguments.push_back(flag);
  for (const char* last : {source.c_str(), "-o", output.c_str()}) arguments.push_back(last);
  const int status = run_compiler(arguments);
  std::stringstream assembly;
  assembly << std::ifstream(output).rdbuf();
  unlink(source.c_str());
  unlink(output.c_str());
  rmdir(directory);
  if (status != 0) throw std::runtime_error("compiling failed\n" + text);
  return assembly.str();
}

inline bool kernels_are_sanitized() {
  const char* text = std::getenv("BAFE_TEST_SANITIZE");
  return text && *text == '1';
}

class CompiledC {
 public:
  CompiledC(const std::string& text, const Target& target, const std::string& level = "-O2") {
    char directory[] = "/tmp/bafe_codegen_test_XXXXXX";
    if (!mkdtemp(directory)) throw std::runtime_error("no temporary directory");
    const std::string base = directory, source = base + "/k.c", object = base + "/k.so";
    std::ofstream(source) << "void *memcpy(void *, const void *, unsigned long);\n"
                             "void *memset(void *, int, unsigned long);\n"
                          << text;
    std::vector<std::string> arguments = {
        "cc",      level, "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fPIC",
        "-shared", "-w"};
    std::istringstream flags(target.flags());
    for (std::string flag; flags >> flag;) arguments.push_back(flag);
    if (kernels_are_sanitized()) {
      unsetenv("LD_PRELOAD");  // for kernels, not for the compiler
      for (const char* flag :
           {"-O1", "-g1", "-fwrapv", "-fno-strict-aliasing", "-fsanitize=address,undefined",
            "-fsanitize=float-cast-overflow", "-fno-sanitize-recover=all"})
        arguments.push_back(flag);
    }
    for (const char* last : {source.c_str(), "-o", object.c_str()}) arguments.push_back(last);
    const int status = run_compiler(arguments);
    if (status == 0) handle_ = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
    const char* reason = handle_ ? nullptr : dlerror();
    unlink(source.c_str());
    unlink(object.c_str());
    rmdir(directory);
    if (!handle_)
      throw std::runtime_error(std::string("compiling failed: ") + (reason ? reason : "") + "\n" +
                               text);
  }
  ~CompiledC() {
    if (handle_) dlclose(handle_);
  }
  CompiledC(const CompiledC&) = delete;
  CompiledC& operator=(const CompiledC&) = delete;

  template <class Function>
  Function* get(const std::string& symbol) const {
    void* address = dlsym(handle_, symbol.c_str());
    if (!address) throw std::runtime_error("missing symbol " + symbol);
    return reinterpret_cast<Function*>(address);
  }

 private:
  void* handle_ = nullptr;
};

}  // namespace bafe
