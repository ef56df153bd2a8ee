// In: names of functions, or none for all. Out: a table of the largest errors of the generated
// kernels, for f32 over all 2^32 arguments, for pow and f64 over samples of every magnitude; the
// exit status is 1 when a promise is broken. Every number comes from a kernel that the library
// planned and compiled; references and units are those of elementary.h.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>

#include "codegen/elementary.h"
#include "math_kernel.h"

namespace bafe {
namespace {

constexpr std::int64_t kBlock = 1 << 16;

struct Settings {
  std::vector<std::string> names;
  std::uint64_t f32_stride = 1;            ///< of bit patterns; 1: all of them
  std::uint64_t f64_samples = 20'000'000;  ///< a function
  std::uint64_t pow_samples = 1'000'000'000;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());

  bool wants(const std::string& name) const {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  }
};

/// The largest error, where it is, and how many results are off by more than one unit.
struct Worst {
  double ulps = 0, x = 0, y = 0;
  std::uint64_t above_one = 0, count = 0;

  void add(double error, double at, double second = 0) {
    ++count;
    above_one += error > 1;
    if (error > ulps) ulps = error, x = at, y = second;
  }
  /// The same for many: the largest error is looked for first, its place after.
  void add(const std::vector<double>& errors, const std::vector<float>& at) {
    double most = 0;
    std::uint64_t above = 0;
    for (double error : errors) above += error > 1, most = error > most ? error : most;
    count += errors.size();
    above_one += above;
    if (most <= ulps) return;
    ulps = most;
    x = at[static_cast<std::size_t>(std::find(errors.begin(), errors.end(), most) -
                                    errors.begin())];
  }
  void merge(const Worst& other) {
    above_one += other.above_one;
    count += other.count;
    if (other.ulps > ulps || (other.ulps == ulps && other.x < x))
      ulps = other.ulps, x = other.x, y = other.y;
  }
};

/// Runs work(block, worst) for every block on all threads.
template <class Work>
Worst over_blocks(std::uint64_t blocks, unsigned threads, const Work& work) {
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  Worst all;
  auto worker = [&] {
    Worst mine;
    for (std::uint64_t b; (b = next.fetch_add(1)) < blocks;) work(b, mine);
    const std::lock_guard<std::mutex> lock(mutex);
    all.merge(mine);
  };
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i) pool.emplace_back(worker);
  worker();
  for (std::thread& thread : pool) thread.join();
  return all;
}

/// Numbers of every magnitude, more of them where functions bend, multiples of pi/2 among them.
double sample(std::mt19937_64& random) {
  using Limits = std::numeric_limits<double>;
  static constexpr double kSpecial[] = {0.0,
                                        -0.0,
                                        1,
                                        -1,
                                        Limits::infinity(),
                                        -Limits::infinity(),
                                        Limits::quiet_NaN(),
                                        Limits::denorm_min(),
                                        -Limits::denorm_min(),
                                        Limits::min(),
                                        -Limits::min(),
                                        Limits::max(),
                                        -Limits::max()};
  const std::uint64_t bits = random();
  if (bits >> 56 == 0) return kSpecial[(bits >> 8) % std::size(kSpecial)];
  const double unit = static_cast<double>(static_cast<std::int64_t>(random())) * 0x1p-63;
  switch (bits % 8) {
    case 0:
      return std::bit_cast<double>(random());
    case 1:
    case 2:
      return unit * 1.5;
    case 3:
    case 4:
      return unit * 40;
    case 5:
      return unit * 760;
    case 6:
      return std::ldexp(unit, -static_cast<int>(bits >> 8 & 63));
    default:
      return 1.5707963267948966 * std::nearbyint(unit * 1e5);
  }
}

Worst all_f32(const Elementary& f, const Settings& s) {
  const MathKernel kernel(f.name, 1, DType::kF32, kBlock, host_target());
  const std::uint64_t step = s.f32_stride * kBlock;
  return over_blocks(
      ((1ull << 32) + step - 1) / step, s.threads, [&](std::uint64_t b, Worst& worst) {
        thread_local std::vector<float> x(kBlock), y(kBlock);
        thread_local std::vector<double> want(kBlock), off(kBlock);
        for (std::uint64_t i = 0; i < kBlock; ++i)
          x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(b * step + i * s.f32_stride));
        kernel.run({x.data(), y.data()});
        f.near(x.data(), want.data(), kBlock);
        for (std::size_t i = 0; i < kBlock; ++i) off[i] = ulps_off<float>(y[i], want[i]);
        worst.add(off, x);
      });
}

