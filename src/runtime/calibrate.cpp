// In: a target. Out: a Machine whose figures were measured with code made and compiled like any
// kernel. The best of several rounds counts, because other processes only ever slow a round down.

#include "bafe/runtime/calibrate.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/thread_pool.h"
#include "bafe/base/trace.h"
#include "bafe/codegen/amx.h"
#include "bafe/codegen/vector_c.h"
#include "bafe/runtime/arena.h"
#include "bafe/runtime/backend.h"
#include "bafe/runtime/store.h"

namespace bafe {
namespace {

constexpr std::int64_t kRoundNs = 4'000'000;
constexpr int kRounds = 5;

std::mutex current_mutex;
// By threads; what calibrate() found in this process. Never destroyed: a thread may read it late.
auto& current_machines = *new std::map<int, Machine>;

/// A loop of independent multiply-adds for each float type, and a copy. Without vector types plain
/// loops do.
std::string probe_text(const Target& target) {
  std::string out = vector_prelude_c(target);
  for (auto [name, type, dtype] :
       {std::tuple{"peak32", "float", DType::kF32}, std::tuple{"peak64", "double", DType::kF64}}) {
    std::string p = target.isa == Isa::kPlain ? "" : vector_prefix(dtype);
    std::string value = p.empty() ? type : p;
    out += format(
        "int {}(void *const *slot, const long *size, void *scratch, long begin, long end) {{\n",
        name);
    out += format("  {0} *a = ({0} *)slot[0];\n", type);
    for (int i = 0; i < 12; ++i) {
      out += p.empty() ? format("  {} c{} = a[{}];\n", value, i, i)
                       : format("  {} c{} = {}_SET(a[{}]);\n", value, i, p, i);
    }
    out += p.empty() ? format("  {} x = a[12];\n", value)
                     : format("  {} x = {}_SET(a[12]);\n", value, p);
    out += "  for (long i = begin; i < end; ++i) {\n";
    for (int i = 0; i < 12; ++i) {
      out += p.empty() ? format("    c{0} = c{0} * x + x;\n", i)
                       : format("    c{0} = {1}_FMA(c{0}, x, x);\n", i, p);
    }
    out += "  }\n  ";
    for (int i = 0; i < 12; ++i) out += format("{}c{}", i ? " + " : format("{} t = ", value), i);
    out += p.empty() ? ";\n  a[13] = t;\n  return 0;\n}\n" : ";\n  a[13] = t[0];\n  return 0;\n}\n";
  }
  out +=
      "int move(void *const *slot, const long *size, void *scratch, long begin, long end) {\n"
      "  for (long r = begin; r < end; ++r) {\n"
      "    float *to = (float *)slot[r & 1]; const float *from = (const float *)slot[!(r & 1)];\n"
      "    for (long i = 0; i < size[0]; ++i) to[i] = from[i] + 1.0f;\n"
      "  }\n  return 0;\n}\n"
      "int nothing(void *const *slot, const long *size, void *scratch, long begin, long end) { "
      "return 0; }\n";
  return out + pair_probes_c(target);
}

/// Nanoseconds of one unit: the best of kRounds rounds of about kRoundNs.
template <class Work>
double best_ns(Work work) {
  std::int64_t units = 1;
  double best = 1e18;
  for (int round = 0; round < kRounds;) {
    std::int64_t begin_ns = now_ns();
    work(units);
    std::int64_t spent_ns = now_ns() - begin_ns;
    if (spent_ns < kRoundNs / 2 && units < (std::int64_t{1} << 40)) {
      units *= spent_ns < kRoundNs / 20 ? 10 : 2;
      continue;
    }
    best = std::min(best, static_cast<double>(spent_ns) / static_cast<double>(units));
    ++round;
  }
  return best;
}

/// `flops` of one unit.
double peak_gflops(const Module& module, const char* name, double flops) {
  alignas(64) double memory[256] = {};  // zeros: no subnormal slows the loop
  void* slots[] = {memory};
  KernelFn peak = module.kernel(name);
  double ns = best_ns([&](std::int64_t units) { peak(slots, nullptr, nullptr, 0, units); });
  return flops / ns;
}

double move_gbs(const Module& module, std::int64_t bytes) {
  Block a(bytes / 2), b(bytes / 2);
  std::fill_n(reinterpret_cast<float*>(a.data()), bytes / 8, 1.0f);
  std::fill_n(reinterpret_cast<float*>(b.data()), bytes / 8, 1.0f);
  void* slots[] = {a.data(), b.data()};
  std::int64_t count = bytes / 8;
  KernelFn move = module.kernel("move");
  double ns = best_ns([&](std::int64_t units) { move(slots, &count, nullptr, 0, units); });
  return static_cast<double>(bytes) / ns;
}

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0)
      return line.substr(std::min(line.find(": ") + 2, line.size()));
  }
  return "unknown processor";
}

