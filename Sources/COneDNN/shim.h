// oneDNN's C API, and the one OpenMP call needed to keep its own threads out of ours.
#include <dnnl.h>
#include <dnnl_types.h>

extern void omp_set_num_threads(int);
