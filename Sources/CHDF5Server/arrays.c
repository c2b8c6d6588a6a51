// Rows of arrays, read and written piece by piece.
#include "server.h"
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 22, MOST_CACHE = 1 << 29, MOST_ROW = 1 << 30, MOST_CHUNK_ROWS = 1 << 26 };

// Rows that are read at once: about PIECE bytes, and whole chunks where that is not much more, so that each is unpacked once.
// Sets `cache` to what the chunks of a row take together.
static hsize_t rows_at_once(hid_t array, int rank, const hsize_t *sizes, size_t row_bytes, size_t *cache) {
  hsize_t rows = row_bytes ? PIECE / row_bytes : PIECE;
  if (rows == 0) rows = 1;
  *cache = 0;
  hid_t plan = H5Dget_create_plist(array);
  hsize_t chunk[H5S_MAX_RANK];
  if (plan >= 0 && H5Pget_layout(plan) == H5D_CHUNKED && H5Pget_chunk(plan, rank, chunk) == rank && chunk[0] > 0) {
    double band = 8;
    for (int i = 0; i < rank; i++) band *= i == 0 ? (double)chunk[0] : (double)((sizes[i] + chunk[i] - 1) / (chunk[i] ? chunk[i] : 1) * chunk[i]);
    *cache = band < MOST_CACHE ? (size_t)band : MOST_CACHE;
    if ((double)chunk[0] * (double)row_bytes <= MOST_CHUNK_ROWS) rows = (rows + chunk[0] - 1) / chunk[0] * chunk[0];
  }
  if (plan >= 0) H5Pclose(plan);
  return rows;
}

// Whether the elements lie in the file itself; a sentence where they do not.
static const char *elsewhere(hid_t array) {
  hid_t plan = H5Dget_create_plist(array);
  if (plan < 0) return "how it is stored cannot be read";
  H5D_layout_t layout = H5Pget_layout(plan);
  int others = layout == H5D_CONTIGUOUS ? H5Pget_external_count(plan) : 0;
  H5Pclose(plan);
  if (layout < 0) return "how it is stored cannot be read";
  return others != 0 || layout == H5D_VIRTUAL ? "its elements lie in other files, which are not read" : NULL;
}

static int send_rows(hid_t array, hid_t space, int rank, const hsize_t *sizes, const struct hdf5_request *request) {
  hid_t type = number_type(request->type);
  size_t row_bytes = H5Tget_size(type);
  for (int i = 1; i < rank; i++) {
    if (sizes[i] && row_bytes > MOST_ROW / sizes[i]) return fail("a row of it is larger than a gigabyte", 0);
    row_bytes *= sizes[i];
  }
  hsize_t all = rank ? sizes[0] : 1, start = (hsize_t)request->start, end = start + (hsize_t)request->count;
  if (request->start < 0 || request->count < 0 || end > all) return fail("it has fewer rows", 0);
  size_t cache;
  hsize_t rows = rank ? rows_at_once(array, rank, sizes, row_bytes, &cache) : 1;
  hsize_t most = rows < end - start ? rows : end - start;
  void *bytes = malloc(most * row_bytes + 1);
  if (!bytes) return fail("there is no memory for a piece of it", 0);
  int sent = 0;
  while (start < end && row_bytes && !sent) {
    hsize_t count = rows - start % rows;
    if (count > end - start) count = end - start;
    begin_work();
    hsize_t from[H5S_MAX_RANK] = {start}, part[H5S_MAX_RANK];
    memcpy(part, sizes, (size_t)rank * sizeof *sizes);
    part[0] = count;
    hid_t memory = rank ? H5Screate_simple(rank, part, NULL) : H5Screate(H5S_SCALAR);
    int good = memory >= 0 && (rank == 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, part, NULL) >= 0)
      && H5Dread(array, type, memory, space, H5P_DEFAULT, bytes) >= 0;
    if (memory >= 0) H5Sclose(memory);
    if (!good) {
      sent = fail("its elements cannot be read", 1);
      break;
    }
    sent = answer(0, bytes, count * row_bytes);
    start += count;
  }
  free(bytes);
  return sent;
}

// Opened with room for the chunks of a row: those that reach over several pieces are unpacked once.
static hid_t open_array(const char *path) {
  hid_t array = open_object(path);
  if (array < 0) return array;
  hid_t space = H5Iget_type(array) == H5I_DATASET ? H5Dget_space(array) : -1;
  hsize_t sizes[H5S_MAX_RANK];
  int rank = space >= 0 ? H5Sget_simple_extent_dims(space, sizes, NULL) : 0;
  if (space >= 0) H5Sclose(space);
  size_t cache = 0;
  if (rank > 0) rows_at_once(array, rank, sizes, 1, &cache);
  if (cache <= (1 << 20)) return array;
  H5Oclose(array);
  hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
  H5Pset_chunk_cache(access, 10007, cache, 1.0);
  array = H5Dopen2(file, path, access);
  H5Pclose(access);
  if (array < 0) fail("it cannot be opened", 1);
  return array;
}

