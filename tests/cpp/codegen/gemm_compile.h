#pragma once
/// Compiles C text with the system compiler into a shared object and loads it; for tests only.

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
    for (const char* last : {source.c_str(), "-o", object.c_str()}) arguments.push_back(last);
    const int status = run(arguments);
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
  static int run(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawnp(&child, "cc", nullptr, nullptr, argv.data(), environ) != 0) return -1;
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  void* handle_ = nullptr;
};

}  // namespace bafe
