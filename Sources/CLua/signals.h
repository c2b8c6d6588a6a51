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
  if (!pthread_equal(pthread_self(), s->thread)) {
    pthread_kill(s->thread, signal);
    return;
  }
  shim_interrupt_state(s);
  shim_wake_stations();
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

// Lets this interpreter run on any thread, where signals reach it.
static int shim_go_apart(shim_state *s) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = shim_woken;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  if (sigaction(shim_wake_signal(), &action, NULL)) return -1;
  s->stations = shim_stations();
  return 0;
}

static void shim_ignore(shim_state *s) {
  if (*shim_listener() == s) *shim_listener() = NULL;
}
