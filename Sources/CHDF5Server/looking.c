// What a file holds: members of groups, attributes, text.
#include "server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMBERS = 2000000, MOST_TEXTS = 1000000, MOST_TEXT = 1 << 26 };

// Whether a hard link leads to each part of the path: a link to another file would read what was not named.
static int leads(const char *path) {
  char *part = strdup(path);
  if (!part) return 0;
  int good = 1;
  for (char *end = part; good && *end; end++) {
    if (end[1] != '/' && end[1] != 0) continue;
    char after = end[1];
    end[1] = 0;
    H5L_info_t link;
    if (strcmp(part, "/") != 0) good = H5Lget_info(file, part, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
    end[1] = after;
  }
  free(part);
  return good;
}

hid_t open_object(const char *path) {
  if (file < 0) {
    fail("no file is open", 0);
    return -1;
  }
  hid_t object = leads(path) ? H5Oopen(file, path, H5P_DEFAULT) : -1;
  if (object < 0) fail("it is not there, or a link to elsewhere, which is not followed", 0);
  return object;
}

hid_t number_type(uint32_t type) {
  switch (type) {
  case 'f': return H5T_NATIVE_FLOAT;
  case 'd': return H5T_NATIVE_DOUBLE;
  case 'i': return H5T_NATIVE_INT64;
  default: return -1;
  }
}

// 'f' and 'i' for numbers, 'b' for h5py's truth values, 's' for text, 'o' for others.
static int class_of(hid_t type) {
  switch (H5Tget_class(type)) {
  case H5T_INTEGER: return 'i';
  case H5T_FLOAT: return 'f';
  case H5T_STRING: return 's';
  case H5T_ENUM: {
    signed char value = 0;
    int is_truth = H5Tget_nmembers(type) == 2 && H5Tget_size(type) == 1 && H5Tenum_valueof(type, "TRUE", &value) >= 0 && value == 1;
    H5Eclear2(H5E_DEFAULT);
    return is_truth ? 'b' : 'i';
  }
  default: return 'o';
  }
}

// class, bytes of an element, bytes in the file, rank (-1: it has no elements at all), sizes
static void describe(struct buffer *out, hid_t array, hid_t type, hid_t space) {
  hsize_t sizes[H5S_MAX_RANK];
  int rank = H5Sget_simple_extent_type(space) == H5S_NULL ? -1 : H5Sget_simple_extent_dims(space, sizes, NULL);
  add_number(out, class_of(type));
  add_number(out, (int64_t)H5Tget_size(type));
  add_number(out, (int64_t)H5Dget_storage_size(array));
  add_number(out, rank);
  for (int i = 0; i < rank; i++) add_number(out, (int64_t)sizes[i]);
}

static herr_t member(hid_t group, const char *name, const H5L_info_t *link, void *buffer) {
  struct buffer *out = buffer;
  begin_work();
  add_text(out, name, strlen(name));
  if (link->type != H5L_TYPE_HARD) {
    add_number(out, 'l');
    return out->failed ? -1 : 0;
  }
  hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  H5I_type_t kind = object < 0 ? H5I_BADID : H5Iget_type(object);
  hid_t type = kind == H5I_DATASET ? H5Dget_type(object) : -1;
  hid_t space = kind == H5I_DATASET ? H5Dget_space(object) : -1;
  if (type >= 0 && space >= 0) {
    add_number(out, 'd');
    describe(out, object, type, space);
  } else {
    add_number(out, kind == H5I_GROUP ? 'g' : kind == H5I_DATASET || kind == H5I_BADID ? '!' : 't');
  }
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  if (object >= 0) H5Oclose(object);
  H5Eclear2(H5E_DEFAULT);
  return out->failed || out->size > MOST_TEXT * (size_t)8 ? -1 : 0;
}

int list(const char *path) {
  hid_t group = open_object(path);
  if (group < 0) return 0;
  if (H5Iget_type(group) != H5I_GROUP) {
    H5Oclose(group);
    return fail("it is no group", 0);
  }
  struct buffer out = {0};
  hsize_t place = 0;
  herr_t done = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &place, member, &out);
  H5Oclose(group);
  int sent = done < 0 || out.failed || place > MOST_MEMBERS ? fail("its members cannot be listed", 1) : answer(0, out.bytes, out.size);
  free(out.bytes);
  return sent;
}