Worst some_f64(const Elementary& f, const Settings& s) {
  const MathKernel kernel(f.name, 1, DType::kF64, kBlock, host_target());
  return over_blocks((s.f64_samples + kBlock - 1) / kBlock, s.threads,
                     [&](std::uint64_t b, Worst& worst) {
                       thread_local std::vector<double> x(kBlock), y(kBlock);
                       std::mt19937_64 random(b);
                       for (double& value : x) value = sample(random);
                       kernel.run({x.data(), y.data()});
                       for (std::size_t i = 0; i < kBlock; ++i)
                         worst.add(ulps_off<double>(y[i], f.wide(x[i])), x[i]);
                     });
}

/// Half of the powers are made to fall inside the range of T, for bases of every magnitude.
template <class T>
Worst some_pow(std::uint64_t samples, unsigned threads) {
  const DType dtype = sizeof(T) == 4 ? DType::kF32 : DType::kF64;
  const MathKernel kernel("pow", 2, dtype, kBlock, host_target());
  constexpr int kTop = std::numeric_limits<T>::max_exponent;
  return over_blocks((samples + kBlock - 1) / kBlock, threads, [&](std::uint64_t b, Worst& worst) {
    thread_local std::vector<T> x(kBlock), y(kBlock), z(kBlock);
    std::mt19937_64 random(b);
    for (std::size_t i = 0; i < kBlock; ++i) {
      x[i] = static_cast<T>(sample(random));
      y[i] = static_cast<T>(sample(random));
      if (i % 4 == 0) {
        const std::uint64_t bits = random();
        std::memcpy(&x[i], &bits, sizeof(T));
        const double size = std::log2(std::abs(static_cast<double>(x[i])));
        const double unit = static_cast<double>(static_cast<std::int64_t>(random())) * 0x1p-63;
        y[i] = static_cast<T>(unit * kTop * 1.1 / (std::isfinite(size) && size != 0 ? size : 1));
      } else if (i % 4 == 1) {
        y[i] = static_cast<T>(std::nearbyint(static_cast<double>(y[i])));
      }
    }
    kernel.run({x.data(), y.data(), z.data()});
    for (std::size_t i = 0; i < kBlock; ++i) {
      using W = Wider<T>;
      const W exact = std::pow(static_cast<W>(x[i]), static_cast<W>(y[i]));
      worst.add(ulps_off<T>(z[i], exact), static_cast<double>(x[i]), static_cast<double>(y[i]));
    }
  });
}

/// Prints one row as the work ends; false when the promise is broken.
template <class Work>
bool row(const char* name, const char* dtype, double limit, const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  const Worst w = work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("| %-7s | %s | %10llu | %.4f | %.3g | %10llu | %-24.17g %-10.6g | %5.0f s |%s\n",
              name, dtype, static_cast<unsigned long long>(w.count), w.ulps, limit,
              static_cast<unsigned long long>(w.above_one), w.x, w.y, took.count(),
              w.ulps <= limit ? "" : " BROKEN");
  std::fflush(stdout);
  return w.ulps <= limit;
}

bool run_all(const Settings& s) {
  std::puts("| function | type | arguments | max ULP | promise | above 1 | worst at | time |");
  std::puts("|---|---|---|---|---|---|---|---|");
  bool ok = true;
  for (const Elementary& f : kElementary) {
    if (!s.wants(f.name)) continue;
    ok &= row(f.name, "f32", f.f32_ulps, [&] { return all_f32(f, s); });
    ok &= row(f.name, "f64", f.f64_ulps, [&] { return some_f64(f, s); });
  }
  if (!s.wants("pow")) return ok;
  ok &= row("pow", "f32", 2, [&] { return some_pow<float>(s.pow_samples, s.threads); });
  ok &= row("pow", "f64", 2, [&] { return some_pow<double>(s.f64_samples, s.threads); });
  return ok;
}

}  // namespace
}  // namespace bafe

int main(int argc, char** argv) {
  bafe::Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    auto number = [&](const char* name, auto& to) {
      const std::size_t length = std::strlen(name);
      if (text.compare(0, length, name) != 0) return false;
      to = static_cast<std::decay_t<decltype(to)>>(
          std::strtoull(text.c_str() + length, nullptr, 10));
      return true;
    };
    if (number("--stride=", settings.f32_stride) || number("--f64=", settings.f64_samples) ||
        number("--pow=", settings.pow_samples) || number("--threads=", settings.threads))
      continue;
    settings.names.push_back(text);
  }
  return bafe::run_all(settings) ? 0 : 1;
}