int read_rows(const char *path, const struct hdf5_request *request) {
  hid_t array = open_array(path);
  if (array < 0) return 0;
  hid_t type = H5Iget_type(array) == H5I_DATASET ? H5Dget_type(array) : -1, space = type >= 0 ? H5Dget_space(array) : -1;
  hsize_t sizes[H5S_MAX_RANK];
  int rank = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL ? H5Sget_simple_extent_dims(space, sizes, NULL) : -1;
  H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
  const char *where = rank >= 0 ? elsewhere(array) : "it holds no elements";
  int sent;
  if (where) sent = fail(where, 0);
  else if (number_type(request->type) < 0 || (class != H5T_INTEGER && class != H5T_FLOAT && class != H5T_ENUM)) sent = fail("it holds no numbers", 0);
  else sent = send_rows(array, space, rank, sizes, request);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  H5Oclose(array);
  return sent;
}

// h5py's truth values.
static hid_t truth_type(void) {
  hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
  signed char no = 0, yes = 1;
  H5Tenum_insert(type, "FALSE", &no);
  H5Tenum_insert(type, "TRUE", &yes);
  return type;
}

static hid_t stored_type(uint32_t type) {
  switch (type) {
  case 'f': return H5Tcopy(H5T_IEEE_F32LE);
  case 'd': return H5Tcopy(H5T_IEEE_F64LE);
  case 'i': return H5Tcopy(H5T_STD_I64LE);
  case 'b': return truth_type();
  default: return -1;
  }
}

static hid_t makes_parents(void) {
  hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  return links;
}

int make_group(const char *path) {
  hid_t links = makes_parents();
  hid_t group = H5Gcreate2(file, path, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(links);
  return group < 0 || H5Gclose(group) < 0 ? fail("the group cannot be made", 1) : answer(0, NULL, 0);
}

int make_array(const char *path, const struct hdf5_request *request) {
  hsize_t sizes[32];
  for (uint32_t i = 0; i < request->rank; i++) sizes[i] = (hsize_t)request->shape[i];
  hid_t links = makes_parents(), type = stored_type(request->type);
  hid_t space = H5Screate_simple((int)request->rank, sizes, NULL);
  hid_t array = H5Dcreate2(file, path, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Sclose(space);
  H5Tclose(type);
  H5Pclose(links);
  return array < 0 || H5Dclose(array) < 0 ? fail("the array cannot be made", 1) : answer(0, NULL, 0);
}

int write_rows(const char *path, const struct hdf5_request *request, const void *data) {
  hid_t array = open_object(path);
  if (array < 0) return 0;
  hid_t type = request->type == 'b' ? truth_type() : H5Tcopy(number_type(request->type));
  hid_t space = H5Dget_space(array);
  hsize_t from[H5S_MAX_RANK] = {(hsize_t)request->start}, part[H5S_MAX_RANK];
  int rank = H5Sget_simple_extent_dims(space, part, NULL);
  part[0] = (hsize_t)request->count;
  size_t size = H5Tget_size(type);
  for (int i = 0; i < rank; i++) size *= part[i];
  hid_t memory = H5Screate_simple(rank, part, NULL);
  int good = rank > 0 && size == request->data_size && H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, part, NULL) >= 0
    && H5Dwrite(array, type, memory, space, H5P_DEFAULT, data) >= 0;
  H5Sclose(memory);
  H5Sclose(space);
  H5Tclose(type);
  return H5Oclose(array) < 0 || !good ? fail("its elements cannot be written", 1) : answer(0, NULL, 0);
}

// `path` is the object's; the attribute's name comes after its zero. One number or one text.
int write_attribute(const char *path, const struct hdf5_request *request, const void *data) {
  hid_t object = open_object(path);
  if (object < 0) return 0;
  hid_t type = request->type == 's' ? H5Tcopy(H5T_C_S1) : stored_type(request->type);
  if (request->type == 's') {
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
  }
  char *text = calloc(request->data_size + 1, 1);
  if (text) memcpy(text, data, request->data_size);
  hid_t space = H5Screate(H5S_SCALAR);
  hid_t attribute = H5Acreate2(object, path + strlen(path) + 1, type, space, H5P_DEFAULT, H5P_DEFAULT);
  hid_t memory = request->type == 's' ? type : number_type(request->type);
  int good = text && attribute >= 0 && H5Awrite(attribute, memory, request->type == 's' ? (void *)&text : data) >= 0;
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  H5Oclose(object);
  free(text);
  return good ? answer(0, NULL, 0) : fail("its attribute cannot be written", 1);
}
