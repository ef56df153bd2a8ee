/* What the machine can do at best: multiply-adds from registers, and streams of reads and writes.
   Each probe runs on `threads` threads, each on its own part. Nothing is allocated or checked. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#if defined(__AVX512F__) || defined(__AVX__)
#include <immintrin.h>
#endif

typedef float f32v __attribute__((vector_size(64)));
typedef double f64v __attribute__((vector_size(64)));
enum { kLanes = 16, kMostThreads = 64, kChains = 12 };

struct part {
  int kind, reads, streaming;
  const float* from[4];
  float* to;
  long first, count, times;
  double sink;
};

static inline void put(float* to, f32v value, int streaming) {
#if defined(__AVX512F__)
  if (streaming) {
    _mm512_stream_ps(to, (__m512)value);
    return;
  }
#elif defined(__AVX__)
  if (streaming) {
    const __m256* halves = (const __m256*)&value;
    _mm256_stream_ps(to, halves[0]);
    _mm256_stream_ps(to + 8, halves[1]);
    return;
  }
#endif
  *(f32v*)to = value;
}

static inline void mix(struct part* p, int reads, int streaming) {
  long end = p->first + p->count;
  for (long t = 0; t < p->times; ++t) {
    for (long i = p->first; i < end; i += kLanes) {
      f32v v = {0};
      for (int r = 0; r < reads; ++r) v += *(const f32v*)(p->from[r] + i);
      put(p->to + i, v, streaming);
    }
  }
#if defined(__AVX__)
  _mm_sfence();
#endif
}

static void read_only(struct part* p) {
  f32v sum[8] = {{0}};
  long end = p->first + p->count;
  for (long t = 0; t < p->times; ++t) {
    for (long i = p->first; i + 8 * kLanes <= end; i += 8 * kLanes) {
      for (int k = 0; k < 8; ++k) sum[k] += *(const f32v*)(p->from[0] + i + k * kLanes);
    }
  }
  for (int k = 0; k < 8; ++k) p->sink += sum[k][0];
}

/* Twelve named sums: enough to hide the latency, and an array of them would live in memory. */
#define EACH(do) \
  do (0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11)
#define START(i) c##i = x + i;
#define STEP(i) c##i = c##i * x + x;
#define END(i) p->sink += c##i[0];
#define FMA_PROBE(name, vector)                                       \
  static void name(struct part* p) {                                  \
    vector x = {0}, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11; \
    x += p->from[0][0];                                               \
    EACH(START)                                                       \
    for (long t = 0; t < p->times; ++t) {                             \
      EACH(STEP)                                                      \
    }                                                                 \
    EACH(END)                                                         \
  }
FMA_PROBE(fma32, f32v)
FMA_PROBE(fma64, f64v)

static void* run_part(void* argument) {
  struct part* p = argument;
  if (p->kind == 1) {
    fma32(p);
  } else if (p->kind == 2) {
    fma64(p);
  } else if (!p->to) {
    read_only(p);
  } else {
    switch (p->reads * 2 + p->streaming) {
      case 0:
        mix(p, 0, 0);
        break;
      case 1:
        mix(p, 0, 1);
        break;
      case 2:
        mix(p, 1, 0);
        break;
      case 3:
        mix(p, 1, 1);
        break;
      case 4:
        mix(p, 2, 0);
        break;
      case 5:
        mix(p, 2, 1);
        break;
      case 6:
        mix(p, 3, 0);
        break;
      case 7:
        mix(p, 3, 1);
        break;
      case 8:
        mix(p, 4, 0);
        break;
      default:
        mix(p, 4, 1);
    }
  }
  return 0;
}

static int cores[kMostThreads];

/* Names the core of each thread but the caller's. */
void use_cores(const int* given, int count) {
  for (int i = 0; i < kMostThreads; ++i) cores[i] = i < count ? given[i] : -1;
}

/* The core is set before the thread runs: at a real-time priority it would else wait for its maker.
 */
static void start(pthread_t* id, int core, struct part* part) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (core >= 0) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
  }
  pthread_create(id, &attributes, run_part, part);
  pthread_attr_destroy(&attributes);
}

static double run(struct part whole, int threads) {
  struct part parts[kMostThreads];
  pthread_t ids[kMostThreads];
  long unit = 8 * kLanes, each = whole.count / threads / unit * unit;
  double sink = 0;
  for (int i = 0; i < threads; ++i) {
    parts[i] = whole;
    parts[i].first = i * each;
    parts[i].count = each;
    if (i > 0) start(&ids[i], cores[i - 1], &parts[i]);
  }
  run_part(&parts[0]);
  for (int i = 0; i < threads; ++i) {
    if (i > 0) pthread_join(ids[i], 0);
    sink += parts[i].sink;
  }
  return sink;
}

/* Floating-point operations that `times` rounds do on each thread. */
double fma_operations(int is_double, long times) {
  return 2.0 * kChains * (is_double ? 8 : 16) * (double)times;
}

double multiply_adds(int is_double, long times, int threads, const float* one) {
  struct part whole = {.kind = is_double ? 2 : 1, .from = {one}, .times = times};
  return run(whole, threads);
}

/* Adds `reads` streams of `count` floats and stores them; with `to` null reads only. */
double streams(const float* const* from, int reads, float* to, long count, int streaming,
               long times, int threads) {
  struct part whole = {
      .reads = reads, .streaming = streaming, .to = to, .count = count, .times = times};
  for (int i = 0; i < reads; ++i) whole.from[i] = from[i];
  return run(whole, threads);
}
