// A process that reads and writes HDF5 files for another one: libhdf5 is not thread safe, and a crafted file may crash it.
#pragma once
#include <stdint.h>
#include <sys/types.h>

enum hdf5_operation {
  HDF5_OPEN, HDF5_CREATE, HDF5_LIST, HDF5_ATTRIBUTES, HDF5_READ, HDF5_STRINGS,
  HDF5_GROUP, HDF5_ARRAY, HDF5_ROWS, HDF5_ATTRIBUTE, HDF5_CLOSE
};

// What is asked for. `path_size` bytes of a path follow, then `data_size` bytes of data.
struct hdf5_request {
  uint32_t operation;
  uint32_t type;  // of the numbers: 'f' float, 'd' double, 'i' 64-bit integer, 'b' truth value, 's' text
  uint32_t path_size;
  uint32_t rank;
  uint64_t data_size;
  int64_t start, count;  // rows
  int64_t shape[32];
};

// What is answered; `size` bytes follow, of an error (status not 0) its sentence. A reading is answered by several of them.
struct hdf5_answer {
  int64_t status;
  uint64_t size;
};

// Starts the process; `socket` is then connected with it. Returns its id, or -1 with errno. It ends when the socket is closed.
pid_t hdf5_server_start(int *socket);
// The process's end: 0, or the signal that ended it. Does not return before.
int hdf5_server_end(pid_t process);