Machine measure(const Target& target, int threads) {
  TraceSpan span("calibrate");
  Machine machine = Machine::reference(target, threads);
  machine.id = format("{}/{}", cpu_model(), threads);
  machine.l1_bytes = target.l1_bytes;
  machine.l2_bytes = target.l2_bytes;
  machine.l3_bytes = target.l3_bytes;
  machine.barrier_ns = best_ns([&](std::int64_t units) {
    for (std::int64_t i = 0; i < units; ++i) {
      parallel_units(threads, threads, [](std::int64_t, std::int64_t) { return 0; });
    }
  });
  Backend& backend = cpu_backend();
  CompileResult compiled = backend.compile(probe_text(target), CompileLimits::from_options());
  if (compiled.status != CompileStatus::kOk) return machine;
  machine.compile_ms = compiled.ms;
  std::shared_ptr<const Module> module = backend.load(compiled.code);
  machine.fma_gflops_f32 = peak_gflops(*module, "peak32", 24.0 * vector_lanes(DType::kF32, target));
  machine.fma_gflops_f64 = peak_gflops(*module, "peak64", 24.0 * vector_lanes(DType::kF64, target));
  if (target.avx512_bf16) machine.bf16_gflops = peak_gflops(*module, "peak_bf16", 768);
  if (target.amx) machine.amx_gflops = peak_gflops(*module, "peak_amx", 65536);
  KernelFn nothing = module->kernel("nothing");
  machine.step_ns = std::max(5.0, best_ns([&](std::int64_t units) {
                               Launch launch{nothing, nullptr, nullptr, 1, 0, 1};
                               for (std::int64_t i = 0; i < units; ++i)
                                 backend.wait(backend.launch(launch));
                             }));
  machine.l1_gbs = move_gbs(*module, machine.l1_bytes / 2);
  machine.l2_gbs = std::min(machine.l1_gbs, move_gbs(*module, machine.l2_bytes / 2));
  machine.l3_gbs = std::min(
      machine.l2_gbs,
      move_gbs(*module, std::min<std::int64_t>(4 * machine.l2_bytes, machine.l3_bytes / 4)));
  machine.memory_gbs = std::min(machine.l3_gbs, move_gbs(*module, 128 << 20));
  return machine;
}

}  // namespace

Machine current_machine(const Target& target, int threads) {
  std::lock_guard lock(current_mutex);
  auto found = current_machines.find(threads);
  return found == current_machines.end() ? Machine::reference(target, threads) : found->second;
}

std::string machine_name(const Target& target, int threads) {
  return format("{}/{}/{}", cpu_model(), threads, target.text());
}

Machine calibrate(const Target& target, int threads, bool again) {
  std::string name = machine_name(target, threads);
  ProfileStore& store = ProfileStore::shared();
  Machine machine;
  bool is_known = false;
  if (std::optional<std::string> json = again ? std::nullopt : store.machine(name)) {
    try {
      machine = Machine::from_json(*json);
      is_known = true;
    } catch (const ParseError&) {  // written by another version: measured anew
    }
  }
  if (!is_known) {
    machine = measure(target, threads);
    store.set_machine(name, machine.to_json());
  }
  std::lock_guard lock(current_mutex);
  current_machines[threads] = machine;
  return machine;
}

void calibrate_in_background(const Target& target, int threads) {
  static std::atomic<bool> is_running{false};
  if (is_running.exchange(true)) return;
  std::thread([target, threads] {
    sched_param lowest{};
    sched_setscheduler(0, SCHED_IDLE, &lowest);
    try {
      calibrate(target, threads);
    } catch (const std::exception&) {  // nothing is learned; the reference figures stay
    }
    is_running = false;
  }).detach();
}

}  // namespace bafe
