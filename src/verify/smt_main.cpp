// bafe-smt: the one program that knows Z3. In: an SMT-LIB 2 script (declarations and assertions) on
// stdin; the only argument is the resource limit, or --version. Out: a line "unsat", "sat" or
// "unknown"; after "sat" one line "name value" for each constant of the model. Exit code 0 unless
// the script is broken. A program of its own, so that a crash, a leak or a loop of the solver
// cannot reach the process that compiles kernels. With the argument `serve` it answers many
// scripts, each "<resource limit> <bytes>\n" and the script, each answer ended by a line ".": a
// process forked for every script, so that no answer depends on what was asked before and a crash
// costs one answer.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <z3.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string read_all() {
  std::string text;
  char block[4096];
  for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, stdin)) > 0;)
    text.append(block, n);
  return text;
}

void print_model(Z3_context z3, Z3_model model) {
  unsigned n = Z3_model_get_num_consts(z3, model);
  for (unsigned i = 0; i < n; ++i) {
    Z3_func_decl decl = Z3_model_get_const_decl(z3, model, i);
    Z3_ast value = Z3_model_get_const_interp(z3, model, decl);
    if (value == nullptr) continue;
    std::string name = Z3_get_symbol_string(z3, Z3_get_decl_name(z3, decl));
    bool number = Z3_get_ast_kind(z3, value) == Z3_NUMERAL_AST;
    std::printf("%s %s\n", name.c_str(),
                number ? Z3_get_numeral_decimal_string(z3, value, 9) : Z3_ast_to_string(z3, value));
  }
}

void print_version() {
  unsigned major = 0, minor = 0, build = 0, revision = 0;
  Z3_get_version(&major, &minor, &build, &revision);
  std::printf("z3 %u.%u.%u\n", major, minor, build);
}

/// Prints the answer and ends the process: taking the context apart would only cost time.
[[noreturn]] void answer(Z3_context z3, const std::string& script, unsigned rlimit) {
  Z3_ast_vector assertions =
      Z3_parse_smtlib2_string(z3, script.c_str(), 0, nullptr, nullptr, 0, nullptr, nullptr);
  if (Z3_get_error_code(z3) != Z3_OK) {
    std::fprintf(stderr, "bafe-smt: %s\n", Z3_get_error_msg(z3, Z3_get_error_code(z3)));
    std::_Exit(2);
  }
  Z3_ast_vector_inc_ref(z3, assertions);
  Z3_solver solver = Z3_mk_simple_solver(z3);
  Z3_solver_inc_ref(z3, solver);
  Z3_params params = Z3_mk_params(z3);
  Z3_params_inc_ref(z3, params);
  Z3_params_set_uint(z3, params, Z3_mk_string_symbol(z3, "rlimit"), rlimit);
  Z3_solver_set_params(z3, solver, params);
  for (unsigned i = 0; i < Z3_ast_vector_size(z3, assertions); ++i) {
    Z3_solver_assert(z3, solver, Z3_ast_vector_get(z3, assertions, i));
  }
  Z3_lbool answer = Z3_solver_check(z3, solver);
  std::puts(answer == Z3_L_FALSE ? "unsat" : answer == Z3_L_TRUE ? "sat" : "unknown");
  if (answer == Z3_L_TRUE) {
    Z3_model model = Z3_solver_get_model(z3, solver);
    Z3_model_inc_ref(z3, model);
    print_model(z3, model);
  }
  std::fflush(stdout);
  std::_Exit(0);
}

Z3_context new_context() {
  Z3_context z3 = Z3_mk_context(Z3_mk_config());
  Z3_set_error_handler(z3, [](Z3_context, Z3_error_code) {});  // asked for in `answer`
  return z3;
}

int serve() {
  Z3_context z3 = new_context();
  char header[64];
  while (std::fgets(header, sizeof header, stdin) != nullptr) {
    unsigned rlimit = 0;
    std::size_t bytes = 0;
    if (std::sscanf(header, "%u %zu", &rlimit, &bytes) != 2) return 2;
    std::string script(bytes, ' ');
    if (std::fread(script.data(), 1, bytes, stdin) != bytes) return 2;
    pid_t server = getpid(), child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // a server that is killed takes its question along
      if (getppid() != server) std::_Exit(2);
      answer(z3, script, rlimit);
    }
    while (child > 0 && waitpid(child, nullptr, 0) < 0) {
    }
    if (write(STDOUT_FILENO, ".\n", 2) != 2) return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    print_version();
    return 0;
  }
  if (argc == 2 && std::strcmp(argv[1], "serve") == 0) return serve();
  unsigned rlimit = argc > 1 ? static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)) : 2000000;
  std::string script = read_all();
  answer(new_context(), script, rlimit);
}
