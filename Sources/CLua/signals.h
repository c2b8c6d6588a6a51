// Signals that interrupt what runs. A handler may be in place before there is an interpreter.

// The interpreter that signals go to; one at a time.
static shim_state *volatile *shim_listener(void) {
  static shim_state *volatile listener;   // inside, because Swift drops a file's uninitialised variables
  return &listener;
}

// The signal handler. A signal that reaches another thread is passed on to the one that runs Lua.
static void shim_interrupt(int signal) {
  shim_state *s = *shim_listener();
  if (!s) return;
  if (pthread_equal(pthread_self(), s->thread)) shim_interrupt_state(s);
  else pthread_kill(s->thread, signal);
}

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

// Has `handler` called for `signal` on this thread, which may be one whose signals were blocked.
static int shim_catch(int signal, void (*handler)(int)) {
  if (shim_signal_stack()) return -1;
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;         // and not SA_RESTART: what waits for a key is to end
  return sigaction(signal, &action, NULL) ? -1 : pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}

// From the interpreter's thread.
static void shim_listen(shim_state *s) {
  s->thread = pthread_self();
  *shim_listener() = s;
}

static void shim_ignore(shim_state *s) {
  if (*shim_listener() == s) *shim_listener() = NULL;
}
