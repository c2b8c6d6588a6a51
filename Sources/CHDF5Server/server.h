// What the parts of the server share.
#pragma once
#include "hdf5_server.h"
#include <hdf5.h>
#include <stddef.h>

// Bytes that grow; `failed` once memory has run out.
struct buffer {
  unsigned char *bytes;
  size_t size, capacity;
  int failed;
};
void add(struct buffer *buffer, const void *bytes, size_t size);
void add_number(struct buffer *buffer, int64_t number);
void add_text(struct buffer *buffer, const char *text, size_t size);

extern hid_t file;
int receive(void *bytes, size_t size);
int answer(int64_t status, const void *bytes, size_t size);
// Answers with a sentence, and what libhdf5 has to say where `asks`.
int fail(const char *text, int asks);
// Processor time until the next one; a library that does not come to an end is ended.
void begin_work(void);

// The object at `path`, opened; every link on the way must be a hard one. Negative after `fail`.
hid_t open_object(const char *path);
hid_t number_type(uint32_t type);

int list(const char *path);
int attributes(const char *path);
int read_rows(const char *path, const struct hdf5_request *request);
int read_strings(const char *path);

int make_group(const char *path);
int make_array(const char *path, const struct hdf5_request *request);
int write_rows(const char *path, const struct hdf5_request *request, const void *data);
int write_attribute(const char *path, const struct hdf5_request *request, const void *data);
