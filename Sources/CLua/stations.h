// Interpreters that run on other threads than the listener's. Each claims a station while it runs; the handler of the listener's signal wakes
// the threads of all that are claimed, and each of these arms the hook of what it runs itself: nobody touches another thread's Lua.

enum { SHIM_STATIONS = 1024 };

typedef struct shim_station {
  int claimed;
  pthread_t thread;
  shim_state *state;                    // set last, and first taken away
} shim_station;

// Named in one file only, as the listener is; inside for the same reason.
static shim_station *shim_stations(void) {
  static shim_station stations[SHIM_STATIONS];
  return stations;
}

static inline int shim_wake_signal(void) { return SIGRTMIN + 9; }

// Gives this thread a stack of its own for signals. oneDNN's kernels keep numbers below the stack pointer, further down than the 128
// bytes that a signal spares: handled on the thread's own stack, a Ctrl-C amid a matrix product would overwrite them.
static int shim_signal_stack(void) {
  stack_t stack;
  memset(&stack, 0, sizeof stack);
  if (sigaltstack(NULL, &stack)) return -1;
  if (!(stack.ss_flags & SS_DISABLE) && stack.ss_size >= 1 << 16) return 0;
  memset(&stack, 0, sizeof stack);
  stack.ss_size = 1 << 17;
  stack.ss_sp = malloc(stack.ss_size);   // for as long as the thread lives
  return stack.ss_sp ? sigaltstack(&stack, NULL) : -1;
}

// Lets this thread be woken.
static void shim_be_wakeable(void) {
  static __thread int ready;
  if (ready) return;
  ready = 1;
  shim_signal_stack();
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, shim_wake_signal());
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}

static void shim_enter(shim_state *s) {
  shim_be_wakeable();
  for (int i = 0; i < SHIM_STATIONS; i++) {
    shim_station *station = &s->stations[i];
    int free = 0;
    if (!__atomic_compare_exchange_n(&station->claimed, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) continue;
    station->thread = s->thread;
    __atomic_store_n(&station->state, s, __ATOMIC_RELEASE);
    s->station = i;
    return;
  }
  s->station = -1;
}

static void shim_leave(shim_state *s) {
  if (s->station < 0) return;
  shim_station *station = &s->stations[s->station];
  __atomic_store_n(&station->state, NULL, __ATOMIC_RELEASE);
  __atomic_store_n(&station->claimed, 0, __ATOMIC_RELEASE);
}

// In a signal handler.
static void shim_wake_stations(void) {
  for (shim_station *station = shim_stations(); station < shim_stations() + SHIM_STATIONS; station++)
    if (__atomic_load_n(&station->state, __ATOMIC_ACQUIRE)) pthread_kill(station->thread, shim_wake_signal());
}

// The handler on a thread that is woken.
static void shim_woken(int signal) {
  (void)signal;
  for (shim_station *station = shim_stations(); station < shim_stations() + SHIM_STATIONS; station++) {
    shim_state *s = __atomic_load_n(&station->state, __ATOMIC_ACQUIRE);
    if (s && pthread_equal(station->thread, pthread_self())) shim_interrupt_state(s);
  }
}
