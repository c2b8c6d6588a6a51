// LAPACK's routines in double precision (netlib.org/lapack), arguments by value and matrices column by column without gaps.
// Each returns LAPACK's info. A `length` of -1 asks for the workspace: the best length comes back in work[0].
#include <stddef.h>

void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
void dgetrs_(const char *trans, const int *n, const int *columns, const double *a, const int *lda, const int *pivots, double *b, const int *ldb,
             int *info, size_t);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *length, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work, const int *length, int *info);
void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s, double *u, const int *ldu, double *vt,
             const int *ldvt, double *work, const int *length, int *integers, int *info, size_t);
void dsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work, const int *length,
             int *integers, const int *integer_length, int *info, size_t, size_t);

// a [n, n] becomes its factors L and U.
static inline int lapack_lu(int n, double *a, int *pivots) {
  int info;
  dgetrf_(&n, &n, a, &n, pivots, &info);
  return info;
}

// b [n, columns] becomes the solution.
static inline int lapack_lu_solve(int n, int columns, const double *lu, const int *pivots, double *b) {
  int info;
  dgetrs_("N", &n, &columns, lu, &n, pivots, b, &n, &info, 1);
  return info;
}

// The lower triangle of a [n, n] becomes L; the upper one stays.
static inline int lapack_cholesky(int n, double *a) {
  int info;
  dpotrf_("L", &n, a, &n, &info, 1);
  return info;
}

// a [m, n] becomes R above its diagonal, reflections below.
static inline int lapack_qr(int m, int n, double *a, double *tau, double *work, int length) {
  int info;
  dgeqrf_(&m, &n, a, &m, tau, work, &length, &info);
  return info;
}

// The first k columns of a, reflections of lapack_qr, become Q [m, k].
static inline int lapack_q(int m, int k, double *a, const double *tau, double *work, int length) {
  int info;
  dorgqr_(&m, &k, &k, a, &m, tau, work, &length, &info);
  return info;
}

// Thin singular value decomposition: u [m, k], s [k], vt [k, n]; only s unless vectors are wanted. `integers` holds 8 k.
static inline int lapack_svd(int vectors, int m, int n, double *a, double *s, double *u, double *vt, double *work, int length, int *integers) {
  int info, k = m < n ? m : n;
  dgesdd_(vectors ? "S" : "N", &m, &n, a, &m, s, u, &m, vt, &k, work, &length, integers, &info, 1);
  return info;
}

// Eigenvalues w [n], ascending, of the symmetric a [n, n], which becomes the eigenvectors where they are wanted.
static inline int lapack_eigh(int vectors, int n, double *a, double *w, double *work, int length, int *integers, int integer_length) {
  int info;
  dsyevd_(vectors ? "V" : "N", "L", &n, a, &n, w, work, &length, integers, &integer_length, &info, 1, 1);
  return info;
}
