// oneDNN's C API, the one OpenMP call needed to keep its own threads out of ours, and what Swift cannot say: its fixed arrays and macros.
#include <dnnl.h>
#include <dnnl_debug.h>
#include <dnnl_types.h>

extern void omp_set_num_threads(int);

// A primitive and the memory its caller must provide.
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t source, weights, bias, destination, scratch;
} onednn_operation;

static const int onednn_added_first = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;
static const int onednn_added_second = DNNL_ARG_ATTR_MULTIPLE_POST_OP(1) | DNNL_ARG_SRC_1;

static inline dnnl_status_t onednn_finish(onednn_operation *result, const_dnnl_primitive_desc_t description) {
  result->source = *dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0);
  result->weights = *dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
  result->destination = *dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0);
  result->scratch = *dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  return dnnl_primitive_create(&result->primitive, description);
}

// destination [m, n] = activation(source [m, k] x weights [k, n] + bias [n]) + added [m, n]; weights in the layout oneDNN prefers,
// activation dnnl_eltwise_linear for none, added in float32 and only if wanted.
static inline dnnl_status_t onednn_matmul(onednn_operation *result, dnnl_engine_t engine, dnnl_dim_t m, dnnl_dim_t n, dnnl_dim_t k,
                                          dnnl_data_type_t source, dnnl_data_type_t destination, dnnl_alg_kind_t activation, float alpha, int added) {
  dnnl_dims_t mk = {m, k}, kn = {k, n}, mn = {m, n}, one_n = {1, n};
  dnnl_memory_desc_t a, b, c, sum;
  dnnl_memory_desc_init_by_tag(&a, 2, mk, source, dnnl_ab);
  dnnl_memory_desc_init_by_tag(&b, 2, kn, source, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&c, 2, mn, destination, dnnl_ab);
  dnnl_memory_desc_init_by_tag(&sum, 2, mn, dnnl_f32, dnnl_ab);
  dnnl_memory_desc_init_by_tag(&result->bias, 2, one_n, dnnl_f32, dnnl_ab);
  dnnl_matmul_desc_t operation;
  dnnl_status_t status = dnnl_matmul_desc_init(&operation, &a, &b, &result->bias, &c);
  if (status != dnnl_success) return status;

  dnnl_post_ops_t after;
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_create(&after);
  if (activation != dnnl_eltwise_linear) dnnl_post_ops_append_eltwise(after, 1, activation, alpha, 0);
  if (added) dnnl_post_ops_append_binary(after, dnnl_binary_add, &sum);
  dnnl_primitive_attr_create(&attributes);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_primitive_attr_set_post_ops(attributes, after);
  dnnl_primitive_desc_t description;
  status = dnnl_primitive_desc_create(&description, &operation, attributes, engine, NULL);
  dnnl_post_ops_destroy(after);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) return status;
  status = onednn_finish(result, description);
  dnnl_primitive_desc_destroy(description);
  return status;
}

// destination [count] = activation(source [count]), float32.
static inline dnnl_status_t onednn_eltwise(onednn_operation *result, dnnl_engine_t engine, dnnl_dim_t count, dnnl_alg_kind_t activation,
                                           float alpha) {
  dnnl_dims_t size = {count};
  dnnl_memory_desc_t data;
  dnnl_memory_desc_init_by_tag(&data, 1, size, dnnl_f32, dnnl_a);
  dnnl_eltwise_desc_t operation;
  dnnl_status_t status = dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, activation, &data, alpha, 0);
  if (status != dnnl_success) return status;
  dnnl_primitive_attr_t attributes;
  dnnl_primitive_attr_create(&attributes);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_primitive_desc_t description;
  status = dnnl_primitive_desc_create(&description, &operation, attributes, engine, NULL);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) return status;
  status = onednn_finish(result, description);
  dnnl_primitive_desc_destroy(description);
  return status;
}

// Copies between two layouts or types of one matrix.
static inline dnnl_status_t onednn_reorder(onednn_operation *result, dnnl_engine_t engine, const dnnl_memory_desc_t *source,
                                           const dnnl_memory_desc_t *destination) {
  dnnl_primitive_attr_t attributes;
  dnnl_primitive_attr_create(&attributes);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_primitive_desc_t description;
  dnnl_status_t status = dnnl_reorder_primitive_desc_create(&description, source, engine, destination, engine, attributes);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) return status;
  status = onednn_finish(result, description);
  dnnl_primitive_desc_destroy(description);
  return status;
}

// A matrix of the given strides.
static inline dnnl_memory_desc_t onednn_matrix(dnnl_dim_t rows, dnnl_dim_t columns, dnnl_data_type_t type, dnnl_dim_t row_stride,
                                               dnnl_dim_t column_stride) {
  dnnl_dims_t sizes = {rows, columns}, strides = {row_stride, column_stride};
  dnnl_memory_desc_t result;
  dnnl_memory_desc_init_by_strides(&result, 2, sizes, type, strides);
  return result;
}
