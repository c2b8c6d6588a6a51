#include <signal.h>
#include <sys/prctl.h>

/* prctl is variadic, which Swift does not call. 0 where the kernel will send `signal` when the parent's thread ends. */
static inline int shim_signal_at_parents_end(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }
