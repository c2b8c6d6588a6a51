// What this processor can do: its vector units, and how fast they multiply and add when nothing has to be fetched.
#include <cpuid.h>
#include <immintrin.h>
#include <time.h>

// Whether the kernels run here: AVX2 and FMA, and an operating system that keeps the wide registers.
static inline int processor_has_avx2(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_FMA) || !(c & bit_OSXSAVE)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 6) == 6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

static inline int processor_has_avx512(void) {
  unsigned a, b, c, d, low, high;
  if (!processor_has_avx2()) return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 0xe6) == 0xe6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F);
}

// What a thread does while it waits wide awake.
static inline void processor_pause(void) { __builtin_ia32_pause(); }

static inline double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Ten independent chains, in registers: as many as two units with a latency of five cycles can have under way. Each keeps to a value near 1.
#define PROCESSOR_CHAINS 10
#define PROCESSOR_EACH(what) what(0) what(1) what(2) what(3) what(4) what(5) what(6) what(7) what(8) what(9)

__attribute__((target("avx2,fma"), noinline)) static float processor_chains_256(long rounds) {
  __m256 half = _mm256_set1_ps(0.5f), sum = half;
#define PROCESSOR_BEGIN(i) __m256 x##i = _mm256_set1_ps((float)i);
#define PROCESSOR_STEP(i) x##i = _mm256_fmadd_ps(x##i, half, half); __asm__ volatile("" : "+x"(x##i));
#define PROCESSOR_ADD(i) sum = _mm256_add_ps(sum, x##i);
  PROCESSOR_EACH(PROCESSOR_BEGIN)
  while (rounds-- > 0) { PROCESSOR_EACH(PROCESSOR_STEP) }
  PROCESSOR_EACH(PROCESSOR_ADD)
#undef PROCESSOR_BEGIN
#undef PROCESSOR_STEP
#undef PROCESSOR_ADD
  return _mm256_cvtss_f32(sum);
}

__attribute__((target("avx512f"), noinline)) static float processor_chains_512(long rounds) {
  __m512 half = _mm512_set1_ps(0.5f), sum = half;
#define PROCESSOR_BEGIN(i) __m512 x##i = _mm512_set1_ps((float)i);
#define PROCESSOR_STEP(i) x##i = _mm512_fmadd_ps(x##i, half, half); __asm__ volatile("" : "+v"(x##i));
#define PROCESSOR_ADD(i) sum = _mm512_add_ps(sum, x##i);
  PROCESSOR_EACH(PROCESSOR_BEGIN)
  while (rounds-- > 0) { PROCESSOR_EACH(PROCESSOR_STEP) }
  PROCESSOR_EACH(PROCESSOR_ADD)
#undef PROCESSOR_BEGIN
#undef PROCESSOR_STEP
#undef PROCESSOR_ADD
  return _mm512_cvtss_f32(sum);
}

// Float32 operations a second on the calling thread, in thousands of millions: the best of some tries within `seconds`.
static inline double processor_ceiling(double seconds) {
  int wide = processor_has_avx512();
  double floats = wide ? 16 : 8, best = 0, end = processor_seconds() + seconds;
  volatile float keep = 0;
  const long rounds = 200000;
  do {
    double began = processor_seconds();
    keep += wide ? processor_chains_512(rounds) : processor_chains_256(rounds);
    double rate = 2 * floats * PROCESSOR_CHAINS * rounds / (processor_seconds() - began) / 1e9;
    if (rate > best) best = rate;
  } while (processor_seconds() < end);
  (void)keep;
  return best;
}
