// Looks at the processor before any code that was compiled for x86-64-v3 can run, and ends the program with a sentence instead of an illegal
// instruction. Compiled for every x86-64 processor.
#include "processor.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <string.h>
#include <unistd.h>

// What -march=x86-64-v3 lets the compiler use beyond SSE4.2, from the leaves of CPUID (Intel's Software Developer's Manual, volume 2A).
struct feature { const char *name; unsigned leaf; int reg; unsigned bit; };
static const struct feature features[] = {
  {"AVX", 1, 2, 28}, {"AVX2", 7, 1, 5}, {"BMI1", 7, 1, 3}, {"BMI2", 7, 1, 8}, {"F16C", 1, 2, 29},
  {"FMA", 1, 2, 12}, {"LZCNT", 0x80000001, 2, 5}, {"MOVBE", 1, 2, 22},
};

static int has(const struct feature *feature) {
  unsigned registers[4] = {0};
  if (!__get_cpuid_count(feature->leaf, 0, &registers[0], &registers[1], &registers[2], &registers[3])) return 0;
  return registers[feature->reg] >> feature->bit & 1;
}

// Whether the system saves the upper halves of AVX's registers.
static int system_knows_avx(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 6) == 6;
}

static void append(char *text, size_t size, const char *word) { strncat(text, word, size - strlen(text) - 1); }

static void end(const char *text) {
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written;
  _exit(2);
}

static void check(int count, char **words, char **environment) {
  (void)count, (void)words, (void)environment;
  char text[512] = "dsrl-lua: this processor lacks ";
  int missing = 0;
  for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
    if (has(&features[i])) continue;
    if (missing++) append(text, sizeof text, ", ");
    append(text, sizeof text, features[i].name);
  }
  append(text, sizeof text, "; the program was built for x86-64-v3 (Intel Haswell, AMD Excavator or newer).\n");
  if (missing) end(text);
  if (!system_knows_avx()) end("dsrl-lua: this system does not keep AVX's registers (XSAVE); the program was built for x86-64-v3.\n");
}

// Runs before the initialisers of every library.
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = check;
#endif
