#define _GNU_SOURCE
#include "server.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET = 3, LONGEST_PATH = 1 << 16, MOST_DATA = 1 << 26, SECONDS = 10 };

hid_t file = -1;

void add(struct buffer *buffer, const void *bytes, size_t size) {
  if (buffer->failed) return;
  if (buffer->size + size > buffer->capacity) {
    size_t capacity = 2 * (buffer->size + size) + 256;
    unsigned char *larger = capacity > (size_t)1 << 31 ? NULL : realloc(buffer->bytes, capacity);
    if (!larger) {
      buffer->failed = 1;
      return;
    }
    buffer->bytes = larger;
    buffer->capacity = capacity;
  }
  if (size) memcpy(buffer->bytes + buffer->size, bytes, size);
  buffer->size += size;
}

void add_number(struct buffer *buffer, int64_t number) { add(buffer, &number, sizeof number); }

void add_text(struct buffer *buffer, const char *text, size_t size) {
  add_number(buffer, (int64_t)size);
  add(buffer, text, size);
}

int receive(void *bytes, size_t size) {
  char *place = bytes;
  while (size) {
    ssize_t got = recv(SOCKET, place, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    place += got;
    size -= (size_t)got;
  }
  return 0;
}

static int send_all(const void *bytes, size_t size) {
  const char *place = bytes;
  while (size) {
    ssize_t put = send(SOCKET, place, size, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return -1;
    place += put;
    size -= (size_t)put;
  }
  return 0;
}

int answer(int64_t status, const void *bytes, size_t size) {
  struct hdf5_answer head = {status, size};
  return send_all(&head, sizeof head) || send_all(bytes, size) ? -1 : 0;
}

// The first of libhdf5's reasons, which is the one nearest to the cause.
static herr_t reason(unsigned n, const H5E_error2_t *error, void *text) {
  if (n == 0 && error->desc) snprintf(text, 400, "%s", error->desc);
  return 0;
}

int fail(const char *text, int asks) {
  char because[400] = "", all[1400];
  if (asks) H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, reason, because);
  snprintf(all, sizeof all, "%s%s%s%s", text, because[0] ? " (" : "", because, because[0] ? ")" : "");
  H5Eclear2(H5E_DEFAULT);
  return answer(1, all, strlen(all));
}

void begin_work(void) {
  struct itimerval time = {{0, 0}, {SECONDS, 0}};
  setitimer(ITIMER_PROF, &time, NULL);
}

// Locks would only keep files on foreign file systems from being read.
static int open_file(const char *path, int creates) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_file_locking(access, 0, 1);
  file = creates ? H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access) : H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return file < 0 ? fail(creates ? "libhdf5 cannot make it" : "libhdf5 cannot open it", 1) : answer(0, NULL, 0);
}

static int close_file(void) {
  herr_t status = file < 0 ? 0 : H5Fclose(file);
  file = -1;
  return status < 0 ? fail("libhdf5 cannot close it", 1) : answer(0, NULL, 0);
}

static int serve(const struct hdf5_request *request, const char *path, const void *data) {
  switch (request->operation) {
  case HDF5_OPEN: return open_file(path, 0);
  case HDF5_CREATE: return open_file(path, 1);
  case HDF5_LIST: return list(path);
  case HDF5_ATTRIBUTES: return attributes(path);
  case HDF5_READ: return read_rows(path, request);
  case HDF5_STRINGS: return read_strings(path);
  case HDF5_GROUP: return make_group(path);
  case HDF5_ARRAY: return make_array(path, request);
  case HDF5_ROWS: return write_rows(path, request, data);
  case HDF5_ATTRIBUTE: return write_attribute(path, request, data);
  case HDF5_CLOSE: return close_file();
  default: return fail("an unknown request", 0);
  }
}

// One request after the other, until the other side is gone.
static void serve_all(void) {
  struct hdf5_request request;
  while (receive(&request, sizeof request) == 0) {
    if (request.path_size > LONGEST_PATH || request.data_size > MOST_DATA || request.rank > 32) return;
    char *path = malloc(request.path_size + 1);
    void *data = malloc(request.data_size + 1);
    if (!path || !data || receive(path, request.path_size) || receive(data, request.data_size)) return;
    path[request.path_size] = 0;
    begin_work();
    int sent = serve(&request, path, data);
    free(path);
    free(data);
    if (sent) return;
  }
}

// At most four more gigabytes than the process has now: a crafted file may ask for anything.
static void limit(void) {
  long pages = 0;
  FILE *sizes = fopen("/proc/self/statm", "r");
  if (sizes) {
    if (fscanf(sizes, "%ld", &pages) != 1) pages = 0;
    fclose(sizes);
  }
  rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)4 << 30);
  if (pages) setrlimit(RLIMIT_AS, &(struct rlimit){most, most});
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

// Nothing of the program that it was a copy of may go on in it: neither its handlers nor its open files nor its terminal.
static void child(int own) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (own != SOCKET) dup2(own, SOCKET);
  int nowhere = open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < 3; descriptor++) dup2(nowhere, descriptor);
  close_range(SOCKET + 1, ~0U, 0);
  limit();
  H5open();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);  // no code from outside
  serve_all();
  _exit(0);
}

pid_t hdf5_server_start(int *connected) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return -1;
  pid_t process = fork();
  if (process == 0) child(ends[1]);
  int code = errno;
  close(ends[1]);
  if (process < 0) close(ends[0]);
  *connected = ends[0];
  errno = code;
  return process;
}

int hdf5_server_end(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