static herr_t read_array(hid_t array, hid_t memory, void *into) { return H5Dread(array, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, into); }
static herr_t read_attribute(hid_t attribute, hid_t memory, void *into) { return H5Aread(attribute, memory, into); }

// The texts of an array or attribute, of fixed or of variable length; -1 where they cannot be read.
static int texts(struct buffer *out, hid_t object, hid_t type, hid_t space, size_t count, herr_t (*read)(hid_t, hid_t, void *)) {
  size_t width = H5Tget_size(type);
  int varies = H5Tis_variable_str(type) > 0, done = -1;
  if (count > MOST_TEXTS || width == 0 || (!varies && width > MOST_TEXT / (count ? count : 1))) return -1;
  hid_t memory = varies ? H5Tcopy(H5T_C_S1) : H5Tcopy(type);
  if (varies && (H5Tset_size(memory, H5T_VARIABLE) < 0 || H5Tset_cset(memory, H5Tget_cset(type)) < 0)) {
    H5Tclose(memory);
    return -1;
  }
  size_t element = varies ? sizeof(char *) : width;
  char *bytes = calloc(count + 1, element);
  if (bytes && read(object, memory, bytes) >= 0) {
    for (size_t i = 0; i < count; i++) {
      const char *text = varies ? ((char **)bytes)[i] : bytes + i * width;
      size_t size = text ? (varies ? strlen(text) : strnlen(text, width)) : 0;
      if (!varies && H5Tget_strpad(type) == H5T_STR_SPACEPAD) while (size && text[size - 1] == ' ') size--;
      add_text(out, text, size);
    }
    if (varies) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, bytes);
    done = out->failed ? -1 : 0;
  }
  free(bytes);
  H5Tclose(memory);
  return done;
}

int read_strings(const char *path) {
  hid_t array = open_object(path);
  if (array < 0) return 0;
  hid_t type = H5Iget_type(array) == H5I_DATASET ? H5Dget_type(array) : -1;
  hid_t space = type >= 0 ? H5Dget_space(array) : -1;
  hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
  struct buffer out = {0};
  int good = count >= 0 && H5Tget_class(type) == H5T_STRING && texts(&out, array, type, space, (size_t)count, read_array) == 0;
  int sent = good ? answer(0, out.bytes, out.size) : fail("its text cannot be read", 1);
  free(out.bytes);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  H5Oclose(array);
  return sent;
}

// name, class, count, and the numbers as doubles or the texts; what is neither, or too much, has the class 'o' and no elements.
static herr_t attribute(hid_t object, const char *name, const H5A_info_t *info, void *buffer) {
  (void)info;
  struct buffer *out = buffer;
  struct buffer values = {0};
  begin_work();
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  hid_t type = attribute >= 0 ? H5Aget_type(attribute) : -1;
  hid_t space = type >= 0 ? H5Aget_space(attribute) : -1;
  hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
  int class = count >= 0 && count <= MOST_TEXTS ? class_of(type) : 'o';
  if (class == 's' && texts(&values, attribute, type, space, (size_t)count, read_attribute)) class = 'o';
  if (class == 'i' || class == 'f' || class == 'b') {
    double *numbers = calloc((size_t)count + 1, sizeof(double));
    if (numbers && H5Aread(attribute, H5T_NATIVE_DOUBLE, numbers) >= 0) add(&values, numbers, (size_t)count * sizeof(double));
    else class = 'o';
    free(numbers);
  }
  add_text(out, name, strlen(name));
  add_number(out, class);
  add_number(out, class == 'o' ? 0 : count);
  if (class != 'o') add(out, values.bytes, values.size);
  free(values.bytes);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  H5Eclear2(H5E_DEFAULT);
  return out->failed ? -1 : 0;
}

int attributes(const char *path) {
  hid_t object = open_object(path);
  if (object < 0) return 0;
  struct buffer out = {0};
  hsize_t place = 0;
  herr_t done = H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &place, attribute, &out);
  H5Oclose(object);
  int sent = done < 0 || out.failed ? fail("its attributes cannot be read", 1) : answer(0, out.bytes, out.size);
  free(out.bytes);
  return sent;
}
